r"""MRNET's selection of candidates, with the matrix of redundancies in memory or made in blocks.

A target needs of the matrix only the rows of what was selected for it, and those one after another.
Up to 20,000 rows the matrix is kept as it is made. Above that, all targets wait until the rows that
they ask for have been made, in blocks, and then select on. So memory is a block, and a few numbers
for each significant pair, and the matrix is made about as often as candidates are selected for the
target with the most.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.errors import MistructWarning
from mistruct.information.panels import ENTRIES, Panel, Panels
from mistruct.kernels.graphs.mrnet import NOT_BEGUN, advance_selection
from mistruct.parallel import for_each, slices

#: The most entries of a matrix of redundancies that is kept: 1.6 GB.
MOST_KEPT = 400_000_000

_TARGETS_OF_A_BLOCK = 32


class _Seen(NamedTuple):
    """Part of a panel that is kept: its entries between rows, if there is room, and the largest."""

    rows: slice
    columns: slice
    values: NDArray[Any] | None
    largest: float


class Redundancies:
    """The information between the rows of a matrix, seen once, and made again where not kept.

    Parameters
    ----------
    panels : Panels
        Of the matrix.
    rows : ndarray of int, shape (n_rows,)
        Positions of the rows among the columns, ascending.
    """

    def __init__(self, panels: Panels, rows: Positions) -> None:
        self._panels, self._rows = panels, rows
        self.kept, self.dtype = entries_kept(len(rows)) > 0, panels.dtype
        self._matrix = np.empty((len(rows),) * 2 if self.kept else (0, 0), dtype=panels.dtype)
        self._largest = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """Nothing of what is kept here goes to another process."""
        return {"_rows": self._rows, "kept": self.kept}

    def see(self, panel: Panel) -> _Seen:
        """The entries of a panel that are kept, and the largest finite one."""
        finite = max((float(v[np.isfinite(v)].max(initial=0.0)) for v in panel.values), default=0.0)
        ends = np.searchsorted(self._rows, [panel.columns.start, panel.columns.stop])
        among = self._rows[slice(*ends)] - panel.columns.start
        values = panel.values[:, among] if self.kept else None
        return _Seen(panel.rows, slice(*ends), values, finite)

    def add(self, part: _Seen) -> None:
        """Keep what was taken from a panel."""
        self._largest = max(self._largest, part.largest)
        if part.values is not None:
            self._matrix[part.rows, part.columns] = part.values

    def blocks(self, wanted: Positions) -> Iterator[tuple[NDArray[Any], Positions]]:
        """Yield blocks of rows that hold the wanted ones, and the place of each row in it or -1.

        Two equal columns share more than any others; a sum with infinity would stay infinite. So
        twice the largest finite entry stands for infinity, and 0 for what is not known.
        """
        if self.kept:
            for row in range(len(self._matrix)):
                self._matrix[row + 1 :, row] = self._matrix[row, row + 1 :]
            yield self._plain(self._matrix), np.arange(len(self._rows))
            return
        for some in slices(len(wanted), max(1, ENTRIES // len(self._rows))):
            place = np.full(len(self._rows), -1)
            place[wanted[some]] = np.arange(some.stop - some.start)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MistructWarning)  # which the first time has shown
                made = self._panels.whole_rows(wanted[some])
            yield self._plain(made if made.shape[1] == len(place) else made[:, self._rows]), place

    def _plain(self, block: NDArray[Any]) -> NDArray[Any]:
        for row in block:
            np.nan_to_num(row, copy=False, nan=0.0, posinf=2.0 * self._largest)
        return block


def entries_kept(n_rows: int) -> int:
    """Entries of the matrix of redundancies between so many rows, 0 if it is not kept."""
    return n_rows**2 if n_rows**2 <= MOST_KEPT else 0


def select_candidates(
    redundancies: Redundancies,
    starts: Positions,
    candidates: NDArray[np.int32],
    relevance: Floats,
) -> Floats:
    """The score at which each candidate was selected for its target, 0 if it was not.

    The candidates of target t are ``candidates[starts[t]:starts[t + 1]]``, rows of the matrix.
    """
    n_targets = len(starts) - 1
    waits_for = np.full(n_targets, NOT_BEGUN)
    n_selected = np.zeros(n_targets, dtype=np.int64)
    redundancy, scores = np.zeros((2, len(candidates)))

    def advance(block: NDArray[Any], place: Positions) -> None:
        def run(some: slice) -> None:
            of_targets = starts[some.start : some.stop + 1]
            advance_selection(
                block, place, of_targets, candidates, relevance, waits_for[some], n_selected[some],
                redundancy, scores,
            )  # fmt: skip

        for_each(run, slices(n_targets, _TARGETS_OF_A_BLOCK), description="selection")

    n_rows = int(candidates.max(initial=-1)) + 1
    nothing = np.full(n_rows, -1)
    advance(np.empty((0, 0), dtype=redundancies.dtype), nothing)
    while (wanted := np.unique(waits_for[waits_for >= 0])).size:
        for block, place in redundancies.blocks(wanted):
            advance(block, place)
    return scores
