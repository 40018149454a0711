"""One column: its kind, its states and its codes, for every type it may come in."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistruct.data.columns import Column
from mistruct.data.frames import read_columns
from mistruct.errors import DataError


def read(values: Any, kind: Any = None) -> Column:
    """The first of two columns, so that everything goes through the table's own door."""
    table = values if isinstance(values, pd.DataFrame) else pd.DataFrame({"a": values})
    (column,) = read_columns(table, {"a": kind} if kind else {})
    return column


def decoded(column: Column) -> list[Any]:
    """What a column stands for, None where it is missing."""
    if column.states is None:
        return [None if np.isnan(v) else v for v in column.values.tolist()]
    return [(*column.states, None)[code] for code in column.values.tolist()]


def says(message: str) -> str:
    return f"^{re.escape(message)}"


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ([True, False, True], (False, True)),
        ([True, True, True], (True,)),
        ([False, False, False], (False,)),
        (["b", "a", "b"], ("a", "b")),
        ([7, 7, 7], (7,)),
        ([-3, 5, -3], (-3, 5)),
        (np.array([-128, 127, 0] * 2, dtype=np.int8), (-128, 0, 127)),
        (np.array([-32768, 32767, 0] * 2, dtype=np.int16), (-32768, 0, 32767)),
        (np.array([255, 0, 7] * 2, dtype=np.uint8), (0, 7, 255)),
        (np.array([-(2**63), 2**63 - 1, 0] * 2), (-(2**63), 0, 2**63 - 1)),
        (np.array([2**63 + 1, 2**63, 2**63], dtype=np.uint64), (2**63, 2**63 + 1)),
        (np.array([2.0, 1.0, 2.0]), (1, 2)),
        (["2", "10", "2"], ("2", "10")),
        (["2.0", "10.0", None, "2.0"], ("2.0", "10.0")),
        ([Decimal(2), Decimal(1), Decimal(2)], (1, 2)),
        (np.array([3, 1, None, 3], dtype=object), (1, 3)),
        (["True", "False", "True"], ("False", "True")),
        ([1, "x", 2.5], (2.5, 1, "x")),
    ],
)
def test_what_is_discrete(values: Any, states: tuple[Any, ...]) -> None:
    column = read(values)
    assert (column.kind, column.inferred, column.states) == ("discrete", True, states)
    assert decoded(column) == list(values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, str, object])
def test_fractions_are_continuous(dtype: Any) -> None:
    column = read(np.array([0.0, 0.5, 0.0], dtype=dtype))
    assert (column.kind, column.inferred, column.states) == ("continuous", True, None)
    assert column.values.dtype == np.float64


@pytest.mark.parametrize(
    "dtype",
    [np.int64, np.int32, np.int16, np.uint16, np.uint64, "Int64", float, "Float64", str, object],
)
def test_whole_numbers_are_discrete_up_to_20_values(dtype: Any) -> None:
    for scale in (1, 500):
        twenty = pd.Series(np.arange(42) % 20 * scale).astype(dtype)
        states = tuple(range(0, 20 * scale, scale))
        # Text stays the caller's own, in the order of its numbers.
        assert tuple(map(int, read(twenty).states or ())) == states
        more = pd.Series(np.arange(42) % 21 * scale).astype(dtype)
        assert read(more).kind == "continuous"
        found = read(more, "discrete").states or ()
        assert sorted(map(int, found)) == list(range(0, 21 * scale, scale))


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (pd.array([2, None, 1], dtype="Int64"), [2, None, 1]),
        (pd.array([2, None, 1], dtype="int64[pyarrow]"), [2, None, 1]),
        (pd.array([2.5, None, 1.5], dtype="Float64"), [2.5, None, 1.5]),
        (pd.array([True, None, False], dtype="boolean"), [True, None, False]),
        (pd.array(["x", None, "y"], dtype="string"), ["x", None, "y"]),
        (pd.array(["x", None, "y"], dtype="string[pyarrow]"), ["x", None, "y"]),
        (pd.Categorical(["x", None, "y"]), ["x", None, "y"]),
        ([2.5, np.nan, 1.5], [2.5, None, 1.5]),
        ([2.0, np.nan, 1.0], [2, None, 1]),
        (["2", "?", "1", "n.a."], ["2", None, "1", None]),
        (["2", "?", "2.0", "1"], [2, None, 2, 1]),
        (["2.5", "", ".", "1.5"], [2.5, None, None, 1.5]),
        ([True, None, False], [True, None, False]),
        (["x", None, "y", np.nan, pd.NA, pd.NaT], ["x", None, "y", None, None, None]),
    ],
)
def test_missing_is_never_a_state(values: Any, known: list[Any]) -> None:
    assert decoded(read(values)) == known


@pytest.mark.parametrize(
    "values", [[2, None, 1], [True, None, False], ["x", None, "y"], [1.5, None]]
)
def test_missing_of_polars_and_arrow(values: list[Any]) -> None:
    for table in (pl.DataFrame({"a": values}), pa.table({"a": values})):
        (column,) = read_columns(table, {})
        assert decoded(column) == values


def test_categories_keep_their_order_and_lose_what_does_not_occur() -> None:
    values = ["mid", "low", None, "high", "mid"]
    order = ["low", "never", "mid", "high"]
    pandas = pd.Categorical(values, categories=order, ordered=True)
    tables = [
        pd.DataFrame({"a": pandas}),
        pl.DataFrame({"a": pl.Series(values, dtype=pl.Enum(order))}),
        pa.table({"a": pa.Array.from_pandas(pandas)}),
    ]
    for table in tables:
        (column,) = read_columns(table, {})
        assert column.states == ("low", "mid", "high")
        assert decoded(column) == values


def test_categories_of_polars_without_order_are_sorted() -> None:
    series = pl.Series(["z", "y", None, "z"], dtype=pl.Categorical)
    (column,) = read_columns(pl.DataFrame({"a": series}), {})
    assert column.states == ("y", "z")
    assert decoded(column) == ["z", "y", None, "z"]


def test_kinds_override_what_is_inferred() -> None:
    labels = read([2.0, 1.5, np.nan, 2.0], "discrete")
    assert (labels.kind, labels.inferred, labels.states) == ("discrete", False, (1.5, 2.0))
    assert decoded(labels) == [2.0, 1.5, None, 2.0]
    for values in (["1", "2.5", None], pd.Categorical(["1", "2.5", None]), [1, 2.5, None]):
        numbers = read(values, "continuous")
        assert (numbers.kind, numbers.inferred) == ("continuous", False)
        assert decoded(numbers) == [1.0, 2.5, None]
    assert decoded(read([True, False], "continuous")) == [1.0, 0.0]
    assert not read([True, False], "discrete").inferred


@pytest.mark.parametrize("values", [["1", "x"], pd.Categorical(["1", "x"])])
def test_text_that_is_no_number(values: Any) -> None:
    message = (
        "column 'a' is declared continuous but does not hold numbers: 'x' in row 2; take such text "
        "as missing with missing_marks=['x'] if that is what it means"
    )
    with pytest.raises(DataError, match=says(message)):
        read(values, "continuous")


def test_infinities() -> None:
    message = (
        "column 'a' holds 2 infinite value(s), the first -inf in row 2; "
        "values must be finite or missing"
    )
    with pytest.raises(DataError, match=says(message)):
        read([1.0, -np.inf, np.inf])
    with pytest.raises(DataError, match=says("column 'a' holds 1 infinite value(s)")):
        read(["1", "inf"], "continuous")
    with pytest.raises(DataError, match=says("column 'a' holds inf; values must be finite")):
        read(["x", float("inf")])


@pytest.mark.parametrize(
    ("values", "example"),
    [
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "2020-01-01"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"], utc=True), "2020-01-01"),
        (pd.to_timedelta([1, 2], unit="D"), "1 day"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "2020-01-01"),
        ([datetime.time(1, 2), datetime.time(1, 2)], "01:02:00"),
        ([f"2020-01-{d:02}" for d in range(1, 29)], "2020-01-01"),
        ([f"2020-01-01T{h:02}:30:00" for h in range(24)], "2020-01-01T00:30:00"),
        ([f"{d:02}/01/2020" for d in range(1, 29)], "01/01/2020"),
    ],
)
def test_dates(values: Any, example: str) -> None:
    with pytest.raises(DataError) as caught:
        read(values)
    assert str(caught.value).startswith(f"column 'a' holds dates or times (such as '{example}")
    assert str(caught.value).endswith(
        "leave it out with drop=['a'], or turn it into a number or a category first"
    )


def test_dates_of_polars_and_arrow() -> None:
    days = [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)]
    for table in (pl.DataFrame({"a": days}), pa.table({"a": days})):
        with pytest.raises(DataError, match=r"^column 'a' holds dates or times \(such as '2020-01"):
            read_columns(table, {})


def test_identifiers() -> None:
    names = [f"patient{i:05}" for i in range(10_000)]
    message = (
        "column 'a' (text with 10000 distinct values in 10000 rows) names the rows instead of "
        "describing them; leave out with drop=['a'] of as_dataset, or keep as a variable with "
        "kinds={'a': 'discrete'}"
    )
    with pytest.raises(DataError) as caught:
        read(names)
    assert str(caught.value) == message
    assert len(read(names, "discrete").states or ()) == 10_000
    assert len(read(pd.Categorical(names)).states or ()) == 10_000
    # The rule: more than 20 texts, and more than half as many as there are rows.
    assert len(read(names[:20]).states or ()) == 20
    assert len(read(names[:30] * 2).states or ()) == 30
    with pytest.raises(DataError, match="31 distinct values in 61 rows"):
        read((names[:31] * 2)[:61])


@pytest.mark.parametrize(
    "values", [[[1], [2]], [(1, 2), (1, 2)], [{"b": 1}, None], [frozenset([1]), frozenset([2])]]
)
def test_nested_values(values: list[Any]) -> None:
    with pytest.raises(DataError) as caught:
        read(values)
    shown = repr(values[0])
    assert (
        str(caught.value)
        == f"column 'a' holds nested values such as {shown}; columns must be scalars"
    )


def test_nested_types() -> None:
    for table in (pl.DataFrame({"a": [[1], [2]]}), pa.table({"a": [{"b": 1}, {"b": 2}]})):
        with pytest.raises(DataError, match=r"^column 'a' holds nested values \((List|Struct)"):
            read_columns(table, {})


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([1j, 2j]), "complex128"),
        (pd.period_range("2020", periods=2, freq="D"), "period[D]"),
        (pd.arrays.IntervalArray.from_breaks([0, 1, 2]), "interval[int64, right]"),
    ],
)
def test_other_types(values: Any, dtype: str) -> None:
    message = f"column 'a' has the type {dtype}; columns must be numbers, booleans, strings or"
    with pytest.raises(DataError, match=says(message)):
        read(values)
    with pytest.raises(DataError, match=r"^column 'x0' has the type complex128; columns must"):
        read_columns(np.array([[1j], [2j]]), {})


def test_intervals_of_pandas_are_categories() -> None:
    column = read(pd.cut([1.0, 2.0, 9.0], 2))
    assert [str(s) for s in column.states or ()] == ["(0.992, 5.0]", "(5.0, 9.0]"]


def test_sparse_columns_are_read() -> None:
    assert decoded(read(pd.arrays.SparseArray([0, 1, 0]))) == [0, 1, 0]
    assert decoded(read(pd.arrays.SparseArray([0.5, np.nan]))) == [0.5, None]


# Blanks around text are trimmed.
labels = st.text(max_size=3).map(str.strip)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), labels)


@given(st.lists(scalars, min_size=1, max_size=15))
def test_objects_are_told_apart_by_equality(values: list[Any]) -> None:
    # A text without which all would be numbers, and which makes none of the text a number.
    values = [*values, "no number"]
    column = read(np.array([*values, None], dtype=object), "discrete")
    assert column.states is not None
    assert decoded(column) == [*values, None]
    assert len(set(column.states)) == len(column.states)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20)
    | st.lists(st.integers(-300, 300), min_size=1, max_size=20)
)
def test_integers_are_coded_in_ascending_order(values: list[int]) -> None:
    column = read(np.array(values, dtype=np.int64), "discrete")
    assert column.states == tuple(sorted(set(values)))
    assert decoded(column) == values


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=20))
def test_floats_declared_discrete(values: list[float]) -> None:
    column = read(np.array(values), "discrete")
    assert column.states == tuple(sorted({v for v in values if v == v}))
    assert decoded(column) == [None if v != v else v for v in values]
