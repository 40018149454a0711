"""Ranking of the features of a target: `rank_features`."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, Missing, as_dataset
from mistruct.errors import DataError, ParameterError, TooFewRowsError, check_fraction
from mistruct.features.search import Criterion, check_criterion, select_features, stop_rule
from mistruct.features.stopping import Selection, Sizes, condition
from mistruct.features.terms import PairTerms
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_test
from mistruct.information.confidence import confidence_interval, warn_outside
from mistruct.information.counts.plug_in import PlugIn
from mistruct.parallel import for_each


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
    weights: str | None = None,
) -> pd.DataFrame:
    r"""Rank columns by their information about a target, alone and beside chosen columns.

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
    weights : str, optional
        As in :func:`mistruct.as_dataset`.

    Returns
    -------
    pandas.DataFrame
        One row a feature, the chosen ones first and in their order, then the others by `mi`:

        - feature: its name;
        - mi: I(feature; target) in nats, NaN where too few rows have both;
        - p_value: of their independence, NaN where it is not testable: of a constant, of too few
          rows, of as many states as rows;
        - low, high: interval of `mi`, NaN where the rows are too few for one;
        - n_samples: the rows used;
        - chosen: its place among the chosen, missing of others;
        - relevance: I(feature; target) in nats as the criterion has it, from counts, with
          continuous columns in five bins; what follows is counted in the same way;
        - redundancy: the largest I(feature; other) with those chosen before (with all chosen, for
          one that was not); 0 where none was chosen before;
        - redundant_with: that other feature;
        - complementarity: I(feature; target | others), what it adds to those chosen before (to all
          chosen, for one that was not). Features chosen as a pair count as chosen before each
          other.

        ``attrs`` holds target, criterion, the names of estimator and test, and alpha.

    Raises
    ------
    DataError
        The table is not fit, or the target is constant.
    ParameterError
        A parameter breaks its rule, `n_features` is more than there are, or the target is among
        the features.

    Notes
    -----
    All estimates are raw, and may be slightly negative. `complementarity` is given as many of the
    chosen as the rows carry (five for each cell), those first that change most what the feature
    tells.

    References
    ----------
    Brown, Pocock, Zhao and Lujan (2012), "Conditional likelihood maximisation: a unifying framework
    for information theoretic feature selection", Journal of Machine Learning Research 13.

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
    >>> copy = ranking.set_index("feature").loc["copy"]
    >>> copy["redundant_with"], float(copy["complementarity"])
    ('calls', 0.0)
    """
    check_fraction("alpha", alpha)
    if confidence is not None:
        check_fraction("confidence", confidence)
    table, of_target = _checked(
        as_dataset(data, missing=missing, weights=weights), target, features
    )
    check_criterion(criterion, n_features, table.n_variables - 1)
    used = resolve_test(test)
    terms = PairTerms(table, of_target)
    rule = stop_rule(terms, criterion, used, alpha) if n_features is None else None
    selection = select_features(terms, criterion, n_features, rule)
    chosen = selection.chosen
    if not selection.added:  # as mim has no use for
        selection.added = [terms.added(k) for k in chosen]
    n = len(terms.features)
    tests = used.test_pairs(terms.data, np.column_stack([np.arange(n), np.full(n, n)]))
    low, high = np.full((2, n), math.nan) if confidence is None else _intervals(terms, confidence)
    redundancy, with_whom = _redundancies(terms, selection)
    rest = np.setdiff1d(np.arange(n), chosen)
    order = [*chosen, *rest[np.argsort(-terms.mi[rest], kind="stable")].tolist()]
    ranking = (
        pd.DataFrame(
            {
                "feature": np.array(terms.features, dtype=object),
                "mi": terms.mi,
                "p_value": tests.p_value,
                "low": low,
                "high": high,
                "n_samples": tests.n_samples,
                "chosen": pd.array(
                    [chosen.index(j) + 1 if j in chosen else None for j in range(n)], dtype="Int64"
                ),
                "relevance": terms.relevance,
                "redundancy": redundancy,
                "redundant_with": with_whom,
                "complementarity": _complementarities(terms, selection),
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
    """Check features and target as one table; also returns the name of the target in it."""
    (of_target,) = table.check_names("target", [target])
    if table.n_variables < 2:
        raise DataError(f"the table has no column beside the target {of_target!r}")
    if features is None:
        return table, of_target
    named = table.check_names("features", features)
    if of_target in named:
        raise ParameterError(f"the target {of_target!r} is among the features")
    if not named or len(set(named)) < len(named):
        raise ParameterError(f"features must be different columns, one at least, got {list(named)}")
    return table.select([*named, of_target]), of_target


def _intervals(terms: PairTerms, level: float) -> NDArray[np.float64]:
    """Confidence intervals of the relevance of each feature, shape (2, n_features)."""
    ends = np.full((2, len(terms.features)), math.nan)

    def fill(j: int) -> None:
        x, y = terms.features[j], terms.target
        used = terms.estimator.choose(terms.data, (x, y))
        with suppress(DataError):  # too few rows
            ends[:, j] = confidence_interval(
                used, terms.data, ([x], [y]), float(terms.mi[j]), level
            )

    for_each(fill, range(len(terms.features)), description="intervals")
    mi = np.maximum(terms.mi, 0.0)
    if outside := int(((mi < ends[0]) | (mi > ends[1])).sum()):
        warn_outside(outside, terms.estimator.name)
    return ends


def _before(selection: Selection, j: int) -> Selection:
    """The features chosen before feature j, or all chosen ones if j is not among them."""
    if j not in selection.chosen:
        return selection
    return selection.first(selection.chosen.index(j))


def _redundancies(terms: PairTerms, selection: Selection) -> tuple[NDArray[np.float64], list[str]]:
    """The largest information of each feature with one chosen before, and its name."""
    shared = np.array([terms.shared(k) for k in selection.chosen])
    largest, names = np.zeros(len(terms.features)), [""] * len(terms.features)
    for j in range(len(largest)):
        n_before = len(_before(selection, j).chosen)
        if n_before:
            k = int(shared[:n_before, j].argmax())
            largest[j], names[j] = shared[k, j], terms.features[selection.chosen[k]]
    return largest, names


def _complementarities(terms: PairTerms, selection: Selection) -> NDArray[np.float64]:
    """The information that each feature adds to those chosen before."""
    result, sizes = terms.relevance.copy(), Sizes(terms.counted)
    counts = PlugIn("miller-madow")

    def fill(j: int) -> None:
        partner = selection.partner.get(j)
        given = condition(terms, sizes, j, _before(selection, j), partner)
        if given:
            names = [terms.features[k] for k in given]
            with suppress(TooFewRowsError):
                result[j] = math.nan
                result[j] = counts.information(
                    terms.counted, [terms.features[j]], [terms.target], names
                )

    for_each(fill, range(len(result)), description="what features add")
    return result
