"""Information between discrete columns, from counts of joint states.

Every quantity is a sum of entropies of one joint contingency table and its margins. The plug-in
estimate of an entropy is biased by about -(K - 1) / 2n for K observed states, so that of mutual
information by about +(r_x - 1)(r_y - 1) / 2n; the corrections differ in how they mend that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import TooFewRowsError, check_choice
from mistruct.information.base import Estimator, seconds_of_pairs
from mistruct.information.confidence import Blocks
from mistruct.information.counts.corrections import BiasCorrection, entropy_from_counts, shrinkage
from mistruct.information.counts.packing import bytes_of_bitsets
from mistruct.information.counts.pair_matrix import CountPanels, pairwise_by_counts
from mistruct.information.likelihood_ratio import Interval, interval_of_counts
from mistruct.information.panels import ENTRIES, Panels
from mistruct.information.tiles import pairwise_by_loop
from mistruct.kernels.counts.contingency import join_strata

# To begin a pair, to count it by histograms or by packed words, to weigh its cells, and to
# integrate over priors.
_NANOSECONDS_OF_A_PAIR = 100.0
_NANOSECONDS_PER_ROW = 0.45
_NANOSECONDS_PER_ROW_AND_CELL = 0.0035
_NANOSECONDS_PER_CELL = 0.5
_NANOSECONDS_OF_NSB = 1.5e6


@dataclass(frozen=True)
class PlugIn(Estimator):
    r"""Plug-in entropies from the counts of joint states, optionally corrected for bias.

    Parameters
    ----------
    correction : {None, "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb"}
        How the bias of the plug-in entropy :math:`-\sum p_i \log p_i` is mended:

        - None: not at all.
        - ``miller-madow`` adds :math:`(K - 1) / 2n` for K observed states (Miller 1955).
        - ``james-stein`` shrinks the joint table towards the uniform one, once, and takes every
          margin from the shrunk table (Hausser and Strimmer 2009).
        - ``grassberger`` replaces the logarithm of each count
          (Grassberger 2003, arXiv:physics/0307138).
        - ``chao-shen`` weighs each state by the chance of having been seen at all
          (Chao and Shen 2003).
        - ``nsb`` is the posterior mean under a prior flat in entropy, over all states of the
          joint table, seen and unseen (Nemenman, Shafee and Bialek 2002).

    Notes
    -----
    The possible states of one column, or of a block of columns taken jointly, are those that
    occur; the possible states of a table of x, y and z are all their combinations. A variable
    with one possible state has entropy 0 under every correction.

    Examples
    --------
    >>> import mistruct as ms
    >>> x, y = [0, 0, 1, 1], [0, 0, 1, 1]
    >>> round(ms.mutual_information(x, y, estimator=ms.PlugIn()), 6)
    0.693147
    """

    correction: BiasCorrection | None = None

    def __post_init__(self) -> None:
        check_choice("correction", self.correction, (None, *get_args(BiasCorrection)))

    @property
    def name(self) -> str:
        """The name that resolves to this estimator."""
        return self.correction or "plug-in"

    def view(self, data: Dataset) -> Dataset:
        """The table in which ordinal columns are discrete, since states are counted."""
        return data.by_states

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of discrete columns, over their complete rows."""
        table = _Table(data, (*x, *y, *z), self.name)
        n_x, n_y, n_z = (len(table.counts(block)) for block in (x, y, z))
        joint = table.counts((*z, *x, *y))
        n_joint = float(n_x) * n_y * n_z
        intensity = shrinkage(joint, n_joint, self.correction)

        def entropy(counts: NDArray[np.int64], n_states: float) -> float:
            return entropy_from_counts(counts, n_states, self.correction, intensity)

        return (
            entropy(table.counts((*z, *x)), float(n_x) * n_z)
            + entropy(table.counts((*z, *y)), float(n_y) * n_z)
            - entropy(joint, n_joint)
            - entropy(table.counts(z), n_z)
        )

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of discrete columns taken jointly, over its complete rows."""
        counts = _Table(data, x, self.name).counts(x)
        intensity = shrinkage(counts, len(counts), self.correction)
        return entropy_from_counts(counts, len(counts), self.correction, intensity)

    def total_correlation(self, data: Dataset) -> float:
        """Sum of the columns' entropies less the entropy of the table, over complete rows."""
        table = _Table(data, data.names, self.name)
        joint = table.counts(data.names)
        margins = [table.counts((name,)) for name in data.names]
        n_joint = math.prod(float(len(m)) for m in margins)
        intensity = shrinkage(joint, n_joint, self.correction)
        return sum(
            entropy_from_counts(m, len(m), self.correction, intensity) for m in margins
        ) - entropy_from_counts(joint, n_joint, self.correction, intensity)

    def interval(self, data: Dataset, blocks: Blocks, nats: float, level: float) -> Interval:
        """Confidence interval of the information, the same for every correction."""
        x, y, z = blocks
        return interval_of_counts(data, x, y, z, level)

    @property
    def null_by_n_states(self) -> bool:
        """True: the null distribution is chi-square."""
        return True

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        if self.correction == "nsb":
            return seconds_of_pairs(rows, columns, _NANOSECONDS_OF_NSB)
        n = data.n_samples
        x_states, y_states = (data.n_states[_rows_of_codes(data, some)] for some in (rows, columns))
        cells = float(x_states.mean() * y_states.mean())
        counted = n * min(_NANOSECONDS_PER_ROW, _NANOSECONDS_PER_ROW_AND_CELL * cells)
        weighed = _NANOSECONDS_PER_CELL * min(cells, n)
        return seconds_of_pairs(rows, columns, _NANOSECONDS_OF_A_PAIR + counted + weighed)

    def seconds_of_interval(self, data: Dataset) -> float:
        """Expected seconds of an interval: as of an estimate, by a formula of counts."""
        return self.seconds(data, np.array([0]), np.array([1]))

    def n_bytes(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> int:
        """Expected memory: a bit for each row and state, and a panel."""
        entries = min(len(rows) * len(columns), ENTRIES)
        return bytes_of_bitsets(data) + entries * np.dtype(dtype).itemsize

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) of columns by position, x from `rows` and y from `columns`.

        Shape (len(rows), len(columns)); each pair over the rows complete for the two.
        """
        self._require(data, rows, columns)
        if self.correction == "nsb":
            return pairwise_by_loop(self, data, rows, columns, dtype)
        of_rows, of_columns = _rows_of_codes(data, rows), _rows_of_codes(data, columns)
        return pairwise_by_counts(data, of_rows, of_columns, self.correction, dtype)

    def panels(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> Panels:
        """The matrix in panels of a table that is packed once."""
        self._require(data, rows, columns)
        if self.correction == "nsb":
            return super().panels(data, rows, columns, dtype)
        of_rows, of_columns = _rows_of_codes(data, rows), _rows_of_codes(data, columns)
        return CountPanels(data, of_rows, of_columns, self.correction, dtype)

    def _require(self, data: Dataset, rows: Positions, columns: Positions) -> None:
        names = [data.names[p] for p in np.union1d(rows, columns)]
        data.require_discrete(f"estimator {self.name!r}", names)


def _rows_of_codes(data: Dataset, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([data.row(data.names[p]) for p in positions], dtype=np.int64)


class _Table:
    """Complete rows of some discrete columns, to count joint states of subsets."""

    def __init__(self, data: Dataset, names: Sequence[str], estimator: str) -> None:
        data.require_discrete(f"estimator {estimator!r}", names)
        rows = {name: data.row(name) for name in names}
        complete = np.ones(data.n_samples, dtype=np.bool_)
        for name in rows:
            complete &= data.known(name)
        if not complete.any():
            raise TooFewRowsError(f"no row is complete in {', '.join(map(repr, names))}")
        keep = slice(None) if complete.all() else complete
        self.n_samples = int(complete.sum())
        self._columns = {n: (data.codes[r][keep], int(data.n_states[r])) for n, r in rows.items()}

    def counts(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Counts of the joint states that occur."""
        labels = np.zeros(self.n_samples, dtype=np.int32)
        n_labels = 1
        for name in names:
            n_labels = join_strata(labels, n_labels, *self._columns[name])
        return np.bincount(labels, minlength=n_labels)
