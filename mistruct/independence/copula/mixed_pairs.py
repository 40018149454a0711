"""Tests of pairs of columns of any kinds given one set, in complete rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincc

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.copula.many_states import States, moments, p_value, sum_of_squares
from mistruct.independence.copula.residuals import FEW_STATES, Condition, is_skewed_kept, score
from mistruct.independence.permutation_moments import standardised_sum, tail
from mistruct.information.copula.basis import information_of
from mistruct.information.copula.residual_blocks import Block
from mistruct.kernels.gaussian.partial_correlation import (
    DOF,
    HOW,
    N_X,
    N_Y,
    N_Z,
    NATS,
    SCORE,
    WILKS,
)
from mistruct.kernels.gaussian.wilks import P_VALUE, STATISTIC, wilks_test

N_RESULTS = 8
SHUFFLED, MOMENTS = 2, 3  # how a p-value was found, after WILKS and SCORE
FEWEST_ROWS = 4


class MixedPairs:
    """Tests given one set of columns, `given` by position, with shared intermediate results."""

    def __init__(self, data: Dataset, given: Sequence[int]) -> None:
        self._data = data
        self._condition = Condition.of(data, [data.names[z] for z in given])
        self._n_z = self._condition.known.rank
        self._n_error = data.n_samples - 1 - self._n_z
        self._left: dict[int, Block] = {}

    def test(self, x: int, y: int) -> Floats:
        """The test of two columns by position, as the kernels for continuous columns fill it."""
        data, condition, n_z = self._data, self._condition, self._n_z
        names = data.names[x], data.names[y]
        x_left, y_left = self.left_of(x), self.left_of(y)
        d_x, d_y = len(x_left), len(y_left)
        result = np.empty(N_RESULTS)
        result[[N_X, N_Y, N_Z, DOF, HOW]] = d_x, d_y, n_z, d_x * d_y, WILKS
        result[NATS] = information_of(x_left.products(y_left)) if d_x and d_y else 0.0
        wilks_test(result[NATS], d_x, d_y, self._n_error, result)
        if np.isnan(result[P_VALUE]):
            return result
        discrete = [data.is_discrete(n) for n in names]
        many = [
            d and int(data.n_observed[data.row(n)]) > FEW_STATES
            for d, n in zip(discrete, names, strict=True)
        ]
        if any(many) and (n_z or all(discrete)):
            self._by_moments(names if many[1] else names[::-1], result)
            return result
        if condition.has_discrete or (any(discrete) and n_z):
            self._by_score(names, any(discrete), result)
        if d_x == d_y == 1 and not np.isnan(result[P_VALUE]):
            self._by_permutations(names, (x_left.rows[0], y_left.rows[0]), result)
        return result

    def left_of(self, column: int) -> Block:
        """Orthonormal basis of a column, by position, given the set."""
        if column not in self._left:
            self._left[column] = self._condition.left(self._data, self._data.names[column])
        return self._left[column]

    def _by_score(self, names: tuple[str, str], fitted: bool, result: Floats) -> None:
        """Test by sums of products of residuals and their covariance.

        Chi-square where variances are fitted; else what is exact for a sum of normal products.
        """
        x, y = (self._condition.residuals(self._data, n) for n in names)
        statistic, dof = score(x, y)
        result[[STATISTIC, DOF, HOW]] = statistic, dof, SCORE
        if not dof:
            result[P_VALUE] = np.nan
        elif fitted:
            result[P_VALUE] = gammaincc(dof / 2, statistic / 2)
        else:
            result[P_VALUE] = tail(statistic**0.5, 0.0, self._n_error)[0]

    def _by_moments(self, names: tuple[str, str], result: Floats) -> None:
        """Test by a sum of squares and its moments, if the second column has many states."""
        x, y = (self._condition.side(self._data, n) for n in names)
        assert isinstance(y, States)
        of_total = p_value(sum_of_squares(x, y), *moments(x, y))
        result[[P_VALUE, STATISTIC, DOF]] = of_total
        result[HOW] = MOMENTS

    def _by_permutations(
        self, names: tuple[str, str], rows: tuple[Floats, Floats], result: Floats
    ) -> None:
        """Test by a sum of products and its permutation moments, in strata or of skewed columns."""
        known = self._condition.known
        in_strata = self._condition.by_strata and self._n_z > 0
        if not in_strata and not all(is_skewed_kept(self._data, n) for n in names):
            return
        strata = known.labels if in_strata else np.zeros(known.labels.size, dtype=np.int64)
        total, skewness = standardised_sum(*rows, strata)
        by_moments = tail(total, skewness, self._n_error)[0]
        if in_strata:
            result[[STATISTIC, DOF, HOW]] = total**2, 1, SHUFFLED
            result[P_VALUE] = by_moments
        else:
            result[P_VALUE] = max(result[P_VALUE], by_moments)


def result_in_common_rows(
    data: Dataset, x: int, y: int, given: Sequence[int]
) -> tuple[Floats, int]:
    """The result of one test in the rows where its columns are known, and the number of these."""
    rows, x, y, given = in_common_rows(data, x, y, given)
    if rows.n_samples < FEWEST_ROWS:
        return np.full(N_RESULTS, np.nan), rows.n_samples
    return MixedPairs(rows, given).test(x, y), rows.n_samples


def in_common_rows(
    data: Dataset, x: int, y: int, given: Sequence[int]
) -> tuple[Dataset, int, int, Sequence[int]]:
    """The table in the rows where some columns are known, and the places of these in it."""
    names = [data.names[p] for p in (x, y, *given)]
    if not any(data.n_missing[n] for n in names):
        return data, x, y, given
    return data.select(names).complete_rows(), 0, 1, range(2, len(names))
