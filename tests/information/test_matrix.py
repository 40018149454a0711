"""The matrix of mutual information: pairs one by one, sizes, missing entries, threads, inputs."""

from __future__ import annotations

import math
from typing import Any

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings

import mistruct as ms
from mistruct.data.dataset import Dataset
from tests import reference as ref
from tests import reference_continuous as ref_continuous
from tests import strategies
from tests.information.test_measures import category


def _frame(codes: np.ndarray) -> Any:
    return pd.DataFrame({f"c{i}": category(c) for i, c in enumerate(codes)})


def _table(seed: int, n_samples: int = 130) -> Any:
    """Columns of 1, 2, 3, 12 and 40 states, dependent ones among them."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, r, n_samples) for r in (2, 3, 12, 40, 1, 3)]
    codes[1] = np.where(rng.random(n_samples) < 0.5, codes[0], codes[1])
    return _frame(np.array(codes))


@given(strategies.categorical_columns(n_columns=4), strategies.corrections)
@settings(max_examples=50, deadline=None)
def test_a_cell_is_the_information_of_the_pair(codes: np.ndarray, correction: str) -> None:
    frame = _frame(codes)
    matrix: Any = ms.mutual_information_matrix(frame, estimator=correction)
    assert list(matrix.index) == list(matrix.columns) == list(frame.columns)
    for i, a in enumerate(frame):
        for j, b in enumerate(frame):
            pair = ms.mutual_information(frame[a], frame[b], estimator=correction)
            assert matrix.loc[a, b] == pytest.approx(pair, rel=1e-9, abs=1e-11)
            expected = ref.mutual_information(codes[i].tolist(), codes[j].tolist(), correction)
            assert matrix.loc[a, b] == pytest.approx(expected, rel=1e-6, abs=1e-8)
    np.testing.assert_array_equal(matrix, matrix.T)


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
def test_missing_entries_leave_each_pair_its_own_rows(correction: str) -> None:
    frame = _table(1).astype(object)
    holes = np.random.default_rng(2).random(frame.shape) < 0.2
    frame = frame.mask(holes, None)
    data = ms.as_dataset(frame, missing="testwise", kinds=STATES)
    matrix: Any = ms.mutual_information_matrix(data, estimator=correction)
    for a in frame:
        for b in frame:
            known = frame[a].notna() & frame[b].notna()
            x, y = frame.loc[known, a].tolist(), frame.loc[known, b].tolist()
            expected = ref.mutual_information(x, y, correction)
            assert matrix.loc[a, b] == pytest.approx(expected, rel=1e-6, abs=1e-8)


STATES: Any = {"*": "discrete"}


def test_missing_as_a_state() -> None:
    frame = _table(1).astype(object)
    frame = frame.mask(np.random.default_rng(2).random(frame.shape) < 0.2, None)
    found = ms.mutual_information_matrix(ms.as_dataset(frame, missing="state", kinds=STATES))
    expected = ms.mutual_information_matrix(_frame(frame.fillna("?").to_numpy().T))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
def test_a_pair_without_a_common_row_is_not_a_number(correction: str) -> None:
    frame = pd.DataFrame({"a": ["u", "v", None, None], "b": [None, None, "u", "v"], "c": [*"uvuv"]})
    data = ms.as_dataset(frame, missing="testwise")
    matrix: Any = ms.mutual_information_matrix(data, estimator=correction)
    assert np.isnan(matrix.loc["a", "b"])
    assert np.isnan(matrix.loc["b", "a"])
    assert matrix.isna().sum().sum() == 2


@pytest.mark.parametrize("estimator", ["plug-in", "james-stein", "nsb"])
def test_chosen_rows_and_columns(estimator: str) -> None:
    frame = _table(3)
    full: Any = ms.mutual_information_matrix(frame, estimator=estimator)
    for rows, columns in (
        (["c5", "c0", "c3"], ["c1"]),
        (["c5", "c0", "c3"], ["c5", "c0", "c3"]),
        (["c2", "c1"], ["c1", "c2"]),
        (["c1", "c0", "c1"], ["c1", "c0", "c1"]),
        (None, ["c4", "c2"]),
        (["c4", "c2"], None),
        ([], ["c1"]),
        ([], []),
    ):
        found = ms.mutual_information_matrix(frame, estimator=estimator, rows=rows, columns=columns)
        names = [list(frame) if given is None else given for given in (rows, columns)]
        assert [list(found.index), list(found.columns)] == names
        np.testing.assert_allclose(found, full.loc[names[0], names[1]], rtol=1e-12, atol=1e-14)


def test_the_order_of_columns_and_rows_does_not_matter() -> None:
    frame = _table(4)
    expected = ms.mutual_information_matrix(frame)
    turned = frame[frame.columns[::-1]].sample(frac=1, random_state=0)
    found = ms.mutual_information_matrix(turned).loc[expected.index, expected.columns]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("estimator", ["plug-in", "james-stein", "nsb"])
@pytest.mark.parametrize("holes", [False, True])
def test_the_number_of_threads_does_not_matter(
    estimator: str, holes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    frame = _frame(rng.integers(0, 3, (7 if estimator == "nsb" else 40, 90))).astype(object)
    frame = frame.mask(rng.random(frame.shape) < 0.1 * holes, None)
    data = ms.as_dataset(frame, missing="testwise")
    found = []
    for n in ("1", "2", "3", "7"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append(ms.mutual_information_matrix(data, estimator=estimator).to_numpy())
        found.append(
            ms.mutual_information_matrix(data, estimator=estimator, rows=data.names[:3]).to_numpy()
        )
    for one, many in ((0, 2), (0, 4), (0, 6), (1, 3), (1, 5), (1, 7)):
        np.testing.assert_array_equal(found[one], found[many])


def test_a_large_matrix_in_many_tiles_is_that_of_small_ones() -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.integers(0, 3, (60, 300)), columns=[f"c{i}" for i in range(300)])
    data = ms.as_dataset(frame)
    matrix: Any = ms.mutual_information_matrix(data)
    np.testing.assert_array_equal(matrix, matrix.T)
    for a, b in rng.integers(0, 300, (200, 2)):
        expected = ref.mutual_information(frame.iloc[:, a].to_numpy(), frame.iloc[:, b].to_numpy())
        assert matrix.iloc[a, b] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_selection_of_rows_has_fewer_states_than_the_table() -> None:
    frame = _table(7)
    data = ms.as_dataset(frame)
    few = data.take(np.arange(data.n_samples) < 9)
    for correction in ref.CORRECTIONS:
        found = ms.mutual_information_matrix(few, estimator=correction)
        expected = ms.mutual_information_matrix(
            _frame(frame.iloc[:9].astype(int).to_numpy().T), estimator=correction
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_every_kind_of_table_gives_the_same() -> None:
    values = np.random.default_rng(8).integers(0, 4, (50, 3))
    frame = pd.DataFrame(values, columns=["x0", "x1", "x2"])
    as_float = pd.DataFrame(values.astype(float), columns=frame.columns)
    adata = anndata.AnnData(as_float.set_axis([f"cell{i}" for i in range(50)]))
    kinds: Any = dict.fromkeys(frame.columns, "discrete")
    expected = ms.mutual_information_matrix(frame)
    tables: list[Any] = [
        values, pl.DataFrame(frame), pa.Table.from_pandas(frame), ms.as_dataset(frame),
        ms.as_dataset(adata, kinds=kinds),
    ]  # fmt: skip
    for table in tables:
        pd.testing.assert_frame_equal(ms.mutual_information_matrix(table), expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"rows": ["C55"]},
            ms.ParameterError,
            r"^rows: there is no column 'C55'; did you mean 'c5'",
        ),
        ({"columns": ["zz"]}, ms.ParameterError, r"^columns: there is no column 'zz'$"),
        (
            {"rows": "c1"},
            ms.ParameterError,
            r"^rows must be a list of column names, got 'c1'$",
        ),
        ({"columns": 1}, ms.ParameterError, r"^columns must be a list of column names, got 1$"),
        (
            {"estimator": "plugin"},
            ms.ParameterError,
            r"^estimator must be one of .*got 'plugin'; did you mean 'plug-in'",
        ),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ms.mutual_information_matrix(_table(0), **arguments)


@pytest.mark.parametrize("estimator", ref.CORRECTIONS)
def test_continuous_columns_cannot_be_counted(estimator: str) -> None:
    frame = _table(0).assign(age=np.random.default_rng(0).random(130))
    message = (
        rf"^estimator '{estimator}' needs discrete columns, but 1 of 7 are continuous \('age'\); "
        r"bin them with mistruct.discretize"
    )
    with pytest.raises(ms.DataError, match=message):
        ms.mutual_information_matrix(frame, estimator=estimator)
    # It is no matter where nothing is asked about it.
    found = ms.mutual_information_matrix(
        frame, estimator=estimator, rows=["c0"], columns=["c1", "c2"]
    )
    expected = ms.mutual_information_matrix(_table(0), estimator=estimator)
    np.testing.assert_allclose(found, expected.loc[["c0"], ["c1", "c2"]], rtol=1e-12, atol=1e-14)


def _mixed(seed: int, n_samples: int = 90) -> Any:
    """Discrete a, b and continuous u, v, all of which lean on a."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 3, n_samples)
    u = a + rng.normal(size=n_samples)
    v = u + rng.normal(size=n_samples)
    return pd.DataFrame({"u": u, "a": a, "v": v, "b": np.where(rng.random(n_samples) < 0.7, a, 0)})


def test_auto_goes_by_the_kinds_of_each_pair() -> None:
    frame = _mixed(0)
    matrix: Any = ms.mutual_information_matrix(frame)
    assert matrix.attrs["estimator"] == "auto (plug-in, copula-knn, mixed-knn)"
    assert list(matrix.index) == list(matrix.columns) == list("uavb")
    np.testing.assert_array_equal(matrix, matrix.T)
    codes = {c: frame[c].tolist() for c in "ab"}
    scores = {c: ref_continuous.normal_scores(frame[c].to_numpy()) for c in "uv"}
    for x, y in ("aa", "ab", "bb"):
        expected = ref.mutual_information(codes[x], codes[y])
        assert matrix.loc[x, y] == pytest.approx(expected, rel=1e-9)
    for x, y in ("au", "av", "bu", "bv"):
        expected = ref_continuous.mixed_information([codes[x]], [scores[y]])
        assert matrix.loc[x, y] == pytest.approx(expected, rel=1e-9)
    assert matrix.loc["u", "u"] == matrix.loc["v", "v"] == math.inf
    found = ms.mutual_information(frame["u"], frame["v"], estimator="copula-knn")
    assert matrix.loc["u", "v"] == pytest.approx(found, rel=1e-9)
    truth = -0.5 * math.log(1 - np.corrcoef(frame["u"], frame["v"])[0, 1] ** 2)
    assert found == pytest.approx(truth, abs=0.1)


def test_auto_of_one_kind_is_the_estimator_for_it() -> None:
    frame = _mixed(1)
    for names, estimator in (("ab", "plug-in"), ("uv", "copula-knn")):
        found = ms.mutual_information_matrix(frame[list(names)])
        assert found.attrs["estimator"] == estimator
        expected = ms.mutual_information_matrix(frame[list(names)], estimator=estimator)
        pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("holes", [False, True])
def test_a_cell_of_a_mixed_table_knows_nothing_of_other_columns(holes: bool) -> None:
    frame = _mixed(2).astype(object)
    frame = frame.mask(np.random.default_rng(3).random(frame.shape) < 0.2 * holes, None)
    kinds: Any = dict(zip("uavb", ("continuous", "discrete") * 2, strict=True))

    def matrix(names: str, **options: Any) -> Any:
        some = {n: kinds[n] for n in names}
        data = ms.as_dataset(frame[list(names)], kinds=some, missing="testwise")
        return ms.mutual_information_matrix(data, **options)

    full = matrix("uavb")
    for x, y in ("ua", "uv", "ub", "av", "ab", "vb"):
        assert full.loc[x, y] == pytest.approx(matrix(x + y).loc[x, y], rel=1e-9)
    for rows, columns in (("ua", "vb"), ("v", "uavb"), ("bu", "ub"), ("ab", "u")):
        found = matrix("uavb", rows=list(rows), columns=list(columns))
        np.testing.assert_allclose(found, full.loc[list(rows), list(columns)], rtol=1e-9)
    half = matrix("uavb", dtype="float32")
    assert (half.dtypes == np.float32).all()
    np.testing.assert_allclose(half, full, rtol=1e-5)


def test_the_result_is_one_for_a_dataset_and_for_its_frame() -> None:
    data = ms.as_dataset(_table(9))
    assert isinstance(data, Dataset)
    pd.testing.assert_frame_equal(
        ms.mutual_information_matrix(data), ms.mutual_information_matrix(data.to_pandas())
    )


@pytest.mark.parametrize("estimator", ["auto", "copula", "ksg", "mixed-knn", "copula-knn", "kde"])
def test_a_pair_that_gaps_leave_too_few_rows_is_nan_and_spoils_nothing(estimator: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    frame.loc[3:, "b"] = np.nan  # three rows with a
    frame.loc[0, "c"] = np.nan  # and two of them with c
    data = ms.as_dataset(frame, missing="testwise")
    matrix = ms.mutual_information_matrix(data, estimator=estimator)
    assert np.isnan(matrix.loc["b", "c"]) and np.isnan(matrix.loc["c", "b"])
    alone = ms.mutual_information_matrix(data.select(["a", "c"]), estimator=estimator)
    assert matrix.loc["a", "c"] == alone.loc["a", "c"]
    few = ms.as_dataset(frame.loc[1:2, ["a", "b"]])
    with pytest.raises(ms.DataError, match="rows"):
        ms.mutual_information_matrix(few, estimator=estimator)


@pytest.mark.parametrize("dtype", ["float32", "f4", np.float32, np.dtype(np.float32)])
def test_dtypes_go_by_name_or_type(dtype: Any) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)))
    assert (ms.mutual_information_matrix(frame, dtype=dtype).dtypes == np.float32).all()


@pytest.mark.parametrize("dtype", [None, "int64", np.int64, "foo", 3])
def test_other_dtypes_are_refused(dtype: Any) -> None:
    with pytest.raises(ms.ParameterError, match=r"^dtype must be float64 or float32, got "):
        ms.mutual_information_matrix(_table(0), dtype=dtype)
