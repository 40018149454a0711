"""The base class of the estimators of information."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.views import see_views
from mistruct.errors import ParameterError
from mistruct.information.blocks import complete
from mistruct.information.confidence import Blocks, interval_from_subsets
from mistruct.information.likelihood_ratio import Interval
from mistruct.information.null_distributions import NullDistribution
from mistruct.information.panels import ENTRIES, Panels
from mistruct.information.tiles import pairwise_by_loop

# Methods of an estimator that receive its view of a table.
_ON_VIEWS = (
    "information", "entropy", "total_correlation", "pairwise", "panels", "interval", "choose",
    "null", "confirming_test", "seconds", "n_bytes", "seconds_of_interval",
)  # fmt: skip

# Measured with 1,000 and 5,000 rows: what drawing subsets takes, and in how many estimates.
_SECONDS_OF_SUBSETS, _SUBSETS = 0.015, 70.0


class Estimator(ABC):
    r"""Base class of the estimators of information.

    A subclass defines `information`; everything else that measures, matrices and learners ask of
    an estimator has a default. Columns are named but in `pairwise`. A result must not depend on
    the order of rows, nor on which of two blocks is x. An estimator with parameters is best a
    frozen dataclass: equal ones then share their null distributions, and results show them.

    Examples
    --------
    The information of columns that are jointly normal, and a forest and an interval with it:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> class Normal(ms.Estimator):
    ...     def information(self, data, x, y, z=()):
    ...         def log_det(*names):
    ...             values = data.values[[data.row(name) for name in names]]
    ...             return np.linalg.slogdet(np.atleast_2d(np.cov(values)))[1] if names else 0.0
    ...         of_xy = log_det(*x, *y, *z) + log_det(*z)
    ...         return (log_det(*x, *z) + log_det(*y, *z) - of_xy) / 2
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=300)
    >>> y = x + rng.normal(size=300)
    >>> table = np.column_stack([x, y, y + rng.normal(size=300)])
    >>> sorted(ms.ChowLiu(estimator=Normal()).fit(table).graph_.edges)
    [('x0', 'x1'), ('x1', 'x2')]
    >>> found = ms.mutual_information(x, y, estimator=Normal(), confidence=0.95)
    >>> round(found, 2), [round(end, 2) for end in found.interval]
    (0.39, [0.28, 0.5])
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let the methods of a subclass receive its view of a table."""
        super().__init_subclass__(**kwargs)
        see_views(cls, _ON_VIEWS)

    def view(self, data: Dataset) -> Dataset:
        """The table as the estimator sees it: ordinal columns as numbers in their order.

        What counts states returns ``data.by_states`` instead. Every other method is given this
        view, so an estimator knows discrete and continuous columns only.
        """
        return data.by_order

    @property
    def name(self) -> str:
        """Name of the estimator in results and messages."""
        return type(self).__name__

    @abstractmethod
    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns, over their complete rows.

        For the diagonal of a matrix, x and y are the same column.

        Parameters
        ----------
        data : Dataset
            The table; it may have other columns.
        x, y, z : sequence of str
            Names of columns; z is the conditioning set.

        Returns
        -------
        float
            Not clipped at 0.
        """

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of columns; not defined by default."""
        raise ParameterError(
            f"estimator {self.name!r} measures dependence, not entropy; use 'ksg' for continuous "
            "columns, 'plug-in' for discrete or 'mixed-knn' for both"
        )

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of all columns, over the complete rows.

        By default the sum of I(x_i; x_1 ... x_(i-1)), the columns in the order of their names.
        """
        rows = complete(data, data.names)
        names = sorted(rows.names)
        return sum(self.information(rows, [n], names[:i]) for i, n in enumerate(names) if i)

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) in nats of columns by position, x from `rows` and y from `columns`.

        Shape (len(rows), len(columns)); each pair over the rows complete for the two, and NaN
        where `information` raises `TooFewRowsError` because of gaps.
        """
        return pairwise_by_loop(self, data, rows, columns, dtype)

    def panels(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> Panels:
        """The matrix of `pairwise` in panels of rows, for tables of which it would be too large.

        By default each is made by `pairwise`. An estimator that prepares its columns returns
        panels of its own, which share what is prepared.
        """
        return Panels(self, data, rows, columns, dtype)

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core of a common machine; NaN if unknown.

        By constants, so that it is the same on every machine. By default unknown.
        """
        return math.nan

    def n_bytes(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> int:
        """Expected memory, beside the table, while `panels` are made and looked at.

        By default a copy of the table, and a panel.
        """
        entries = min(len(rows) * len(columns), ENTRIES)
        return data.values.nbytes + data.codes.nbytes + entries * np.dtype(dtype).itemsize

    def interval(self, data: Dataset, blocks: Blocks, nats: float, level: float) -> Interval:
        """Interval that holds the true I(x; y | z) with probability `level`, in nats.

        By default from subsets of the rows. `blocks` has the columns of x, of y and of z, which
        may have none; `nats` is the estimate, which is finite.
        """
        return interval_from_subsets(self, data, blocks, nats, level)

    def seconds_of_interval(self, data: Dataset) -> float:
        """Expected seconds of an interval between the two columns of a table; NaN if unknown.

        By default of the estimates in subsets of the rows.
        """
        of_one = self.seconds(data, np.array([0]), np.array([1]))
        return _SECONDS_OF_SUBSETS + _SUBSETS * of_one

    def choose(self, data: Dataset, names: Sequence[str]) -> Estimator:
        """The estimator to use for a quantity of these columns; this one by default."""
        return self

    def null(self, data: Dataset, x: str, y: str) -> NullDistribution | None:
        """Distribution of the estimate of I(x; y) between independent complete columns.

        It may depend on the number of rows and on how often each state of a discrete column
        occurs. By default None: no formula is known, and it has to be drawn.
        """
        return None

    @property
    def null_by_n_states(self) -> bool:
        """Whether the null distribution of a pair depends only on numbers of rows and states.

        Columns with as many states then share it, however often each occurs.
        """
        return False

    @property
    def sees_ranks_only(self) -> bool:
        """Whether only the order of continuous values matters."""
        return False

    def confirming_test(self, data: Dataset, x: str, y: str) -> str:
        """Name of the test that decides if the null distribution of a pair is in doubt."""
        return "g" if data.kinds[x] == data.kinds[y] == "discrete" else "knn"


def seconds_of_pairs(
    rows: NDArray[np.int64], columns: NDArray[np.int64], nanoseconds: float
) -> float:
    """Expected seconds for a matrix, from the time per pair; symmetric ones take half."""
    n_pairs = len(rows) * len(columns) / (2.0 if np.array_equal(rows, columns) else 1.0)
    return 1e-9 * nanoseconds * n_pairs
