"""The test by nearest neighbours: as its parts say, invariant, as often wrong as it says."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.neighbors.statistic import estimates_of
from mistruct.independence.neighbors.surrogates import LocalShuffles
from mistruct.independence.nulls import Null
from mistruct.independence.protocol import Ragged, TestBatch
from mistruct.independence.streams import column_keys
from mistruct.information.neighbors.knn import KSG, MixedKNN
from mistruct.kernels.g_test.permutation import stream_of
from mistruct.kernels.random import mix
from tests import reference_knn as ref
from tests.bench.test_size import Cell, null_table
from tests.information.copula.test_gaussian_copula import Table, make_table, states, tables

FIELDS = ("statistic", "p_value", "dof", "mi", "n_samples", "method")

TABULATED, PERMUTED, LOCAL = "knn, tabulated null", "knn, permutation", "knn, local permutation"


def result_of(
    table: Table, x: str, y: str, z: Sequence[str] = (), test: IndependenceTest | None = None
) -> ms.TestResult:
    place = {name: i for i, name in enumerate(table.names)}
    batch = (test or KNNTest()).test_pairs(
        table.data, np.array([[place[x], place[y]]]), [place[n] for n in z]
    )
    return batch.result(0, x, y, tuple(z))


def numbers(result: ms.TestResult) -> tuple[str, ...]:
    """To the last digit, and NaN equals NaN."""
    return tuple(repr(getattr(result, name)) for name in FIELDS)


def of_batch(batch: TestBatch) -> list[tuple[str, ...]]:
    return [numbers(batch.result(k, "", "", ())) for k in range(len(batch.p_value))]


def is_consistent(result: ms.TestResult) -> bool:
    """Whether it is either a test or no test, and NaN nowhere else."""
    assert result.testable == (not math.isnan(result.p_value))
    assert result.dof == 0
    assert result.method.startswith("knn, ")
    if not result.testable:
        assert math.isnan(result.statistic)
        assert result.method == "knn, untestable"
    else:
        assert 0 < result.p_value <= 1
        assert not math.isnan(result.statistic)
        assert not math.isnan(result.mi)
    return result.testable


# Against its parts -----------------------------------------------------------------------------


def _draws(table: Table, names: Sequence[str], test: KNNTest, scales: Sequence[int]) -> np.ndarray:
    """Estimates of the column and of all surrogates that the test could draw of it."""
    keys = dict(zip(table.names, column_keys(table.names), strict=True))
    x, y = sorted(names[:2], key=lambda n: int(keys[n]))
    z = sorted(names[2:], key=lambda n: int(keys[n]))
    z_key = sum(int(mix(keys[n])) for n in z) % 2**64
    state = stream_of(test._entropy, keys[x], keys[y], np.uint64(z_key))
    shuffles = LocalShuffles(table.data.select([x, y, *z]), x, y, z, state)
    first = shuffles.surrogates(61)
    first[0] = shuffles.x
    rest = shuffles.surrogates(test.n_permutations - 40)
    return estimates_of(shuffles, np.array(scales), False, np.concatenate([first, rest]))


@pytest.mark.parametrize("n_permutations", [99, 200])
@pytest.mark.parametrize("effect", [0.0, 0.3, 0.6, 2.0])
@pytest.mark.parametrize(
    ("kinds", "z"),
    [(["normal"] * 3, "c2"), (["states"] * 2, ""), (["states", "normal", "states"], "c2")],
)
def test_the_p_value_is_that_of_besag_and_clifford(
    kinds: list[str], z: str, effect: float, n_permutations: int
) -> None:
    n = 80
    table = make_table(kinds, n, 1)
    rng = np.random.default_rng(2)
    x, y = table.frame["c0"], table.frame["c1"]
    if kinds[0] == "normal":
        table = Table({**table.frame, "c1": y + effect * np.sin(3 * x)})
    else:
        copied = rng.random(n) < effect / 2
        known = (x if x.dtype == "category" else x > 0).to_numpy()
        table = Table({**table.frame, "c0": states(np.where(copied, known, x.to_numpy()))})
        if kinds[1] == "normal":
            table = Table({**table.frame, "c1": y + effect * (table.frame["c0"].cat.codes == 1)})
        else:
            codes = np.where(copied, table.frame["c0"].cat.codes, y.cat.codes)
            table = Table({**table.frame, "c1": states(codes)})
    test = KNNTest(n_permutations=n_permutations)
    given_z = [z] if z else []
    found = result_of(table, "c0", "c1", given_z, test)
    estimates = _draws(table, ["c0", "c1", *given_z], test, (3, 8))
    assert len(estimates) == 1 + 20 + n_permutations
    # Twenty surrogates standardise and do not count.
    statistic, *null = ref.standardised_largest(estimates[[0, *range(21, len(estimates))]].tolist(),
                                                estimates[1:21].tolist())  # fmt: skip
    assert found.statistic == pytest.approx(statistic, abs=1e-8)
    null = np.round(null, 8).tolist()
    expected = ref.besag_clifford(round(statistic, 8), null)
    if found.method.endswith("fitted tail"):
        assert expected == 1 / (1 + n_permutations)
        assert found.p_value == pytest.approx(
            min(expected, float(Null(np.array(null)).p_values(statistic))), rel=1e-5
        )
    else:
        assert found.p_value == pytest.approx(expected, rel=1e-12)
        assert max(null) >= round(statistic, 8)
    assert found.mi == pytest.approx(estimates[0, 0], abs=1e-11)


@pytest.mark.parametrize("kinds", [["normal"] * 2, ["normal", "tied"], ["states", "tied"]])
@pytest.mark.parametrize("k", [None, 3, 7])
def test_mi_is_the_estimate_at_the_finer_resolution(kinds: list[str], k: int | None) -> None:
    table = make_table(kinds, 60, 4)
    expected = MixedKNN(k or 3).information(table.data, ["c0"], ["c1"])
    assert result_of(table, "c0", "c1", (), KNNTest(k)).mi == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("kinds", [["normal"] * 2, ["normal", "tied"], ["states", "tied"]])
def test_given_states_mi_is_the_estimate_within_them(kinds: list[str]) -> None:
    table = make_table([*kinds, "normal"], 90, 4)
    table = Table({**table.frame, "c2": states(np.arange(90) % 3)})
    columns = [kinds.index(k) for k in kinds if k == "states"]
    for name in (f"c{i}" for i in columns):  # none alone in its stratum
        assert table.frame.groupby([name, "c2"], observed=True).size().min() > 1
    expected = MixedKNN(3).information(table.data, ["c0"], ["c1"], ["c2"])
    assert result_of(table, "c0", "c1", ["c2"]).mi == pytest.approx(expected, abs=1e-11)


def test_given_a_continuous_column_it_is_that_of_what_the_column_leaves() -> None:
    """y - f(z) and x - g(z) have the information of x and y given z."""
    rng = np.random.default_rng(5)
    z, noise, x = rng.normal(size=(3, 400))
    frame = {"x": x + 2 * z, "y": 0.8 * x + 0.6 * noise - 2 * z, "z": z}
    true = -0.5 * math.log(1 - 0.64)
    result = result_of(Table(frame), "x", "y", ["z"])
    assert result.mi == pytest.approx(true, abs=0.1)
    # As they are, they hide much of it at this resolution.
    assert KSG(3).information(Table(frame).data, ["x"], ["y"], ["z"]) < result.mi


# What must not matter --------------------------------------------------------------------------


def dyadic(rng: np.random.Generator, n: int) -> np.ndarray:
    """Different numbers of few bits, to which 1e9 can be added without a loss."""
    return rng.permutation(np.arange(n) - n // 2) / 64.0


@given(tables(st.integers(3, 5), st.sampled_from([20, 60])), st.integers(0, 2**32))
@settings(max_examples=15)
def test_what_does_not_matter_at_all(table: Table, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, *z = table.names
    z = z[: seed % 4]
    expected = numbers(result_of(table, x, y, z))
    assert numbers(result_of(table, y, x, z)) == expected
    assert numbers(result_of(table, x, y, z[::-1])) == expected
    n = len(table.frame)
    moved = table.frame.iloc[rng.permutation(n)].reset_index(drop=True)
    of_order = rng.permutation(list(table.names)).tolist()
    for other in (
        Table(dict(moved)),
        Table(dict(table.frame[of_order])),
        Table({"before": rng.normal(size=n), **table.frame, "after": states(np.arange(n) % 4)}),
    ):
        assert numbers(result_of(other, x, y, z)) == expected


@pytest.mark.parametrize("kinds", ["cc|", "cc|c", "cc|ccc", "cc|d", "cd|", "cd|cd", "dd|cd"])
def test_increasing_transforms_do_not_matter_at_all(kinds: str) -> None:
    rng = np.random.default_rng(len(kinds))
    x, y, *z = names = [f"c{i}" for i in range(len(kinds) - 1)]
    columns: dict[str, Any] = {
        name: dyadic(rng, 70) if kind == "c" else states(rng.integers(0, 3, 70))
        for name, kind in zip(names, kinds.replace("|", ""), strict=True)
    }
    expected = numbers(result_of(Table(columns), x, y, z))
    transforms: list[Callable[[np.ndarray], np.ndarray]] = [
        np.exp,
        np.arctan,
        lambda v: v + 1e9,
        lambda v: v - 1e9,
        lambda v: 1e6 * v,
        lambda v: 1e-6 * v,
        lambda v: 1e-300 * v,
        lambda v: v**3,
    ]
    for transform in transforms:
        changed = {n: c if isinstance(c, pd.Series) else transform(c) for n, c in columns.items()}
        assert numbers(result_of(Table(changed), x, y, z)) == expected


@pytest.mark.parametrize("given_z", [[], [8], [0], [8, 9, 0]])
def test_batches_and_threads_do_not_matter_at_all(
    given_z: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than a thread takes at a time, and more tests than threads."""
    kinds = ["states", "normal", "normal", "tied", "normal", "states", "states", "normal"]
    table = make_table([*kinds, "normal", "normal"], 100, 5)
    pairs = np.array(list(itertools.combinations(range(1, 7), 2)))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(pairs))
    found = []
    for n in ("1", "2"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append(of_batch(KNNTest().test_pairs(table.data, pairs, given_z)))
    assert found[0] == found[1]
    again = of_batch(KNNTest().test_pairs(table.data, pairs[shuffled][:, ::-1], given_z))
    assert again == [found[0][k] for k in shuffled]
    for k in (0, 5, 11):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", str(1 + k % 2))
        one = KNNTest().test_pairs(table.data, pairs[k : k + 1], given_z)
        assert of_batch(one) == found[0][k : k + 1]


def test_seeds() -> None:
    table = make_table(["normal", "states", "normal"], 60, 2)
    for z in ([], ["c2"]):
        p = [result_of(table, "c0", "c1", z, KNNTest(seed=s)).p_value for s in (1, 1, *range(9))]
        assert p[0] == p[1]
        assert len(set(p)) > 2
        fresh = {result_of(table, "c0", "c1", z, KNNTest(seed=None)).statistic for _ in range(5)}
        assert len(fresh) > 1
        default = numbers(result_of(table, "c0", "c1", z))
        assert default == numbers(result_of(table, "c0", "c1", z, KNNTest(seed=0)))
    # A tabulated null is one for all.
    one, two = (result_of(table, "c0", "c2", (), KNNTest(seed=s)) for s in (0, 1))
    assert numbers(one) == numbers(two)


def test_the_stream_goes_by_the_names_tested_alone() -> None:
    rng = np.random.default_rng(6)
    columns = {"a": rng.normal(size=50), "b": states(rng.integers(0, 2, 50))}
    z = {"z": rng.normal(size=50)}
    of_names = [
        result_of(Table({**columns, new: z["z"]}), "a", "b", [new]).statistic for new in ("z", "w")
    ]
    assert of_names[0] != of_names[1]


# How the p-value is found ----------------------------------------------------------------------


def test_the_null_is_tabulated_for_continuous_columns_without_ties_and_gaps() -> None:
    rng = np.random.default_rng(7)
    u, v, w, gap = rng.normal(size=(4, 50))
    gap[3] = np.nan
    tied = v.copy()
    tied[0] = tied[1]
    table = Table(
        {"u": u, "v": v, "w": w, "gap": gap, "tied": tied, "d": states(u > 0)}, missing="testwise"
    )
    methods = {
        ("u", "v", ""): TABULATED, ("v", "u", ""): TABULATED, ("u", "tied", ""): PERMUTED,
        ("tied", "u", ""): PERMUTED, ("u", "gap", ""): PERMUTED, ("v", "d", ""): PERMUTED,
        ("u", "v", "w"): LOCAL, ("u", "v", "d"): PERMUTED, ("v", "w", "gap"): LOCAL,
        ("d", "v", "w"): LOCAL, ("tied", "gap", "w"): LOCAL,
    }  # fmt: skip
    for (x, y, z), expected in methods.items():
        method = result_of(table, x, y, [z] if z else []).method
        assert method.removesuffix(", fitted tail") == expected, (x, y, z)


def test_both_ways_to_a_p_value_agree() -> None:
    """A gap sends a pair to permutations, whose rows are otherwise the same."""
    rng = np.random.default_rng(8)
    n = 100
    values = rng.normal(size=(40, n))
    values[20:] += np.linspace(0, 1.5, 20)[:, np.newaxis] * np.abs(values[:20])
    columns = {f"c{i}": v for i, v in enumerate(values)}
    with_gap = {name: np.append(v, np.nan) for name, v in columns.items()}
    pairs = np.column_stack([np.arange(20), np.arange(20, 40)])
    data = Table(with_gap, missing="testwise").data
    tabulated = KNNTest().test_pairs(Table(columns).data, pairs)
    permuted = KNNTest(n_permutations=999).test_pairs(data, pairs)
    assert (tabulated.method == TABULATED).all()
    assert (permuted.n_samples == n).all()
    np.testing.assert_allclose(tabulated.mi, permuted.mi, atol=1e-11)
    one, two = tabulated.p_value, permuted.p_value
    assert min(one) < 1e-4 < 0.3 < max(one)
    # The second stops after ten that are as large, a number that is off by a third as often as
    # not; and the tails of both are known no better than what they start from.
    counted = np.minimum(one, two) > 0.01
    assert (np.abs(np.log(one / two))[counted] < math.log(4)).all()
    assert np.maximum(one, two)[~counted].max() < 0.03


def test_an_independent_pair_draws_no_more_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    surrogates = LocalShuffles.surrogates

    def counted(self: LocalShuffles, n_surrogates: int) -> Any:
        asked.append(n_surrogates)
        return surrogates(self, n_surrogates)

    monkeypatch.setattr(LocalShuffles, "surrogates", counted)
    rng = np.random.default_rng(9)
    early = 0
    for _ in range(20):
        x, y, z = rng.normal(size=(3, 60))
        asked.clear()
        result = result_of(Table({"x": x + z, "y": y + z, "z": z}), "x", "y", ["z"])
        # Twenty standardise; the tenth of those that reach it is at most the fortieth.
        if len(asked) == 1:
            early += 1
            assert asked == [61]
            assert result.p_value in [10 / drawn for drawn in range(10, 41)]
            assert result.method == LOCAL
        else:
            assert asked == [61, 160]
            assert result.p_value <= 10 / 41
    assert early >= 10
    asked.clear()
    result = result_of(Table({"x": x, "y": x + 0.1 * y, "z": z}), "x", "y", ["z"])
    assert asked == [61, 160]
    assert result.p_value < 1 / 201
    assert result.method == f"{LOCAL}, fitted tail"


# Missing entries -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_each_test_uses_the_rows_complete_for_its_own_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = make_table(["normal", "states", "tied", "states", "normal"], 90, seed).frame
    holes = pd.DataFrame(rng.random(columns.shape) < 0.1, columns=columns.columns)
    table = Table(dict(columns.mask(holes)), missing="testwise")
    for z in ([], ["c4"], ["c3"], ["c3", "c4"]):
        for x, y in itertools.combinations([n for n in table.names if n not in z], 2):
            if not z and {x, y} == {"c0", "c4"}:
                continue  # without gaps it has a tabulated null
            rows = table.frame[[x, y, *z]].dropna().reset_index(drop=True)
            complete = Table(
                {n: states(c) if c.dtype == "category" else c for n, c in rows.items()}
            )
            found = result_of(table, x, y, z)
            assert numbers(found) == numbers(result_of(complete, x, y, z))
            assert found.n_samples == len(rows)


def test_a_pair_without_a_common_row_is_not_testable() -> None:
    values = np.random.default_rng(0).normal(size=(3, 20))
    values[0, :10] = values[1, 10:] = np.nan
    table = Table(dict(zip("abc", values, strict=True)), missing="testwise")
    for z in ([], ["c"]):
        result = result_of(table, "a", "b", z)
        assert not is_consistent(result)
        assert result.n_samples == 0
    assert result_of(table, "a", "c").n_samples == 10


# What cannot be tested -------------------------------------------------------------------------

ODD = (
    "normal", "tied", "constant", "copy", "reversed", "transformed", "sum",
    "states", "merged", "one state", "rare", "all different",
)  # fmt: skip


def odd_table(kinds: Sequence[str], n: int, seed: int) -> Table:
    drawn = make_table([k if k not in ODD[-2:] else "states" for k in kinds], n, seed)
    columns = dict(drawn.frame)
    for name, kind in zip(drawn.names, kinds, strict=True):
        if kind == "rare":
            columns[name] = states(np.arange(n) == n // 2)
        elif kind == "all different":
            columns[name] = states(np.random.default_rng(seed).permutation(n))
    return Table(columns)


@given(
    st.lists(st.sampled_from(ODD), min_size=2, max_size=4),
    st.sampled_from([1, 2, 3, 4, 5, 8, 13, 40]),  # few, as each has a null of its own
    st.integers(0, 2**32),
    st.sampled_from([None, 1, 6]),
)
@settings(max_examples=100)
def test_whatever_comes_there_is_a_result_or_none(
    kinds: list[str], n: int, seed: int, k: int | None
) -> None:
    table = odd_table(kinds, n, seed)
    x, y, *z = table.names
    result = result_of(table, x, y, z, KNNTest(k))
    assert result.n_samples == n
    is_testable = is_consistent(result)
    if n <= (k or 3):
        assert not is_testable
        assert math.isnan(result.mi)
    elif {"constant", "one state"} & set(kinds[:2]):
        assert not is_testable
        assert result.mi == 0


def test_what_z_determines_is_not_testable() -> None:
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 60))
    d = rng.integers(0, 3, 60)
    table = Table(
        {
            "u": u, "v": v, "w": -np.exp(u), "k": np.ones(60), "d": states(d), "q": states(0 * d),
            "dd": states(2 - d), "level": d / 4.0, "e": states(rng.integers(0, 2, 60)),
        }
    )  # fmt: skip
    testable = {
        ("u", "v", "d"): True, ("u", "d", "v"): True, ("d", "e", "u"): True, ("u", "v", "k"): True,
        ("u", "v", "w"): False, ("u", "d", "w"): False, ("v", "u", "w"): False,
        ("d", "e", "dd"): False, ("d", "u", "dd"): False, ("level", "v", "d"): False,
        ("level", "e", "dd"): False, ("u", "k", ""): False, ("k", "d", "v"): False,
        ("q", "e", ""): False, ("q", "u", "d"): False, ("u", "v", "q"): True,
    }  # fmt: skip
    for (x, y, z), expected in testable.items():
        result = result_of(table, x, y, [z] if z else [])
        assert is_consistent(result) == expected, (x, y, z)
        assert expected or result.mi == 0


def test_states_that_a_continuous_z_determines_depend_on_nothing_else() -> None:
    """z cuts x, so its surrogates hardly differ from it."""
    rng = np.random.default_rng(2)
    p = []
    for _ in range(40):
        z, v = rng.normal(size=(2, 80))
        table = Table({"x": states(z > 0), "z": z, "v": v + z, "e": states(v + z > 0.3)})
        for y in ("v", "e"):
            result = result_of(table, "x", y, ["z"])
            is_consistent(result)
            p.append(result.p_value)
    assert (np.array(p) <= 0.05).sum() <= binom.ppf(1 - 1e-4, len(p), 0.05)


def test_no_more_rows_than_neighbors() -> None:
    for kinds in (["normal"] * 3, ["states", "normal", "states"], ["states"] * 3):
        table = make_table(kinds, 30, 3)
        for z in ([], ["c2"]):
            assert not is_consistent(result_of(table, "c0", "c1", z, KNNTest(30)))
            assert not is_consistent(result_of(table, "c0", "c1", z, KNNTest(99)))
            assert is_consistent(result_of(table, "c0", "c1", z, KNNTest(29)))


@pytest.mark.parametrize("n_samples", [1, 2, 3])
@pytest.mark.parametrize("kinds", [["normal"] * 3, ["normal", "states", "normal"], ["states"] * 3])
def test_fewer_than_four_rows_are_too_few(n_samples: int, kinds: list[str]) -> None:
    table = make_table(kinds, n_samples, 0)
    for z in ([], ["c2"]):
        result = result_of(table, "c0", "c1", z)
        assert not is_consistent(result)
        assert math.isnan(result.mi)


@pytest.mark.parametrize("twin", ["copy", "reversed", "transformed"])
@pytest.mark.parametrize("z", [[], ["c2"], ["c3"], ["c2", "c3"]])
def test_columns_that_determine_each_other_leave_no_doubt(twin: str, z: list[str]) -> None:
    table = make_table(["normal", twin, "normal", "states"], 60, 2)
    result = result_of(table, "c0", "c1", z)
    assert is_consistent(result)
    assert result.p_value < 1e-6
    # Infinite between ranks alone; else as much as neighbours can tell.
    assert result.mi == math.inf if not z else 1 < result.mi < math.log(60)
    discrete = make_table(["states", "states", "normal", "states"], 200, 3).frame
    copied = Table({**discrete, "c1": discrete["c0"]})
    assert result_of(copied, "c0", "c1", z).p_value < 1e-6


def test_a_state_of_one_row_does_not_decide() -> None:
    rng = np.random.default_rng(3)
    u, v = rng.normal(size=(2, 80))
    rare = np.arange(80) == 7
    table = Table({"u": u, "v": v, "a": states(rare), "d": states(u > 0), "t": u.round()})
    for x, y, z in (("u", "a", ""), ("a", "d", ""), ("a", "d", "v"), ("u", "v", "a"),
                    ("u", "a", "v"), ("t", "a", "d"), ("a", "v", "d")):  # fmt: skip
        result = result_of(table, x, y, [z] if z else [])
        assert not is_consistent(result) or result.p_value > 1e-3


def test_columns_of_ties() -> None:
    """Two values, as a state of each: the information of counts, and a test of it."""
    rng = np.random.default_rng(4)
    d = rng.integers(0, 2, 100)
    e = np.where(rng.random(100) < 0.3, d, rng.integers(0, 2, 100))
    as_numbers = Table({"d": d / 3, "e": e - 5.0})
    as_states = Table({"d": states(d), "e": states(e)})
    one, two = (result_of(t, "d", "e") for t in (as_numbers, as_states))
    assert one.mi == pytest.approx(two.mi, abs=1e-11)
    assert is_consistent(one)
    assert one.p_value < 0.05
    assert two.p_value < 0.05


def test_no_pairs() -> None:
    table = make_table(["normal", "states", "normal"], 20, 0)
    none = np.empty((0, 2), dtype=np.int64)
    for z in ([], [0], [1], [0, 1]):
        batch = KNNTest().test_pairs(table.data, none, z)
        assert batch.p_value.shape == batch.method.shape == (0,)
    separations = KNNTest().separate(table.data, none, Ragged.of([]), 1, 0.05)
    assert separations.sets.shape == (0, 1)
    assert separations.n_tests.shape == (0,)


REFUSED = {
    "n_neighbors of 0": (
        {"n_neighbors": 0},
        r"^n_neighbors must be a whole number of at least 1, got 0$",
    ),
    "n_neighbors of a half": (
        {"n_neighbors": 0.5},
        r"^n_neighbors must be a whole number of at least 1, got 0\.5$",
    ),
    "n_neighbors by truth": (
        {"n_neighbors": True},
        r"^n_neighbors must be a whole number of at least 1, got True$",
    ),
    "n_permutations": (
        {"n_permutations": 98},
        r"^n_permutations must be a whole number of at least 99, got 98$",
    ),
    "n_permutations None": (
        {"n_permutations": None},
        r"^n_permutations must be a whole number of at least 99, got None$",
    ),
    "seed": ({"seed": -1}, r"^seed must be a whole number of at least 0, got -1$"),
    "seed by name": ({"seed": "x"}, r"^seed must be a whole number of at least 0, got 'x'$"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    parameters, message = REFUSED[case]
    with pytest.raises(ms.ParameterError, match=message):
        KNNTest(**parameters)  # type: ignore[arg-type]


# Separating sets -------------------------------------------------------------------------------


def test_a_chain_is_separated_by_its_middle_whatever_its_kind() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=300)
    middle = np.digitize(a + 0.4 * rng.normal(size=300), [-0.5, 0.5])
    c = np.abs(middle - 1) + 0.3 * rng.normal(size=300)
    table = Table({"a": a, "b": states(middle), "c": c, "d": rng.normal(size=300)})
    found = KNNTest().separate(
        table.data, np.array([[0, 2]] * 2), Ragged.of([[3, 1], [3]]), 1, 0.01
    )
    assert found.sets.tolist() == [[1], [3]]
    assert found.n_tests.tolist() == [2, 1]
    assert found.tests.p_value[0] > 0.01 > found.tests.p_value[1]
    for k, z in enumerate("bd"):
        assert of_batch(found.tests)[k] == numbers(result_of(table, "a", "c", [z]))


# How often it rejects --------------------------------------------------------------------------

N_NULLS = 150

# Both ends continuous without z are in test_nulls.
CELLS = [
    Cell("c", "d", "c", 0, 50), Cell("d", "b", "c", 0, 100),
    Cell("c", "c", "c", 1, 50), Cell("c", "c", "d", 1, 100), Cell("c", "b", "c", 1, 100),
    Cell("d", "d", "c", 1, 50), Cell("d", "d", "c", 1, 100), Cell("d", "b", "d", 1, 50),
    Cell("c", "c", "c", 3, 100), Cell("c", "d", "m", 3, 50), Cell("c", "d", "m", 3, 100),
    Cell("b", "b", "m", 3, 100),
]  # fmt: skip


def rejections(test: IndependenceTest, cell: Cell) -> tuple[np.ndarray, int]:
    """At each level, and how many of the nulls were testable."""
    rng = np.random.default_rng([ord(c) for c in str(cell)])
    pair, given_z = np.array([[0, 1]]), range(2, 2 + cell.n_given)
    p = np.array(
        [
            test.test_pairs(null_table(cell, 2.0, rng), pair, given_z).p_value[0]
            for _ in range(N_NULLS)
        ]
    )
    return np.array([(p <= alpha).sum() for alpha in (0.05, 0.1)]), int((~np.isnan(p)).sum())


def assert_size(test: IndependenceTest, cell: Cell, least: float = 1.0) -> None:
    """Rejections as often as the level says, or at `least` that share of it."""
    n_rejected, n_testable = rejections(test, cell)
    assert n_testable > 0.9 * N_NULLS
    for alpha, found in zip((0.05, 0.1), n_rejected.tolist(), strict=True):
        low = binom.ppf(1e-4, n_testable, least * alpha)
        high = binom.ppf(1 - 1e-4, n_testable, alpha)
        assert low <= found <= high, (str(cell), alpha, found / n_testable)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_size(cell: Cell) -> None:
    """x and y are driven by z, two standard deviations of it."""
    assert_size(KNNTest(), cell)


# What it finds ---------------------------------------------------------------------------------

N_TABLES = 30

Relation = Callable[[np.random.Generator, int], dict[str, np.ndarray]]


def _sine(rng: np.random.Generator, n: int, periods: float) -> dict[str, np.ndarray]:
    x = rng.uniform(-1, 1, n)
    return {"x": x, "y": np.sin(math.pi * periods * x) + 0.5 * rng.normal(size=n)}


def _circle(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    angle = rng.uniform(0, 2 * math.pi, n)
    noise = 0.25 * rng.normal(size=(2, n))
    return {"x": np.cos(angle) + noise[0], "y": np.sin(angle) + noise[1]}


def _exclusive(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """The sign of z is that of the product of x and y: any two are independent."""
    x, y, size = rng.normal(size=(3, n))
    return {"x": x, "y": y, "z": np.sign(x * y) * np.abs(size) + 0.2 * rng.normal(size=n)}


def _parabola(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    x = rng.normal(size=n)
    return {"x": x, "y": x**2 + 1.0 * rng.normal(size=n)}


def _spread(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    x = rng.normal(size=n)
    return {"x": x, "y": np.exp(x) * rng.normal(size=n)}


def _clusters(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Four, at the middles of the sides of a square, so uncorrelated."""
    side = rng.integers(0, 4, n)
    centre = np.array([[0, 0, 1, -1], [1, -1, 0, 0]])[:, side]
    return dict(zip("xy", centre + 0.35 * rng.normal(size=(2, n)), strict=True))


#: And whether a test of monotone dependence sees it.
RELATIONS: dict[str, tuple[Relation, bool]] = {
    "one period of a sine": (lambda rng, n: _sine(rng, n, 1), True),
    "two periods of a sine": (lambda rng, n: _sine(rng, n, 2), True),
    "circle": (_circle, False),
    "exclusive or": (_exclusive, False),
    "parabola": (_parabola, False),
    "spread": (_spread, False),
    "clusters": (_clusters, False),
}


def detections(test: IndependenceTest, relation: Relation) -> int:
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(N_TABLES):
        table = Table(relation(rng, 200))
        found += result_of(table, "x", "y", table.names[2:], test).p_value <= 0.05
    return found


@pytest.mark.parametrize("name", RELATIONS)
def test_it_finds_what_ranks_do_not(name: str) -> None:
    relation, monotone = RELATIONS[name]
    assert detections(KNNTest(), relation) >= 28
    if not monotone:
        assert detections(ms.CopulaTest(), relation) <= 12


def test_of_an_exclusive_or_no_two_depend() -> None:
    rng = np.random.default_rng(1)
    p = [
        result_of(table, a, b).p_value
        for table in (Table(_exclusive(rng, 200)) for _ in range(20))
        for a, b in ("xy", "xz", "yz")
    ]
    assert (np.array(p) <= 0.05).sum() <= binom.ppf(1 - 1e-4, len(p), 0.05)


def test_mixed_columns_that_depend_in_no_order() -> None:
    """The middle of three states has the two ends of y, given z and without."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(N_TABLES):
        state = rng.integers(0, 3, 200)
        z, noise = rng.normal(size=(2, 200))
        ends = np.where(state == 1, rng.choice([-1.5, 1.5], 200), 0.0) + 0.7 * noise
        table = Table({"x": states(state), "y": ends + z, "y0": ends, "z": z})
        found.append([result_of(table, "x", y, z).p_value <= 0.05
                      for y, z in (("y0", []), ("y", ["z"]))])  # fmt: skip
    assert (np.sum(found, axis=0) >= 28).all()


# The object ------------------------------------------------------------------------------------


def test_it_answers_to_the_protocol_and_is_a_value() -> None:
    test: IndependenceTest = KNNTest(5, 300, 7)
    assert test.name == "knn"
    assert test == KNNTest(n_neighbors=5, n_permutations=300, seed=7)
    assert test != KNNTest(5, 300, 8)
    assert hash(test) == hash(KNNTest(5, 300, 7))
    assert repr(test) == "KNNTest(n_neighbors=5, n_permutations=300, seed=7)"
    assert repr(KNNTest()) == "KNNTest(n_neighbors=None, n_permutations=200, seed=0)"
    again = pickle.loads(pickle.dumps(test))
    assert again == test
    table = make_table(["states", "normal"], 40, 0)
    assert numbers(result_of(table, "c0", "c1", (), again)) == numbers(
        result_of(table, "c0", "c1", (), test)
    )


def test_the_result_is_a_record_of_plain_values() -> None:
    table = make_table(["normal", "states", "normal"], 40, 0)
    for z in ([], ["c2"]):
        for y in ("c1", "c2" if not z else "c1"):
            result = result_of(table, "c0", y, z)
            assert (result.x, result.y, result.z) == ("c0", y, tuple(z))
            types = [type(getattr(result, name)) for name in (*FIELDS, "testable")]
            assert types == [float, float, int, float, int, str, bool]
            assert result == ms.independence_test(table.data, "c0", y, z, test="knn")


def test_it_takes_what_the_door_takes() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"a": rng.normal(size=40), "b": rng.choice(["u", "v"], 40)})
    data: Dataset = ms.as_dataset(frame)
    one, two = (ms.independence_test(d, "a", "b", test=KNNTest()) for d in (frame, data))
    assert one == two


@pytest.mark.parametrize("n_given", [0, 1])
def test_no_p_value_is_below_the_share_of_shuffles_that_give_the_table(n_given: int) -> None:
    """Of two equal columns with half of twelve rows in each state: one in 924 without z."""
    codes = np.repeat([0, 1], 6)
    frame = pd.DataFrame({"x": states(codes), "y": states(codes), "z": np.arange(12.0) % 5})
    result = ms.independence_test(frame, "x", "y", ["z"][:n_given], test="knn")
    assert result.testable
    assert result.p_value >= 1 / math.comb(12, 6)
