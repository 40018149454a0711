"""Moments over shards of rows: the same bytes however they are shared out, on disk or not."""

from __future__ import annotations

import itertools
import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata, skew

import mistruct as ms
from mistruct.information.copula import gram
from mistruct.information.copula.gram import Gram, Moments, correlations, moments_of, vectors_of
from tests.test_executors import BadPool

N = 51_100  # of 100 shards the last is shorter


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram, "_FEWEST_ROWS", 512)
    monkeypatch.setattr(gram, "_MOST_ROWS", 512)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, N))
    few = np.where(rng.random(N) < 0.9, 0.0, z + x)
    group = rng.choice(["a", "b", "c"], N)
    return pd.DataFrame(
        {"few": few, "group": group, "rounded": (x + y).round(1), "x": x, "y": y - (group == "b")}
    )


@pytest.fixture(scope="module")
def packed(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ms.Dataset:
    path = tmp_path_factory.mktemp("packed") / "t.mistruct"
    ms.pack_table(frame, path)
    return ms.read_table(path)


def as_bytes(moments: Moments) -> bytes:
    return b"".join(part.tobytes() for part in moments)


@pytest.fixture
def expected(frame: pd.DataFrame) -> bytes:
    data = ms.as_dataset(frame)
    return as_bytes(moments_of(vectors_of(data, data.names), n_blocks=1))


def test_correlations_are_those_of_normal_scores(frame: pd.DataFrame, packed: ms.Dataset) -> None:
    rows = [
        norm.ppf(rankdata(frame[n]) / (N + 1))
        if n != "group"
        else np.array([frame[n] == s for s in "bc"], dtype=float)
        for n in frame
    ]
    rows = np.vstack(rows)
    found, skewness = correlations(moments_of(vectors_of(packed, packed.names)), N)
    np.testing.assert_allclose(found, np.corrcoef(rows), atol=1e-12)
    np.testing.assert_allclose(skewness, skew(rows, axis=1), atol=1e-9)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("n_blocks", [1, 2, 7, 100])
def test_bytes_do_not_depend_on_blocks(n_blocks: int, packed: ms.Dataset, expected: bytes) -> None:
    assert as_bytes(moments_of(vectors_of(packed, packed.names), n_blocks=n_blocks)) == expected


def pools() -> Iterator[Any]:
    fork = multiprocessing.get_context("fork") if hasattr(multiprocessing, "get_context") else None
    for n in (1, 2):
        yield ThreadPoolExecutor(n)
        yield ProcessPoolExecutor(n, mp_context=fork)
    yield BadPool(4, 0.2)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="small shards")
def test_bytes_do_not_depend_on_workers(packed: ms.Dataset, expected: bytes) -> None:
    for pool in pools():
        with ms.executor(pool):
            assert as_bytes(moments_of(vectors_of(packed, packed.names), n_blocks=30)) == expected
        if not isinstance(pool, BadPool):
            pool.shutdown()


def test_shards_add_up_in_any_order_and_grouping() -> None:
    rng = np.random.default_rng(0)
    shards = [Gram.of_shard(i, rng.normal(size=(3, 5))) for i in range(13)]
    expected = None
    for seed in range(20):
        parts = list(shards)
        random.Random(seed).shuffle(parts)
        while len(parts) > 1:
            a, b = (parts.pop(random.Random(len(parts)).randrange(len(parts))) for _ in range(2))
            parts.append(a + b)
        found = as_bytes(parts[0].total(13))
        expected = expected or found
        assert found == expected


def test_a_shard_that_is_lost_or_counted_twice_is_an_error() -> None:
    shards = [Gram.of_shard(i, np.ones((2, 2))) for i in range(4)]
    whole = sum(shards[1:], shards[0])
    for twice in (0, 3):
        with pytest.raises(ValueError, match="counted twice"):
            (whole + shards[twice]).total(4)
    with pytest.raises(ValueError, match="counted twice"):
        shards[2] + shards[2]
    for left in itertools.combinations(shards, 3):
        with pytest.raises(ValueError, match="missing or counted twice"):
            sum(left[1:], left[0]).total(4)
