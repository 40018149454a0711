r"""The most informative directions of numeric columns: `InformationProjection`.

Linear discriminant analysis and partial least squares look for directions in which means differ, or
which correlate with the target. Information sees any difference: a spread, a second mode, a bend.
Directions are found one after another, each the one that adds most to those before: with columns
whitened, so that all directions have unit variance, a smooth estimate (`kernel_information`) is
climbed from several starts. What was climbed is too good to be reported, so what is reported is
another estimate, by nearest neighbours, of rows that were not fitted.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mistruct._typing import Floats
from mistruct.data.frames import read_columns
from mistruct.data.numbers import one_target, read_numbers
from mistruct.errors import DataError, ParameterError, TooFewRowsError, check_count
from mistruct.features.kernel_information import kernel_information
from mistruct.information.measures import mutual_information

Labels = NDArray[np.int64]

# Number of bins of a continuous target in the search for directions.
_N_BINS = 8
# Largest number of rows, all of whose pairs are used in the search for directions.
_MOST_ROWS = 1000
_N_RANDOM_STARTS = 8
_N_CLIMBS = 3
# Directions whose variance is a smaller share of the largest are taken for constant.
_RESOLUTION = 1e-10


class InformationProjection(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Project numeric columns on the directions that are most informative about a target.

    Parameters
    ----------
    n_components : int
        Number of directions.
    n_folds : int
        Parts of the rows of which each is held out once for `information_`; 0 leaves that out,
        and the time for as many fits.
    seed : int
        Of the starts, the folds, and the rows that are looked at where there are more than 1000.

    Attributes
    ----------
    components_ : ndarray, shape (n_components, n_features)
        The directions; a projection has unit variance, and is uncorrelated with the others.
    information_ : ndarray, shape (n_components,)
        I(first k projections; target) in nats, on rows held out, the mean over the folds, by
        :func:`mistruct.mutual_information`; NaN without folds, or where they have too few rows.
    mean_ : ndarray, shape (n_features,)
        Of the columns.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, where they are strings.

    Raises
    ------
    DataError
        A column does not hold numbers, an entry is missing, or the target is constant.
    ParameterError
        A parameter breaks its rule, or there are fewer directions than `n_components`.

    Notes
    -----
    The kind of the target is inferred as by :func:`mistruct.as_dataset`; a continuous one is
    climbed in eight bins of equal size. Where there are as many columns as rows, the directions
    follow chance, and `information_` shows it.

    References
    ----------
    Torkkola (2003), "Feature extraction by non-parametric mutual information maximization", Journal
    of Machine Learning Research 3, for the aim (with another estimate of information).
    Ahmad and Lin (1976), "A nonparametric estimation of the entropy for absolutely continuous
    distributions", IEEE Transactions on Information Theory 22.
    Viola and Wells (1997), "Alignment by maximization of mutual information", International Journal
    of Computer Vision 24.

    Examples
    --------
    Two classes with the same mean, of which one is wider in the second column:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 400)
    >>> x = rng.normal(size=(400, 3))
    >>> x[:, 1] *= np.where(y, 3.0, 1.0)
    >>> model = ms.InformationProjection().fit(x, y)
    >>> np.abs(model.components_[0]).argmax()
    np.int64(1)
    >>> model.transform(x).shape
    (400, 1)
    """

    def __init__(self, n_components: int = 1, *, n_folds: int = 5, seed: int = 0) -> None:
        self.n_components = n_components
        self.n_folds = n_folds
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        """Find the directions.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Numeric columns.
        y : array-like, shape (n_samples,)
            The target.

        Returns
        -------
        self
        """
        check_count("n_components", self.n_components)
        check_count("seed", self.seed, least=0)
        check_count("n_folds", self.n_folds, least=0)
        if self.n_folds == 1:
            raise ParameterError("n_folds must be 0 or at least 2, got 1")
        _, values = read_numbers(self, X, reset=True)
        # In units in which no square overflows; a power of two changes no digit.
        self._units = np.ldexp(1.0, np.frexp(np.abs(values).max(axis=1))[1] - 1)
        x = values.T / self._units
        if y is None:
            raise ParameterError(
                "InformationProjection requires y to be passed, but the target y is None"
            )
        y = one_target(y, x)
        target, continuous = _read_target(y)
        labels = _bins(target) if continuous else target.astype(np.int64)
        self._mean, self._components = self._directions(x, labels)
        self.mean_ = self._mean * self._units
        with np.errstate(over="ignore"):
            self.components_ = self._components / self._units
        if not np.isfinite(self.components_).all():
            raise DataError(
                "columns must be of a size whose inverse float64 holds, but the largest value of "
                f"one is {np.abs(values).max(axis=1).min()}; change its unit"
            )
        self.information_ = np.full(self.n_components, np.nan)
        if self.n_folds:
            shown = target if continuous else target.astype(str)
            self.information_ = self._held_out(x, labels, shown, continuous)
        self._n_features_out = self.n_components
        return self

    def transform(self, X: Any) -> Floats:
        """The projections, shape (n_samples, n_components)."""
        check_is_fitted(self)
        _, values = read_numbers(self, X, reset=False)
        return np.asarray((values.T / self._units - self._mean) @ self._components.T)

    def _directions(self, x: Floats, labels: Labels) -> tuple[Floats, Floats]:
        """Mean, and directions."""
        rng = np.random.default_rng(self.seed)
        mean = x.mean(axis=0)
        scale = x.std(axis=0)
        scale[scale == 0] = np.inf
        variances, axes = np.linalg.eigh(_covariance(x / scale))
        some = variances > _RESOLUTION * variances[-1]
        if variances[-1] <= 0 or some.sum() < self.n_components:
            raise ParameterError(
                f"n_components must be at most the {int(some.sum() if variances[-1] > 0 else 0)} "
                f"directions in which the columns vary, got {self.n_components}"
            )
        whiten = (axes[:, some] / np.sqrt(variances[some])).T / scale
        rows = np.arange(len(x))
        if len(x) > _MOST_ROWS:
            rows = np.sort(rng.choice(len(x), _MOST_ROWS, replace=False))
        # Of a class with one row, nothing can be told.
        rows = rows[np.bincount(labels[rows])[labels[rows]] > 1]
        if not len(rows):
            raise DataError(
                "every class of the target has one row; it needs classes of two or more"
            )
        white, labels = (x[rows] - mean) @ whiten.T, labels[rows]
        found = np.empty((0, len(whiten)))
        for _ in range(self.n_components):
            found = np.vstack([found, _climb(white, labels, found, rng)])
        return mean, found @ whiten

    def _held_out(
        self, x: Floats, labels: Labels, target: NDArray[Any], continuous: bool
    ) -> Floats:
        """Cross-validated information of the first k projections and the target, for each k."""
        splitter: Any = KFold if continuous else StratifiedKFold
        n_folds = min(self.n_folds, len(x) if continuous else int(np.bincount(labels).max()))
        nats = []
        folds = splitter(max(n_folds, 2), shuffle=True, random_state=self.seed)
        with warnings.catch_warnings():
            # Of classes with fewer rows than folds, which some folds then lack.
            warnings.simplefilter("ignore", UserWarning)
            splits = list(folds.split(x, labels))
        for fitted, rest in splits:
            if len(np.unique(labels[fitted])) < 2 or len(np.unique(labels[rest])) < 2:
                continue
            mean, components = self._directions(x[fitted], labels[fitted])
            z = (x[rest] - mean) @ components.T
            try:
                told = [
                    mutual_information(z[:, : k + 1], target[rest])
                    for k in range(self.n_components)
                ]
            except TooFewRowsError:
                continue
            nats.append(told)
        return np.mean(nats, axis=0) if nats else np.full(self.n_components, np.nan)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _read_target(y: Any) -> tuple[NDArray[Any], bool]:
    """The values of a continuous target, or the codes of classes, and whether it is continuous."""
    (column,) = read_columns(y, {}, prefix="target")
    continuous = column.states is None
    known = column.values < len(column.states or ()) if not continuous else ~np.isnan(column.values)
    if not known.all():
        raise DataError(
            f"the target has {int((~known).sum())} missing entries; leave these rows out"
        )
    values, codes = np.unique(column.values, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"target {column.name!r} is constant; nothing tells it")
    return (column.values if continuous else codes), continuous


def _bins(target: NDArray[Any]) -> Labels:
    """Labels of bins of equal size."""
    ranks = np.argsort(np.argsort(target, kind="stable"), kind="stable")
    n_bins = max(2, min(_N_BINS, len(ranks) // 10))
    return np.asarray(ranks * n_bins // len(ranks))


def _climb(white: Floats, labels: Labels, found: Floats, rng: np.random.Generator) -> Floats:
    """Find the direction, orthogonal to those found, that adds the most information."""
    n, d = white.shape
    # Rows of a basis of what is orthogonal to the directions found.
    space = np.linalg.svd(found, full_matrices=True)[2][len(found) :] if len(found) else np.eye(d)
    inside = white @ space.T
    before = white @ found.T
    # Silverman's rule for as many dimensions, of unit variance.
    dims = len(found) + 1
    width = (4 / ((dims + 2) * n)) ** (1 / (dims + 4))

    def loss(v: Floats) -> tuple[float, Floats]:
        length = np.linalg.norm(v)
        unit = v / length
        nats, gradient = kernel_information(inside @ unit, before, labels, width)
        slope = gradient @ inside
        return -nats, -(slope - (slope @ unit) * unit) / length

    told, others = _starts(inside, labels, rng)
    likely = np.argsort([loss(s)[0] for s in others], kind="stable")[:_N_CLIMBS]
    best = None
    # Those of numpy's BLAS and of scipy's would wait for each other.
    with threadpool_limits(1, "blas"):
        for start in (*told, *others[likely]):
            climbed = minimize(loss, start, jac=True, method="L-BFGS-B")
            if best is None or climbed.fun < best.fun:
                best = climbed
    assert best is not None
    unit = best.x / np.linalg.norm(best.x)
    unit *= np.sign(unit[np.abs(unit).argmax()])
    return np.asarray(unit @ space)


def _covariance(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / len(rows))


def _starts(inside: Floats, labels: Labels, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Starting directions: where means or spreads of classes differ most, and random ones."""
    n, d = inside.shape
    classes, sizes = np.unique(labels, return_counts=True)
    groups = [inside[labels == c] for c in classes]
    means = np.array([g.mean(axis=0) for g in groups])
    apart = [_covariance(g) - np.eye(d) for g in groups]
    of_means = (means.T * sizes) @ means / n
    of_spreads = sum((w * a @ a for w, a in zip(sizes / n, apart, strict=True)), np.zeros((d, d)))
    axes = np.array([np.linalg.eigh(m)[1].T[::-1] for m in (of_means, of_spreads)])
    drawn = rng.normal(size=(_N_RANDOM_STARTS, d))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    shaped = [_independent(g, rng) for g in groups]
    return axes[:, 0], np.vstack([*axes[:, 1:3], drawn, *shaped])


def _independent(rows: Floats, rng: np.random.Generator) -> Floats:
    """Directions in which rows are least normal, by independent component analysis."""
    if len(rows) <= 2 * rows.shape[1] or rows.shape[1] < 2:
        return np.empty((0, rows.shape[1]))
    ica = FastICA(whiten="unit-variance", random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings():
        # Normal directions never converge, and they are only starts.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = ica.fit(rows).components_
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))
