"""The table: what makes one, what is refused, and what comes back out of it."""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistruct.data.dataset import MISSING_STATE, Dataset, as_dataset
from mistruct.errors import DataError, ParameterError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import anndata


def says(message: str) -> str:
    return f"^{re.escape(message)}$"


def same(one: Dataset, other: Dataset) -> None:
    assert one.names == other.names
    assert one.kinds == other.kinds
    assert one.states == other.states
    assert one.missing == other.missing
    assert one.codes.dtype == other.codes.dtype
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.values, other.values)


@pytest.fixture
def mixed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [61.5, 33.0, 47.2, 50.0],
            "smoker": [True, False, False, True],
            "stage": [3, 1, 1, 2],
            "city": ["Rome", "Bern", "Rome", "Rome"],
            "dose": [0.5, 0.25, 0.5, 1.0],
        },
        index=["p1", "p2", "p3", "p4"],
    )


def test_what_a_dataset_holds(mixed: pd.DataFrame) -> None:
    data = as_dataset(mixed, kinds={"dose": "discrete"})
    assert data.names == ("age", "smoker", "stage", "city", "dose")
    assert data.discrete == ("smoker", "stage", "city", "dose")
    assert data.continuous == ("age",)
    assert data.inferred == {"age", "smoker", "stage", "city"}
    assert (data.n_samples, data.n_variables) == (4, 5)
    assert data.n_states.tolist() == [2, 3, 2, 3]
    assert data.codes.dtype == np.uint8
    assert data.codes.flags.c_contiguous
    assert data.codes.tolist() == [[1, 0, 0, 1], [2, 0, 0, 1], [1, 0, 1, 1], [1, 0, 1, 2]]
    assert data.values.tolist() == [[61.5, 33.0, 47.2, 50.0]]
    assert (data.row("age"), data.row("city")) == (0, 2)
    assert data.index is not None
    assert data.index.tolist() == ["p1", "p2", "p3", "p4"]
    assert as_dataset(data) is data


def test_every_frame_gives_the_same_dataset(mixed: pd.DataFrame) -> None:
    expected = as_dataset(mixed)
    same(as_dataset(pl.from_pandas(mixed)), expected)
    same(as_dataset(pa.Table.from_pandas(mixed, preserve_index=False)), expected)
    same(as_dataset(mixed.convert_dtypes(convert_floating=False)), expected)
    same(as_dataset(mixed.convert_dtypes(dtype_backend="pyarrow")), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_arrays_frames_and_anndata_agree(dtype: Any) -> None:
    table = np.random.default_rng(1).integers(0, 3, (30, 4)).astype(dtype)
    names = ["x0", "x1", "x2", "x3"]
    expected = as_dataset(table)
    assert expected.names == tuple(names)
    same(as_dataset(np.asfortranarray(table)), expected)
    same(as_dataset(table.tolist()) if dtype == np.int64 else expected, expected)
    same(as_dataset(pd.DataFrame(table, columns=names)), expected)
    same(as_dataset(pl.DataFrame(table, schema=names)), expected)
    cells = anndata.AnnData(pd.DataFrame(table, columns=names, index=list(map(str, range(30)))))
    # In an AnnData they are counts, however few.
    same(as_dataset(cells), as_dataset(table, kinds={"x*": "continuous"}))
    index = as_dataset(cells).index
    assert index is not None
    assert index.tolist() == cells.obs_names.tolist()


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_missing_policies(frame: Any) -> None:
    table = frame({"a": ["x", None, "y"], "b": [1, 2, None], "c": [None, 0.5, 1.5]})
    message = (
        "3 entries are missing, in 'a' (1), 'b' (1), 'c' (1); choose missing='testwise' (each "
        "quantity uses the rows complete for its own variables) or missing='state' (missing is a "
        "state of its own; discrete columns only)"
    )
    kinds: Any = {}
    with pytest.raises(DataError, match=says(message)):
        as_dataset(table, kinds=kinds)
    data = as_dataset(table, kinds=kinds, missing="testwise")
    assert data.states == {"a": ("x", "y"), "b": (1, 2)}
    assert data.codes.tolist() == [[0, 2, 1], [0, 1, 2]]
    np.testing.assert_array_equal(data.values, [[np.nan, 0.5, 1.5]])
    assert data.n_missing == {"a": 1, "b": 1, "c": 1}
    message = (
        "column 'c' is continuous and has 1 missing entries; missing='state' is for discrete "
        "columns: bin it first, or use 'testwise'"
    )
    with pytest.raises(DataError, match=says(message)):
        as_dataset(table, kinds=kinds, missing="state")


def test_missing_as_a_state() -> None:
    table = pd.DataFrame({"a": ["x", None, "y"], "b": ["u", "v", "u"], "c": [0.5, 1.5, 2.5]})
    data = as_dataset(table, missing="state")
    assert data.states == {"a": ("x", "y", MISSING_STATE), "b": ("u", "v")}
    assert data.codes.tolist() == [[0, 2, 1], [0, 1, 0]]
    assert data.n_missing == {"a": 0, "b": 0, "c": 0}
    table["a"] = ["x", None, MISSING_STATE]
    message = "column 'a' already has a state 'missing'; rename it before missing='state' adds its"
    with pytest.raises(DataError, match=f"^{message}"):
        as_dataset(table, missing="state")


def test_many_missing_columns_are_not_all_listed() -> None:
    table = np.ones((3, 8))
    table[0] = np.nan
    with pytest.raises(DataError, match=r"^8 entries are missing, in .*'x4' \(1\) and 3 more col"):
        as_dataset(table)


@pytest.mark.parametrize("missing", ["raise", "testwise", "state"])
@pytest.mark.parametrize(
    "column",
    [
        [np.nan, np.nan],
        np.array([None, None], dtype=object),
        pd.array([None, None], dtype="Int64"),
        pd.Categorical([None, None], categories=["a", "b"]),
    ],
)
def test_a_column_without_values(column: Any, missing: Any) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": column})
    message = (
        "column 'b' holds only missing entries, so it says nothing; leave it out with drop=['b']"
    )
    with pytest.raises(DataError, match=says(message)):
        as_dataset(table, missing=missing)


@pytest.mark.parametrize("table", [pl.DataFrame({"a": [None], "b": [1]}), pa.table({"a": [None]})])
def test_a_column_of_the_null_type(table: Any) -> None:
    with pytest.raises(DataError, match=r"^column 'a' holds only missing entries"):
        as_dataset(table)


@pytest.mark.parametrize(
    ("n_states", "gap", "dtype"),
    [
        (2, True, np.uint8),
        (255, False, np.uint8),
        (255, True, np.uint8),
        (256, False, np.uint16),
        (256, True, np.uint16),
        (300, True, np.uint16),
        (65535, True, np.uint16),
        (65536, True, np.uint32),
    ],
)
@pytest.mark.parametrize("missing", ["testwise", "state"])
def test_codes_have_the_smallest_type_that_leaves_room_for_missing(
    n_states: int, gap: bool, dtype: Any, missing: Any
) -> None:
    values: list[Any] = [*range(n_states), *range(n_states)]
    if gap:
        values[0] = None
    table = pd.DataFrame({"a": pd.array(values, dtype="Int64"), "b": 1})
    data = as_dataset(table, kinds={"a": "discrete"}, missing=missing)
    if gap and missing == "state":
        dtype = np.min_scalar_type(n_states + 1)
    assert data.codes.dtype == dtype
    assert data.states["a"][:n_states] == tuple(range(n_states))
    assert data.codes[0, 1:].tolist() == values[1:]
    assert data.codes[0, 0] == (n_states if gap else 0)
    assert data.n_missing["a"] == (gap and missing == "testwise")


def test_constant_columns_are_legal() -> None:
    data = as_dataset(pd.DataFrame({"a": [1, 1], "b": ["x", "x"], "c": [0.5, 0.5]}))
    assert data.states == {"a": (1,), "b": ("x",)}
    assert data.values.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"a": [], "b": []}), "the table has no rows (columns: 'a', 'b')"),
        (pl.DataFrame({"a": [], "b": []}), "the table has no rows (columns: 'a', 'b')"),
        (np.ones((0, 2)), "the table has no rows (columns: 'x0', 'x1')"),
        (pd.DataFrame(index=range(3)), "the table has no columns"),
        (np.ones((0, 0)), "the table has no columns"),
        (
            pd.DataFrame({"a": [1, 2]}),
            "the table has one column, 'a'; a structure needs at least two",
        ),
        (np.arange(3), "the table has one column, 'x0'; a structure needs at least two"),
        (
            pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
            "column names must differ, but 'a' stands 2 times",
        ),
        (
            pa.table([[1], [2], [3]], names=["a", "b", "a"]),
            "column names must differ, but 'a' stands 2 times",
        ),
        (
            pd.DataFrame([[1, 2]], columns=["1", 1]),
            "column names must differ, but '1' stands 2 times",
        ),
        (
            {"a": [1, 2]},
            "data must be a DataFrame, a Dataset, an AnnData or an array of shape "
            "(n_samples, n_variables), got dict of shape ()",
        ),
        (
            np.ones((2, 2, 2)),
            "data must be a DataFrame, a Dataset, an AnnData or an array of shape "
            "(n_samples, n_variables), got ndarray of shape (2, 2, 2)",
        ),
    ],
)
def test_what_is_no_table(table: Any, message: str) -> None:
    with pytest.raises(DataError, match=says(message)):
        as_dataset(table)


def test_rows_of_different_lengths() -> None:
    with pytest.raises(DataError, match=r"^the data are not a table: "):
        as_dataset([[1, 2], [3]])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_kinds_are_checked(frame: Any) -> None:
    table = frame({"weight": [1, 2], "height": [3, 4]})
    message = "kinds: there is no column 'wieght'; did you mean 'weight', 'height'?"
    with pytest.raises(ParameterError, match=says(message)):
        as_dataset(table, kinds={"wieght": "discrete"})
    message = (
        "kinds['weight'] must be one of 'discrete', 'ordinal', 'continuous', got 'discret'; "
        "did you mean 'discrete'?"
    )
    with pytest.raises(ParameterError, match=says(message)):
        as_dataset(table, kinds={"weight": "discret"})  # type: ignore[dict-item]
    message = "kinds must map names of columns to their kinds, got ['weight']"
    with pytest.raises(ParameterError, match=says(message)):
        as_dataset(table, kinds=["weight"])  # type: ignore[arg-type]
    message = "kinds: a Dataset has its kinds already, got {'weight': 'continuous'}"
    with pytest.raises(ParameterError, match=says(message)):
        as_dataset(as_dataset(table), kinds={"weight": "continuous"})
    message = "missing must be one of 'raise', 'testwise', 'state', got 'drop'"
    with pytest.raises(ParameterError, match=says(message)):
        as_dataset(table, missing="drop")  # type: ignore[arg-type]


def test_names_are_text() -> None:
    assert as_dataset(pd.DataFrame([[1, 2]], columns=[10, ("a", 1)])).names == ("10", "('a', 1)")


def test_select(mixed: pd.DataFrame) -> None:
    data = as_dataset(mixed, kinds={"stage": "continuous"})
    part = data.select(["city", "stage", "smoker"])
    same(part, as_dataset(mixed[["city", "stage", "smoker"]], kinds={"stage": "continuous"}))
    assert part.inferred == {"city", "smoker"}
    with pytest.raises(
        ParameterError, match=says("names: there is no column 'ctiy'; did you mean 'city'?")
    ):
        data.select(["ctiy"])


def test_require_discrete(mixed: pd.DataFrame) -> None:
    as_dataset(mixed[["smoker", "city"]]).require_discrete("ChowLiu")
    message = (
        "ChowLiu needs discrete columns, but 2 of 5 are continuous ('age', 'dose'); "
        "bin them with mistruct.discretize, make them categories, or declare them with kinds="
    )
    with pytest.raises(DataError, match=says(message)):
        as_dataset(mixed).require_discrete("ChowLiu")


def test_summary_and_repr(mixed: pd.DataFrame) -> None:
    mixed.loc["p2", ["age", "city"]] = None
    data = as_dataset(mixed, kinds={"stage": "continuous"}, missing="testwise")
    summary = data.summary()
    assert summary.index.tolist() == list(data.names)
    assert summary["inferred"].tolist() == [True, True, False, True, True]
    assert summary["n_missing"].tolist() == [1, 0, 0, 1, 0]
    assert summary.loc["age", "holds"] == "47.2 to 61.5"
    assert summary.loc["smoker", "holds"] == "False, True"
    assert summary.loc["city", "n_states"] == 1
    assert repr(data) == (
        "<Dataset: 4 rows, 2 discrete and 3 continuous columns, 2 missing entries (testwise)>"
    )


def test_the_callers_table_is_neither_changed_nor_kept() -> None:
    table = np.array([[0.5, 1.25], [1.5, 2.25]])
    data = as_dataset(table)
    table[:] = 9.0
    assert data.values.tolist() == [[0.5, 1.5], [1.25, 2.25]]


texts = st.sampled_from(["a", "b", "", "x y", "(1, 2]", "ü", "NA"])
columns = st.one_of(
    st.lists(texts | st.none(), min_size=6, max_size=6),
    st.lists(st.integers(-3, 3) | st.none(), min_size=6, max_size=6),
    st.lists(st.booleans() | st.none(), min_size=6, max_size=6),
    st.lists(st.floats(allow_infinity=False), min_size=6, max_size=6),
).filter(lambda column: any(v is not None and v == v for v in column))


@given(st.lists(columns, min_size=2, max_size=5))
def test_to_pandas_comes_back_the_same(table: list[list[Any]]) -> None:
    frame = pd.DataFrame({f"c{i}": pd.Series(c, dtype=object) for i, c in enumerate(table)})
    for name in frame:
        if all(isinstance(v, float) for v in frame[name]):
            frame[name] = frame[name].astype(float)
    data = as_dataset(frame, missing="testwise")
    back = data.to_pandas()
    same(as_dataset(back, missing="testwise"), data)
    for name in data.names:
        known = frame[name].notna()
        assert back[name].notna().tolist() == known.tolist()
        assert back[name][known].tolist() == frame[name][known].tolist()
    assert as_dataset(pl.DataFrame({"a": [1, 2], "b": [3, 4]})).to_pandas().index.tolist() == [0, 1]


def test_rows_can_be_taken(mixed: pd.DataFrame) -> None:
    mixed.loc["p2", "age"] = None
    mixed.loc["p4", "city"] = None
    data = as_dataset(mixed, missing="testwise")
    part = data.complete_rows()
    assert part.index is not None
    assert part.index.tolist() == ["p1", "p3"]
    assert part.states == data.states
    assert sum(part.n_missing.values()) == 0
    pd.testing.assert_frame_equal(part.to_pandas(), data.to_pandas().loc[["p1", "p3"]])


def test_a_dataset_takes_another_policy_for_missing_entries() -> None:
    frame = pd.DataFrame({"a": ["u", None, "v", "u"], "b": [0, 1, 0, 1]})
    testwise = as_dataset(frame, missing="testwise")
    assert as_dataset(testwise) is testwise
    stated = as_dataset(testwise, missing="state")
    assert stated.states["a"] == as_dataset(frame, missing="state").states["a"]
    assert stated.codes.tolist() == [[0, 2, 1, 0], [0, 1, 0, 1]]


def test_text_beside_missing_entries_stays_missing_in_lists() -> None:
    table = as_dataset([["a", 1], [float("nan"), 0], ["b", 1]], missing="testwise")
    assert table.states == {"x0": ("a", "b"), "x1": (0, 1)}
    assert table.n_missing == {"x0": 1, "x1": 0}


def test_many_categories_of_their_own_are_read_in_one_pass() -> None:
    frame = pd.DataFrame({f"c{i}": pd.Categorical(["u", f"v{i}"]) for i in range(300)})
    assert as_dataset(frame).states["c299"] == ("u", "v299")


def test_chosen_rows_know_which_states_are_left() -> None:
    table = as_dataset(pd.DataFrame({"a": [0, 1, 2, 0], "b": [0, 0, 1, 1]}))
    assert table.n_observed.tolist() == [3, 2]
    chosen = table.take(np.array([True, True, False, False]))
    assert chosen.n_states.tolist() == [3, 2]
    assert chosen.n_observed.tolist() == [2, 1]
    assert chosen.select(["b", "a"]).n_observed.tolist() == [1, 2]


def test_what_cannot_be_done_with_a_dataset_is_refused() -> None:
    table = as_dataset(pd.DataFrame({"a": ["u", None], "b": ["v", "w"]}), missing="state")
    with pytest.raises(ParameterError, match="missing: what is missing is a state"):
        as_dataset(table, missing="testwise")
    with pytest.raises(DataError, match="the table has no rows"):
        as_dataset(table.take(np.array([False, False])))
    with pytest.raises(ParameterError, match="names must be a list of column names, got 'a'"):
        table.select("a")


def test_more_rows_than_can_be_numbered_are_refused() -> None:
    table = as_dataset(pd.DataFrame({"a": [0, 1, 1], "b": [1, 0, 1]}))
    many = np.broadcast_to(np.uint8(0), (2, 2**31))  # of one byte
    with pytest.raises(DataError, match=r"has 2,147,483,648 rows, more than the 2,147,483,647"):
        dataclasses.replace(table, codes=many)
    assert dataclasses.replace(table, codes=many[:, 1:]).n_samples == 2**31 - 1
