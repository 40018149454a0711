"""Adaptive partitions of pairs of any kinds, against a slow twin that lists their cells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.information.counts.partition import _Table
from tests import reference_continuous as ref

Range = tuple[int, int]


def cells(
    x: list[Any], y: list[Any], discrete: tuple[bool, bool], alpha: float
) -> list[tuple[int, int, int]]:
    """Final cells: rows inside, rows in the range of x, rows in the range of y.

    A range is one of positions in the sorted column. It is cut where that is nearest to its
    middle, between two positions with different values; of two equally near, the lower. A cell of
    at least 4 rows is cut so in both ranges, or in the one that has a cut; expected are the rows
    inside times the shares that the parts have of the ranges. It stays cut if it is a first one
    or where the sum of (observed - expected)^2 / expected exceeds the point of chi-square with one
    degree of freedom less than there are parts. The first cell is everything; each state of a
    discrete column has one of its own.
    """
    n = len(x)
    in_order = (sorted(x), sorted(y))

    def halves(ordered: list[Any], whole: Range) -> list[Range]:
        first, last = whole
        cuts = [c for c in range(first + 1, last) if ordered[c - 1] != ordered[c]]
        if not cuts:
            return [whole]
        cut = min(cuts, key=lambda c: (abs(2 * c - first - last), c))
        return [(first, cut), (cut, last)]

    def inside(rows: list[int], of_x: Range, of_y: Range) -> list[int]:
        low_x, high_x = in_order[0][of_x[0]], in_order[0][of_x[1] - 1]
        low_y, high_y = in_order[1][of_y[0]], in_order[1][of_y[1] - 1]
        return [i for i in rows if low_x <= x[i] <= high_x and low_y <= y[i] <= high_y]

    def visit(
        rows: list[int], of_x: Range, of_y: Range, is_first: bool
    ) -> list[tuple[int, int, int]]:
        parts = [
            (inside(rows, p, q), p, q)
            for p in halves(in_order[0], of_x)
            for q in halves(in_order[1], of_y)
        ]
        if len(rows) >= 4 and len(parts) > 1:
            area = (of_x[1] - of_x[0]) * (of_y[1] - of_y[0])
            expected = [len(rows) * (p[1] - p[0]) * (q[1] - q[0]) / area for _, p, q in parts]
            statistic = sum(
                (len(part[0]) - e) ** 2 / e for part, e in zip(parts, expected, strict=True)
            )
            if is_first or statistic > chi2.isf(alpha, len(parts) - 1):
                return [cell for part in parts for cell in visit(*part, False)]
        return [(len(rows), of_x[1] - of_x[0], of_y[1] - of_y[0])] if rows else []

    def beginnings(ordered: list[Any], is_discrete: bool) -> list[Range]:
        if not is_discrete:
            return [(0, n)]
        firsts = [ordered.index(state) for state in sorted(set(ordered))]
        return list(zip(firsts, [*firsts[1:], n], strict=True))

    return [
        cell
        for of_x in beginnings(in_order[0], discrete[0])
        for of_y in beginnings(in_order[1], discrete[1])
        for cell in visit(inside(list(range(n)), of_x, of_y), of_x, of_y, True)
    ]


def information(
    x: Any, y: Any, discrete: tuple[bool, bool] = (False, False), alpha: float = 0.05
) -> float:
    """Sum of p_xy log(p_xy / p_x p_y) over the cells."""
    x, y = np.asarray(x).tolist(), np.asarray(y).tolist()
    n = len(x)
    return math.fsum(m / n * math.log(m * n / (a * b)) for m, a, b in cells(x, y, discrete, alpha))


def determined(x: Any, y: Any) -> bool:
    """Whether the ranks of y are those of x, or their reverse, and not constant."""
    of_x, of_y = (np.unique(v, return_inverse=True)[1] for v in (x, y))
    return of_x.max() > 0 and (
        np.array_equal(of_x, of_y) or np.array_equal(of_x, of_y.max() - of_y)
    )


def dataset(columns: dict[str, Any], discrete: tuple[str, ...] = ()) -> Dataset:
    kinds = {n: "discrete" if n in discrete else "continuous" for n in columns}
    return ms.as_dataset(pd.DataFrame(columns), kinds=kinds, missing="testwise")


def tile(
    data: Dataset, rows: list[int], columns: list[int], alpha: float = 0.05, symmetric: bool = False
) -> np.ndarray:
    filled = np.full((len(rows), len(columns)), -1.0)
    _Table(data, alpha).fill(np.array(rows), np.array(columns), symmetric, filled)
    return filled


@st.composite
def columns(draw: st.DrawFn) -> np.ndarray:
    """Four columns of whole numbers, from all different to nearly constant, some dependent."""
    n = draw(st.integers(2, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    table = rng.normal(size=(4, n))
    table[1] += draw(st.sampled_from([0.0, 1.0, 5.0])) * table[0]
    table[2] += draw(st.sampled_from([0.0, 3.0])) * table[0] ** 2
    scale = draw(st.tuples(*[st.sampled_from([1e6, 10.0, 1.0, 0.3])] * 4))
    return np.round(table * np.array(scale)[:, np.newaxis])


@given(columns(), st.sampled_from([0.001, 0.05, 0.5, 0.9]), st.sampled_from([0.0, 0.2]))
@settings(max_examples=60)
def test_a_pair_is_the_slow_twin(values: np.ndarray, alpha: float, missing: float) -> None:
    holes = np.random.default_rng(0).random(values.shape) < missing
    holes[:, :2] = False
    values = np.where(holes, np.nan, values)
    data = dataset(dict(zip("abcd", values, strict=True)), discrete=("c", "d"))
    found = tile(data, [0, 1, 2, 3], [0, 1, 2, 3], alpha)
    np.testing.assert_array_equal(found, found.T)
    for i in range(4):
        for j in range(4):
            known = ~holes[i] & ~holes[j]
            x, y = values[i, known], values[j, known]
            if i < 2 and j < 2 and (i == j or len(x) >= 4) and determined(x, y):
                assert found[i, j] == math.inf
            else:
                expected = information(x, y, (i > 1, j > 1), alpha)
                assert found[i, j] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [255, 256, 257, 800])
@pytest.mark.parametrize("slope", [0.0, 1.0, 10.0])
def test_many_rows(n: int, slope: float) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = slope * x + rng.normal(size=n)
    found = tile(dataset({"x": x, "y": y}), [0], [1])
    assert found[0, 0] == pytest.approx(information(x, y), rel=1e-12)


@pytest.mark.parametrize("n", [10, 11, 50, 201])
@pytest.mark.parametrize("slope", [0.0, 1.0, 10.0])
def test_columns_with_few_ties_are_the_reference(n: int, slope: float) -> None:
    """The reference leaves a cell as it is where all rows in one of its ranges are tied."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = slope * np.abs(x) + rng.normal(size=n)
    for digits in (2, 9):
        x, y = x.round(digits), y.round(digits)
        found = tile(dataset({"x": x, "y": y}), [0], [1])[0, 0]
        expected = ref.adaptive_partition_information(x, y, cut="range")
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_more_rows_than_a_short_integer_holds() -> None:
    """Eight equal blocks of x, each with a value of y of its own: log 8, whatever y is called."""
    block = np.arange(2**17) // 2**14
    x = np.arange(2.0**17)
    y = np.array([3.0, 6.0, 0.0, 5.0, 1.0, 7.0, 4.0, 2.0])[block]
    rows = np.random.default_rng(0).permutation(x.size)
    data = dataset({"x": x[rows], "y": y[rows], "state": y[rows]}, ("state",))
    np.testing.assert_allclose(tile(data, [0], [1, 2]), math.log(8), rtol=1e-9)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 1, 2]])
def test_a_symmetric_tile_fills_its_upper_triangle(order: list[int]) -> None:
    rng = np.random.default_rng(1)
    data = dataset(
        {"a": rng.normal(size=60), "b": rng.normal(size=60), "c": rng.integers(0, 3, 60)}, ("c",)
    )
    full, upper = tile(data, order, order), tile(data, order, order, symmetric=True)
    np.testing.assert_array_equal(np.triu(upper), np.triu(full))
    assert (upper[np.tril_indices(3, -1)] == -1.0).all()


def test_no_common_row_is_not_a_number() -> None:
    known = np.array([1.0, 2.0, 3.0, np.nan, np.nan, np.nan])
    data = dataset({"x": known, "y": known[::-1], "z": np.arange(6) % 2}, ("z",))
    found = tile(data, [0, 0, 0], [0, 1, 2])
    assert np.isnan(found[0, 1])
    assert np.isfinite(found[0, 2])


def test_ties_across_the_middle_of_every_range() -> None:
    """Each group of ties is larger than all before it, so cuts go down as slowly as they can."""
    sizes = [1, 2, 4, 8, 16, 32, 64]
    x = np.repeat(np.arange(7.0), sizes)
    y = np.random.default_rng(2).permutation(x)
    assert tile(dataset({"x": x, "y": y}), [0], [1])[0, 0] == pytest.approx(information(x, y))
