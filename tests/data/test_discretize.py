"""Binning: what every method promises, and each method against its definition."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistruct.data import Dataset, as_dataset, discretize
from mistruct.data.discretize import default_n_bins
from mistruct.errors import DataError, ParameterError

METHODS = ("quantile", "equal-width", "bayesian-blocks", "mdl")


def table(values: Any, target: Any = None, **more: Any) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {"x": values, "t": ["a"] * len(values) if target is None else target, **more}
    )


def binned(values: Any, method: str = "quantile", target: Any = None, **options: Any) -> Dataset:
    if method == "mdl":
        options["target"] = "t"
    kinds: Any = {"x": "continuous", "t": "discrete"}
    data = as_dataset(table(values, target), kinds=kinds, missing="testwise")
    return discretize(data, method, **options)  # type: ignore[arg-type]


def groups(values: Any, data: Dataset) -> list[list[float]]:
    """The sorted values of each bin."""
    codes = data.codes[data.row("x")]
    values = np.asarray(values, dtype=float)
    return [sorted(values[codes == c].tolist()) for c in range(len(data.states["x"]))]


def ends(state: str) -> tuple[float, float]:
    """The interval that a state stands for."""
    if state == "any":
        return -math.inf, math.inf
    if state.startswith("<"):
        return -math.inf, float(state[1:])
    if state.startswith(">="):
        return float(state[2:]), math.inf
    low, high = state.split("..")
    return float(low), float(high)


# Many ties, neighbouring floats, huge and tiny numbers.
tied = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=30)
close = st.lists(st.integers(0, 6).map(lambda i: 1.0 + i * 2.0**-52), min_size=1, max_size=30)
wild = st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), min_size=1, max_size=30)


@pytest.mark.parametrize("method", METHODS)
@given(values=tied | close | wild, gaps=st.sets(st.integers(0, 29)), data=st.data())
def test_what_every_method_promises(
    method: str, values: list[float], gaps: set[int], data: st.DataObject
) -> None:
    target = data.draw(st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values)))
    column = np.array(values)
    column[[g for g in gaps if 0 < g < len(values)]] = np.nan
    result = binned(column, method, target)
    states = result.states["x"]
    codes = result.codes[result.row("x")]
    # Missing stays missing, no bin is empty, no two states look alike.
    np.testing.assert_array_equal(codes == len(states), np.isnan(column))
    assert set(codes[~np.isnan(column)].tolist()) == set(range(len(states)))
    assert len(set(states)) == len(states)
    # The states say exactly which values are in them, in ascending order without a gap.
    for code, value in zip(codes, column, strict=True):
        if not np.isnan(value):
            low, high = ends(states[code])
            assert low <= value < high
    for left, right in itertools.pairwise(states):
        assert ends(left)[1] == ends(right)[0]
    assert (ends(states[0])[0], ends(states[-1])[1]) == (-math.inf, math.inf)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_kept(method: str) -> None:
    rng = np.random.default_rng(0)
    frame = table(
        rng.normal(size=40),
        rng.choice(list("ab"), 40),
        n=rng.integers(0, 3, 40),
        y=rng.normal(size=40),
    )
    frame.loc[3, ["x", "t"]] = None
    frame.index = pd.Index([f"r{i}" for i in range(40)])
    data = as_dataset(frame, kinds={"n": "discrete"}, missing="testwise")
    target: Any = "t" if method == "mdl" else None
    result = discretize(data, method, target=target)  # type: ignore[arg-type]
    assert result.names == data.names
    assert result.missing == "testwise"
    assert result.index is data.index
    assert result.continuous == ()
    assert result.inferred == {"t"}
    assert result.n_missing == {"x": 1, "t": 1, "n": 0, "y": 0}
    for name in ("t", "n"):
        assert result.states[name] == data.states[name]
        assert result.codes[result.row(name)].tolist() == data.codes[data.row(name)].tolist()
    only = discretize(data, method, target=target, columns=["y", "t"])  # type: ignore[arg-type]
    assert only.kinds == {"x": "continuous", "t": "discrete", "n": "discrete", "y": "discrete"}
    assert only.states["y"] == result.states["y"]
    np.testing.assert_array_equal(only.values, data.values[:1])


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_column_stays_one_state(method: str) -> None:
    result = binned([2.5] * 6, method, list("aabbab"))
    assert result.states["x"] == ("any",)
    assert result.codes[0].tolist() == [0] * 6


def test_states_are_short_and_exact() -> None:
    assert binned([1, 2, 3, 4], n_bins=2).states["x"] == ("<2.5", ">=2.5")
    assert binned([48000, 52000, 1e6, 2e6], n_bins=2).states["x"] == ("<526000", ">=526000")
    assert binned([-1.25, -1.24, 3], n_bins=3).states["x"] == ("<-1.245", "-1.245..0.88", ">=0.88")
    # Three digits would put 0.12345 on the wrong side.
    assert binned([0.12344, 0.12346], n_bins=2).states["x"] == ("<0.12345", ">=0.12345")


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60, unique=True), st.integers(2, 8))
def test_quantile_bins_without_ties_have_equal_counts(values: list[float], n_bins: int) -> None:
    counts = [len(g) for g in groups(values, binned(values, n_bins=n_bins))]
    assert len(counts) == min(n_bins, len(values))
    assert max(counts) - min(counts) <= 1


@given(tied, st.integers(2, 6))
def test_quantile_cuts_are_the_gaps_nearest_to_the_quantiles(
    values: list[float], n_bins: int
) -> None:
    counts = [len(g) for g in groups(values, binned(values, n_bins=n_bins))]
    cuts = set(itertools.accumulate(counts[:-1]))
    gaps = [sum(v < u for v in values) for u in sorted(set(values))[1:]]
    for j in range(1, n_bins):
        wanted = len(values) * j / n_bins
        nearest = min((abs(g - wanted) for g in gaps), default=None)
        assert nearest is None or nearest in {abs(c - wanted) for c in cuts}
    assert len(cuts) <= n_bins - 1


def test_quantiles_of_a_column_full_of_zeros() -> None:
    values = [0.0] * 60 + list(range(1, 41))
    assert [len(g) for g in groups(values, binned(values, n_bins=5))] == [60, 20, 20]
    assert [len(g) for g in groups(values, binned(values, n_bins=2))] == [60, 40]


@given(st.lists(st.integers(0, 1000).map(float), min_size=2, max_size=40), st.integers(2, 8))
def test_equal_width(values: list[float], n_bins: int) -> None:
    low, high = min(values), max(values)
    # Exact arithmetic on whole numbers: the bin of v is floor((v - low) * n_bins / (high - low)).
    bins = [
        min(int((v - low) * n_bins // (high - low)), n_bins - 1) if high > low else 0
        for v in values
    ]
    edges = [low + (high - low) * j / n_bins for j in range(n_bins + 1)]
    if any(abs(v - e) < 1e-9 and v != e for v in values for e in edges):
        return  # the edge itself is rounded
    expected = [
        sorted(v for v, b in zip(values, bins, strict=True) if b == k) for k in range(n_bins)
    ]
    assert groups(values, binned(values, "equal-width", n_bins=n_bins)) == [
        g for g in expected if g
    ]


def test_equal_width_shows_its_edges() -> None:
    values = np.linspace(0, 100, 1001)
    states = binned(values, "equal-width", n_bins=4).states["x"]
    assert states == ("<25", "25..50", "50..75", ">=75")


def test_outliers_leave_equal_width_with_fewer_bins() -> None:
    assert [
        len(g) for g in groups([0, 1, 2, 100], binned([0, 1, 2, 100], "equal-width", n_bins=4))
    ] == [3, 1]


def block_fitness(values: list[float], cuts: tuple[int, ...]) -> float:
    """Scargle et al. (2013), eq. 19 and 21, for blocks that start at the distinct values `cuts`."""
    distinct = sorted(set(values))
    edges = [distinct[0], *((a + b) / 2 for a, b in itertools.pairwise(distinct)), distinct[-1]]
    counts = Counter(values)
    price = 4 - math.log(73.53 * 0.05 * len(values) ** -0.478)
    total = 0.0
    for start, end in itertools.pairwise((0, *cuts, len(distinct))):
        n = sum(counts[d] for d in distinct[start:end])
        total += n * (math.log(n) - math.log(edges[end] - edges[start])) - price
    return total


@given(st.lists(st.integers(0, 40).map(lambda i: (i / 8) ** 2), min_size=2, max_size=60))
def test_bayesian_blocks_are_the_best_of_all_partitions(values: list[float]) -> None:
    values = values[:1] + [v for i, v in enumerate(values) if len(set(values[: i + 1])) <= 8]
    distinct = sorted(set(values))
    if len(distinct) < 2:
        return
    inner = range(1, len(distinct))
    best = max(
        block_fitness(values, cuts)
        for size in range(len(distinct))
        for cuts in itertools.combinations(inner, size)
    )
    found = groups(values, binned(values, "bayesian-blocks"))
    cuts = tuple(distinct.index(g[0]) for g in found[1:])
    assert block_fitness(values, cuts) == pytest.approx(best, abs=1e-9)


def test_bayesian_blocks_find_the_steps_of_a_density() -> None:
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.uniform(0, 1, 300), rng.uniform(1, 10, 100)])
    states = binned(values, "bayesian-blocks").states["x"]
    assert len(states) == 2
    assert ends(states[0])[1] == pytest.approx(1, abs=0.1)
    assert len(binned(rng.uniform(size=400), "bayesian-blocks").states["x"]) == 1


def bits(labels: list[str]) -> float:
    return -sum(c / len(labels) * math.log2(c / len(labels)) for c in Counter(labels).values())


def mdl_cuts(pairs: list[tuple[float, str]]) -> list[float]:
    """Fayyad and Irani (1993): the first values of the parts, found by trying all."""
    distinct = sorted({v for v, _ in pairs})
    if len(distinct) < 2:
        return []
    labels = [c for _, c in pairs]
    n = len(pairs)

    def split(first: float) -> tuple[list[str], list[str]]:
        return [c for v, c in pairs if v < first], [c for v, c in pairs if v >= first]

    def remaining(first: float) -> float:
        return sum(len(part) / n * bits(part) for part in split(first))

    best = min(distinct[1:], key=lambda first: round(remaining(first), 12))
    left, right = split(best)
    k, k1, k2 = len(set(labels)), len(set(left)), len(set(right))
    delta = math.log2(3**k - 2) - (k * bits(labels) - k1 * bits(left) - k2 * bits(right))
    if bits(labels) - remaining(best) <= (math.log2(n - 1) + delta) / n:
        return []
    below = [(v, c) for v, c in pairs if v < best]
    above = [(v, c) for v, c in pairs if v >= best]
    return [*mdl_cuts(below), best, *mdl_cuts(above)]


@pytest.mark.parametrize("seed", range(25))
def test_mdl_cuts_as_defined(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=120), seed % 4)
    noisy = values + rng.normal(scale=0.3, size=120)
    target = np.where(noisy > 0.7, "c", np.where(np.abs(noisy) < 0.5, "b", "a")).tolist()
    found = groups(values, binned(values, "mdl", target))
    assert [g[0] for g in found[1:]] == mdl_cuts(list(zip(values.tolist(), target, strict=True)))


def test_mdl_sees_the_target_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=300)
    step = binned(values, "mdl", np.where(values > 0.5, "high", "low"))
    assert len(step.states["x"]) == 2
    assert ends(step.states["x"][0])[1] == pytest.approx(0.5, abs=0.05)
    assert binned(values, "mdl", rng.choice(list("ab"), 300)).states["x"] == ("any",)


def test_mdl_leaves_out_rows_without_target() -> None:
    values = np.arange(60.0)
    target: list[Any] = ["a"] * 20 + [None] * 20 + ["b"] * 20
    result = binned(values, "mdl", target)
    assert result.states["x"] == ("<29.5", ">=29.5")
    assert groups(values, result) == [list(range(30)), list(range(30, 60))]
    nothing = binned([1.0, 2.0, np.nan, np.nan], "mdl", [None, None, "a", "b"])
    assert nothing.states["x"] == ("any",)
    assert nothing.codes[0].tolist() == [0, 0, 1, 1]


def test_default_number_of_bins() -> None:
    for n, bins in {1: 2, 16: 2, 100: 3, 220: 4, 500: 5, 2000: 7, 10**4: 10, 10**8: 10}.items():
        assert default_n_bins(n) == bins
    values = np.random.default_rng(0).normal(size=500)
    for method in ("quantile", "equal-width"):
        assert len(binned(values, method).states["x"]) == 5


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"method": "quantiles"},
            ParameterError,
            "method must be one of 'quantile', 'equal-width', 'bayesian-blocks', 'mdl', got "
            "'quantiles'; did you mean 'quantile'?",
        ),
        ({"n_bins": 1}, ParameterError, "n_bins must be a whole number of at least 2, got 1"),
        ({"n_bins": 2.5}, ParameterError, "n_bins must be a whole number of at least 2, got 2.5"),
        (
            {"method": "bayesian-blocks", "n_bins": 3},
            ParameterError,
            "n_bins: 'bayesian-blocks' chooses the number itself, got 3",
        ),
        (
            {"target": "t"},
            ParameterError,
            "target: only 'mdl' looks at it, 'quantile' got 't'",
        ),
        (
            {"method": "mdl"},
            ParameterError,
            "target: 'mdl' needs the name of a discrete column, got None",
        ),
        (
            {"method": "mdl", "target": "T"},
            ParameterError,
            "target: there is no column 'T'; did you mean 't'?",
        ),
        (
            {"method": "mdl", "target": "x"},
            DataError,
            "target: 'mdl' needs a discrete column, but 'x' is continuous; bin it first, or "
            "declare it with kinds=",
        ),
        ({"columns": ["y"]}, ParameterError, "columns: there is no column 'y'"),
    ],
)
def test_bad_parameters(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        discretize(table([0.5, 1.5, 2.5], list("aba")), **options)


def test_bad_tables_are_refused_at_the_door() -> None:
    with pytest.raises(DataError, match=r"^1 entries are missing, in 'x' \(1\)"):
        discretize(table([0.5, np.nan]))


@pytest.mark.parametrize("method", ["quantile", "equal-width", "bayesian-blocks"])
@pytest.mark.parametrize("exponent", [-1000, 1000])
def test_a_unit_changes_no_bin(method: Any, exponent: int) -> None:
    """Not even one in which ranges or squares are beyond floats."""
    values = np.random.default_rng(0).exponential(size=200) ** 3 - 1.0
    largest = values * (2.0**exponent / np.abs(values).max())
    frames = [pd.DataFrame({"x": v, "y": values}) for v in (values, largest)]
    plain, scaled = (discretize(f, method, columns=["x"]) for f in frames)
    np.testing.assert_array_equal(plain.codes, scaled.codes)


def test_equal_width_of_a_range_beyond_floats() -> None:
    """The middle of the range parts the values."""
    values = [-1.5e308, -1e308, 0.25e308, 1.5e308]
    data = discretize(table(values), "equal-width", n_bins=2)
    assert data.codes[data.row("x")].tolist() == [0, 0, 1, 1]
