"""The public estimators of information from nearest neighbours, KSG and MixedKNN.

How points are counted, and why, is told in `between_blocks` for blocks and `pairs` for
single columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, ParameterError, check_choice, check_count
from mistruct.information.base import Estimator, seconds_of_pairs
from mistruct.information.neighbors.between_blocks import (
    entropy_of_block,
    information_of_blocks,
    total_correlation_of_columns,
)
from mistruct.information.neighbors.pairs import pair_by_neighbors, pairwise_by_neighbors

Variant = Literal[1, 2]


# For each row, and logarithm of their number where both columns are continuous; else for each row.
_NANOSECONDS_PER_ROW = 16.0
_NANOSECONDS_PER_ROW_WITH_STATES = 22.0


@dataclass(frozen=True)
class KSG(Estimator):
    r"""Information between continuous columns from the distances to nearest neighbours.

    It needs no bins and no model, sees any relation, and adapts its resolution to the density.
    Between blocks it is the estimate of Kraskov, Stögbauer and Grassberger, given z that of
    Frenzel and Pompe; its entropy is that of Kozachenko and Leonenko.

    Parameters
    ----------
    n_neighbors : int
        Which neighbour sets the distance. More of them mean less variance and more bias.
    variant : {1, 2}
        How points are counted in the subspaces of x and y (Kraskov et al. 2004):

        - 1: those strictly closer than the neighbour, :math:`\psi(k) + \psi(n) -
          \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle` (eq. 8).
        - 2: those no farther than the k neighbours reach in that subspace, :math:`\psi(k) - 1/k +
          \psi(n) - \langle \psi(n_x) + \psi(n_y) \rangle` (eq. 9). Not defined given z.
    normal_scores : bool
        Replace each column by its normal scores first, over the rows used, so that the estimate
        depends on ranks alone. Otherwise columns should have similar scales.

    Notes
    -----
    Given z it is :math:`\psi(k) - \langle \psi(n_{xz} + 1) + \psi(n_{yz} + 1) - \psi(n_z + 1)
    \rangle`; the total correlation is eq. 23, or 24 in variant 2. Distances are in the max norm.

    Where a column repeats values, as ages and counts do, many points may be as far away as the k-th
    neighbour. Then the mean is taken over all ways to break these ties. If T points are tied with
    it in the space of x, J of these are in reach in the other columns as well, and l points are
    closer in all columns, the term :math:`\psi(n_x + 1)` becomes

    .. math:: \sum_p \binom{p - 1}{m - 1} \binom{T - p}{J - m} \binom{T}{J}^{-1} \psi(n_x + p),
              \qquad m = k - l,

    and so in each subspace; with k copies of a point it comes to the count of its copies, as in
    :class:`MixedKNN`. In variant 2 ties may leave open which points are the neighbours, or which of
    them reaches farthest; such a point is counted as in variant 1.

    Without z there is no bias under independence, and little in two dimensions: none is seen at
    200 rows up to a correlation of 0.9. The stronger the dependence and the more the columns, the
    more is lost: two blocks of five with canonical correlations of 0.6 share 1.12 nats, and lose
    0.34 of them at 1000 rows and 0.21 at 5000. Given z the bias is mostly towards 0 (0.05 of 0.22
    nats for three columns of z at 200 rows); a strong common cause in z can leave up to 0.03 nats
    at 200 rows, 0.005 at 1000.

    Rounding adds no bias: whole years of age with a spread of 15 have less than 0.01 nats with an
    independent normal column or other ages, from 100 to 2000 rows, in both variants and given z. To
    count only what is strictly closer would give them 0.03 to 0.23, and to count all that is as far
    -0.01 to 0.07. Without normal scores there are two exceptions: evenly spaced values of which
    none repeats are not seen as tied (two such columns have 0.06 nats at 50 rows, 0.01 at 500), and
    variant 2 errs by -0.03 nats at 100 rows where most values are 0.

    A constant column adds nothing. A continuous column on both sides, or one with the same scores
    upwards or downwards, makes the information infinite, with a warning; if z has it too, it adds
    nothing. A block whose columns are all constant or known from z has information 0.

    The entropy is that of the columns in their own units, without normal scores. It is minus
    infinity, with a warning, where a column is constant, two columns determine each other, or a
    row occurs more than k times: there is no density then. For normal columns at 1000 rows its
    bias is -0.02 nats in one dimension and -0.06 in five. Where a density ends abruptly too much
    room is counted in: +0.14 nats for a cube in three dimensions, +0.5 in five.

    References
    ----------
    Kraskov, Stögbauer and Grassberger (2004), "Estimating mutual information", Physical Review E
    69, 066138, eq. 8, 9, 20, 23 and 24.
    Frenzel and Pompe (2007), "Partial mutual information for coupling analysis of multivariate
    time series", Physical Review Letters 99, 204101.
    Kozachenko and Leonenko (1987), "Sample estimate of the entropy of a random vector", Problems
    of Information Transmission 23.

    Examples
    --------
    A circle, which no correlation sees:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> angle = rng.uniform(0, 2 * np.pi, 1000)
    >>> x, y = (f(angle) + 0.1 * rng.normal(size=1000) for f in (np.cos, np.sin))
    >>> round(ms.mutual_information(x, y, estimator=ms.KSG()), 1)
    0.7
    """

    n_neighbors: int = 3
    variant: Variant = 1
    normal_scores: bool = True

    def __post_init__(self) -> None:
        check_count("n_neighbors", self.n_neighbors)
        check_choice("variant", self.variant, get_args(Variant))
        check_choice("normal_scores", self.normal_scores, (True, False))

    @property
    def name(self) -> str:
        """The name that resolves to this estimator."""
        return "ksg"

    @property
    def sees_ranks_only(self) -> bool:
        """Whether columns become normal scores."""
        return self.normal_scores

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of continuous columns, over their complete rows."""
        self._require_continuous(data, (*x, *y, *z))
        if self.variant == 2 and len(z):
            raise ParameterError(
                "variant=2 has no conditional information; use variant=1, got variant=2 and z of "
                f"{', '.join(map(repr, z))}"
            )
        return _information(data, x, y, z, self.n_neighbors, self.variant, self.normal_scores)

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """Entropy h(x) in nats of a block of continuous columns in their own units."""
        self._require_continuous(data, x)
        return entropy_of_block(data, x, self.n_neighbors)

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of continuous columns, over the complete rows."""
        self._require_continuous(data, data.names)
        return total_correlation_of_columns(
            data, data.names, self.n_neighbors, self.variant, self.normal_scores
        )

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        n = data.n_samples
        of_pair = _NANOSECONDS_PER_ROW * n * math.log(n + 1.0)
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
        a column with itself.
        """
        self._require_continuous(data, [data.names[i] for i in (*rows, *columns)])
        return pairwise_by_neighbors(
            data, rows, columns, self.n_neighbors, self.variant, self.normal_scores, dtype
        )

    def _require_continuous(self, data: Dataset, names: Sequence[str]) -> None:
        discrete = [n for n in dict.fromkeys(names) if data.is_discrete(n)]
        if discrete:
            shown = ", ".join(map(repr, discrete[:5])) + (", ..." if len(discrete) > 5 else "")
            raise DataError(
                f"estimator 'ksg' takes continuous columns, but discrete: {shown}; "
                "use 'mixed-knn', which takes both"
            )


@dataclass(frozen=True)
class MixedKNN(Estimator):
    r"""Information between columns of any kinds from the distances to nearest neighbours.

    Different categories are infinitely far apart, so a point is compared within its own category,
    and no scale has to be chosen between categories and numbers. It is the estimate of
    :class:`KSG` (variant 1) where all columns are continuous, that of Ross for a discrete and a
    continuous column, counts with :math:`\psi` for the logarithm where all are discrete, and
    serves all mixtures of these and any z. A continuous column may have atoms, such as many zeros.

    Parameters
    ----------
    n_neighbors : int
        Which neighbour sets the distance. More of them mean less variance and more bias.
    normal_scores : bool
        Replace each continuous column by its normal scores first, as in :class:`KSG`.

    Notes
    -----
    The estimate is :math:`\langle \psi(k_i) - \psi(n_{xz,i}) - \psi(n_{yz,i}) + \psi(n_{z,i})
    \rangle`. The distance :math:`\rho_i` is that to the :math:`k_i`-th neighbour of the same joint
    category, with :math:`k_i` the smaller of k and the number of others there, and :math:`n_{s,i}`
    is 1 and the number of other points strictly closer in subspace s; without z, :math:`n_{z,i} =
    n`. Where values repeat, :math:`\psi(n_{s,i})` is its mean over all ways to break ties, as in
    :class:`KSG`. For a point with k copies, so that :math:`\rho_i = 0`, this comes to the numbers
    of points at distance 0, with the point itself, in all subspaces and in place of :math:`k_i`
    (Gao et al. 2017); so it is where all columns are discrete. Mesner and Shalizi count the points
    no farther than :math:`\rho_i` instead, which keeps none of the special cases exact, and errs by
    up to 0.07 nats in either direction between independent columns.

    A point alone in its joint category has no neighbour and is left out of everything, unless all
    columns are discrete; where no point is left, the information is 0.

    The bias between continuous columns is that of :class:`KSG`; between discrete ones none is seen
    under independence (3 states each at 100 rows), nor between the two, on a lattice or not. Else
    there is a loss where categories are many (0.005 nats for 5 states of x and y uniform on
    [x, x + 2] at 1000 rows, 0.03 for 20 states). Atoms in columns that are continuous elsewhere do
    no harm to normal scores, since ranks move the rest away from them; for numbers as they are, a
    value near an atom may take it in whole, which can cost 0.3 nats at 400 rows and 0.1 at 16,000.

    Constant columns, and columns on both sides or in z, are treated as in :class:`KSG`; a discrete
    column that z's discrete columns determine adds nothing. The entropy is H(discrete) +
    h(continuous | discrete), the latter in the columns' own units and minus infinity as in
    :class:`KSG`; it needs two rows of one category.

    References
    ----------
    Mesner and Shalizi (2021), "Conditional mutual information estimation for mixed, discrete and
    continuous data", IEEE Transactions on Information Theory 67, 464-484.
    Gao, Kannan, Oh and Viswanath (2017), "Estimating mutual information for discrete-continuous
    mixtures", NIPS 30.
    Ross (2014), "Mutual information between discrete and continuous data sets", PLoS ONE 9,
    e87357, eq. 2.

    Examples
    --------
    A label, and a level whose range tells it half of the time:

    >>> import math
    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> label = rng.choice(["low", "high"], 1000)
    >>> level = rng.uniform(size=1000) + 0.5 * (label == "high")
    >>> round(ms.mutual_information(label, level, estimator=ms.MixedKNN()), 1)
    0.3
    >>> round(math.log(2) / 2, 1)
    0.3
    """

    n_neighbors: int = 3
    normal_scores: bool = True

    def __post_init__(self) -> None:
        check_count("n_neighbors", self.n_neighbors)
        check_choice("normal_scores", self.normal_scores, (True, False))

    @property
    def name(self) -> str:
        """The name that resolves to this estimator."""
        return "mixed-knn"

    @property
    def sees_ranks_only(self) -> bool:
        """Whether continuous columns become normal scores."""
        return self.normal_scores

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns, over their complete rows."""
        return _information(data, x, y, z, self.n_neighbors, 1, self.normal_scores)

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """Entropy H(discrete) + h(continuous | discrete) in nats of a block of columns."""
        return entropy_of_block(data, x, self.n_neighbors)

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of all columns, over the complete rows."""
        return total_correlation_of_columns(
            data, data.names, self.n_neighbors, 1, self.normal_scores
        )

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        n = data.n_samples
        numbers = ~data.discrete_mask
        share = float(numbers[rows].mean() * numbers[columns].mean())
        of_numbers = _NANOSECONDS_PER_ROW * math.log(n + 1.0)
        of_row = share * of_numbers + (1.0 - share) * _NANOSECONDS_PER_ROW_WITH_STATES
        return seconds_of_pairs(rows, columns, of_row * n)

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
        return pairwise_by_neighbors(
            data, rows, columns, self.n_neighbors, 1, self.normal_scores, dtype
        )


def _information(
    data: Dataset,
    x: Sequence[str],
    y: Sequence[str],
    z: Sequence[str],
    n_neighbors: int,
    variant: int,
    normal_scores: bool,
) -> float:
    if len(x) == len(y) == 1 and not len(z):
        return pair_by_neighbors(data, x[0], y[0], n_neighbors, variant, normal_scores)
    return information_of_blocks(data, x, y, z, n_neighbors, variant, normal_scores)
