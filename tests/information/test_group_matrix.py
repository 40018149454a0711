"""`mutual_information_matrix(groups=)`: blocks of columns as nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests import reference

GROUPS = {"left": ["a", "b"], "right": ["c"], "other": ["d"]}


def counts() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a, b, d = rng.integers(0, 2, (3, 400))
    return pd.DataFrame({"a": a, "b": b, "c": a ^ b, "d": d})


def test_counted_groups_are_those_of_the_reference() -> None:
    table = counts()
    matrix = ms.mutual_information_matrix(table, groups=GROUPS, estimator="plug-in")
    assert matrix.attrs["estimator"] == "plug-in"
    blocks = {g: list(map(tuple, table[c].to_numpy().tolist())) for g, c in GROUPS.items()}
    for x in GROUPS:
        for y in GROUPS:
            expected = reference.mutual_information(blocks[x], blocks[y])
            assert matrix.loc[x, y] == pytest.approx(expected, abs=1e-12)
    # c is the parity of the group, and neither of its columns alone tells it.
    assert matrix.loc["left", "right"] == pytest.approx(matrix.loc["right", "right"])


@pytest.mark.parametrize("estimator", ["copula", "ksg", "auto"])
def test_each_pair_is_that_of_the_measure(estimator: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    table = pd.DataFrame(x, columns=list("abcd"))
    matrix = ms.mutual_information_matrix(table, groups=GROUPS, estimator=estimator)
    expected = ms.mutual_information(table[["a", "b"]], table["c"], estimator=estimator)
    assert matrix.loc["left", "right"] == matrix.loc["right", "left"] == expected
    assert np.isinf(np.diag(matrix)).all()
    assert matrix.index.tolist() == matrix.columns.tolist() == list(GROUPS)


def test_missing_entries_are_left_out_pair_by_pair() -> None:
    table = counts().astype("category")
    table.loc[:99, "d"] = None
    matrix = ms.mutual_information_matrix(ms.as_dataset(table, missing="testwise"), groups=GROUPS)
    whole = ms.mutual_information_matrix(counts().astype("category"), groups=GROUPS)
    rest = ms.mutual_information_matrix(counts().astype("category")[100:], groups=GROUPS)
    assert matrix.loc["left", "right"] == whole.loc["left", "right"]
    assert matrix.loc["left", "other"] == rest.loc["left", "other"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"left": ["a", "b"], "right": ["b"]}, "column 'b' is in 'left' and in 'right'"),
        ({"left": ["a"], "right": ["x"]}, "groups: 'right': there is no column 'x'"),
        ({"left": ["a"], "right": []}, "groups: 'right' has no columns"),
        ({"left": ["a"], "right": "bc"}, "'right' must be a list of columns, got 'bc'"),
        ({"left": ["a"]}, "groups must be a dict of two groups or more"),
        ([["a"], ["b"]], "groups must be a dict of two groups or more"),
    ],
)
def test_groups_that_break_a_rule(groups: Any, message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.mutual_information_matrix(counts(), groups=groups)


def test_groups_stand_alone() -> None:
    with pytest.raises(ms.ParameterError, match="groups must be given without rows and columns"):
        ms.mutual_information_matrix(counts(), groups=GROUPS, rows=["a"])
