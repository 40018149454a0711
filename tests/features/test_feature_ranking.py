"""`rank_features`: the story of the churning customers, its columns, and what it refuses."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "customer_churn.py"


def churn_table(*arguments: int) -> pd.DataFrame:
    spec = importlib.util.spec_from_file_location("customer_churn", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.churn_table(*arguments)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_ranking_tells_the_columns_of_the_story_apart(seed: int) -> None:
    """Each claim of docs/guide/features.md."""
    ranking = ms.rank_features(churn_table(3000, seed), "churn").set_index("feature")
    strong = ["account_months", "payments", "service_calls"]
    together = ["heavy_user", "large_tariff"]
    noise = ["region", "last_digit", "satisfaction"]
    assert set(ranking.index[ranking["chosen"].notna()]) == {*strong, *together}
    assert set(ranking.index[:3]) == set(strong)
    assert (ranking.loc[strong, "p_value"] < 1e-6).all()
    # The copy says as much as the original and adds nothing to it.
    copy = ranking.loc["tenure_days"]
    assert copy["mi"] == ranking.loc["account_months", "mi"]
    assert copy["redundant_with"] == "account_months"
    assert copy["complementarity"] == pytest.approx(0.0, abs=1e-12)
    # The two say nothing alone, and more than any other column together.
    assert (ranking.loc[together, "mi"] < 0.005).all()
    assert (ranking.loc[together, "p_value"] > 1e-3).all()
    assert ranking.loc[together, "complementarity"].min() > ranking.loc[strong, "mi"].max()
    # Noise neither says nor adds anything.
    assert (ranking.loc[noise, "p_value"] > 1e-3).all()
    assert (ranking.loc[noise, ["relevance", "complementarity"]] < 0.02).all(axis=None)


def test_columns_are_those_of_the_functions_that_measure_them() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(0, 3, (300, 3)), columns=["a", "b", "c"])
    table["y"] = table["a"] + table["b"] + rng.integers(0, 3, 300) > 3
    ranking = ms.rank_features(table, "y", n_features=2).set_index("feature")
    for name, row in ranking.iterrows():
        own = ms.mutual_information(table[name], table["y"], confidence=0.95)
        assert row["mi"] == pytest.approx(float(own), abs=1e-12)
        assert (row["low"], row["high"]) == pytest.approx(own.interval)
        assert row["p_value"] == ms.independence_test(table, name, "y").p_value
        assert row["n_samples"] == 300
    first, second, last = ranking.index
    counts = ms.PlugIn("miller-madow")
    assert ranking["chosen"].tolist()[:2] == [1, 2] and ranking["chosen"].isna()[last]
    assert ranking.loc[first, ["redundancy", "redundant_with"]].tolist() == [0.0, ""]
    assert ranking.loc[first, "complementarity"] == ranking.loc[first, "relevance"]
    for name, given in ((second, [first]), (last, [first, second])):
        shared = [float(ms.mutual_information(table[name], table[k], estimator=counts))
                  for k in given]  # fmt: skip
        assert ranking.loc[name, "redundancy"] == pytest.approx(max(shared))
        assert ranking.loc[name, "redundant_with"] == given[int(np.argmax(shared))]
        added = ms.conditional_mutual_information(
            table[name], table["y"], table[given], estimator=counts
        )
        assert ranking.loc[name, "complementarity"] == pytest.approx(float(added))


def test_attributes_say_what_made_it() -> None:
    ranking = ms.rank_features(churn_table(200), "churn", criterion="mrmr", confidence=None)
    assert ranking.attrs == {
        "target": "churn",
        "criterion": "mrmr",
        "estimator": "auto (miller-madow, copula-knn, mixed-knn)",
        "test": "auto",
        "alpha": 0.05,
    }
    assert ranking[["low", "high"]].isna().all(axis=None)


def test_mim_tells_what_features_add_all_the_same() -> None:
    table = churn_table(500)
    ranking = ms.rank_features(table, "churn", criterion="mim", n_features=2, confidence=None)
    assert set(ranking["feature"][:2]) == {"account_months", "tenure_days"}
    assert ranking["complementarity"][1] == pytest.approx(0.0, abs=1e-12)


def test_a_constant_column_tells_nothing() -> None:
    table = churn_table(100).assign(constant=1.5)
    row = ms.rank_features(table, "churn").set_index("feature").loc["constant"]
    assert row[["mi", "low", "high", "relevance", "complementarity"]].tolist() == [0.0] * 5
    assert np.isnan(row["p_value"]) and pd.isna(row["chosen"])


def test_too_few_rows_for_an_interval() -> None:
    ranking = ms.rank_features(churn_table(30), "churn").set_index("feature")
    assert np.isnan(ranking.loc["satisfaction", "low"])
    assert not np.isnan(ranking.loc["region", "low"])


def test_gaps_testwise_and_as_a_state() -> None:
    table = churn_table(400)
    table.loc[:19, "payments"] = None
    table.loc[20:29, "churn"] = None
    with pytest.raises(
        ms.DataError, match=r"30 entries are missing, in 'payments' \(20\), 'churn'"
    ):
        ms.rank_features(table, "churn")
    ranking = ms.rank_features(table, "churn", missing="testwise").set_index("feature")
    assert ranking.loc["payments", "n_samples"] == 370
    assert ranking.loc["region", "n_samples"] == 390
    named = table[["payments", "region", "churn"]]
    as_state = ms.rank_features(named, "churn", missing="state").set_index("feature")
    assert set(as_state["n_samples"]) == {400}


TABLE = churn_table(60)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"target": "chrun"}, "target: there is no column 'chrun'; did you mean 'churn'"),
        ({"features": ["region", "churn"]}, "the target 'churn' is among the features"),
        ({"features": ["region", "region"]}, "features must be different columns, one at least"),
        ({"features": []}, "features must be different columns, one at least, got"),
        ({"features": ["regoin"]}, "features: there is no column 'regoin'; did you mean 'region'"),
        ({"n_features": 10}, "n_features must be at most the 9 features that there are, got 10"),
        ({"confidence": 95}, "confidence must be a number between 0 and 1, got 95"),
        ({"alpha": 0}, "alpha must be a number between 0 and 1, got 0"),
        ({"criterion": "mi"}, "criterion must be one of"),
    ],
)
def test_refused(parameters, message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.rank_features(TABLE, **{"target": "churn", **parameters})


def test_a_target_alone_is_refused() -> None:
    alone = ms.as_dataset(TABLE).select(["churn"])
    with pytest.raises(ms.DataError, match="the table has no column beside the target 'churn'"):
        ms.rank_features(alone, "churn")


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(ms.DataError, match="target 'churn' is constant, 'left' in all rows"):
        ms.rank_features(TABLE.assign(churn="left"), "churn")
