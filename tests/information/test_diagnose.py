"""What is compared, when it is said that estimators disagree, and when not."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.information.diagnose import diagnose
from mistruct.information.neighbors.knn import KSG

DISAGREE = "^estimators disagree by more than their intervals: "


def category(codes: Any) -> Any:
    return pd.Series(pd.Categorical(list(codes)))


def normal(r: float, n: int, seed: int = 0, d: int = 1) -> tuple[Any, Any]:
    x, e = np.random.default_rng(seed).normal(size=(2, n, d))
    y = r * x + math.sqrt(1 - r**2) * e
    return (x, y) if d > 1 else (x[:, 0], y[:, 0])


def warnings_of(x: Any, y: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        diagnose(x, y)
    return [str(w.message) for w in caught]


# The table -------------------------------------------------------------------------------------


def test_a_row_is_what_mutual_information_says() -> None:
    x, y = normal(0.5, 100)
    table = diagnose(x, y, base=2, confidence=0.8)
    assert table.index.name == "estimator"
    assert list(table.columns) == ["mi", "low", "high"]
    assert (table.dtypes == np.float64).all()
    assert list(table.index) == [
        "copula", "copula-knn", "ksg", "ksg, n_neighbors=10", "kde", "adaptive-partition", "binned",
    ]  # fmt: skip
    for name, row in table.iterrows():
        estimator: Any = KSG(n_neighbors=10) if name == "ksg, n_neighbors=10" else name
        found = ms.mutual_information(x, y, estimator=estimator, base=2, confidence=0.8)
        assert found.interval is not None
        assert tuple(row) == pytest.approx((found, *found.interval), rel=1e-12)


def test_estimators_go_by_the_kinds() -> None:
    x, y = normal(0.5, 60)
    coin = category(x > 0)
    assert list(diagnose(coin, category(y > 0)).index) == [
        "plug-in", "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb",
    ]  # fmt: skip
    mixed = ["copula", "mixed-knn", "mixed-knn, n_neighbors=10", "kde", "binned"]
    assert list(diagnose(coin, y).index) == mixed
    assert list(diagnose(y, coin).index) == mixed
    of_blocks = diagnose(*normal(0.5, 60, d=2))
    assert list(of_blocks.index) == ["copula", "copula-knn", "ksg", "ksg, n_neighbors=10", "kde"]


def test_missing_rows_are_left_out() -> None:
    x, y = normal(0.5, 100)
    gapped = np.where(np.arange(100) < 80, x, np.nan)
    expected = diagnose(x[:80], y[:80])
    pd.testing.assert_frame_equal(diagnose(gapped, y, missing="testwise"), expected)
    with pytest.raises(ms.DataError, match="20 entries are missing"):
        diagnose(gapped, y)


# Warnings --------------------------------------------------------------------------------------


def test_a_parabola() -> None:
    x, e = np.random.default_rng(0).normal(size=(2, 300))
    with pytest.warns(ms.MistructWarning, match=DISAGREE) as caught:
        table = diagnose(x, x**2 + 0.5 * e)
    message = str(caught[0].message)
    assert f"{table.mi.idxmax()!r} says {table.mi.max():.3g} nats" in message
    assert f"'copula' {table.mi['copula']:.3g}; " in message
    assert message.endswith("is not monotone, or not Gaussian, which 'copula' cannot see")
    assert caught[0].filename == __file__


def test_few_rows_for_many_states() -> None:
    rng = np.random.default_rng(0)
    found = warnings_of(*(category(rng.integers(0, 10, 30)) for _ in range(2)))
    assert len(found) == 2
    assert found[0].startswith("confidence: 30 rows are spread over ")
    assert found[1].startswith("estimators disagree by more than their intervals: 'plug-in' says")
    assert "; 30 rows are too few for " in found[1]


def test_many_dimensions() -> None:
    found = warnings_of(*normal(0.6, 300, d=10))
    assert len(found) == 1
    assert "'copula" in found[0] and "'ksg, n_neighbors=10' " in found[0]
    assert "in 20 dimensions 300 rows are too far apart for neighbours" in found[0]


def test_a_group_with_another_spread() -> None:
    # The mean is the same, so that ranks see nothing.
    group, e = np.arange(300) % 2, np.random.default_rng(0).normal(size=300)
    found = warnings_of(category(group), e * np.where(group, 5, 1))
    assert len(found) == 1
    assert "'copula' " in found[0]


@pytest.mark.parametrize("r", [0.0, 0.3, 0.6, 0.9])
def test_normal_columns_are_beyond_dispute(r: float) -> None:
    for seed in range(3):
        assert warnings_of(*normal(r, 500, seed)) == []


def test_enough_rows_for_few_states() -> None:
    rng = np.random.default_rng(0)
    for share in (0.0, 0.2, 0.7):
        x, y = rng.integers(0, 3, (2, 300))
        assert warnings_of(category(x), category(np.where(rng.random(300) < share, x, y))) == []


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0])
def test_normal_groups(apart: float) -> None:
    group, e = np.arange(300) % 2, np.random.default_rng(1).normal(size=300)
    assert warnings_of(category(group), e + apart * group) == []


# Corner cases ----------------------------------------------------------------------------------


def test_equal_columns_say_once_that_they_are() -> None:
    x = np.random.default_rng(0).normal(size=60)
    with pytest.warns(ms.MistructWarning, match="infinite") as caught:
        table = diagnose(x, x)
    messages = [str(w.message) for w in caught]
    assert len(messages) == len(set(messages))
    assert not any("disagree" in m for m in messages)
    assert table.loc["ksg"].tolist() == [math.inf] * 3


def test_a_constant() -> None:
    x = np.random.default_rng(0).normal(size=60)
    table = diagnose(x, np.ones(60))
    assert (table == 0).all(axis=None)


def test_refused() -> None:
    x, y = normal(0.5, 39)
    with pytest.raises(ms.DataError, match=r"^confidence: .* at least 40 complete rows, got 39$"):
        diagnose(x, y)
    with pytest.raises(ms.ParameterError, match=r"^confidence must be a number between 0 and 1"):
        diagnose(x, y, confidence=1)
    with pytest.raises(ms.ParameterError, match=r"^base must be a number greater than 1, got 1$"):
        diagnose(x, y, base=1)
