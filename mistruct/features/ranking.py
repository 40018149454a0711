"""What each column of a table tells about a target, alone and beside others: `rank_features`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, Missing, as_dataset
from mistruct.errors import DataError, ParameterError, check_fraction
from mistruct.features.search import Criterion, check_criterion, select_features
from mistruct.features.stopping import Selection, StopRule
from mistruct.features.terms import PairTerms
from mistruct.independence.protocol import IndependenceTest
from mistruct.independence.testing import resolve_test
from mistruct.information.auto import ByKinds
from mistruct.information.confidence import confidence_interval
from mistruct.information.copula_knn import CopulaKNN
from mistruct.information.discrete import PlugIn
from mistruct.information.knn import MixedKNN
from mistruct.parallel import run_blocks

# Neighbours in many dimensions are far away, so what is added is estimated given so many columns.
_MOST_GIVEN = 3

#: Of what is added: without bias where nothing is, as a table given many columns has many cells.
_OF_ADDED = ByKinds(PlugIn("miller-madow"), CopulaKNN(), MixedKNN())


def rank_features(
    data: Any,
    target: Hashable,
    *,
    features: Sequence[Hashable] | None = None,
    criterion: Criterion = "jmi",
    n_features: int | None = None,
    alpha: float = 0.05,
    test: str | IndependenceTest = "auto",
    confidence: float | None = 0.95,
    missing: Missing = "raise",
) -> pd.DataFrame:
    r"""What each column tells about a target, alone and beside the columns that were chosen.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table.
    target : column name
        What is to be told.
    features : sequence of column names, optional
        The columns to rank; all others than the target by default.
    criterion, n_features, alpha, test
        How features are chosen, as by :class:`InformationSelector`: so many, or by default until
        the test finds none that adds anything. The p-values are of the same test.
    confidence : float or None
        Level of the intervals; None makes none, which is faster.
    missing : {"raise", "testwise", "state"}
        As in :func:`mistruct.as_dataset`. Rows without a target are left out under ``testwise``.

    Returns
    -------
    pandas.DataFrame
        One row a feature, the chosen ones first and in their order, then the others by `mi`:

        - feature: its name;
        - mi: I(feature; target) in nats;
        - p_value: of their independence, NaN where nothing can be told, as of a constant;
        - low, high: interval of `mi`, NaN where the rows are too few for one;
        - n_samples: the rows used;
        - chosen: its place among the chosen, missing of others;
        - relevance: `mi` as a share of what there is to know, H(target); for a continuous target
          :math:`1 - e^{-2 mi}`, the squared correlation of normal variables with as much;
        - redundancy: the largest I(feature; other) in nats with those chosen before (with all
          chosen, for one that was not), infinite where both are continuous and one determines
          the other; 0 where none was chosen before;
        - redundant_with: that other feature;
        - complementarity: I(feature; target | others) in nats, what it adds to those chosen
          before (to all chosen, for one that was not). Features chosen as a pair count as chosen
          before each other.

        ``attrs`` holds target, criterion, the names of estimator and test, and alpha.

    Raises
    ------
    DataError
        The table is not fit, the target is constant, or ``disr`` meets a continuous column.
    ParameterError
        A parameter breaks its rule, `n_features` is more than there are, or the target is among
        the features.

    Notes
    -----
    All estimates are raw, and may be slightly negative. Ties of a continuous column are broken at
    random for estimates by neighbours, which do not fare well on lattices; it changes nothing of
    what the column tells. `complementarity` is given as many of the
    chosen as the rows carry, those first that change most what the feature tells, and three at
    most where a column is continuous; it is estimated by counts with Miller and Madow's
    correction, or by nearest neighbours.

    References
    ----------
    Brown, Pocock, Zhao and Lujan (2012), "Conditional likelihood maximisation: a unifying framework
    for information theoretic feature selection", Journal of Machine Learning Research 13.
    Linfoot (1957), "An informational measure of correlation", Information and Control 1.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.integers(0, 2, (2000, 3)), columns=["calls", "plan", "noise"])
    >>> table["copy"] = table["calls"]
    >>> table["churn"] = (table["calls"] + table["plan"] + rng.normal(0, 0.5, 2000)) > 1.2
    >>> ranking = ms.rank_features(table, "churn")
    >>> ranking.loc[ranking["chosen"].notna(), "feature"].tolist()
    ['calls', 'plan']
    >>> ranking.set_index("feature").loc["copy", ["redundant_with", "complementarity"]].tolist()
    ['calls', 0.0]
    """
    check_fraction("alpha", alpha)
    if confidence is not None:
        check_fraction("confidence", confidence)
    table, of_target = _checked(as_dataset(data, missing=missing), target, features)
    check_criterion(criterion, n_features, table.n_variables - 1)
    used = resolve_test(test)
    terms = PairTerms(table, of_target)
    rule = StopRule(terms, used, alpha)
    selection = select_features(terms, criterion, n_features, rule if n_features is None else None)
    chosen = selection.chosen
    if not selection.added:  # as mim has no use for
        selection.added = [terms.added(k) for k in chosen]
    n = len(terms.features)
    tests = used.test_pairs(terms.data, np.column_stack([np.arange(n), np.full(n, n)]))
    low, high = np.full((2, n), math.nan) if confidence is None else _intervals(terms, confidence)
    redundancy, with_whom = _redundancies(terms, selection)
    rest = np.setdiff1d(np.arange(n), chosen)
    order = [*chosen, *rest[np.argsort(-terms.relevance[rest], kind="stable")].tolist()]
    ranking = (
        pd.DataFrame(
            {
                "feature": np.array(terms.features, dtype=object),
                "mi": terms.relevance,
                "p_value": tests.p_value,
                "low": low,
                "high": high,
                "n_samples": tests.n_samples,
                "chosen": pd.array(
                    [chosen.index(j) + 1 if j in chosen else None for j in range(n)], dtype="Int64"
                ),
                "relevance": _shares(terms),
                "redundancy": redundancy,
                "redundant_with": with_whom,
                "complementarity": _complementarities(terms, selection, rule),
            }
        )
        .iloc[order]
        .reset_index(drop=True)
    )
    ranking.attrs = {
        "target": of_target,
        "criterion": criterion,
        "estimator": terms.estimator.name,
        "test": used.name,
        "alpha": alpha,
    }
    return ranking


def _checked(
    table: Dataset, target: Hashable, features: Sequence[Hashable] | None
) -> tuple[Dataset, str]:
    """The features and the target as a table, and how the table spells the target."""
    (of_target,) = table.check_names("target", [target])
    if features is None:
        return table, of_target
    named = table.check_names("features", features)
    if of_target in named:
        raise ParameterError(f"the target {of_target!r} is among the features")
    if not named or len(set(named)) < len(named):
        raise ParameterError(f"features must be different columns, one at least, got {list(named)}")
    return table.select([*named, of_target]), of_target


def _shares(terms: PairTerms) -> NDArray[np.float64]:
    if terms.of_classes:
        return np.asarray(terms.relevance / PlugIn().entropy(terms.data, [terms.target]))
    return np.asarray(-np.expm1(-2 * terms.relevance))


def _intervals(terms: PairTerms, level: float) -> NDArray[np.float64]:
    """Lower and upper ends, shape (2, n_features)."""
    ends = np.full((2, len(terms.features)), math.nan)

    def fill(j: int) -> None:
        x, y = terms.features[j], terms.target
        used = terms.estimator.choose(terms.untied, (x, y))
        with suppress(DataError):  # too few rows
            ends[:, j] = confidence_interval(
                used, terms.untied, ([x], [y]), float(terms.relevance[j]), level
            )

    for _ in run_blocks(fill, range(len(terms.features)), description="intervals"):
        pass
    return ends


def _before(selection: Selection, j: int) -> Selection:
    """What was chosen before feature j, or all that was, where j was not."""
    if j not in selection.chosen:
        return selection
    return selection.first(selection.chosen.index(j))


def _redundancies(terms: PairTerms, selection: Selection) -> tuple[NDArray[np.float64], list[str]]:
    """The largest information with a feature chosen before, and which one that is."""
    shared = np.array([terms.shared(k) for k in selection.chosen])
    largest, names = np.zeros(len(terms.features)), [""] * len(terms.features)
    for j in range(len(largest)):
        n_before = len(_before(selection, j).chosen)
        if n_before:
            k = int(shared[:n_before, j].argmax())
            largest[j], names[j] = shared[k, j], terms.features[selection.chosen[k]]
    return largest, names


def _complementarities(
    terms: PairTerms, selection: Selection, rule: StopRule
) -> NDArray[np.float64]:
    """What each feature adds to those chosen before."""
    result = terms.relevance.copy()

    def fill(j: int) -> None:
        given = rule.condition(j, _before(selection, j), selection.partner.get(j))
        names = [terms.features[k] for k in given]
        if not all(terms.data.kinds[n] == "discrete" for n in (*names, terms.features[j])):
            names = names[:_MOST_GIVEN]
        if names:
            try:
                result[j] = _OF_ADDED.information(
                    terms.untied, [terms.features[j]], [terms.target], names
                )
            except DataError:
                result[j] = math.nan

    blocks = range(len(result))
    for _ in run_blocks(fill, blocks, description="what features add"):
        pass
    return result
