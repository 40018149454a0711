r"""Information from leave-one-out kernel densities.

All densities of one estimate share their kernels: a column has the same bandwidth in the joint
density and in the marginal ones. Their norms then cancel in a ratio, and so does much of their
bias (Moon, Rajagopalan and Lall 1995).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, MistructWarning, ParameterError, TooFewRowsError
from mistruct.information.base import Estimator, seconds_of_pairs
from mistruct.information.blocks import complete, joint_labels, normal_scores
from mistruct.information.copula.basis import warn_infinite
from mistruct.information.density.kernel_sums import Labels, log_sums, mean_log_ratios
from mistruct.information.tiles import mirror
from mistruct.parallel import for_each

_RULES = ("scott", "silverman")

# Fewer rows are no sample of a density.
_FEWEST = 4


_NANOSECONDS_PER_ROW = 600.0
_NANOSECONDS_PER_TWO_ROWS = 0.45


@dataclass(frozen=True)
class KDE(Estimator):
    r"""Mutual information and entropy from kernel density estimates.

    With :math:`f` the density at a row, estimated from all other rows by a product of Gaussian
    kernels, the information is the mean of :math:`\log f_{xy} / f_x f_y`, given z that of
    :math:`\log f_{xyz} f_z / f_{xz} f_{yz}`, the total correlation that of
    :math:`\log f / \prod f_i`, and the entropy that of :math:`-\log f`.

    Parameters
    ----------
    bandwidth : {"scott", "silverman"} or float
        The width of the kernel of a column, as a multiple of its standard deviation: for n rows
        and d continuous columns in all :math:`n^{-1/(d+4)}` by Scott's rule,
        :math:`(n (d+2) / 4)^{-1/(d+4)}` by Silverman's, or the number given.

    Raises
    ------
    DataError
        Fewer than 4 complete rows; for an entropy, no two rows of one category.
    ParameterError
        `bandwidth` breaks its rule.

    Notes
    -----
    For all measures of dependence, continuous columns enter as normal scores, so that monotone
    transforms change nothing; the entropy is that of the values as they are, and minus infinity
    for a constant.

    A discrete column has a kernel of its own: 1 for the same state, else 0. A row whose
    combination of states no other row has is left out of the sample, before the scores are taken
    (as in Ross 2014); without any row left the information is 0.

    A kernel blurs what is finer than itself, so dependence is underestimated, the more the stronger
    it is and the more columns there are: normal columns of correlation 0.9 give about 0.73 nats at
    1000 rows, where 0.83 is true. Leaving the row itself out makes the estimate for independent
    columns slightly negative, about -0.01 at 1000 rows.

    A constant column, or one that z holds too, adds nothing. The information of continuous columns
    whose ranks are equal or reversed is infinite.

    References
    ----------
    Moon, Rajagopalan and Lall (1995), "Estimation of mutual information using kernel density
    estimators", Physical Review E 52, 2318-2321. Scott (1992), "Multivariate density estimation".
    Silverman (1986), "Density estimation for statistics and data analysis". Ross (2014), "Mutual
    information between discrete and continuous data sets", PLoS ONE 9, e87357.

    Examples
    --------
    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=1000)
    >>> y = np.exp(0.6 * x + 0.8 * rng.normal(size=1000))
    >>> round(ms.mutual_information(x, y, estimator=ms.KDE()), 2), round(float(-np.log(0.8)), 2)
    (0.22, 0.22)
    """

    bandwidth: Literal["scott", "silverman"] | float = "scott"

    def __post_init__(self) -> None:
        width = self.bandwidth
        is_number = isinstance(width, Real) and not isinstance(width, bool)
        if width not in _RULES and not (is_number and 0 < float(width) < math.inf):
            raise ParameterError(
                f"bandwidth must be 'scott', 'silverman' or a positive number, got {width!r}"
            )

    @property
    def name(self) -> str:
        """The name that resolves to this estimator."""
        return "kde"

    @property
    def sees_ranks_only(self) -> bool:
        """True: for dependence, continuous columns become normal scores."""
        return True

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns, over their complete rows."""
        rows = _sample(data, (*x, *y, *z))
        if not rows.n_samples:
            return 0.0
        z_scores = _scores(rows, z)
        x_scores, y_scores = _scores(rows, x, z_scores), _scores(rows, y, z_scores)
        if x_scores.keys() & y_scores.keys():
            warn_infinite(x, y)
            return math.inf
        scores = [list(block.values()) for block in (x_scores, y_scores, z_scores)]
        points = self._points(rows.n_samples, scores)
        labels = [joint_labels(rows, block)[0] for block in (x, y, z)]
        # Which blocks are in the joint density, and in those without x, without y and without both.
        members = np.array([(1, 1, 1), (0, 1, 1), (1, 0, 1), (0, 0, 1)], dtype=bool)
        if z:
            joint, yz_sums, xz_sums, given = self._log_sums(points, labels, members)
        else:
            joint, yz_sums, xz_sums = self._log_sums(points[:2], labels[:2], members[:3, :2])
            given = np.log(rows.n_samples - 1)
        # So paired, they cancel to the last digit where x or y is constant.
        return float(((joint + given) - (xz_sums + yz_sums)).mean())

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of columns, over its complete rows.

        Of continuous columns the differential entropy, of discrete ones that of their states.
        """
        rows = _sample(data, x)
        if not rows.n_samples:
            raise DataError(
                f"estimator 'kde' needs rows that share a category, but in {', '.join(x)} each of "
                f"the {data.n_samples} rows has its own"
            )
        columns = [rows.values[rows.row(n)] for n in dict.fromkeys(x) if n in rows.continuous]
        if any((values == values[0]).all() for values in columns):
            warnings.warn(
                f"the entropy of {', '.join(map(repr, x))} is minus infinity: a continuous column "
                "is constant",
                MistructWarning,
                stacklevel=2,
            )
            return -math.inf
        # In units in which nothing overflows.
        units = [float(np.abs(values).max()) for values in columns]
        columns = [values / unit for values, unit in zip(columns, units, strict=True)]
        n, d = rows.n_samples, len(columns)
        points = self._points(n, [columns])
        (logs,) = self._log_sums(points, [joint_labels(rows, x)[0]], np.array([[True]]))
        widths = self._factor(n, d) * np.std(columns, axis=1, ddof=1) if d else np.empty(0)
        norm = d / 2 * math.log(2 * math.pi) + float(np.log(widths).sum() + np.log(units).sum())
        return norm + math.log(n - 1) - float(logs.mean())

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of all columns, over the complete rows."""
        rows = _sample(data, data.names)
        if not rows.n_samples:
            return 0.0
        columns = [_scores(rows, [name]) for name in data.names]
        keys = [key for column in columns for key in column]
        if len(set(keys)) < len(keys):
            warn_infinite(data.names[:-1], data.names[-1:])
            return math.inf
        points = self._points(rows.n_samples, [list(column.values()) for column in columns])
        labels = [joint_labels(rows, [name])[0] for name in data.names]
        n = len(columns)
        members = np.concatenate([np.ones((1, n)), np.eye(n)]).astype(bool)
        joint, *single = self._log_sums(points, labels, members)
        return float((joint - sum(single)).mean()) + (n - 1) * math.log(rows.n_samples - 1)

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        n = data.n_samples
        of_pair = (_NANOSECONDS_PER_ROW + _NANOSECONDS_PER_TWO_ROWS * n) * n
        return seconds_of_pairs(rows, columns, of_pair)

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) of columns by position, x from `rows` and y from `columns`.

        Shape (len(rows), len(columns)); each pair over the rows complete for the two. Infinite for
        a continuous column with itself.
        """
        result = np.full((len(rows), len(columns)), math.nan, dtype=dtype)
        symmetric = np.array_equal(rows, columns)
        shared = self._shared_scores(data, np.union1d(rows, columns))
        x_places, y_places = (np.flatnonzero(np.isin(p, list(shared))) for p in (rows, columns))
        if x_places.size and y_places.size:
            points = np.array(list(shared.values()))
            place = {position: i for i, position in enumerate(shared)}
            x, y = (np.array([place[p] for p in q]) for q in (rows[x_places], columns[y_places]))
            for (a, b), nats in mean_log_ratios(points, x, y, self._description):
                nats[np.equal.outer(x[a], y[b])] = math.inf
                result[np.ix_(x_places[a], y_places[b])] = nats + math.log(data.n_samples - 1)

        def run(a: int) -> None:
            start = a if symmetric else 0
            for b in start + np.flatnonzero(np.isnan(result[a, start:])):
                result[a, b] = self._pair(data, data.names[rows[a]], data.names[columns[b]])

        for_each(run, range(len(rows)), description=self._description)
        if symmetric:
            mirror(result)
        return result

    @property
    def _description(self) -> str:
        return f"mutual information ({self.name})"

    def _shared_scores(self, data: Dataset, positions: NDArray[np.int64]) -> dict[int, Floats]:
        """Scores in units of the bandwidth, if all pairs of columns have the same rows.

        Such a column is continuous, without gaps, not constant, and the only one with its ranks.
        """
        if data.n_samples < _FEWEST:
            return {}
        names = {data.names[p]: int(p) for p in positions}
        found: dict[bytes, list[int]] = {}
        scores = {}
        for name, position in names.items():
            if not data.is_discrete(name) and not data.n_missing[name]:
                for key, values in _scores(data, [name]).items():
                    found.setdefault(key, []).append(position)
                    scores[position] = self._points(data.n_samples, [[values]], 2)[0][0]
        return {p: scores[p] for alike in found.values() if len(alike) == 1 for p in alike}

    def _pair(self, data: Dataset, x: str, y: str) -> float:
        """Estimate of I(x; y) of two columns; NaN if too few rows are complete."""
        pair = data.select(dict.fromkeys([x, y]))
        if any(pair.n_missing.values()):
            pair = pair.complete_rows()
        if pair.n_samples and x == y and not data.is_discrete(x):
            return math.inf if (pair.values != pair.values[0, 0]).any() else 0.0
        try:
            return self.information(pair, [x], [y])
        except TooFewRowsError:
            if pair.n_samples == data.n_samples:
                raise
            return math.nan

    def _factor(self, n: int, d: int) -> float:
        """Ratio of bandwidth to standard deviation, for n rows in d dimensions."""
        if self.bandwidth == "scott":
            return float(n ** (-1 / (d + 4)))
        if self.bandwidth == "silverman":
            return float((n * (d + 2) / 4) ** (-1 / (d + 4)))
        return float(self.bandwidth)

    def _points(
        self, n: int, blocks: Sequence[Sequence[Floats]], d: int | None = None
    ) -> list[Floats]:
        """Columns of each block in units of their bandwidths, shape (d, n)."""
        factor = self._factor(n, sum(map(len, blocks)) if d is None else d)
        points = []
        for block in blocks:
            columns = np.array(block).reshape(len(block), n)
            points.append(columns / (factor * columns.std(axis=1, ddof=1, keepdims=True)))
        return points

    def _log_sums(
        self, points: Sequence[Floats], labels: Sequence[Labels], members: NDArray[np.bool_]
    ) -> Floats:
        return log_sums(points, labels, members, self._description)


def _sample(data: Dataset, names: Sequence[str]) -> Dataset:
    """Complete rows of some columns, without those whose joint state occurs only once."""
    rows = complete(data, names)
    if rows.n_samples < _FEWEST:
        raise TooFewRowsError(
            f"estimator 'kde' needs at least {_FEWEST} rows, but {rows.n_samples} are complete in "
            f"{', '.join(map(repr, dict.fromkeys(names)))}"
        )
    labels, _ = joint_labels(rows, names)
    alone = np.bincount(labels)[labels] == 1
    return rows.take(~alone) if alone.any() else rows


def _scores(
    data: Dataset, names: Sequence[str], known: Collection[bytes] = ()
) -> dict[bytes, Floats]:
    """Normal scores of continuous columns, by a key that a column and its reverse share.

    Without constant columns, and without those whose key is `known`.
    """
    scores = {}
    for name in names:
        if not data.is_discrete(name):
            values = normal_scores(data.values[[data.row(name)]])[0]
            direction = np.sign(values[values != 0.0][:1])
            key = (values * direction + 0.0).tobytes() if direction.size else b""
            if key and key not in known:
                scores[key] = values
    return scores
