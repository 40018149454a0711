"""`MarkovBlanketSelector`: scikit-learn's checks, and what scores of single features miss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import mistruct as ms


# Some checks draw targets at random, of which nothing is found.
@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks([ms.MarkovBlanketSelector(), ms.MarkovBlanketSelector(missing="testwise")])
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


def parity(n: int = 1000) -> tuple[pd.DataFrame, pd.Series]:
    """A parity of two columns, a weak copy of the target, and noise."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.integers(0, 2, (n, 10))).add_prefix("v")
    return x, pd.Series(x["v3"] ^ x["v7"], name="y")


def test_a_parity_is_found_where_mim_and_mrmr_must_fail() -> None:
    x, y = parity()
    assert ms.MarkovBlanketSelector().fit(x, y).get_feature_names_out().tolist() == ["v3", "v7"]
    for criterion in ("mim", "mrmr"):
        # Neither half tells anything alone, so the test lets nothing in.
        found = ms.InformationSelector(criterion, stop="test").fit(x, y)
        assert not found.support_.any()


def test_what_others_tell_as_well_is_left_out() -> None:
    rng = np.random.default_rng(0)
    cause, other = rng.normal(size=(2, 1000))
    y = cause + other + rng.normal(size=1000)
    x = pd.DataFrame({"proxy": cause + 0.5 * rng.normal(size=1000), "cause": cause, "other": other})
    selector = ms.MarkovBlanketSelector().fit(x, y)
    assert sorted(selector.get_feature_names_out()) == ["cause", "other"]
    assert selector.blanket_.why("proxy").startswith("'target' and 'proxy' are not adjacent")


def test_a_step_of_a_pipeline() -> None:
    x, y = parity()
    alone = cross_val_score(KNeighborsClassifier(5), x, y).mean()
    steps = make_pipeline(ms.MarkovBlanketSelector(), KNeighborsClassifier(5))
    assert cross_val_score(steps, x, y).mean() == 1.0 > alone


def test_bad_input() -> None:
    x, y = parity(100)
    with pytest.raises(ms.ParameterError, match="'v3' is among the features"):
        ms.MarkovBlanketSelector().fit(x, x["v3"])
    with pytest.raises(ms.DataError, match="constant"):
        ms.MarkovBlanketSelector().fit(x, np.ones(100, dtype=int))
    with pytest.raises(ms.ParameterError, match="alpha must be a number between 0 and 1"):
        ms.MarkovBlanketSelector(alpha=0).fit(x, y)
