"""The picture of a ranking of features: `plot_ranking`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mistruct.errors import ParameterError
from mistruct.plot.canvas import check_axes, new_axes, shorten
from mistruct.plot.fonts import with_glyphs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 40  # features; more bars than a page holds
BAR, WIDTH, FRAME = 16.0, 5 * 72.0, 90.0  # points
CHOSEN, OTHER, ADDED = "#3b0f70", "0.75", "#f1605d"  # as the shades of the other pictures
NEEDED = ("feature", "mi", "low", "high", "chosen", "complementarity")


@with_glyphs
def plot_ranking(ranking: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the information of each feature about a target, alone and beside chosen ones.

    A broad bar is the mutual information of a feature with its interval, dark where the feature
    was chosen; a narrow bar is what it adds. A copy has the first without the second, half of a
    parity the second without the first.

    Parameters
    ----------
    ranking : pandas.DataFrame
        As from ``rank_features``. Its first 40 rows are drawn, from top to bottom.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Without it a new figure is made, pyplot's if the caller has imported pyplot,
        as in `plot_network`.

    Returns
    -------
    matplotlib.axes.Axes
        Row i of the ranking is at y = i.

    Raises
    ------
    ParameterError
        If `ranking` is not a ranking with rows, or `ax` not axes.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"plan": [0, 0, 1, 1] * 9, "churn": [0, 0, 1, 0] * 9})
    >>> ax = ms.plot_ranking(ms.rank_features(table, "churn"))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['plan']
    """
    if not isinstance(ranking, pd.DataFrame) or not set(NEEDED) <= set(ranking.columns):
        raise ParameterError(
            f"ranking must be a DataFrame as from rank_features, got {type(ranking).__name__}"
        )
    if ranking.empty:
        raise ParameterError(f"ranking must have rows, got shape {ranking.shape}")
    check_axes(ax)
    shown = ranking.head(SHOWN)
    if ax is None:
        ax = new_axes((WIDTH + FRAME, len(shown) * BAR + FRAME), layout="constrained")
    places = np.arange(len(shown))
    chosen = shown["chosen"].notna().to_numpy()
    mi, low, high, added = (
        _finite(shown[name]) for name in ("mi", "low", "high", "complementarity")
    )
    for part, colour, label in ((chosen, CHOSEN, "chosen"), (~chosen, OTHER, "not chosen")):
        if part.any():
            ax.barh(places[part], mi[part], height=0.8, color=colour, label=label)
    known = ~np.isnan(low) & ~np.isnan(high)
    reach = np.maximum(np.array([mi - low, high - mi])[:, known], 0.0)
    ax.errorbar(
        mi[known], places[known], xerr=reach, fmt="none", ecolor="0.35", elinewidth=0.8, capsize=2
    )
    ax.barh(places, added, height=0.25, color=ADDED, label="what it adds to those chosen before")
    ax.set_yticks(places, [shorten(name) for name in shown["feature"]])
    for text in ax.get_yticklabels():
        text.set(parse_math=False, usetex=False)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(left=0.0)
    target = shorten(ranking.attrs["target"]) if "target" in ranking.attrs else "the target"
    ax.set_xlabel(f"mutual information with {target} (nats)", parse_math=False)
    ax.legend(loc="lower right", frameon=False, fontsize=8)
    return ax


def _finite(values: pd.Series) -> np.ndarray:
    """Replace infinite values by one at the end of the picture."""
    numbers = values.to_numpy(dtype=float)
    largest = numbers[np.isfinite(numbers)].max(initial=1.0)
    return np.where(np.isinf(numbers), largest, numbers)
