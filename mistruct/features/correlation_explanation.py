"""Latent factors of many columns, as a transformer: `CorrelationExplanation`."""

from __future__ import annotations

from typing import Any, Self

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from mistruct import __version__
from mistruct._typing import Floats
from mistruct.data.numbers import Gaps, checked_by, read_numbers
from mistruct.errors import DataError, check_choice, check_count
from mistruct.features.explanation import Explained, find_weights
from mistruct.features.numeric import Scores, check_n_components


class CorrelationExplanation(TransformerMixin, BaseEstimator):
    r"""Latent factors that explain as much as possible of the dependence among many columns.

    What is explained is total correlation: how far the columns are from independent, less how far
    they still are given the factors. Each column tends to have one factor as its parent, so
    that the factors are modules of columns too. This is linear CorEx with the modular
    regularisation of Ver Steeg et al.; its cost grows linearly with the columns, of which there
    may be more than rows.

    Parameters
    ----------
    n_components : int
        How many factors. `score` of new rows says how many are worth it.
    normal_scores : bool
        Replace each column by its normal scores first, so that nothing depends on monotone
        transforms of columns. Otherwise columns are centred and scaled.
    missing : {"raise", "centre"}
        ``raise`` refuses missing entries; under ``centre`` one counts as the centre of its column
        and so says nothing, in `fit` and in `transform`.
    seed : int or None
        Of the start of the search; None draws a fresh one.

    Attributes
    ----------
    clusters_ : ndarray of int, shape (n_features,)
        The factor that each column belongs to, which is the one that tells most about it; -1
        for a constant column.
    tcs_ : ndarray, shape (n_components,)
        Total correlation that each factor explains, in nats, in descending order. A column told
        about by several factors is divided among them as :math:`R_{ji}^2 / (1 - R_{ji}^2)`.
    total_correlation_ : float
        The sum of `tcs_`: a lower bound of what all factors explain together, and so of the
        total correlation of a Gaussian copula with the correlations of these rows.
    mi_ : ndarray, shape (n_components, n_features)
        I(factor; column) in nats.
    components_ : ndarray, shape (n_components, n_features)
        Weights of the columns' scores in the factors, which have unit variance.
    loadings_ : ndarray, shape (n_components, n_features)
        Weights of the factors in the expected scores of the columns.
    graph_ : networkx.Graph
        The latent tree: columns and factors as nodes (with attributes ``latent``, and ``tc`` of a
        factor), each column tied to its factor by an edge with ``mi`` in nats, ``n_samples``, the
        complete rows, and ``sign``. A factor is named as by `get_feature_names_out`.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, where they are strings.

    Raises
    ------
    DataError
        The table is not fit: it holds text, infinite or missing values, or no two rows.
    ParameterError
        A parameter breaks its rule, or `n_components` is more than the columns that vary.

    See Also
    --------
    total_correlation : An estimate without factors, of few columns.

    Notes
    -----
    Columns hold numbers or truth values. Categories have no order and are refused.

    Nothing is tested: like every estimate from the rows that were fitted, `tcs_` and `mi_` are too
    large, and the more so the more columns stand against few rows. Independent normal columns
    give them too; `score` of rows that were not fitted is then negative.

    A factor's sign is such that its columns lean to the positive side. The order and the signs of
    columns do not matter; the order of rows does as far as the start draws a number for each.

    A factor that is not needed ends with a `tcs_` of about 0, and its edges mean nothing.

    Factors are independent in the model. For a second layer, fit another one to their values.

    References
    ----------
    Ver Steeg, Harutyunyan, Moyer and Galstyan (2019), "Fast structure learning with modular
    regularization", NeurIPS 32. :mod:`mistruct.features.explanation` has the formulas.

    Examples
    --------
    Six columns with two causes:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> causes = rng.normal(size=(500, 2))
    >>> x = np.exp(causes[:, [0, 1, 0, 1, 0, 1]] + rng.normal(size=(500, 6)))
    >>> model = ms.CorrelationExplanation(2).fit(x)
    >>> (model.clusters_ == model.clusters_[0]).tolist()
    [True, False, True, False, True, False]
    >>> [round(float(tc), 1) for tc in model.tcs_]
    [0.3, 0.3]
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        normal_scores: bool = True,
        missing: Gaps = "raise",
        seed: int | None = 0,
    ) -> None:
        self.n_components = n_components
        self.normal_scores = normal_scores
        self.missing = missing
        self.seed = seed

    def fit(self, X: Any, y: None = None) -> Self:
        """Find the factors of a table.

        Parameters
        ----------
        X : DataFrame, array of shape (n_samples, n_features), Dataset, or AnnData
            The table.
        y : None
            Ignored; there for scikit-learn's interface.

        Returns
        -------
        self
        """
        check_choice("normal_scores", self.normal_scores, (True, False))
        check_choice("missing", self.missing, ("raise", "centre"))
        if self.seed is not None:
            check_count("seed", self.seed, least=0)
        names, values = read_numbers(self, X, self.missing, reset=True)
        self._scores = Scores.fit(values, normal_scores=self.normal_scores)
        varying = self._scores.scale > 0
        check_n_components(self.n_components, int(varying.sum()))
        scores = self._scores.forward(values)[varying]
        weights = find_weights(scores, self.n_components, np.random.default_rng(self.seed))
        self._describe(weights, scores / np.sqrt(values.shape[1]), varying)
        self.graph_ = self._tree(names, (~np.isnan(values)).sum(axis=1))
        return self

    def _describe(self, weights: Floats, scores: Floats, varying: NDArray[np.bool_]) -> None:
        """Set the attributes that describe the factors, in the order of what they explain."""
        found = Explained.by(weights, scores)
        parts = found.r * found.b
        parts /= np.maximum(parts.sum(axis=0), np.finfo(float).tiny)
        tcs = -0.5 * (parts @ np.log(found.errors) + np.log(found.variances))
        order = np.argsort(-tcs, kind="stable")
        own = np.abs(found.r).argmax(axis=0) == np.arange(self.n_components)[:, np.newaxis]
        sign = np.where((found.r * own).sum(axis=1) < 0, -1.0, 1.0)
        heard = np.sqrt(((weights @ scores) ** 2).sum(axis=1))  # a factor without its noise
        scale = sign / np.where(heard > 0, heard, np.inf)
        through = heard / np.sqrt(found.variances)

        def spread(of_varying: Floats) -> Floats:
            result = np.zeros((self.n_components, len(varying)))
            result[:, varying] = of_varying[order]
            return result

        self.tcs_ = tcs[order]
        self.total_correlation_ = float(tcs.sum())
        self.mi_ = spread(-0.5 * np.log1p(-(found.r**2)))
        self.clusters_ = np.where(varying, self.mi_.argmax(axis=0), -1)
        self.components_ = spread(weights * scale[:, np.newaxis])
        self._model = spread(sign[:, np.newaxis] * found.share * found.b)
        self.loadings_ = self._model * through[order, np.newaxis]

    def _tree(self, names: list[str], n_samples: NDArray[np.int64]) -> nx.Graph:
        self._names = [f"factor{j}" for j in range(self.n_components)]
        while set(self._names) & set(names):
            self._names = [f"{name}_" for name in self._names]
        tree = nx.Graph(
            algorithm="linear CorEx",
            parameters=self.get_params(),
            version=__version__,
            seed=self.seed,
        )
        for name, tc in zip(self._names, self.tcs_, strict=True):
            tree.add_node(name, latent=True, tc=float(tc))
        for i, (name, j) in enumerate(zip(names, self.clusters_, strict=True)):
            tree.add_node(name, latent=False)
            if j >= 0:
                tree.add_edge(
                    name,
                    self._names[j],
                    mi=float(self.mi_[j, i]),
                    n_samples=int(n_samples[i]),
                    sign=int(np.sign(self.components_[j, i])),
                )
        return tree

    def transform(self, X: Any) -> Floats:
        """Values of the factors, shape (n_samples, n_components); variance 1 in the fitted rows."""
        check_is_fitted(self)
        _, values = read_numbers(self, X, self.missing, reset=False)
        return np.asarray((self.components_ @ self._scores.forward(values)).T)

    def inverse_transform(self, X: Any) -> Floats:
        """Expected columns of the table given the factors, shape (n_samples, n_features).

        Expected are the scores, which go back to the values at their ranks.
        """
        check_is_fitted(self)
        factors = checked_by(check_array, X, dtype=np.float64)
        if factors.shape[1] != self.n_components:
            raise DataError(
                f"X must have {self.n_components} columns, one a factor, got {factors.shape[1]}"
            )
        return self._scores.backward((factors @ self.loadings_).T).T

    def score(self, X: Any, y: None = None) -> float:
        """Total correlation in nats that the model finds in a table, preferably of new rows.

        It is the mean log-likelihood of the scores under the model, in which columns are
        independent given the factors, less that of independent columns. A model that fitted
        chance is punished: the score of new rows is largest for the right number of factors, and
        negative where there is nothing to explain.
        """
        check_is_fitted(self)
        _, values = read_numbers(self, X, self.missing, reset=False)
        scores = self._scores.forward(values)
        # The model's correlations are a diagonal and a product of m rows, so its inverse is cheap.
        rest = 1 - (self._model**2).sum(axis=0)
        of_rest = self._model / rest
        inner = cholesky(np.eye(self.n_components) + of_rest @ self._model.T, lower=True)
        heard = solve_triangular(inner, of_rest @ scores, lower=True)
        log_determinant = np.log(rest).sum() + 2 * np.log(np.diag(inner)).sum()
        farther = ((1 / rest - 1) @ scores**2).mean() - (heard**2).sum(axis=0).mean()
        return float(-0.5 * (log_determinant + farther))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the factors: ``factor0``, ..., with underscores where a column has that name."""
        check_is_fitted(self)
        return np.array(self._names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "raise"
        return tags
