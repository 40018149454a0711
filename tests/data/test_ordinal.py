"""Ordinal columns: how they come in, what is kept of them, and the two ways to see them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mistruct as ms
from mistruct.data.numbers import read_numbers
from mistruct.errors import DataError

GRADES = ["low", "mid", "high"]
BESIDE = [1.5, 0.5, 2.5, 1.0, 0.0]


def table_of(values: Any, kind: str | None = "ordinal", **options: Any) -> ms.Dataset:
    kinds: dict[str, Any] = {} if kind is None else {"a": kind}
    frame = values if isinstance(values, (pl.DataFrame, pa.Table)) else pd.DataFrame({"a": values})
    if isinstance(frame, pd.DataFrame):
        frame["b"] = BESIDE[: len(frame)]
    return ms.as_dataset(frame, kinds=kinds, **options)


def ordered(values: list[Any], categories: list[Any]) -> Any:
    return pd.Categorical(values, categories=categories, ordered=True)


def test_ordered_categories_are_ordinal_in_their_own_order() -> None:
    values = ordered(["mid", "low", "high", "mid", "low"], ["low", "never", "mid", "high"])
    for table in (
        table_of(values, None),
        ms.as_dataset(pa.table({"a": pa.Array.from_pandas(values), "b": BESIDE})),
    ):
        assert table.kinds == {"a": "ordinal", "b": "continuous"}
        assert table.states == {"a": tuple(GRADES)}
        assert table.codes.tolist() == [[1, 0, 2, 1, 0]]
        assert table.why["a"] == "ordered category"
        assert "a" in table.inferred


def test_two_ordered_categories_are_discrete_and_a_declared_kind_counts() -> None:
    two = ordered(["no", "yes", "no", "yes", "yes"], ["no", "yes"])
    assert table_of(two, None).kinds["a"] == "discrete"
    assert table_of(two).kinds["a"] == "ordinal"
    three = ordered(["mid", "low", "high", "mid", "low"], GRADES)
    assert table_of(three, "discrete").kinds["a"] == "discrete"


def test_enumerations_of_polars_are_ordinal_where_declared() -> None:
    column = pl.Series(["mid", "low", "high", "mid", "low"], dtype=pl.Enum(GRADES))
    frame = pl.DataFrame({"a": column, "b": BESIDE})
    assert ms.as_dataset(frame).kinds["a"] == "discrete"
    declared = ms.as_dataset(frame, kinds={"a": "ordinal"})
    assert declared.kinds["a"] == "ordinal"
    assert declared.states["a"] == tuple(GRADES)


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ([10, 9, 1, 9, 10], (1, 9, 10)),
        ([10.0, 9.0, 1.0, 9.0, 10.0], (1, 9, 10)),
        ([0.5, 0.25, 2.0, 0.5, 0.5], (0.25, 0.5, 2.0)),
        ([True, False, True, True, False], (False, True)),
        (["10", "9", "1", "9", "10"], ("1", "9", "10")),
        (np.array([10, 9, 1, 9, 10], dtype=object), (1, 9, 10)),
        (pd.Categorical(["10", "9", "1", "9", "10"]), ("1", "9", "10")),
        (pd.array([10, 9, 1, 9, 10], dtype="Int64"), (1, 9, 10)),
    ],
)
def test_declared_numbers_are_ordered_as_numbers(values: Any, states: tuple[Any, ...]) -> None:
    table = table_of(values)
    assert table.kinds["a"] == "ordinal"
    assert table.states["a"] == states


@pytest.mark.parametrize("as_category", [False, True])
def test_words_have_no_order_of_their_own(as_category: bool) -> None:
    words = ["mid", "low", "high", "mid", "low"]
    with pytest.raises(DataError) as raised:
        table_of(pd.Categorical(words) if as_category else words)
    assert str(raised.value) == (
        "column 'a' is declared ordinal, but nothing says in which order its values come: "
        "'mid', 'low', 'high'; make it an ordered category first (pandas.Categorical(values, "
        "categories=[...], ordered=True)), write numbers in their place, or declare "
        "kinds={'a': 'discrete'}"
    )


def test_patterns_declare_it() -> None:
    frame = pd.DataFrame({"V1": [1, 2, 3, 2], "V2": [1, 3, 3, 2], "w": [1, 2, 2, 1]})
    table = ms.as_dataset(frame, kinds={"V*": "ordinal"})
    assert table.kinds == {"V1": "ordinal", "V2": "ordinal", "w": "discrete"}
    assert table.ordinal == ("V1", "V2")
    assert table.discrete == ("V1", "V2", "w")


def test_the_view_by_order_has_numbers_and_that_by_states_codes() -> None:
    frame = pd.DataFrame(
        {
            "c": [0.5, 1.5, 2.5, 0.0],
            "a": ordered(["mid", None, "high", "low"], GRADES),
            "d": ["x", "y", "x", "y"],
        }
    )
    table = ms.as_dataset(frame, missing="testwise")
    seen = table.by_order
    assert seen.names == table.names
    assert seen.kinds == {"c": "continuous", "a": "continuous", "d": "discrete"}
    np.testing.assert_array_equal(seen.values, [[0.5, 1.5, 2.5, 0.0], [1, np.nan, 2, 0]])
    assert seen.codes.tolist() == [[0, 1, 0, 1]]
    assert seen.by_order is seen
    counted = table.by_states
    assert counted.kinds == {"c": "continuous", "a": "discrete", "d": "discrete"}
    assert counted.codes is table.codes
    assert table.n_missing == seen.n_missing == {"c": 0, "a": 1, "d": 0}


def test_a_table_without_ordinal_columns_is_its_own_view() -> None:
    table = ms.as_dataset(pd.DataFrame({"a": [0, 1, 1], "b": [0.5, 1.5, 2.5]}))
    assert table.by_order is table
    assert table.by_states is table


def test_to_pandas_comes_back_the_same() -> None:
    table = table_of(ordered(["mid", "low", "high", "mid", "low"], GRADES), None)
    frame = table.to_pandas()
    assert frame["a"].cat.ordered
    back = ms.as_dataset(frame)
    assert back.kinds == table.kinds
    assert back.states == table.states
    assert back.codes.tolist() == table.codes.tolist()


def test_a_state_for_missing_entries_has_no_place_in_an_order() -> None:
    frame = pd.DataFrame({"a": ordered(["mid", None, "high", "low"], GRADES), "b": [1, 2, 3, 2]})
    table = ms.as_dataset(frame, kinds={"b": "ordinal"}, missing="state")
    assert table.kinds == {"a": "discrete", "b": "ordinal"}
    assert table.states["a"] == (*GRADES, "missing")
    assert table.why["a"] == (
        "ordered category; a state for missing entries has no place in its order"
    )


def test_transformers_take_the_places_of_words() -> None:
    frame = pd.DataFrame({"a": ordered(["mid", "low", "high", "mid", "low"], GRADES), "b": BESIDE})
    frame["m"] = ordered([1, 9, 2, 9, 1], [1, 2, 9])
    names, values = read_numbers(ms.InformationProjection(), frame, reset=True)
    assert names == ["a", "b", "m"]
    np.testing.assert_array_equal(values, [[1, 0, 2, 1, 0], BESIDE, [1, 9, 2, 9, 1]])


def test_stata_labels_tell_no_order(tmp_path: Any) -> None:
    frame = pd.DataFrame({"region": pd.Categorical(["n", "s", "w", "n"]), "x": [0.5, 1, 2, 3]})
    frame.to_stata(tmp_path / "t.dta", write_index=False)
    assert ms.read_table(tmp_path / "t.dta").kinds["region"] == "discrete"


def test_spss_says_which_variables_are_ordinal(tmp_path: Any) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    labels = {1: "low", 2: "mid", 3: "high"}
    frame = pd.DataFrame({"a": [2.0, 1.0, 3.0, 1.0]})
    frame = frame.assign(grade=frame["a"], code=frame["a"], mark=[7.0, 9.0, 8.0, 7.0])
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "t.sav"),
        variable_value_labels={"grade": labels, "code": labels},
        variable_measure={"grade": "ordinal", "code": "nominal", "mark": "ordinal"},
    )
    table = ms.read_table(tmp_path / "t.sav")
    assert table.ordinal == ("grade", "mark")
    assert table.states["grade"] == tuple(GRADES)
    assert repr(table.states["mark"]) == "(7, 8, 9)"
    assert table.kinds["a"] == table.kinds["code"] == "discrete"


def test_summary_and_repr_know_the_kind() -> None:
    table = table_of(ordered(["mid", "low", "high", "mid", "low"], GRADES), None)
    row = table.summary().loc["a"]
    assert (row["kind"], row["n_states"], row["holds"]) == ("ordinal", 3, "low, mid, high")
    assert repr(table) == (
        "<Dataset: 5 rows, 0 discrete, 1 ordinal and 1 continuous columns, "
        "0 missing entries (raise)>"
    )
