r"""The terms that criteria of selection are made of: relevance, redundancy, and what is added.

With y the target, x_j a candidate and x_k a column that was chosen before, all criteria of Brown et
al. (2012) are sums over k of I(x_j; y), I(x_j; x_k) and I(x_j; x_k | y). The last two make
:math:`I(x_j; y | x_k) = I(x_j; y) - I(x_j; x_k) + I(x_j; x_k | y)`: what x_j adds to x_k.

Where all three columns are discrete they are counted: :math:`I(x_j; y | x_k)` is
:math:`I(x_j; (x_k, y)) - I(x_j; x_k)`, and (x_k, y) is one more discrete column, so each step
takes two passes over packed columns. Elsewhere the last two terms are those of the Gaussian
copula (see `gaussian_terms`), and I(x_j; y) is that of ``auto``, which sees more than correlations.
What is added is then kept within what is possible: from 0 to what is left of H(y).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError
from mistruct.features.gaussian_terms import GaussianTerms
from mistruct.features.ties import break_ties
from mistruct.information.auto import ByKinds
from mistruct.information.copula_knn import CopulaKNN
from mistruct.information.discrete import PlugIn
from mistruct.information.knn import MixedKNN
from mistruct.information.pairwise import PackedTable
from mistruct.kernels.contingency import join_strata
from mistruct.parallel import run_blocks

Floats = NDArray[np.float64]

_NANOSECONDS_OF_A_BLOCK = 2e7


class PairTerms:
    """Terms of the features of a table with a target, one chosen feature at a time.

    Features go by position: the discrete ones first, then the continuous, each in the order of
    names, so that nothing depends on the order of the columns.

    Attributes
    ----------
    data : Dataset
        The features and, last, the target, in the rows in which the target is known.
    untied : Dataset
        The same with the ties of continuous columns broken, for neighbours.
    features : tuple of str
    target : str
    estimator : estimator
        Of the relevance: counts, neighbours, or the copula with a remainder by neighbours.
    relevance : ndarray, shape (n_features,)
        I(x; y) in nats; 0 where too few rows are complete.
    """

    def __init__(self, data: Dataset, target: str) -> None:
        names = [n for n in data.names if n != target]
        self.n_discrete = sum(data.kinds[n] == "discrete" for n in names)
        self.features = tuple(sorted(names, key=lambda n: (data.kinds[n] != "discrete", n)))
        self.target = target
        self.data = _rows_with_target(data, target).select([*self.features, target])
        self.of_classes = self.data.kinds[target] == "discrete"
        mixed = 0 < self.n_discrete < len(names)
        # Neighbours have no bias under independence, so neither may counts beside them.
        self._counted = PlugIn("miller-madow" if mixed else None)
        self.estimator = ByKinds(self._counted, CopulaKNN(), MixedKNN())
        n = len(names)
        self.untied = break_ties(self.data)
        relevance = self.estimator.pairwise(self.untied, np.array([n]), np.arange(n))[0]
        self.relevance: Floats = np.nan_to_num(relevance, nan=0.0, posinf=math.inf)
        self._information_left = math.inf
        if self.of_classes:
            self._information_left = PlugIn().entropy(self.data, [target])
        self._packed: PackedTable | None = None
        self._gaussian: GaussianTerms | None = None

    def added(self, k: int) -> Floats:
        """I(x_j; y | x_k) in nats of each feature j, given feature k; shape (n_features,)."""
        result = np.empty(len(self.features))
        rest = slice(0, len(result))
        if self.of_classes and k < self.n_discrete:
            with_target, with_feature, _ = self._counts(k)
            result[: self.n_discrete] = with_target - with_feature
            rest = slice(self.n_discrete, len(result))
        if rest.start < rest.stop:
            added = self.relevance[rest] + self._gaussians().interactions(k, rest)
            left = max(self._information_left - float(self.relevance[k]), 0.0)
            # inf - inf: an infinite relevance of a copy
            result[rest] = np.clip(np.nan_to_num(added, nan=0.0, posinf=math.inf), 0.0, left)
        return result

    def shared(self, k: int) -> Floats:
        """I(x_j; x_k) in nats of each feature j with feature k."""
        result = np.empty(len(self.features))
        rest = slice(0, len(result))
        if k < self.n_discrete:
            packed = self._packed_features()
            result[: self.n_discrete] = _row_of(packed, k, self.n_discrete)
            rest = slice(self.n_discrete, len(result))
        if rest.start < rest.stop:
            result[rest] = self._gaussians().shared(k, rest)
        return result

    def joint_entropies(self, k: int) -> Floats:
        """H(x_j, x_k, y) in nats of each feature j with feature k; all columns are discrete."""
        with_target, _, of_pair = self._counts(k)
        return self._packed_features().entropies + of_pair - with_target

    def require_counts(self, purpose: str) -> None:
        """Raise DataError unless all columns are discrete."""
        self.data.require_discrete(purpose)

    def _counts(self, k: int) -> tuple[Floats, Floats, float]:
        """I(x_j; (x_k, y)) and I(x_j; x_k) of each discrete feature j, and H(x_k, y)."""
        codes, n_states = self.data.codes, self.data.n_states
        n = self.n_discrete
        labels = np.zeros(self.data.n_samples, dtype=np.int32)
        n_labels = join_strata(labels, 1, codes[n], n_states[n])
        n_labels = join_strata(labels, n_labels, codes[k], n_states[k])
        pair = np.where(labels < 0, n_labels, labels).astype(np.min_scalar_type(n_labels))
        packed = self._packed_features().with_column(pair, n_labels)
        return _row_of(packed, n, n), _row_of(packed, k, n), float(packed.entropies[n])

    def _packed_features(self) -> PackedTable:
        if self._packed is None:
            n = self.n_discrete
            self._packed = PackedTable(
                self.data.codes[:n], self.data.n_states[:n], self._counted.correction
            )
        return self._packed

    def _gaussians(self) -> GaussianTerms:
        if self._gaussian is None:
            self._gaussian = GaussianTerms(self.data, self.features, self.target)
        return self._gaussian


def _row_of(packed: PackedTable, k: int, n_columns: int) -> Floats:
    """Information of column k with the first columns of a packed table."""
    result = np.empty((1, n_columns))
    row, columns = np.array([k]), np.arange(n_columns)

    def fill(block: slice) -> None:
        values = np.empty((1, len(columns[block])))
        packed.fill(row, columns[block], False, values)
        result[:, block] = values

    step = max(1, int(_NANOSECONDS_OF_A_BLOCK / packed.nanoseconds_per_pair))
    blocks = [slice(a, min(a + step, n_columns)) for a in range(0, n_columns, step)]
    if len(blocks) == 1:
        fill(blocks[0])  # a thread would cost more
    else:
        for _ in run_blocks(fill, blocks, description="information of pairs"):
            pass
    return result.ravel()


def _rows_with_target(data: Dataset, target: str) -> Dataset:
    """The rows in which the target is known, and in which it has to vary."""
    rows = data.take(data.known(target)) if data.n_missing[target] else data
    row = rows.row(target)
    values = rows.values[row] if data.kinds[target] == "continuous" else rows.codes[row]
    if (values == values[0]).all():
        held = values[0] if data.kinds[target] == "continuous" else data.states[target][values[0]]
        raise DataError(f"target {target!r} is constant, {held!r} in all rows; nothing tells it")
    return rows
