"""Selection of features for scikit-learn by the Markov blanket: `MarkovBlanketSelector`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from mistruct.data.dataset import Missing
from mistruct.features.column_selector import ColumnSelector
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction
from mistruct.structure.blanket.markov_blanket import MarkovBlanket


class MarkovBlanketSelector(ColumnSelector):
    r"""Select the Markov blanket of a target: features that make it independent of all others.

    No number of features is asked for. Features that tell only what others tell as well go, however
    much they tell alone; those stay that tell nothing alone, as the other parents of a child of the
    target, or the halves of a parity.

    Parameters
    ----------
    alpha, test, correction, max_conditioning, max_pairs
        As of :class:`mistruct.MarkovBlanket`.
    missing : {"raise", "testwise"}
        As of :class:`InformationSelector`.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
        Which features were chosen.
    selected_ : ndarray of int, shape (n_chosen,)
        Their positions: neighbours of the target, spouses, and those found in pairs.
    blanket_ : MarkovBlanket
        What was learned, with the evidence, and the graph around the target.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, where they are strings.

    Raises
    ------
    DataError
        The table is not fit, or the target is constant.
    ParameterError
        A parameter breaks its rule, or the target is among the features.

    See Also
    --------
    InformationSelector : A number of features by a score.

    References
    ----------
    Koller and Sahami (1996), "Toward optimal feature selection", ICML 13.

    Examples
    --------
    The target is the parity of two features, and neither tells anything alone:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> x = rng.integers(0, 2, (500, 6))
    >>> ms.MarkovBlanketSelector().fit(x, x[:, 1] ^ x[:, 4]).get_feature_names_out()
    array(['x1', 'x4'], dtype=object)
    """

    def __init__(
        self,
        alpha: float = 0.01,
        test: str | IndependenceTest = "auto",
        *,
        correction: Correction = "bh",
        max_conditioning: int | None = 3,
        max_pairs: int = 10_000,
        missing: Missing = "raise",
    ) -> None:
        self.alpha = alpha
        self.test = test
        self.correction = correction
        self.max_conditioning = max_conditioning
        self.max_pairs = max_pairs
        self.missing = missing

    def fit(self, X: Any, y: Any) -> Self:
        """Choose features of a table for a target.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            The features.
        y : array-like, shape (n_samples,)
            The target.

        Returns
        -------
        self
        """
        data, target = self._table(X, y)
        parameters = self.get_params(deep=False)
        del parameters["missing"]
        self.blanket_ = MarkovBlanket(target, **parameters).fit(data)
        names = [n for n in data.names if n != target]
        place = {name: i for i, name in enumerate(names)}
        found = [place[n] for n in self.blanket_.blanket_]
        self._select(np.array(found, dtype=np.int64), len(names))
        return self
