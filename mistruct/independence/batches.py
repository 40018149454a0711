"""Batches of tests put together from parts that were made in different ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.independence.protocol import Separations, TestBatch

Places = NDArray[Any]


def join_tests(parts: Sequence[tuple[Places, TestBatch]]) -> TestBatch:
    """One batch of all tests, given the place of each in the whole."""
    return TestBatch(
        **{
            field.name: _join([(places, getattr(batch, field.name)) for places, batch in parts])
            for field in fields(TestBatch)
        }
    )


def join_separations(parts: Sequence[tuple[Places, Separations]]) -> Separations:
    """The separations of all pairs, given the place of each in the whole."""
    return Separations(
        tests=join_tests([(places, part.tests) for places, part in parts]),
        sets=_join([(places, part.sets) for places, part in parts]),
        n_tests=_join([(places, part.n_tests) for places, part in parts]),
    )


def part(batch: TestBatch, places: Places) -> TestBatch:
    """Some of the tests of a batch."""
    return TestBatch(**{f.name: getattr(batch, f.name)[places] for f in fields(TestBatch)})


def untestable(n_tests: int) -> TestBatch:
    """Tests of which none could be made."""
    return TestBatch(
        statistic=np.full(n_tests, np.nan),
        p_value=np.full(n_tests, np.nan),
        dof=np.zeros(n_tests, dtype=np.int64),
        mi=np.full(n_tests, np.nan),
        n_samples=np.zeros(n_tests, dtype=np.int64),
        method=np.full(n_tests, "untestable", dtype=object),
    )


def _join(parts: Sequence[tuple[Places, NDArray[Any]]]) -> NDArray[Any]:
    values = np.concatenate([values for _, values in parts])
    joined = np.empty_like(values)
    joined[np.concatenate([places for places, _ in parts])] = values
    return joined
