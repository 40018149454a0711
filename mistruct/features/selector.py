"""Selection of features for scikit-learn: `InformationSelector`."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

from mistruct.data.dataset import Missing
from mistruct.errors import check_choice, check_fraction
from mistruct.features.column_selector import ColumnSelector
from mistruct.features.search import Criterion, check_criterion, select_features, stop_rule
from mistruct.features.terms import PairTerms
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_test
from mistruct.information.counts.plug_in import PlugIn


class InformationSelector(ColumnSelector):
    r"""Select the features that are most informative about a target together.

    Features are chosen one after another, each by its score given those chosen before, S:

    - ``jmi``: :math:`\sum_{k \in S} I(x_j x_k; y)`, what it tells with each of the others;
    - ``cmim``: :math:`\min_{k \in S} I(x_j; y | x_k)`, what it adds at least;
    - ``disr``: ``jmi`` with each term divided by :math:`H(x_j, x_k, y)`;
    - ``mrmr``: :math:`I(x_j; y) - \frac{1}{|S|} \sum_{k \in S} I(x_j; x_k)`;
    - ``mim``: :math:`I(x_j; y)`, each on its own.

    Parameters
    ----------
    criterion : {"jmi", "mim", "mrmr", "cmim", "disr"}
        The score.
    n_features : int, optional
        How many to choose. None leaves it to the test.
    stop : {"test"}, optional
        Stop where no feature adds anything by a test of conditional independence; at `n_features`
        at the latest, where both are given. Without `n_features` the test always stops.
    alpha : float
        Level of that test, for all candidates together: where nothing depends on the target,
        something is chosen with this probability at most.
    test : str or test
        As in :func:`mistruct.independence_test`.
    missing : {"raise", "testwise"}
        What is done about missing entries, as in :func:`mistruct.as_dataset`. Rows without a
        target are left out under ``testwise``.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
        Which features were chosen.
    selected_ : ndarray of int, shape (n_chosen,)
        Their positions, in the order in which they were chosen.
    scores_ : ndarray, shape (n_features,)
        I(x; y) of each feature in nats, as the criterion has it.
    estimator_
        What estimates it for ``mim``: counts between discrete columns (with Miller and Madow's
        correction if features are of both kinds), nearest neighbours between a discrete and a
        continuous one, and the copula with a remainder by neighbours between continuous ones.
        Counts with that correction for the other criteria.
    test_
        What tested, or None.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, where they are strings.

    Raises
    ------
    DataError
        The table is not fit, or the target is constant.
    ParameterError
        A parameter breaks its rule, `n_features` is more than there are, or the target is among
        the features.

    See Also
    --------
    rank_features : The same choice as a table with the evidence.

    Notes
    -----
    Kinds of columns are inferred as by :func:`mistruct.as_dataset`. A target of floats makes it a
    regression; of bools, categories, text or up to 20 whole numbers a classification.

    All terms of criteria other than ``mim`` are counted, continuous columns in five bins of equal
    size (see the guide for why), so that they fit together for any kinds of columns.

    The test asks, of the ten best candidates in turn, whether one depends on the target given those
    of the chosen that the rows carry: five rows for each cell of a table, or ten for each
    dimension. Where none does, ``jmi``, ``cmim`` and ``disr`` look for two features that pass
    together, such as the halves of a parity. ``mim`` tests each on its own.

    References
    ----------
    Brown, Pocock, Zhao and Lujan (2012), "Conditional likelihood maximisation: a unifying framework
    for information theoretic feature selection", Journal of Machine Learning Research 13, 27-66,
    Table 1.

    Examples
    --------
    The second column repeats the first, and the last two tell the target only together:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> a, b, c, noise = rng.integers(0, 2, (4, 2000))
    >>> y = np.where(rng.random(2000) < 0.5, a, b ^ c)
    >>> x = np.column_stack([a, a, noise, b, c])
    >>> ms.InformationSelector().fit(x, y).get_feature_names_out()
    array(['x0', 'x3', 'x4'], dtype=object)
    """

    def __init__(
        self,
        criterion: Criterion = "jmi",
        *,
        n_features: int | None = None,
        stop: Literal["test"] | None = None,
        alpha: float = 0.05,
        test: str | IndependenceTest = "auto",
        missing: Missing = "raise",
    ) -> None:
        self.criterion = criterion
        self.n_features = n_features
        self.stop = stop
        self.alpha = alpha
        self.test = test
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
        check_choice("stop", self.stop, (None, "test"))
        check_fraction("alpha", self.alpha)
        data, target = self._table(X, y)
        names = [n for n in data.names if n != target]
        check_criterion(self.criterion, self.n_features, len(names))
        terms = PairTerms(data, target)
        mim = self.criterion == "mim"
        self.estimator_ = terms.estimator if mim else PlugIn("miller-madow")
        self.test_, rule = None, None
        if self.stop == "test" or self.n_features is None:
            self.test_ = resolve_test(self.test)
            rule = stop_rule(terms, self.criterion, self.test_, self.alpha)
        selection = select_features(terms, self.criterion, self.n_features, rule)
        place = {name: i for i, name in enumerate(names)}
        of_terms = np.array([place[n] for n in terms.features])
        self._select(of_terms[np.array(selection.chosen, dtype=np.int64)], len(names))
        self.scores_ = np.empty(len(names))
        self.scores_[of_terms] = terms.mi if mim else terms.relevance
        return self
