"""The picture of a matrix of mutual information: `plot_information_matrix`.

Groups of variables that know about one another are seen only when they stand together, so rows
and columns are put in the order of the leaves of an average-linkage tree, turned so that
neighbours are as alike as can be (Bar-Joseph et al. 2001, `scipy`'s optimal ordering). In a square
matrix the distance of two variables is how much their mutual information falls short of the
largest in the matrix; in a block of rows and columns it is the Euclidean distance of two profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mistruct.errors import ParameterError
from mistruct.plot.canvas import Array, check_axes, new_axes, shorten, size_in_points
from mistruct.plot.fonts import with_glyphs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = 7.0  # points a row, when there is a choice
SMALLEST_LABELLED = 5.5  # points a row, below which no label could be read
LARGEST_TYPE = 9.0
SIDES = (3 * 72.0, 18 * 72.0)  # shortest and longest side with labels, points
UNLABELLED = 7 * 72.0
FRAME = (150.0, 80.0)  # for labels and colour bar, points
OPTIMAL_ORDER = 1000  # rows; the optimal order of leaves takes quadratic time and more


@with_glyphs
def plot_information_matrix(matrix: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a matrix of mutual information as a heat map with its rows and columns clustered.

    Rows and columns are labelled if each is at least as high as a line of small type. The diagonal
    of a square matrix, where each variable meets itself, and missing values are grey: entropies
    would leave no shades for the rest. Values below zero have the colour of zero.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Mutual information in nats, as from ``mutual_information_matrix``. If the index and the
        columns hold the same names, the matrix is taken to be symmetric, and the order of its
        columns becomes that of its rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the colour bar takes its room from them. Without it a new figure is made,
        pyplot's if the caller has imported pyplot, as in `plot_network`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the heat map. Row i of the picture is at y = i, column j at x = j.

    Raises
    ------
    ParameterError
        If `matrix` is not a DataFrame of numbers with rows, columns and no name twice, or `ax` not
        axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from mistruct.plot import plot_information_matrix
    >>> names = ["a", "b", "c"]
    >>> matrix = pd.DataFrame([[0.7, 0.0, 0.5], [0.0, 0.7, 0.1], [0.5, 0.1, 0.7]], names, names)
    >>> ax = plot_information_matrix(matrix)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['b', 'c', 'a']
    """
    values = _checked(matrix)
    check_axes(ax)
    rows, columns = list(matrix.index), list(matrix.columns)
    if len(rows) == len(columns) and set(rows) == set(columns):
        values = values[:, matrix.columns.get_indexer(matrix.index)]
        np.fill_diagonal(values, np.nan)
        order = _order(_shortfall(values))
        rows = columns = [rows[i] for i in order]
        values = values[np.ix_(order, order)]
    else:
        down, across = _order(_profile_distances(values)), _order(_profile_distances(values.T))
        rows, columns = [rows[i] for i in down], [columns[j] for j in across]
        values = values[np.ix_(down, across)]

    if ax is None:
        width, height = _sides(len(columns)), _sides(len(rows))
        ax = new_axes((width + FRAME[0], height + FRAME[1]), layout="constrained")
    else:
        width, height = size_in_points(ax)
    _draw(ax, values)
    pitches = {"x": width / len(columns), "y": height / len(rows)}
    readable = [pitch for pitch in pitches.values() if pitch >= SMALLEST_LABELLED]
    size = min(0.85 * min(readable, default=LARGEST_TYPE), LARGEST_TYPE)
    for axis, names in ((ax.xaxis, columns), (ax.yaxis, rows)):
        _label(axis, names if pitches[axis.axis_name] in readable else [], size)
    return ax


def _checked(matrix: pd.DataFrame) -> Array:
    if not isinstance(matrix, pd.DataFrame):
        raise ParameterError(f"matrix must be a pandas DataFrame, got {type(matrix).__name__}")
    if matrix.empty:
        raise ParameterError(f"matrix must have rows and columns, got shape {matrix.shape}")
    for side, names in (("rows", matrix.index), ("columns", matrix.columns)):
        if not names.is_unique:
            twice = names[names.duplicated()][0]
            raise ParameterError(f"matrix must have no name twice in its {side}, got {twice!r}")
    for column, kind in matrix.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            raise ParameterError(f"matrix must hold numbers, got {kind} in column {column!r}")
    values = matrix.to_numpy(dtype=float, na_value=np.nan, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def _shortfall(values: Array) -> Array:
    """Condensed distances between variables: the largest entry less each entry."""
    known = np.nan_to_num((values + values.T) / 2)
    return np.asarray((known.max() - known)[np.triu_indices(len(known), 1)])


def _profile_distances(values: Array) -> Array:
    from scipy.spatial.distance import pdist

    return np.asarray(pdist(np.nan_to_num(values)))


def _order(distances: Array) -> list[int]:
    """The leaves of the average-linkage tree over condensed distances, from left to right."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if not len(distances):
        return [0]
    few = len(distances) < OPTIMAL_ORDER**2 / 2
    return [int(i) for i in leaves_list(linkage(distances, "average", optimal_ordering=few))]


def _sides(n: int) -> float:
    labelled = max(SIDES[0], n * CELL)
    if labelled <= SIDES[1]:
        return labelled
    return SIDES[1] if n * SMALLEST_LABELLED <= SIDES[1] else UNLABELLED


def _draw(ax: Axes, values: Array) -> None:
    from matplotlib import colormaps

    known = values[np.isfinite(values)]
    largest = max(float(known.max(initial=0.0)), np.finfo(float).tiny)
    image = ax.imshow(
        values,
        cmap=colormaps["magma_r"].with_extremes(bad="0.8"),
        vmin=0.0,
        vmax=largest,
        aspect="auto",
    )
    extend = "min" if known.min(initial=0.0) < 0 else "neither"
    bar = ax.figure.colorbar(image, ax=ax, extend=extend, fraction=0.04, pad=0.02)
    bar.set_label("mutual information (nats)")


def _label(axis: Any, names: list[Any], size: float) -> None:
    axis.set_ticks(range(len(names)), [shorten(name) for name in names])
    for text in axis.get_ticklabels():
        text.set(fontsize=size, parse_math=False, usetex=False)
        if axis.axis_name == "x":
            text.set_rotation(90)
    axis.set_tick_params(length=0)
