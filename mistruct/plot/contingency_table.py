"""The picture of a contingency table: `plot_contingency_table`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mistruct.errors import ParameterError
from mistruct.plot.canvas import check_axes, new_axes, shorten
from mistruct.plot.fonts import with_glyphs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = (34.0, 20.0)  # points
SIDES = (3 * 72.0, 14 * 72.0)
FRAME = (130.0, 90.0)
MOST_NUMBERS = 20  # rows or columns, above which no number could be read


@with_glyphs
def plot_contingency_table(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a contingency table as a heat map of the shares of its rows.

    A row in one dark cell is a cluster that the other clustering keeps together; a row that is pale
    all along is one that it scatters. Up to 20 rows and columns the counts stand in the cells.

    Parameters
    ----------
    table : pandas.DataFrame
        Counts, as ``compare_clusterings(a, b).table``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the colour bar takes its room from them. Without it a new figure is made,
        pyplot's if the caller has imported pyplot, as in `plot_network`.

    Returns
    -------
    matplotlib.axes.Axes
        Row i of the table is at y = i, column j at x = j.

    Raises
    ------
    ParameterError
        If `table` is not a DataFrame of counts with rows and columns, or `ax` not axes.

    Examples
    --------
    >>> import mistruct as ms
    >>> found = ms.compare_clusterings(["t", "t", "b", "b"], [0, 0, 1, 0])
    >>> ax = ms.plot_contingency_table(found.table)
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '2', '0']
    """
    if not isinstance(table, pd.DataFrame) or table.empty:
        raise ParameterError(
            f"table must be a DataFrame with rows and columns, got {type(table).__name__} of "
            f"shape {np.shape(table)}"
        )
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes):
        raise ParameterError("table must hold counts, got a column that holds none")
    counts = table.to_numpy(dtype=float)
    if not (counts >= 0).all():
        raise ParameterError(f"table must hold counts, got {counts[~(counts >= 0)][0]}")
    check_axes(ax)
    n_rows, n_columns = counts.shape
    if ax is None:
        width, height = (
            float(np.clip(n * side, *SIDES))
            for n, side in zip((n_columns, n_rows), CELL, strict=True)
        )
        ax = new_axes((width + FRAME[0], height + FRAME[1]), layout="constrained")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    image = ax.imshow(shares, cmap="magma_r", vmin=0.0, vmax=1.0, aspect="auto")
    ax.figure.colorbar(image, ax=ax, fraction=0.04, pad=0.02).set_label("share of the row")
    if max(n_rows, n_columns) <= MOST_NUMBERS:
        for (i, j), count in np.ndenumerate(counts):
            colour = "white" if shares[i, j] > 0.5 else "black"
            ax.text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=8, color=colour)
    for axis, names in ((ax.xaxis, table.columns), (ax.yaxis, table.index)):
        axis.set_ticks(range(len(names)), [shorten(name) for name in names])
        axis.set_tick_params(length=0)
        axis.set_label_text(shorten(names.name) if names.name is not None else "")
        for text in axis.get_ticklabels():
            text.set(fontsize=8, parse_math=False, usetex=False)
    ax.xaxis.set_tick_params(rotation=90 if n_columns > MOST_NUMBERS // 2 else 0)
    return ax
