"""Neighbour information of pairs of columns, on every path, against loops over all pairs."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, psi

import mistruct as ms
from mistruct.errors import DataError, MistructWarning
from mistruct.information.blocks import normal_scores
from mistruct.information.neighbors import pairs as neighbor_pairs
from mistruct.information.neighbors.pairs import PairTable, pair_by_neighbors, pairwise_by_neighbors
from mistruct.kernels.neighbors.sorted_line import COUNTED
from tests import reference_continuous

Column = np.ndarray[Any, np.dtype[Any]]


# The textbook ---------------------------------------------------------------------------------


def distances(column: Column) -> Column:
    """Between all points; different categories are infinitely far apart."""
    if column.dtype.kind == "f":
        return np.abs(column[:, None] - column[None, :])
    return np.where(column[:, None] == column[None, :], 0.0, np.inf)


def to_others(joint: Column) -> Column:
    """The distances of each point to the others, in ascending order."""
    return np.sort(joint[~np.eye(len(joint), dtype=bool)].reshape(len(joint), -1), axis=1)


def mean_psi(inside: int, nth: int, n_marked: int, n_tied: int) -> float:
    """Of inside + P, P the place of the nth of the marked ones among the tied in random order."""
    places = np.arange(nth, n_tied - n_marked + nth + 1)
    ways = log_choose(places - 1, nth - 1) + log_choose(n_tied - places, n_marked - nth)
    return float(np.exp(ways - log_choose(n_tied, n_marked)) @ psi(inside + places))


def log_choose(n: Any, k: Any) -> Any:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def axis_psis(x: Column, y: Column, k_i: Column, radius: Column) -> Column:
    """Of each point, the sum of psi over both axes; over all ways to break ties if there are any.

    In one half of the ways ties in x are reached first, in the other half those in y.
    """
    own = np.eye(len(x), dtype=bool)
    inside = [(d < radius[:, None]) & ~own for d in (distances(x), distances(y))]
    at = [(d == radius[:, None]) & ~own for d in (distances(x), distances(y))]
    n_x, n_y = (near.sum(axis=1) for near in inside)
    repeats = any(v.dtype.kind == "f" and len(np.unique(v)) < len(v) for v in (x, y))
    if not repeats:
        return np.asarray(psi(n_x + 1) + psi(n_y + 1))
    result = np.empty(len(x))
    closer = (inside[0] & inside[1]).sum(axis=1)
    along_x, along_y = (at[0] & inside[1]).sum(axis=1), (inside[0] & at[1]).sum(axis=1)
    both = (at[0] & at[1]).sum(axis=1)
    t_x, t_y = (tied.sum(axis=1) for tied in at)
    for i, nth in enumerate(k_i - closer):
        ways = []
        for (n_a, t_a, a), (n_b, t_b, b) in itertools.permutations(
            [(n_x[i], t_x[i], along_x[i]), (n_y[i], t_y[i], along_y[i])]
        ):
            if nth <= a:
                ways.append(mean_psi(n_a, nth, a, t_a) + psi(n_b + 1))
            else:
                ways.append(psi(n_a + t_a + 1) + mean_psi(n_b, nth - a, b + both[i], t_b))
        result[i] = np.mean(ways)
    return result


def textbook(x: Column, y: Column, k: int) -> float:
    """Variant 1, Ross, and counts: mean of psi(k_i) + psi(n) - psi(n_x) - psi(n_y)."""
    if x.dtype.kind != y.dtype.kind:
        labels = y if x.dtype.kind == "f" else x
        kept = (labels[:, None] == labels).sum(axis=0) > 1
        x, y = x[kept], y[kept]
    if not len(x):
        return 0.0
    if x.dtype.kind != "f" and y.dtype.kind != "f":
        dx, dy = distances(x), distances(y)
        n_xy, n_x, n_y = ((d == 0).sum(axis=1) for d in (np.maximum(dx, dy), dx, dy))
        return float((psi(n_xy) - psi(n_x) - psi(n_y)).mean() + psi(len(x)))
    others = to_others(np.maximum(distances(x), distances(y)))
    k_i = np.minimum(k, np.isfinite(others).sum(axis=1))
    radius = others[np.arange(len(x)), k_i - 1]
    return float((psi(k_i) - axis_psis(x, y, k_i, radius)).mean() + psi(len(x)))


def textbook_2(x: Column, y: Column, k: int) -> float:
    """Variant 2: how far the k neighbours reach along each axis; by their radius where unclear."""
    dx, dy = distances(x), distances(y)
    joint = np.maximum(dx, dy)
    radius = to_others(joint)[:, k - 1]
    near = joint <= radius[:, None]
    clear = near.sum(axis=1) == k + 1
    psis = np.full(len(x), 1 / k)
    for d in (dx, dy):
        reach = np.where(near, d, 0.0).max(axis=1, keepdims=True)
        clear &= (to_others(d) == reach).sum(axis=1) == 1
        psis += psi((to_others(d) <= reach).sum(axis=1))
    if len(np.unique(x)) < len(x) or len(np.unique(y)) < len(y):
        psis = np.where(clear, psis, axis_psis(x, y, np.full(len(x), k), radius))
    return float(psi(k) + psi(len(x)) - np.mean(psis))


def expected(x: Column, y: Column, k: int, variant: int = 1, scores: bool = False) -> float:
    if len(np.unique(x)) == 1 or len(np.unique(y)) == 1:
        return 0.0
    if x.dtype.kind == y.dtype.kind == "f":
        if scores:
            x, y = normal_scores(np.array([x, y]))
        if np.array_equal(x, y) or np.array_equal(x, -y):
            return np.inf
        return (textbook if variant == 1 else textbook_2)(x, y, k)
    if scores:
        x, y = (normal_scores(c[None])[0] if c.dtype.kind == "f" else c for c in (x, y))
    return textbook(x, y, k)


def quiet_matrix(data: ms.Dataset, k: int, variant: int, scores: bool) -> Column:
    """The whole matrix, without the warning of infinite entries."""
    every = np.arange(data.n_variables)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MistructWarning)
        return pairwise_by_neighbors(data, every, every, k, variant, scores)


def quiet_pair(data: ms.Dataset, k: int, variant: int = 1) -> float:
    """A pair of normal scores, without the warning of an infinite value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MistructWarning)
        return pair_by_neighbors(data, "v0", "v1", k, variant, True)


# Columns --------------------------------------------------------------------------------------


def table_of(columns: Sequence[Column]) -> ms.Dataset:
    """Floats are continuous, all else is discrete."""
    frame = pd.DataFrame({f"v{i}": column for i, column in enumerate(columns)})
    kinds = {n: "continuous" if frame[n].dtype.kind == "f" else "discrete" for n in frame}
    return ms.as_dataset(frame, kinds=kinds, missing="testwise")


@st.composite
def columns_of(draw: st.DrawFn, n_columns: int, continuous: bool | None = None) -> list[Column]:
    """Continuous columns with and without ties, far from 0, duplicated in part; and labels."""
    n = draw(st.integers(4, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    base = rng.normal(size=n)
    columns = []
    for _ in range(n_columns):
        of = draw(
            st.sampled_from(
                ["normal", "dependent", "grid", "zeros", "far", "clusters"]
                if continuous
                else ["normal", "dependent", "grid", "zeros", "labels", "singles", "constant"]
            )
        )
        column = {
            "normal": lambda: rng.normal(size=n),
            "dependent": lambda: base + 0.1 * rng.normal(size=n),
            "grid": lambda: rng.integers(0, draw(st.integers(1, 6)) + 1, n) / 10,
            "zeros": lambda: np.where(rng.random(n) < 0.6, 0.0, rng.normal(size=n)),
            "far": lambda: 1e9 + 1e-6 * rng.integers(0, 1000, n),
            "clusters": lambda: rng.integers(0, 2, n) * 1e3 + rng.normal(size=n) * 1e-3,
            "labels": lambda: rng.integers(0, 3, n),
            "singles": lambda: rng.integers(0, n, n),
            "constant": lambda: np.zeros(n),
        }[of]()
        columns.append(column)
    copied = draw(st.integers(0, n // 2))
    return [np.concatenate([c[: n - copied], c[:copied]]) for c in columns]


# Against the textbook -------------------------------------------------------------------------


@given(
    columns_of(4, continuous=True),
    st.integers(1, 40),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.sampled_from([1, 3, 8, 400]),
)
@settings(max_examples=150)
def test_continuous_pairs(
    columns: list[Column], k: int, variant: int, scores: bool, reach: int
) -> None:
    k = 1 + (k - 1) % (len(columns[0]) - 1)
    table = PairTable(table_of(columns), k, variant, scores)
    table.reach = reach  # points that are not done by then are finished on their own
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    found = table.information(*np.array(pairs).T)
    for (i, j), value in zip(pairs, found, strict=True):
        assert value == pytest.approx(
            expected(columns[i], columns[j], k, variant, scores), abs=1e-9
        )


@given(columns_of(4), st.integers(1, 39), st.booleans())
@settings(max_examples=150)
def test_pairs_of_any_kind(columns: list[Column], k: int, scores: bool) -> None:
    k = 1 + (k - 1) % (len(columns[0]) - 1)
    matrix = quiet_matrix(table_of(columns), k, 1, scores)
    for i in range(4):
        for j in range(4):
            value = expected(columns[i], columns[j], k, 1, scores)
            assert matrix[i, j] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("n_neighbors", [3, 150])
def test_long_windows_and_runs_of_ties(n_neighbors: int) -> None:
    """Windows and runs longer than what is counted or searched side by side."""
    rng = np.random.default_rng(0)
    n = 700
    x, y = rng.normal(size=(2, n))
    columns = [
        x,
        np.where(rng.random(n) < 0.7, 0.0, x),
        np.where(rng.random(n) < 0.7, 0.0, y),
        rng.integers(0, 4, n) / 4,
        1e-6 * y,
        rng.integers(0, 3, n),
        rng.integers(0, 2 * n, n) // 4,
    ]
    assert np.sqrt(150 * n) > COUNTED
    data = table_of(columns)
    for variant in (1, 2):
        matrix = quiet_matrix(data, n_neighbors, variant, False)
        for i, j in itertools.combinations(range(len(columns)), 2):
            value = expected(columns[i], columns[j], n_neighbors, variant)
            assert matrix[i, j] == pytest.approx(value, abs=1e-9), (variant, i, j)


def test_a_table_of_the_documented_size_has_the_textbook_values() -> None:
    columns = list(np.random.default_rng(1).normal(size=(4, 1000)))
    columns[1] = columns[0] ** 2 + 0.1 * columns[1]
    matrix = quiet_matrix(table_of(columns), 3, 1, True)
    for i, j in itertools.combinations(range(4), 2):
        value = expected(columns[i], columns[j], 3, 1, True)
        assert matrix[i, j] == matrix[j, i] == pytest.approx(value, abs=1e-9)


@given(columns_of(2), st.integers(1, 10), st.sampled_from([1, 2]))
@settings(max_examples=60)
def test_the_reference_agrees(columns: list[Column], k: int, variant: int) -> None:
    x, y = columns
    k = min(k, len(x) - 1)
    assume(len(np.unique(x)) > 1 and len(np.unique(y)) > 1)
    assume(not np.array_equal(x, y) and not np.array_equal(x, -y))
    found = quiet_matrix(table_of(columns), k, variant, False)[0, 1]
    if variant == 2 and x.dtype.kind == y.dtype.kind == "f":
        assert found == pytest.approx(reference_continuous.ksg_information(x, y, k, 2), abs=1e-9)
    else:
        value = reference_continuous.mixed_information([x], [y], k=k)
        assert found == pytest.approx(value, abs=1e-9)


# What must not matter -------------------------------------------------------------------------


@given(columns_of(2), st.integers(1, 5), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_direction_and_names(columns: list[Column], k: int, random: Any) -> None:
    k = min(k, len(columns[0]) - 1)
    x, y = columns
    value = quiet_pair(table_of([x, y]), k)
    assert quiet_pair(table_of([y, x]), k) == pytest.approx(value, abs=1e-9)
    order = random.sample(range(len(x)), len(x))
    assert quiet_pair(table_of([x[order], y[order]]), k) == pytest.approx(value, abs=1e-9)
    turned = [1e6 * c**3 + 1e9 if c.dtype.kind == "f" else c.max() - c for c in columns]
    assume(
        all(len(np.unique(a)) == len(np.unique(b)) for a, b in zip(columns, turned, strict=True))
    )
    assert quiet_pair(table_of(turned), k) == pytest.approx(value, abs=1e-9)
    falling = [-c for c in columns]
    assert quiet_pair(table_of([falling[0], y]), k) == pytest.approx(value, abs=1e-9)
    assert quiet_pair(table_of(falling), k) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("n", [5, 100, 999])
def test_scores_of_a_reversed_column_are_the_negative_ones(n: int) -> None:
    x = np.random.default_rng(n).integers(0, n, (1, n)) / 3
    np.testing.assert_array_equal(normal_scores(-x), -normal_scores(x))


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("kind", ["normal", "ties", "constant", "copy"])
def test_threads_share_the_points_of_a_pair(
    variant: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 950))
    if kind == "ties":
        x, y = np.round(x), np.round(y)
    if kind == "constant":
        y[:] = 1.0
    if kind == "copy":
        y = -x
    data = table_of([x, y])
    alone = quiet_matrix(data, 3, variant, True)[0, 1]
    monkeypatch.setattr(neighbor_pairs, "_POINTS_OF_A_BLOCK", 100)
    values = []
    for n_threads in ("1", "3"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n_threads)
        values.append(quiet_pair(data, 3, variant))
    assert values[0] == values[1] == pytest.approx(alone, abs=1e-12)


def test_a_matrix_does_not_depend_on_threads_or_other_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    columns = [*rng.normal(size=(20, 60)), *rng.integers(0, 3, (10, 60))]
    columns[4][:5] = np.nan
    data = table_of(columns)
    every = np.arange(30)
    matrices = []
    for n_threads in ("1", "4"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n_threads)
        matrices.append(pairwise_by_neighbors(data, every, every, 3, 1, True))
    np.testing.assert_array_equal(*matrices)
    rows, few = np.array([25, 4, 3]), np.array([4, 25, 0, 29])
    part = pairwise_by_neighbors(data, rows, few, 3, 1, True, np.float32)
    assert part.dtype == np.float32
    np.testing.assert_allclose(part, matrices[0][np.ix_(rows, few)], rtol=1e-6)


# Missing entries, copies, and what cannot be estimated ------------------------------------------


def test_each_pair_uses_its_own_complete_rows() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 80))
    labels = rng.integers(0, 3, 80)
    gapped_x, gapped_labels = x.copy(), pd.array(labels, dtype="Int64")
    gapped_x[rng.random(80) < 0.3] = np.nan
    gapped_labels[rng.random(80) < 0.3] = pd.NA
    frame = pd.DataFrame({"x": gapped_x, "y": y, "labels": gapped_labels})
    data = ms.as_dataset(frame, kinds={"labels": "discrete"}, missing="testwise")
    matrix = pairwise_by_neighbors(data, np.arange(3), np.arange(3), 3, 1, True)
    for (i, a), (j, b) in itertools.combinations(enumerate(frame), 2):
        known = (frame[a].notna() & frame[b].notna()).to_numpy()
        whole = {"x": x, "y": y, "labels": labels}
        value = expected(whole[a][known], whole[b][known], 3, 1, True)
        assert matrix[i, j] == pytest.approx(value, abs=1e-9)
        assert pair_by_neighbors(data, a, b, 3, 1, True) == matrix[i, j]
    known = frame["labels"].notna().to_numpy()
    assert matrix[2, 2] == pytest.approx(textbook(labels[known], labels[known], 3))
    assert matrix[0, 0] == np.inf


def test_without_complete_rows_a_matrix_has_nan_and_a_pair_an_error() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0] + [np.nan] * 5)
    data = table_of([x, x[::-1].copy()])
    matrix = pairwise_by_neighbors(data, np.arange(2), np.arange(2), 3, 1, True)
    assert np.isnan(matrix[0, 1])
    assert matrix[0, 0] == np.inf
    with pytest.raises(DataError, match="no row is complete in 'v0', 'v1'"):
        pair_by_neighbors(data, "v0", "v1", 3, 1, True)


@pytest.mark.parametrize(("n", "k", "least"), [(3, 1, 4), (5, 5, 6), (5, 9, 10)])
def test_too_few_rows(n: int, k: int, least: int) -> None:
    x, y = np.random.default_rng(5).normal(size=(2, n))
    labels = np.arange(n) % 2
    message = f"columns 'v0' and 'v1' have {n} complete rows, but n_neighbors={k} needs at least"
    for other in (y, labels):
        data = table_of([x, other])
        with pytest.raises(DataError, match=f"{message} {least}"):
            pair_by_neighbors(data, "v0", "v1", k, 1, True)
        with pytest.raises(DataError, match=message):
            pairwise_by_neighbors(data, np.array([0]), np.array([1]), k, 1, True)
    gap = [np.append(x, np.full(20, np.nan)), np.random.default_rng(5).normal(size=n + 20)]
    assert np.isnan(pairwise_by_neighbors(table_of(gap), np.array([0]), np.array([1]), k, 1, True))
    counted = table_of([labels, labels])
    assert pair_by_neighbors(counted, "v0", "v1", k, 1, True) == pytest.approx(
        textbook(labels, labels, k)
    )


@pytest.mark.parametrize("scores", [True, False])
def test_copies_are_infinite_with_one_warning(scores: bool) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 50))
    data = table_of([x, y, -x, x, np.zeros(50)])
    with pytest.warns(MistructWarning, match="infinite") as warned:
        matrix = pairwise_by_neighbors(data, np.arange(5), np.arange(5), 3, 1, scores)
    assert [str(w.message).split(" is infinite")[0] for w in warned] == [
        "the information between 'v0' and 'v2', 'v0' and 'v3', 'v2' and 'v3'"
    ]
    infinite = np.zeros((5, 5), dtype=bool)
    infinite[np.ix_([0, 2, 3], [0, 2, 3])] = infinite[1, 1] = True
    np.testing.assert_array_equal(np.isinf(matrix), infinite)
    np.testing.assert_array_equal(matrix[4], np.zeros(5))
    with pytest.warns(MistructWarning, match="'v2' and 'v0' is infinite"):
        assert pair_by_neighbors(data, "v2", "v0", 3, 1, scores) == np.inf
    with pytest.warns(MistructWarning, match="'v0' and 'v0' is infinite"):
        assert pair_by_neighbors(data, "v0", "v0", 3, 1, scores) == np.inf


def test_a_matrix_warns_of_no_diagonal() -> None:
    data = table_of(list(np.random.default_rng(7).normal(size=(3, 20))))
    matrix = pairwise_by_neighbors(data, np.arange(3), np.arange(3), 3, 1, True)
    assert np.isinf(np.diagonal(matrix)).all()


def test_without_two_points_of_a_category_there_is_no_information() -> None:
    data = table_of([np.arange(10), np.random.default_rng(8).normal(size=10)])
    assert pair_by_neighbors(data, "v0", "v1", 3, 1, True) == 0.0


# What is known --------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [1, 2])
def test_normal_columns(variant: int) -> None:
    """-1/2 log(1 - rho^2); the standard error at n = 4000 is below 0.03."""
    rng = np.random.default_rng(9)
    x, noise = rng.normal(size=(2, 4000))
    for rho in (0.0, 0.6, 0.9):
        data = table_of([x, rho * x + np.sqrt(1 - rho**2) * noise])
        truth = -0.5 * np.log(1 - rho**2)
        assert pair_by_neighbors(data, "v0", "v1", 3, variant, True) == pytest.approx(
            truth, abs=0.06
        )


def test_a_category_that_moves_a_uniform_column() -> None:
    """Uniform on [c, c + 2] for categories c = 0 to m - 1: log m - (m - 1) log 2 / m."""
    rng = np.random.default_rng(10)
    m = 5
    labels = rng.integers(0, m, 4000)
    data = table_of([labels, labels + 2 * rng.random(4000)])
    truth = np.log(m) - (m - 1) * np.log(2) / m
    assert pair_by_neighbors(data, "v0", "v1", 3, 1, False) == pytest.approx(truth, abs=0.06)
