"""Arrays, what is like them, and text: one truth however it is stored, or one refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.hostile.tables import ArrayLike, Tensor

_VALUES = np.array([[0.5, 1.0], [2.5, 3.0], [0.25, 4.5], [7.5, 9.0]] * 5)


def same(data: Any, truth: Any) -> None:
    read, wanted = (ms.as_dataset(d, missing="testwise") for d in (data, truth))
    assert read.kinds == wanted.kinds and read.states == wanted.states
    np.testing.assert_array_equal(read.values, wanted.values)
    np.testing.assert_array_equal(read.codes, wanted.codes)


@pytest.mark.parametrize("kind", [float, int, object])
def test_what_is_masked_is_missing(kind: type) -> None:
    mask = np.zeros(_VALUES.shape, dtype=bool)
    mask[3, 1] = True
    masked = np.ma.masked_array(_VALUES.astype(kind), mask, fill_value=77)
    same(masked, np.where(mask, np.nan, _VALUES.astype(kind).astype(float)))
    same(np.ma.masked_array(_VALUES.astype(kind), False), _VALUES.astype(kind))


@pytest.mark.parametrize("like", [ArrayLike, Tensor, list, np.asfortranarray])
def test_what_is_like_an_array_is_read_by_value(like: Callable[[Any], Any]) -> None:
    same(like(_VALUES), _VALUES)
    shared = ms.mutual_information(like(_VALUES[:, 0]), _VALUES[:, 1])
    assert shared == ms.mutual_information(_VALUES[:, 0], _VALUES[:, 1])
    selector = ms.InformationSelector(n_features=1)
    chosen = selector.fit(like(_VALUES), [0, 1] * 10).get_support()
    np.testing.assert_array_equal(chosen, selector.fit(_VALUES, [0, 1] * 10).get_support())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ArrayLike(_VALUES, TypeError("not\nhere")), "the data are not a table: not here$"),
        (np.zeros(9, dtype=[("a", float)]), "got the type .*; pass pandas.DataFrame"),
        (np.zeros((9, 2), dtype="V4"), "got the type .V4"),
        (np.array([[1j, 2]] * 9), "(?i)complex"),
    ],
)
def test_other_arrays_are_refused_in_one_line(data: Any, message: str) -> None:
    for call in (
        ms.as_dataset,
        ms.entropy,
        ms.CorrelationExplanation().fit,
        lambda d: ms.InformationSelector().fit(d, [0, 1, 1] * 3),
    ):
        with pytest.raises(ms.DataError, match=message) as caught:
            call(data)
        assert "\n" not in str(caught.value)


def test_sparse_arrays_are_refused() -> None:
    from scipy.sparse import csr_array

    with pytest.raises(ms.DataError, match="got csr_array; pass their toarray"):
        ms.as_dataset(csr_array(_VALUES))


def test_bytes_are_text() -> None:
    words = pd.DataFrame({"a": ["é", "x", "x", "é"] * 3, "b": ["u", "v"] * 6})
    stored = words.map(str.encode)
    same(stored, words)
    same(stored.astype("category"), words)
    mixed = words.copy()
    mixed.loc[0, "a"] = "é".encode()
    same(mixed, words)
    same(mixed.astype("category"), words)
    stored.loc[0, "a"] = b"\xff\xfe"
    with pytest.raises(ms.DataError, match=r"column 'a' holds the bytes b'\\xff\\xfe'"):
        ms.as_dataset(stored)


@pytest.mark.parametrize("kind", [object, "category"])
def test_half_a_character_is_refused(kind: Any) -> None:
    table = pd.DataFrame({"a": ["x", "\udce9"] * 3, "b": ["u", "v"] * 3}).astype(kind)
    with pytest.raises(ms.DataError, match=r"a state of column 'a' .* surrogate '\\udce9'"):
        ms.as_dataset(table)
    with pytest.raises(ms.DataError, match=r"the name of a column .* surrogate '\\ud83d'"):
        ms.as_dataset(table.set_axis(["x", "\ud83d"], axis=1))


@pytest.mark.parametrize("kind", [">i4", ">u8", "Int64", "UInt8", pd.SparseDtype(int, 0)])
def test_whole_numbers_of_every_type_are_one(kind: Any) -> None:
    x, y = pd.Series([0, 1, 2, 1] * 8), pd.Series([0, 1, 1, 1] * 8)
    for estimator in ("plug-in", "nsb", "mixed-knn"):
        told = ms.mutual_information(x.astype(kind), y.astype(kind), estimator=estimator)
        assert told == ms.mutual_information(x, y, estimator=estimator)


@pytest.mark.parametrize("kind", ["<f2", ">f4", ">f8", "g"])
def test_floats_of_every_type_are_one(kind: str) -> None:
    table = pd.DataFrame({"a": [0.0, 1, 2, 1] * 8, "b": [0.5, 1, np.nan, 1] * 8})
    same(table.astype(kind), table)
    beyond = table.astype("g").assign(b=np.longdouble(1e300) * np.longdouble(1e300))
    with pytest.raises(ms.DataError, match="column 'b' holds 32 infinite"):
        ms.as_dataset(beyond)
