"""The matrix of information between columns in panels of rows, so that none holds it whole.

With 100,000 columns the matrix has 10^10 entries, of which a network keeps few. A panel is made,
what is wanted of it is taken, and its memory is free again. The panels of one table are always cut
in the same way, so that an entry has the same bits whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.parallel import run_anywhere, slices

if TYPE_CHECKING:
    from mistruct.information.base import Estimator

Seen = TypeVar("Seen")

#: The most entries of a panel: 400 MB. An estimator may prepare the columns anew for each.
ENTRIES = 50_000_000


class Panel(NamedTuple):
    """Panel: consecutive rows of the matrix.

    Attributes
    ----------
    rows, columns : slice
        Where they stand in the matrix. Of a symmetric matrix the columns begin with the first row.
    values : ndarray of float, shape (n_rows, n_columns)
        Estimates in nats; of a pair that stands there twice, the one above the diagonal counts.
    """

    rows: slice
    columns: slice
    values: NDArray[Any]


class Panels:
    """Panels of the matrix between columns by position, each made by `pairwise` of an estimator.

    Attributes
    ----------
    cut : list of slice
        Rows of the matrix that are made together.
    takes_threads : bool
        Whether making one panel is spread over threads, so that they are made one after another.
    """

    description = "mutual information"
    takes_threads = True

    def __init__(
        self,
        estimator: Estimator,
        data: Dataset,
        rows: Positions,
        columns: Positions,
        dtype: DTypeLike,
    ) -> None:
        self._pairwise = partial(estimator.pairwise, data)
        self.description = f"mutual information ({estimator.name})"
        self._lay_out(rows, columns, dtype, ENTRIES)

    def _lay_out(self, rows: Positions, columns: Positions, dtype: DTypeLike, most: int) -> None:
        """Cut the matrix into panels of at most so many entries, or of one row."""
        self._rows, self._columns, self.dtype = rows, columns, np.dtype(dtype)
        self.symmetric = np.array_equal(rows, columns)
        self.cut = slices(len(rows), max(1, most // max(1, len(columns))))

    @property
    def n_bytes(self) -> int:
        """Number of bytes of the largest panel."""
        longest = max((some.stop - some.start for some in self.cut), default=0)
        return longest * len(self._columns) * self.dtype.itemsize

    def make(self, some: slice) -> Panel:
        """The panel of some rows."""
        others = slice(some.start if self.symmetric else 0, len(self._columns))
        return Panel(some, others, self._values(some, others))

    def whole_rows(self, places: Positions) -> NDArray[Any]:
        """Any rows of the matrix, with all columns, shape (len(places), n_columns).

        An entry may differ from that of the panel by rounding.
        """
        return self._values(places, slice(0, len(self._columns)))

    def _values(self, some: slice | Positions, others: slice) -> NDArray[Any]:
        values: NDArray[Any] = self._pairwise(self._rows[some], self._columns[others], self.dtype)
        return values

    def see(
        self, look: Callable[[Panel], Seen], description: str = "", *, in_turn: bool = False
    ) -> Iterator[Seen]:
        """Yield what `look` takes from each panel, in order.

        With `in_turn` one panel is looked at after another, by a `look` that has its own threads.

        Warns
        -----
        MistructWarning
            One column determines another, so that an entry is infinite; of the first such pair.
        """
        infinite = None
        for seen, found in self._each(self._looking(look), description, in_turn):
            infinite = infinite or found
            yield seen
        if infinite is not None:
            self._warn_infinite(*infinite)

    def shared(self, look: Callable[[Panel], Seen]) -> Any:
        """Objects that `see` sends to an executor for all panels; None if there is one."""
        return (self, self._looking(look)) if len(self.cut) > 1 else None

    @staticmethod
    def _looking(look: Callable[[Panel], Seen]) -> Any:
        return partial(_look, look)

    def matrix(self) -> NDArray[Any]:
        """Join all panels to an array, shape (n_rows, n_columns), mirrored where symmetric."""
        from mistruct.information.tiles import mirror

        result = np.empty((len(self._rows), len(self._columns)), dtype=self.dtype)
        for panel in self._each(_itself):
            result[panel.rows, panel.columns] = panel.values
        if self.symmetric:
            mirror(result)
        return result

    def _each(
        self,
        take: Callable[[Panels, Panel], Seen],
        description: str = "",
        in_turn: bool = False,
    ) -> Iterator[Seen]:
        shared = self, take
        if len(self.cut) == 1:  # with the progress bar of its own threads
            return iter([_taken(shared, self.cut[0])])
        return run_anywhere(
            _taken,
            shared,
            self.cut,
            description=description or self.description,
            in_turn=in_turn or self.takes_threads,
        )

    def _first_infinite(self, panel: Panel) -> tuple[int, int] | None:
        """The first pair of columns of infinite information, where nobody else warns of it."""
        return None

    def _warn_infinite(self, x: int, y: int) -> None:
        """Say that the information of two columns is infinite."""


def _taken(shared: tuple[Panels, Callable[[Panels, Panel], Seen]], some: slice) -> Seen:
    panels, take = shared
    return take(panels, panels.make(some))


def _look(
    look: Callable[[Panel], Seen], panels: Panels, panel: Panel
) -> tuple[Seen, tuple[int, int] | None]:
    return look(panel), panels._first_infinite(panel)


def _itself(_: Panels, panel: Panel) -> Panel:
    return panel
