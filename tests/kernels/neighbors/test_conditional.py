"""Information of many surrogates at once against loops over all pairs of points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import psi

from mistruct.information.neighbors.knn import KSG, MixedKNN
from mistruct.kernels.neighbors.conditional import APART, information_of_surrogates
from mistruct.kernels.neighbors.sorted_line import stretch
from mistruct.kernels.neighbors.sorted_lists import (
    n_below,
    n_sorted_of,
    n_within,
    nth_smallest,
    sort_around,
)
from tests import reference_knn as ref
from tests.information.copula.test_gaussian_copula import Table, of_normal, states

SHAPES = ("normal", "tied", "heavily tied", "discrete", "far out", "repeated")


@dataclass
class Points:
    """Coordinates as the kernel takes them; discrete columns are `APART` from state to state."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    strata: np.ndarray
    x_discrete: bool
    y_discrete: bool

    @property
    def labels(self) -> list[int]:
        """The stratum of each point."""
        return np.repeat(np.arange(len(self.strata) - 1), np.diff(self.strata)).tolist()

    def sums(self, n_neighbors: Sequence[int], first: int = 0, last: int | None = None) -> Any:
        """Shape (n_surrogates, n_scales)."""
        n = self.x.shape[1]
        sums = np.zeros((len(self.x), len(n_neighbors)))
        self.add(n_neighbors, first, n if last is None else last, sums)
        return sums

    def add(self, n_neighbors: Sequence[int], first: int, last: int, sums: np.ndarray) -> None:
        table = psi(np.maximum(np.arange(self.x.shape[1] + 1), 1))
        continuous = [*self.z]
        continuous += [self.x[0]] if not self.x_discrete else []
        continuous += [self.y] if not self.y_discrete else []
        with_ties = any(len(np.unique(column)) < len(column) for column in continuous)
        information_of_surrogates(
            self.x, self.y, self.z, self.strata, np.array(n_neighbors), with_ties, table,
            first, last, sums,
        )  # fmt: skip

    def by_reference(self, n_neighbors: Sequence[int], b: int = 0) -> list[float]:
        """The same for one surrogate, divided by the number of points."""
        x, y = (
            v.tolist() if is_discrete else v
            for v, is_discrete in ((self.x[b], self.x_discrete), (self.y, self.y_discrete))
        )
        return ref.local_information(x, y, [*self.z, self.labels], n_neighbors)


def column(shape: str, n: int, rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(size=n)
    if shape == "tied":
        return values.round(1)
    if shape == "heavily tied":
        return values.round()
    if shape == "discrete":
        return APART * rng.integers(0, rng.integers(1, 5), n)
    if shape == "far out":  # but less than half of APART from any other
        values[rng.random(n) < 0.1] *= 4
        return np.clip(values, -15, 15)
    if shape == "repeated":
        return values[rng.integers(0, max(1, n // 4), n)]
    return values


def make_points(
    shapes: Sequence[str], n: int, n_strata: int, n_surrogates: int, seed: int
) -> Points:
    """x and y, which may be discrete, and the columns of z, which are not."""
    rng = np.random.default_rng(seed)
    shape_x, shape_y, *of_z = shapes
    x, y, *z = (column(shape, n, rng) for shape in shapes)
    for shape, of_pair in ((shape_x, x), (shape_y, y)):
        if shape != "discrete" and rng.random() < 0.5:
            of_pair += 0.5 * z[0]
    rows = np.arange(n)
    if "repeated" in of_z:  # whole rows
        rows = rng.integers(0, max(1, n // 3), n)
    edges = np.unique(rng.integers(0, n, n_strata - 1)) if n_strata > 1 else []
    strata = np.unique([0, *edges, n])
    if len(z) == 1:
        rows = ascending(z[0], rows, strata)
    return Points(
        np.array([x[rows], *(rng.permutation(x) for _ in range(n_surrogates - 1))]),
        y[rows],
        np.array([c[rows] for c in z]),
        strata,
        shape_x == "discrete",
        shape_y == "discrete",
    )


def ascending(z: np.ndarray, rows: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """The rows of each stratum by z, as the kernel wants them if that is one column."""
    stratum = np.repeat(np.arange(len(strata) - 1), np.diff(strata))
    return rows[np.lexsort([z[rows], stratum])]


of_xy = st.sampled_from(SHAPES)
of_z = st.sampled_from([s for s in SHAPES if s != "discrete"])
points = st.builds(
    lambda x, y, z, n, n_strata, n_surrogates, seed: make_points(
        [x, y, *z], n, n_strata, n_surrogates, seed
    ),
    of_xy,
    of_xy,
    st.lists(of_z, min_size=1, max_size=4),
    st.integers(5, 70),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 2**32),
)
scales = st.lists(st.integers(1, 25), min_size=1, max_size=3, unique=True).map(sorted)


@given(points, scales)
@settings(max_examples=120)
def test_it_is_the_reference(points: Points, n_neighbors: list[int]) -> None:
    found = points.sums(n_neighbors) / points.x.shape[1]
    for b in range(len(points.x)):
        expected = points.by_reference(n_neighbors, b)
        np.testing.assert_allclose(found[b], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "n_strata"),
    [
        (("normal", "normal", "normal"), 1),
        (("far out", "normal", "normal", "normal", "normal", "normal"), 1),
        (("normal", "far out", "far out", "tied"), 3),
        (("discrete", "discrete", "normal", "normal"), 2),
    ],
)
def test_it_is_the_reference_where_lists_are_long(shapes: tuple[str, ...], n_strata: int) -> None:
    points = make_points(shapes, 300, n_strata, 2, 0)
    found = points.sums([1, 3, 20]) / 300
    expected = points.by_reference([1, 3, 20], 1)
    np.testing.assert_allclose(found[1], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("far_out", ["x", "y", "z"])
def test_what_the_sorted_part_of_a_list_does_not_hold_is_found(far_out: str) -> None:
    """One point so far out in one coordinate that no distance in another is as large."""
    n, k = 200, 3
    points = make_points(["normal"] * 6, n, 1, 1, 1)
    assert n_sorted_of(n, k, 5 / 6) < n_sorted_of(n, k, 4 / 6) < n / 2  # of (y, z) and of z
    {"x": points.x[0], "y": points.y, "z": points.z[0]}[far_out][17] = 14.0
    # The coordinate alone decides who is its neighbour. Where that is one of z, it counts k in all
    # of the spaces; else k in the one with the coordinate, and all points in the other and in z.
    assert points.sums([k], 17, 18)[0, 0] == pytest.approx(0.0, abs=1e-12)
    found = points.sums([k])[0] / n
    np.testing.assert_allclose(found, points.by_reference([k]), rtol=0, atol=1e-12)


@given(points, scales, st.integers(0, 2**32))
@settings(max_examples=40)
def test_blocks_of_points_sum_to_the_whole(
    points: Points, n_neighbors: list[int], seed: int
) -> None:
    n = points.x.shape[1]
    cuts = np.random.default_rng(seed).integers(0, n + 1, 3)
    edges = np.unique([0, *cuts, n]).tolist()
    whole, added = points.sums(n_neighbors), np.zeros((len(points.x), len(n_neighbors)))
    parts = []
    for first, last in itertools.pairwise(edges):
        points.add(n_neighbors, first, last, added)
        parts.append(points.sums(n_neighbors, first, last))
    np.testing.assert_array_equal(added, whole)  # in the same order, so to the last bit
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=0, atol=1e-10)


@given(points, scales)
@settings(max_examples=40)
def test_scales_and_surrogates_do_not_know_of_each_other(
    points: Points, n_neighbors: list[int]
) -> None:
    whole = points.sums(n_neighbors)
    for s, k in enumerate(n_neighbors):
        # The most neighbours decide which of two equal sums is taken, so not to the last bit.
        np.testing.assert_allclose(points.sums([k])[:, 0], whole[:, s], rtol=1e-13, atol=1e-12)
    every = points.x
    for b in range(len(every)):
        points.x = every[b : b + 1].copy()
        np.testing.assert_array_equal(points.sums(n_neighbors)[0], whole[b])


@given(points, scales, st.integers(0, 2**32))
@settings(max_examples=40)
def test_the_order_of_points_in_a_stratum_does_not_matter(
    points: Points, n_neighbors: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    expected = points.sums(n_neighbors)
    rows = np.concatenate(
        [rng.permutation(np.arange(a, b)) for a, b in itertools.pairwise(points.strata.tolist())]
    )
    if len(points.z) == 1:
        rows = ascending(points.z[0], rows, points.strata)
    points.x, points.z = (np.ascontiguousarray(v[:, rows]) for v in (points.x, points.z))
    points.y = points.y[rows]
    np.testing.assert_allclose(points.sums(n_neighbors), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("k", [1, 3, 11])
def test_between_continuous_columns_it_is_that_of_kraskov_and_of_frenzel(d: int, k: int) -> None:
    points = make_points(["normal"] * (d + 2), 150, 1, 1, d)
    table = of_normal(np.vstack([points.x, points.y, points.z]))
    for estimator in (KSG(k, normal_scores=False), MixedKNN(k, normal_scores=False)):
        expected = estimator.information(table, table.names[:1], table.names[1:2], table.names[2:])
        assert points.sums([k])[0, 0] / 150 == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("discrete", ["x", "y", "xy"])
@pytest.mark.parametrize("shape", ["normal", "tied", "heavily tied"])
def test_with_categories_it_is_that_of_mesner_and_shalizi(discrete: str, shape: str) -> None:
    """Where no point is alone in its joint category, which the two do not treat alike."""
    shapes = ["discrete" if name in discrete else shape for name in "xy"]
    points = make_points([*shapes, shape, "normal"], 160, 1, 1, 5)
    columns: dict[str, Any] = {"x": points.x[0], "y": points.y}
    columns |= {name: states(columns[name]) for name in discrete}
    table = Table({**columns, "z0": points.z[0], "z1": points.z[1]})
    assert table.frame.groupby(list(discrete), observed=True).size().min() > 1
    for k in (1, 4, 20):
        estimator = MixedKNN(k, normal_scores=False)
        expected = estimator.information(table.data, ["x"], ["y"], ["z0", "z1"])
        assert points.sums([k])[0, 0] / 160 == pytest.approx(expected, abs=1e-12)


def test_a_point_alone_in_its_category_adds_nothing_and_counts_for_others() -> None:
    """Four points on a line in z, equally far apart; x has a category of one."""
    points = Points(
        x=APART * np.array([[0.0, 0.0, 1.0, 0.0]]),
        y=np.zeros(4),
        z=np.arange(4.0)[np.newaxis],
        strata=np.array([0, 4]),
        x_discrete=True,
        y_discrete=False,
    )
    # Neighbours at distances 1, 1 and 2. Closer in z, and in (y, z) which is the same as y is
    # constant: only the point itself, and 3, 1 and the alone 2 of the last.
    assert points.sums([1], 2, 3)[0, 0] == 0
    assert points.sums([1], 0, 1)[0, 0] == pytest.approx(psi(1) - psi(1) - psi(1) + psi(1))
    assert points.sums([1], 3, 4)[0, 0] == pytest.approx(psi(1) - psi(1) - psi(2) + psi(2))
    assert points.sums([1])[0, 0] / 4 == pytest.approx(points.by_reference([1])[0], abs=1e-12)


# Its parts -------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(1, 200), st.sampled_from([0, 1, 15]))
@settings(max_examples=60)
def test_the_beginning_of_a_list_is_sorted(seed: int, size: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    keys = np.abs(rng.normal(size=size).round(decimals))
    others = rng.permutation(size)
    of_point = dict(zip(others.tolist(), keys.tolist(), strict=True))
    n_sorted = int(rng.integers(1, size + 1))
    distance, place = np.full(size + 8, np.nan), np.full(size + 8, -1)
    sort_around(keys.copy(), others.copy(), size, n_sorted, distance, place)
    assert sorted(place[:size].tolist()) == list(range(size))
    assert [of_point[p] for p in place[:size].tolist()] == distance[:size].tolist()
    np.testing.assert_array_equal(distance[:n_sorted], np.sort(keys)[:n_sorted])
    assert (distance[n_sorted:size] >= distance[n_sorted - 1]).all()
    # For whole lanes: out of reach, but a place that exists.
    assert np.isinf(distance[size:]).all()
    assert ((place[size:] >= 0) & (place[size:] < size)).all()


@given(st.integers(0, 2**32), st.integers(1, 50))
def test_bisection_counts_what_is_below(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    distance = np.sort(rng.integers(0, 10, size).astype(float))
    n_sorted = int(rng.integers(0, size + 1))
    for limit in (0.0, 5e-324, 3.0, 9.5, np.inf):
        assert n_below(distance, n_sorted, limit) == (distance[:n_sorted] < limit).sum()


@pytest.mark.parametrize("size", [1, 5, 100, 10_000])
@pytest.mark.parametrize("k", [1, 3, 20])
def test_lists_are_sorted_no_farther_than_they_reach(size: int, k: int) -> None:
    of_shares = [n_sorted_of(size, k, share) for share in (1 / 3, 1 / 2, 2 / 3, 4 / 5)]
    assert max(of_shares) <= size
    assert min(of_shares) >= min(size, k + 1)
    assert of_shares == sorted(of_shares, reverse=True)


@given(st.integers(0, 2**32), st.integers(1, 9), st.sampled_from([0, 1, 15]))
def test_the_nth_smallest_is_that_of_a_sorted_list(seed: int, n_lanes: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    size = 8 * n_lanes
    floors = np.sort(np.abs(rng.normal(size=size).round(decimals)))
    values = np.maximum(floors, np.abs(rng.normal(size=size).round(decimals)))
    for n_floors in {size, int(rng.integers(0, size + 1))}:
        found = [nth_smallest(values, size, n, floors, n_floors) for n in range(1, size + 1)]
        assert found == np.sort(values).tolist()


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([0, 1, 15]))
def test_a_stretch_and_what_is_near_in_it(seed: int, size: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    ordered = np.sort(rng.normal(size=size).round(decimals))
    x, places = rng.normal(size=size).round(decimals), rng.permutation(size)
    first, last = sorted(rng.integers(0, size + 1, 2).tolist())
    i = int(rng.integers(size))
    for limit in (5e-324, 0.5, 1.0, np.inf):
        begin, end = stretch(ordered, 0, size, i, limit)
        near = np.abs(ordered - ordered[i]) < limit
        assert near[begin:end].all()
        assert near.sum() == end - begin
        close = np.abs(x - x[i]) < limit
        assert n_within(x, np.empty(0, np.int64), first, last, i, limit) == close[first:last].sum()
        assert n_within(x, places, first, last, i, limit) == close[places[first:last]].sum()
