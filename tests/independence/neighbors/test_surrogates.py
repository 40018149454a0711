"""Surrogates of x given z: they follow z, within its strata, whatever order the rows come in."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.data.dataset import Dataset
from mistruct.independence.neighbors.statistic import estimates_of
from mistruct.independence.neighbors.surrogates import LocalShuffles
from mistruct.kernels.g_test.permutation import stream_of
from mistruct.kernels.neighbors.conditional import APART
from tests.information.copula.test_gaussian_copula import Table, make_table, states, tables
from tests.reference_continuous import normal_scores

FIELDS = ("x", "y", "z", "strata", "x_discrete", "y_discrete", "vary")


def shuffles_of(
    data: Dataset, x: str, y: str, z: Sequence[str] = (), seed: int = 0
) -> LocalShuffles:
    keys = (np.uint64(k) for k in (1, 2, 3))
    return LocalShuffles(data, x, y, z, stream_of(np.uint64(seed), *keys))


def all_of(shuffles: LocalShuffles, n_surrogates: int = 3) -> list[Any]:
    drawn = shuffles.surrogates(n_surrogates) if shuffles.vary else np.empty(0)
    return [*(np.array(getattr(shuffles, name)) for name in FIELDS), drawn]


def assert_equal(one: list[Any], other: list[Any]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def groups_of(shuffles: LocalShuffles, n_surrogates: int = 100) -> list[list[int]]:
    """Rows between which values of x move, all of them different."""
    row_of = {value: i for i, value in enumerate(shuffles.x.tolist())}
    assert len(row_of) == shuffles.x.size
    moves = nx.Graph()
    moves.add_nodes_from(range(shuffles.x.size))
    for drawn in shuffles.surrogates(n_surrogates).tolist():
        moves.add_edges_from((row_of[value], i) for i, value in enumerate(drawn))
    return sorted(sorted(group) for group in nx.connected_components(moves))


# What must not matter --------------------------------------------------------------------------


@given(tables(st.integers(2, 5), st.integers(4, 60)), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_order_of_rows_does_not_matter_at_all(table: Table, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(table.frame))
    moved = Table(dict(table.frame.iloc[rows].reset_index(drop=True)))
    x, y, *z = table.names
    assert_equal(all_of(shuffles_of(moved.data, x, y, z)), all_of(shuffles_of(table.data, x, y, z)))


@given(tables(st.integers(2, 5), st.integers(4, 60)))
@settings(max_examples=30)
def test_the_scale_of_columns_and_other_columns_do_not_matter(table: Table) -> None:
    x, y, *z = table.names
    expected = all_of(shuffles_of(table.data, x, y, z))
    changed = {n: c if c.dtype == "category" else 1e-6 * c for n, c in table.frame.items()}
    other = Table({"extra": states(np.arange(len(table.frame)) % 3), **changed})
    assert_equal(all_of(shuffles_of(other.data, x, y, z)), expected)


@pytest.mark.parametrize(
    "kinds", ["c|cd", "d|c", "dc|", "dc|d", "dd|c", "dd|cd", "cd|dc", "cc|dd", "dd|ccd"]
)
def test_names_of_states_do_not_matter_where_a_continuous_column_has_no_ties(kinds: str) -> None:
    """It brings the rows into an order that has nothing to do with states."""
    of_pair, of_z = kinds.split("|")
    for seed in range(5):
        of_kind = {"c": "normal", "d": "states"}
        table = make_table([of_kind[k] for k in (of_pair + of_z).ljust(2, "c")], 60, seed)
        rng = np.random.default_rng(seed)
        renamed = {}
        changed = dict(table.frame)
        for name, column in table.frame.items():
            if column.dtype == "category":
                new = rng.permutation(len(column.cat.categories))
                renamed[name] = dict(enumerate(APART * new.astype(float)))
                changed[name] = states(new[column.cat.codes])
        x, y, *z = table.names
        one, two = (shuffles_of(t.data, x, y, z) for t in (table, Table(changed)))
        np.testing.assert_array_equal(one.z, two.z)
        np.testing.assert_array_equal(one.strata, two.strata)
        # The continuous column of the two is x.
        x, y = (y, x) if table.data.kinds[x] == "discrete" > table.data.kinds[y] else (x, y)

        def new_of(name: str, values: np.ndarray, renamed: Any = renamed) -> np.ndarray:
            if name not in renamed:
                return values
            of_state = renamed[name]
            return np.vectorize(lambda v: of_state[round(v / APART)])(values)

        np.testing.assert_array_equal(new_of(x, one.x), two.x)
        np.testing.assert_array_equal(new_of(y, one.y), two.y)
        drawn, again = one.surrogates(5), two.surrogates(5)
        np.testing.assert_array_equal(new_of(x, drawn), again)
        scales = np.array([3, 5])
        np.testing.assert_array_equal(
            estimates_of(one, scales, False, drawn), estimates_of(two, scales, False, again)
        )


def test_the_stream_decides() -> None:
    for kinds in (["normal"] * 3, ["states", "states", "normal"], ["states"] * 3):
        table = make_table(kinds, 60, 3)
        x, y, *z = table.names
        one, two, other = (shuffles_of(table.data, x, y, z, seed) for seed in (0, 0, 1))
        first, again = one.surrogates(4), two.surrogates(4)
        np.testing.assert_array_equal(first, again)
        following = one.surrogates(4)
        np.testing.assert_array_equal(following, two.surrogates(4))
        assert (first != following).any()
        assert (first != other.surrogates(4)).any()


# Coordinates -----------------------------------------------------------------------------------


def test_columns_become_coordinates() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 40))
    d = rng.integers(0, 3, 40)
    table = Table({"u": u, "v": np.exp(v), "d": states(d)})
    # A continuous column is x; the rows come in its order.
    for pair in (("u", "d"), ("d", "u")):
        shuffles = shuffles_of(table.data, *pair)
        assert (shuffles.x_discrete, shuffles.y_discrete) == (False, True)
        np.testing.assert_allclose(shuffles.x, np.sort(normal_scores(u)), rtol=1e-12)
        np.testing.assert_array_equal(shuffles.y, APART * d[u.argsort()])
        assert shuffles.z.shape == (0, 40)
        assert shuffles.strata.tolist() == [0, 40]
    # By strata, each in the order of x.
    shuffles = shuffles_of(table.data, "u", "v", ["d"])
    rows = pd.DataFrame({"u": normal_scores(u), "v": normal_scores(v), "d": d}).sort_values("u")
    by_stratum = [rows[rows["d"] == state] for state in rows["d"].unique()]
    np.testing.assert_allclose(shuffles.x, pd.concat(by_stratum)["u"], rtol=1e-12)
    np.testing.assert_allclose(shuffles.y, pd.concat(by_stratum)["v"], rtol=1e-12)
    assert np.diff(shuffles.strata).tolist() == [len(part) for part in by_stratum]


def test_what_a_regression_on_z_explains_is_taken_out() -> None:
    """Rows enough for a cubic: of y nothing is left that z and its powers explain."""
    rng = np.random.default_rng(1)
    z, noise, x = rng.normal(size=(3, 300))
    table = Table({"x": x + z, "y": z**3 - z + 0.5 * noise, "z": z})
    shuffles = shuffles_of(table.data, "x", "y", ["z"])
    powers = shuffles.z[0] ** np.arange(1, 4)[:, np.newaxis]
    for left, true in ((shuffles.x, x), (shuffles.y, noise)):
        assert np.abs(np.corrcoef(np.vstack([left, powers]))[0, 1:]).max() < 0.05
        # Brought into the same order by z, which has no ties.
        of_rows = np.empty(300)
        of_rows[z.argsort()] = left[shuffles.z[0].argsort()]
        assert np.corrcoef(of_rows, true)[0, 1] > 0.9
        np.testing.assert_allclose(np.sort(left), normal_scores(np.arange(300)), rtol=1e-12)


@pytest.mark.parametrize("others", [[], ["d"], ["w"]])
def test_z_that_determines_a_continuous_column_leaves_nothing(others: list[str]) -> None:
    rng = np.random.default_rng(2)
    u, v, w = rng.normal(size=(3, 60))
    d = states(rng.integers(0, 2, 60))
    table = Table({"u": u, "v": v, "w": w, "d": d, "copy": np.exp(u), "mirror": -u})
    for z in ("copy", "mirror"):
        shuffles = shuffles_of(table.data, "u", "v", [z, *others])
        assert (shuffles.x == 0).all()
        assert not shuffles.vary
        assert not shuffles_of(table.data, "v", "u", [z, *others]).vary
        assert shuffles_of(table.data, "v", "w" if "w" not in others else "d", [z]).vary


def test_what_does_not_vary_in_any_stratum() -> None:
    rng = np.random.default_rng(3)
    d, e = rng.integers(0, 3, (2, 60))
    table = Table(
        {
            "d": states(d), "e": states(e), "same": states(2 - d), "level": d / 2.0,
            "one": states(0 * d), "flat": np.ones(60), "u": rng.normal(size=60),
        }
    )  # fmt: skip
    vary = {
        ("d", "e", ""): True, ("d", "u", "e"): True, ("level", "u", ""): True,
        ("d", "same", ""): True, ("level", "d", "e"): True,
        ("d", "e", "same"): False, ("level", "u", "d"): False, ("u", "level", "same"): False,
        ("one", "u", ""): False, ("flat", "d", ""): False, ("flat", "u", "d"): False,
    }  # fmt: skip
    for (x, y, z), expected in vary.items():
        assert shuffles_of(table.data, x, y, [z] if z else []).vary == expected, (x, y, z)


# Groups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_z", ["", "d", "n", "nn", "nd", "nnnd"])
@pytest.mark.parametrize("n_samples", [12, 60, 300])
def test_groups_lie_in_one_stratum_and_have_their_size(of_z: str, n_samples: int) -> None:
    table = make_table(["normal", "normal", *({"n": "normal", "d": "states"}[k] for k in of_z)],
                       n_samples, 5)  # fmt: skip
    shuffles = shuffles_of(table.data, *table.names[:2], table.names[2:])
    least = max(10, int(n_samples**0.5))
    strata = list(itertools.pairwise(shuffles.strata.tolist()))
    if "d" in of_z and n_samples > 12:
        assert len(strata) > 1
    groups = groups_of(shuffles)
    for first, last in strata:
        sizes = [len(g) for g in groups if first <= g[0] < last]
        assert all(first <= i < last for g in groups if first <= g[0] < last for i in g)
        assert sum(sizes) == last - first
        if "n" not in of_z or last - first < 2 * least:
            assert len(sizes) == 1  # nothing to be near in
        else:
            assert least <= min(sizes) <= max(sizes) < 2 * least


def test_groups_are_near_in_z() -> None:
    """On a line they are intervals; in a plane cells that do not overlap."""
    for d in (1, 2):
        table = make_table(["normal"] * (2 + d), 200, d)
        shuffles = shuffles_of(table.data, *table.names[:2], table.names[2:])
        boxes = [
            np.array([shuffles.z[:, g].min(axis=1), shuffles.z[:, g].max(axis=1)])
            for g in groups_of(shuffles)
        ]
        assert len(boxes) >= 8
        for a, b in itertools.combinations(boxes, 2):
            assert ((a[1] < b[0]) | (b[1] < a[0])).any()


def test_rows_that_tie_in_z_are_not_grouped_by_x() -> None:
    """Else shuffling within groups would leave x nearly as it is, and nothing could be found."""
    rng = np.random.default_rng(4)
    z = np.maximum(rng.normal(size=400) - 0.84, 0)  # four fifths are zeros
    table = Table({"x": rng.normal(size=400), "y": rng.normal(size=400), "z": z})
    shuffles = shuffles_of(table.data, "x", "y", ["z"])
    at_zero = [g for g in groups_of(shuffles) if np.ptp(shuffles.z[:, g]) == 0]
    assert len(at_zero) >= 5
    for values in (shuffles.x, shuffles.y):
        # The means of random groups differ as little as means of so many draws do.
        means = np.array([values[g].mean() for g in at_zero])
        spread = np.array([values[g].std() / len(g) ** 0.5 for g in at_zero])
        assert np.abs(means / spread).max() < 5


# Surrogates ------------------------------------------------------------------------------------


@given(tables(st.integers(2, 5), st.integers(4, 60)), st.integers(0, 2**32))
@settings(max_examples=60)
def test_each_stratum_keeps_its_values(table: Table, seed: int) -> None:
    x, y, *z = table.names
    shuffles = shuffles_of(table.data, x, y, z, seed)
    if not shuffles.vary:
        return
    for drawn in shuffles.surrogates(3):
        for first, last in itertools.pairwise(shuffles.strata.tolist()):
            assert Counter(drawn[first:last]) == Counter(shuffles.x[first:last])


def covariance_within(groups: Sequence[np.ndarray], x: np.ndarray, z: np.ndarray) -> float:
    return sum(((x[g] - x[g].mean()) * (z[g] - z[g].mean())).sum() for g in groups)


@pytest.mark.parametrize("steepness", [0.0, 1.5, 4.0])
def test_of_two_discrete_columns_they_follow_z_within_groups_too(steepness: float) -> None:
    """Plain shuffles within groups would lose what x owes to z there."""
    n = 400
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    x = (steepness * z + rng.logistic(size=n) > 0).astype(int)
    y = rng.integers(0, 2, n)
    table = Table({"x": states(x), "y": states(y), "z": z})
    shuffles = shuffles_of(table.data, "x", "y", ["z"])
    assert shuffles.x_discrete
    along = shuffles.z[0]
    order = along.argsort()
    groups = np.array_split(order, 16)  # halved four times: 25 rows each
    drawn = shuffles.surrogates(300) / APART
    observed = covariance_within(groups, shuffles.x / APART, along)
    found = np.array([covariance_within(groups, d, along) for d in drawn])
    # As of an x drawn anew from its true probabilities with the same number in each group.
    shares = 1 / (1 + np.exp(-steepness * z[z.argsort()]))
    anew = [
        covariance_within(groups, in_order(order, rng.random(n) < shares), along)
        for _ in range(300)
    ]
    assert abs(found.mean() - np.mean(anew)) < 0.5 * np.std(anew)
    assert found.std() == pytest.approx(np.std(anew), rel=0.3)
    assert abs(observed - found.mean()) < 3 * found.std()
    if steepness == 4.0:  # the mean of plain shuffles would be 0
        assert found.mean() > 10 * found.std() / 300**0.5
    every = np.corrcoef(np.vstack([along, shuffles.x / APART, *drawn]))[0]
    np.testing.assert_allclose(every[2:], every[1], atol=0.06)


@pytest.mark.parametrize("others", [[], ["d"]])
def test_constant_columns_of_z_are_nothing_to_follow(others: list[str]) -> None:
    rng = np.random.default_rng(1)
    x, y, d = rng.integers(0, 2, (3, 60))
    flat = np.ones(60)
    table = Table({"x": states(x), "y": states(y), "d": states(d), "flat": flat, "level": 2 * flat})
    shuffles = shuffles_of(table.data, "x", "y", ["flat", "level", *others])
    assert (shuffles.z == 0).all()
    drawn = shuffles.surrogates(200)
    for first, last in itertools.pairwise(shuffles.strata.tolist()):
        assert (drawn[:, first:last].sum(axis=1) == shuffles.x[first:last].sum()).all()
        # Plainly shuffled: in each row as often as in any other of its group.
        share = (drawn[:, first:last] > 0).mean(axis=0)
        assert share.std() < 0.25


def in_order(order: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values given in some order, by row."""
    placed = np.empty(len(values))
    placed[order] = values
    return placed


@pytest.mark.parametrize("kinds", [["normal", "normal"], ["normal", "states"]])
def test_with_a_continuous_column_they_are_exchanged_within_groups(kinds: list[str]) -> None:
    """Each value of a group is as often in each of its rows."""
    table = make_table([*kinds, "normal"], 60, 6)
    shuffles = shuffles_of(table.data, *table.names[:2], table.names[2:])
    groups = groups_of(shuffles)
    drawn = shuffles.surrogates(2000)
    for group in groups:
        expected = 2000 / len(group)
        for value in shuffles.x[group]:
            counts = (drawn[:, group] == value).sum(axis=0)
            assert np.abs(counts - expected).max() < 5 * expected**0.5
