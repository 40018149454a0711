r"""Terms of the selection criteria: relevance, redundancy and added information.

With y the target, x_j a candidate and x_k a column that was chosen before, all criteria of Brown et
al. (2012) are sums over k of I(x_j; y), I(x_j; x_k) and I(x_j; x_k | y). The last two make
:math:`I(x_j; y | x_k) = I(x_j; y) - I(x_j; x_k) + I(x_j; x_k | y)`: what x_j adds to x_k.

All of them are counted, continuous columns in five bins of equal size, as in that comparison. The
three terms then come from one table and fit together, for any kinds of columns. Terms by neighbours
and by the copula do not: where two columns are nearly copies, the difference of two large numbers
is noise. On scikit-learn's data sets counts chose better features and, from other rows, more often
the same ones (docs/guide/features.md has the figures). They also see a correlation that differs
between classes. Miller and Madow's correction takes out most of what many states feign.

With counts, :math:`I(x_j; y | x_k) = I(x_j; (x_k, y)) - I(x_j; x_k)`, and (x_k, y) is one more
discrete column. So each step takes two passes over columns that are packed once.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError
from mistruct.features.bins import bin_ranks
from mistruct.information.by_kinds import ByKinds
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.counts.corrections import BiasCorrection
from mistruct.information.counts.pair_matrix import PackedTable
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.neighbors.knn import MixedKNN
from mistruct.kernels.counts.contingency import join_strata
from mistruct.parallel import for_each, slices

_CORRECTION: BiasCorrection = "miller-madow"
_NANOSECONDS_OF_A_BLOCK = 2e7


class PairTerms:
    """Terms of all features with the target and one selected feature.

    Features go by position, in the order of names, so that nothing depends on that of the columns.

    Attributes
    ----------
    data : Dataset
        The features and, last, the target, in the rows in which the target is known.
    features : tuple of str
    target : str
    estimator : estimator
        Of `mi`: counts, neighbours, or the copula with a remainder by neighbours.
    """

    def __init__(self, data: Dataset, target: str) -> None:
        self.features = tuple(sorted(n for n in data.names if n != target))
        self.target = target
        self.data = _rows_with_target(data, target).select([*self.features, target])
        kinds = {self.data.by_order.kinds[n] for n in self.features}
        # Neighbours have no bias under independence, so neither may counts beside them.
        counts = PlugIn("miller-madow" if len(kinds) > 1 else None)
        self.estimator = ByKinds(counts, CopulaKNN(), MixedKNN())

    @cached_property
    def mi(self) -> Floats:
        """I(x; y) of each feature in nats as it is, not in bins; NaN where rows are too few."""
        n = len(self.features)
        return np.ravel(self.estimator.pairwise(self.data, np.array([n]), np.arange(n)))

    @cached_property
    def relevance(self) -> Floats:
        """I(x; y) of each feature in nats, counted; shape (n_features,)."""
        n = len(self.features)
        codes, n_states = self.counted.codes[n], int(self.counted.n_states[n])
        return _row_of(self._packed.with_column(codes, n_states), n, n)

    def added(self, k: int) -> Floats:
        """I(x_j; y | x_k) in nats of each feature j, given feature k; shape (n_features,)."""
        n = len(self.features)
        packed = self._with_pair(k)
        return _row_of(packed, n, n) - _row_of(packed, k, n)

    def shared(self, k: int) -> Floats:
        """I(x_j; x_k) in nats of each feature j with feature k."""
        return _row_of(self._packed, k, len(self.features))

    def joint_entropies(self, k: int) -> Floats:
        """H(x_j, x_k, y) in nats of each feature j with feature k."""
        n = len(self.features)
        packed = self._with_pair(k)
        return np.asarray(packed.entropies[:n] + packed.entropies[n] - _row_of(packed, n, n))

    @cached_property
    def counted(self) -> Dataset:
        """The table with binned continuous columns."""
        return bin_ranks(self.data)

    @cached_property
    def _packed(self) -> PackedTable:
        n = len(self.features)
        return PackedTable(self.counted.codes[:n], self.counted.n_states[:n], _CORRECTION)

    def _with_pair(self, k: int) -> PackedTable:
        """The packed features and, behind them, the joint states of feature k and the target."""
        codes, n_states = self.counted.codes, self.counted.n_states
        labels = np.zeros(self.data.n_samples, dtype=np.int32)
        n_labels = 1
        for row in (len(self.features), k):
            n_labels = join_strata(labels, n_labels, codes[row], int(n_states[row]))
        pair = np.where(labels < 0, n_labels, labels).astype(np.min_scalar_type(n_labels))
        return self._packed.with_column(pair, n_labels)


def _row_of(packed: PackedTable, k: int, n_columns: int) -> Floats:
    """Information between column k and the first columns of a packed table."""
    result = np.empty((1, n_columns))
    row, columns = np.array([k]), np.arange(n_columns)

    def fill(block: slice) -> None:
        values = np.empty((1, len(columns[block])))
        packed.fill(row, columns[block], False, values)
        result[:, block] = values

    step = max(1, int(_NANOSECONDS_OF_A_BLOCK / packed.nanoseconds_per_pair))
    blocks = slices(n_columns, step)
    if len(blocks) == 1:
        fill(blocks[0])  # a thread would cost more
    else:
        for_each(fill, blocks, description="information of pairs")
    return result.ravel()


def _rows_with_target(data: Dataset, target: str) -> Dataset:
    """Rows in which the target is known; DataError if it does not vary there."""
    known = data.known(target)
    rows = data if known.all() else data.take(known)
    row = rows.row(target)
    continuous = not data.is_discrete(target)
    values = (rows.values if continuous else rows.codes)[row]
    if (values == values[0]).all():
        held = float(values[0]) if continuous else data.states[target][values[0]]
        raise DataError(f"target {target!r} is constant, {held!r} in all rows; nothing tells it")
    return rows
