"""Nearest-neighbour estimates against slow versions, closed forms and what must not change them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import psi

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.errors import DataError, MistructWarning, ParameterError
from mistruct.information.blocks import normal_scores
from mistruct.information.neighbors.knn import KSG, MixedKNN
from tests import reference_continuous as reference

Names = Sequence[str]

CONTINUOUS = ["a", "b", "c", "d"]
DISCRETE = ["g", "h"]

# Fewer decimals make more ties: none, some, and so many that points repeat k times.
decimals = st.sampled_from([15, 1, 0])
seeds = st.integers(0, 2**32)
sizes = st.integers(5, 50)


def table(seed: int, n: int, decimals: int = 15, n_states: int = 3) -> Dataset:
    """Dependent columns a to d, continuous, and g, h, discrete; none determines another."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    columns = {name: (common + rng.normal(size=n)).round(decimals) for name in CONTINUOUS}
    labels = {name: rng.integers(0, n_states, n) + (common > 1) for name in DISCRETE}
    orders = [(1, 2, 3, 4), (1, 2, 4, 3), (1, 3, 2, 4), (2, 1, 3, 4)]
    for column, order in zip(columns.values(), orders, strict=True):
        column[:4] = order
    labels["g"][:4], labels["h"][:4] = (0, 0, 1, 1), (0, 1, 0, 1)
    return as_dataset(
        pd.DataFrame(columns | labels),
        kinds=dict.fromkeys(CONTINUOUS, "continuous") | dict.fromkeys(DISCRETE, "discrete"),
    )


def parts(data: Dataset, names: Names, scores: bool) -> list[np.ndarray]:
    """The columns as the slow versions take them."""
    values = normal_scores(data.values) if scores else data.values
    return [
        values[data.row(n)] if data.kinds[n] == "continuous" else data.codes[data.row(n)]
        for n in names
    ]


def block(data: Dataset, names: Names, scores: bool) -> np.ndarray:
    return np.column_stack(parts(data, names, scores))


# Against the slow versions --------------------------------------------------------------------

SPLITS = [
    ("a", "b", ""),
    ("ab", "c", ""),
    ("ab", "cd", ""),
    ("a", "b", "c"),
    ("a", "bc", "d"),
    ("a", "g", ""),
    ("ab", "g", ""),
    ("ab", "cg", ""),
    ("g", "h", ""),
    ("gh", "a", ""),
    ("a", "g", "h"),
    ("a", "b", "g"),
    ("g", "h", "a"),
    ("ag", "bh", "c"),
    ("g", "ab", "ch"),
    ("a", "b", "gh"),
]


@given(st.sampled_from(SPLITS), seeds, sizes, decimals, st.integers(1, 4), st.booleans())
@settings(max_examples=150)
def test_any_mixture(
    split: tuple[str, str, str], seed: int, n: int, decimals: int, k: int, scores: bool
) -> None:
    data = table(seed, n, decimals)
    x, y, z = map(list, split)
    expected = reference.mixed_information(*(parts(data, names, scores) for names in (x, y, z)), k)
    estimator = MixedKNN(n_neighbors=k, normal_scores=scores)
    assert estimator.information(data, x, y, z) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [5, 63, 64, 65, 200])
@pytest.mark.parametrize("k", [1, 4])
def test_blocks_of_continuous_columns(n: int, k: int) -> None:
    data = table(n, n)
    for x, y in (["a"], ["b", "c"]), (["a", "b"], ["c", "d"]):
        for variant in (1, 2):
            expected = reference.ksg_information(
                block(data, x, True), block(data, y, True), k, variant
            )
            value = KSG(k, variant).information(data, x, y)
            assert value == pytest.approx(expected, abs=1e-9)
    for x, y, z in ("a", "b", "c"), ("a", "b", "cd"), ("ab", "c", "d"):
        blocks = (block(data, list(names), False) for names in (x, y, z))
        expected = reference.frenzel_pompe_information(*blocks, k)
        value = KSG(k, normal_scores=False).information(data, list(x), list(y), list(z))
        assert value == pytest.approx(expected, abs=1e-9)


@given(seeds, sizes, decimals, st.integers(1, 4), st.sampled_from([("a", "bc"), ("ab", "cd")]))
@settings(max_examples=50)
def test_rectangles_with_ties(
    seed: int, n: int, decimals: int, k: int, split: tuple[str, str]
) -> None:
    data = table(seed, n, decimals)
    x, y = map(list, split)
    expected = reference.ksg_information(block(data, x, True), block(data, y, True), k, 2)
    assert KSG(k, variant=2).information(data, x, y) == pytest.approx(expected, abs=1e-9)


@given(seeds, sizes, decimals, st.integers(1, 4), st.sampled_from(SPLITS[:5]))
@settings(max_examples=50)
def test_continuous_columns_are_a_mixture_of_one_kind(
    seed: int, n: int, decimals: int, k: int, split: tuple[str, str, str]
) -> None:
    data = table(seed, n, decimals)
    x, y, z = map(list, split)
    assert KSG(k).information(data, x, y, z) == MixedKNN(k).information(data, x, y, z)


@given(seeds, st.integers(6, 50), st.integers(1, 4), st.booleans())
@settings(max_examples=30)
def test_labels_and_a_block(seed: int, n: int, k: int, scores: bool) -> None:
    data = table(seed, n)
    labels = data.codes[data.row("g")].tolist()
    for y in (["a"], ["a", "b", "c"]):
        expected = reference.ross_information(labels, block(data, y, scores), k)
        value = MixedKNN(k, normal_scores=scores).information(data, ["g"], y)
        assert value == pytest.approx(expected, abs=1e-9)


@given(seeds, sizes, decimals, st.integers(1, 4))
@settings(max_examples=40)
def test_total_correlation(seed: int, n: int, decimals: int, k: int) -> None:
    data = table(seed, n, decimals).select(CONTINUOUS)
    expected = reference.ksg_total_correlation(parts(data, CONTINUOUS, True), k)
    assert KSG(k).total_correlation(data) == pytest.approx(expected, abs=1e-9)


def test_total_correlation_of_two_is_their_information() -> None:
    data = table(3, 80)
    for names in (["a", "b"], ["a", "g"], ["g", "h"]):
        value = MixedKNN().total_correlation(data.select(names))
        assert value == pytest.approx(MixedKNN().information(data, names[:1], names[1:]), abs=1e-12)
    pair = data.select(["a", "b"])
    value = KSG(variant=2).total_correlation(pair)
    assert value == pytest.approx(KSG(variant=2).information(data, ["a"], ["b"]), abs=1e-12)


@pytest.mark.parametrize("variant", [1, 2])
def test_total_correlation_of_a_chain(variant: int) -> None:
    """Correlations r, r and r^2: -1/2 log((1 - r^2)^2)."""
    r = 0.6
    covariance = np.array([[1, r, r**2], [r, 1, r], [r**2, r, 1]])
    error, spread = error_and_spread(
        gaussian(covariance, 800),
        KSG(variant=variant).total_correlation,
        -math.log(1 - r**2),
    )
    assert abs(error) < 3 * spread + 0.03


@given(seeds, sizes, st.integers(1, 4))
@settings(max_examples=40)
def test_entropy_of_a_continuous_block(seed: int, n: int, k: int) -> None:
    data = table(seed, n)
    for names in (["a"], ["a", "b", "c"]):
        expected = reference.kozachenko_leonenko_entropy(block(data, names, False), k)
        assert KSG(k).entropy(data, names) == pytest.approx(expected, abs=1e-9)
        assert MixedKNN(k).entropy(data, names) == KSG(k).entropy(data, names)


def test_entropy_of_a_mixture_is_that_of_labels_and_within_them() -> None:
    data = table(0, 200)
    labels = data.codes[data.row("g")]
    values = block(data, ["a", "b"], False)
    sizes = np.bincount(labels)
    expected = psi(200) - (sizes * psi(sizes)).sum() / 200
    assert MixedKNN().entropy(data, ["g"]) == pytest.approx(expected)
    for state, size in enumerate(sizes):
        within = reference.kozachenko_leonenko_entropy(values[labels == state])
        expected += size / 200 * within
    assert MixedKNN().entropy(data, ["a", "g", "b"]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_threads_share_many_points(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
    single = table(1, 9000)
    repeated = as_dataset(pd.concat([table(2, 1250).to_pandas()] * 4, ignore_index=True))
    x, y, z = ["a", "b"], ["c", "g"], ["d"]
    for data in (single, repeated):
        joint = block(data, ["a", "b", "c", "d", "g"], True)
        assert MixedKNN().information(data, x, y, z) == pytest.approx(
            _by_scipy(joint, data.codes[data.row("g")]), abs=1e-9
        )


def _by_scipy(joint: np.ndarray, labels: np.ndarray) -> float:
    """I(a, b; c, g | d) from scipy's trees, g the last column: far apart where it differs."""
    from scipy.spatial import KDTree

    joint = joint.copy()
    joint[:, 4] = 100.0 * labels
    radii = KDTree(joint).query(joint, k=4, p=np.inf)[0][:, 3]
    terms = np.zeros(len(joint))
    limits = np.nextafter(radii, 0)

    def within(columns: list[int]) -> np.ndarray:
        space = joint[:, columns]
        found: np.ndarray = KDTree(space).query_ball_point(
            space, limits, p=np.inf, return_length=True
        )
        return found

    terms += psi(np.where(radii > 0, 3, within([0, 1, 2, 3, 4])))
    terms += psi(within([3])) - psi(within([0, 1, 3])) - psi(within([2, 3, 4]))
    return float(terms.mean())


# Closed forms ---------------------------------------------------------------------------------


def error_and_spread(
    make: Callable[[np.random.Generator], Dataset],
    estimate: Callable[[Dataset], float],
    truth: float,
    repeats: int = 20,
) -> tuple[float, float]:
    """Mean error over samples, and its standard error."""
    values = [estimate(make(np.random.default_rng(seed))) for seed in range(repeats)]
    return float(np.mean(values)) - truth, float(np.std(values, ddof=1)) / math.sqrt(repeats)


def gaussian(covariance: np.ndarray, n: int) -> Callable[[np.random.Generator], Dataset]:
    names = [f"c{i}" for i in range(len(covariance))]

    def make(rng: np.random.Generator) -> Dataset:
        values = rng.multivariate_normal(np.zeros(len(covariance)), covariance, size=n)
        return as_dataset(pd.DataFrame(values, columns=names))

    return make


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(
    ("d", "r", "bias"), [(1, 0.0, 0), (1, 0.9, 0.01), (2, 0.6, 0.015), (5, 0.0, 0)]
)
def test_gaussian_blocks(d: int, r: float, bias: float, variant: int) -> None:
    """d canonical correlations of r: -d/2 log(1 - r^2)."""
    covariance = np.block([[np.eye(d), r * np.eye(d)], [r * np.eye(d), np.eye(d)]])
    names = [f"c{i}" for i in range(2 * d)]
    error, spread = error_and_spread(
        gaussian(covariance, 800),
        lambda data: KSG(variant=variant).information(data, names[:d], names[d:]),
        -d / 2 * math.log(1 - r**2),
    )
    assert abs(error) < 3 * spread + bias


@pytest.mark.parametrize("dz", [1, 3])
@pytest.mark.parametrize("r", [0.0, 0.6])
def test_gaussian_given_a_common_cause(dz: int, r: float) -> None:
    """x and y are the mean of z and noises of correlation r: -1/2 log(1 - r^2)."""

    def make(rng: np.random.Generator) -> Dataset:
        z = rng.normal(size=(800, dz))
        noise = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=800)
        xy = z.sum(axis=1, keepdims=True) / math.sqrt(dz) + noise
        return as_dataset(np.column_stack([xy, z]))

    error, spread = error_and_spread(
        make,
        lambda data: KSG().information(data, ["x0"], ["x1"], data.names[2:]),
        -math.log(1 - r**2) / 2,
    )
    assert abs(error) < 3 * spread + 0.03


def test_the_uniform_mixture_of_mesner_and_shalizi() -> None:
    """x uniform on m states, y on [x, x + 2]: log m - (m - 1) log(2) / m."""
    m = 5

    def make(rng: np.random.Generator) -> Dataset:
        x = rng.integers(0, m, 1000)
        return as_dataset(
            pd.DataFrame({"x": x, "y": x + rng.uniform(0, 2, 1000)}), kinds={"x": "discrete"}
        )

    truth = math.log(m) - (m - 1) * math.log(2) / m
    error, spread = error_and_spread(
        make, lambda data: MixedKNN().information(data, ["x"], ["y"]), truth
    )
    assert abs(error) < 3 * spread + 0.01


def test_the_mixture_of_gao() -> None:
    """An even mixture of a Gaussian pair of correlation 0.8 and of signs that agree in 0.8 of rows.

    An atom has 0.2 or 0.05 of the mass, the product of the margins 1/16 there; elsewhere the
    density is half that of the pair, and a quarter of that of its margins: 2 f(x, y) / f(x) f(y).
    """
    truth = 0.4 * math.log(0.2 * 16) + 0.1 * math.log(0.05 * 16)
    truth += (math.log(2) - math.log(1 - 0.8**2) / 2) / 2
    assert truth == pytest.approx(1.045, abs=1e-3)

    def make(rng: np.random.Generator) -> Dataset:
        pair = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=1000)
        sign = rng.choice([-1.0, 1.0], size=1000)
        signs = np.column_stack([sign, np.where(rng.random(1000) < 0.8, sign, -sign)])
        return as_dataset(np.where(rng.random((1000, 1)) < 0.5, pair, signs))

    for estimator in (MixedKNN(), KSG()):
        error, spread = error_and_spread(
            make, lambda data, e=estimator: e.information(data, ["x0"], ["x1"]), truth
        )
        assert abs(error) < 3 * spread + 0.01
    # Numbers as they are: the ball around a normal value near an atom takes it in whole.
    raw = MixedKNN(normal_scores=False)
    error, _ = error_and_spread(make, lambda data: raw.information(data, ["x0"], ["x1"]), truth)
    assert -0.3 < error < -0.2


@pytest.mark.parametrize(("d", "bias"), [(1, 0.03), (3, 0.05)])
def test_entropy_of_a_gaussian(d: int, bias: float) -> None:
    """d/2 log(2 pi e), here in units of 1/10."""
    names = [f"c{i}" for i in range(d)]
    error, spread = error_and_spread(
        gaussian(100 * np.eye(3), 1000),
        lambda data: KSG().entropy(data, names),
        d / 2 * math.log(2 * math.pi * math.e) + d * math.log(10),
    )
    assert abs(error) < 3 * spread + bias


def test_xor_of_bits_given_noise() -> None:
    """A parity is known from a bit given the other one, and from neither alone."""

    def make(rng: np.random.Generator) -> Dataset:
        a, b = rng.integers(0, 2, (2, 600))
        level = (a ^ b) + rng.uniform(0, 0.5, 600)
        return as_dataset(pd.DataFrame({"a": a, "b": b, "level": level}))

    given, spread = error_and_spread(
        make, lambda data: MixedKNN().information(data, ["a"], ["level"], ["b"]), math.log(2)
    )
    assert abs(given) < 3 * spread + 0.01
    alone, spread = error_and_spread(
        make, lambda data: MixedKNN().information(data, ["a"], ["level"]), 0.0
    )
    assert abs(alone) < 3 * spread + 0.002


# What must not change an estimate -------------------------------------------------------------

ESTIMATES: dict[str, Callable[[Dataset], float]] = {
    "ksg 1": lambda data: KSG().information(data, ["a", "b"], ["c", "d"]),
    "ksg 2": lambda data: KSG(variant=2).information(data, ["a", "b"], ["c", "d"]),
    "given": lambda data: KSG().information(data, ["a"], ["b"], ["c", "d"]),
    "mixed": lambda data: MixedKNN().information(data, ["a", "g"], ["b", "h"], ["c"]),
    "labels": lambda data: MixedKNN().information(data, ["g"], ["a", "b"], ["h"]),
    "total": lambda data: MixedKNN().total_correlation(data),
    "total 2": lambda data: KSG(variant=2).total_correlation(data.select(CONTINUOUS)),
}


@pytest.mark.parametrize("estimate", ESTIMATES)
@pytest.mark.parametrize("decimals", [15, 1])
def test_units_and_directions_do_not_matter(estimate: str, decimals: int) -> None:
    data = table(0, 151, decimals)
    frame = data.to_pandas()
    frame["a"] = 1e9 + frame["a"]
    frame["b"] = -1e6 * frame["b"]
    frame["c"] = np.exp(1e-3 * frame["c"])
    frame["d"] = -np.cbrt(frame["d"]) * 1e-6
    for name in DISCRETE:
        frame[name] = frame[name].map(lambda s: f"state {9 - s}")
    other = as_dataset(frame, kinds=data.kinds)
    assert ESTIMATES[estimate](other) == pytest.approx(ESTIMATES[estimate](data), abs=1e-9)


@pytest.mark.parametrize("estimate", ESTIMATES)
@pytest.mark.parametrize("decimals", [15, 1])
def test_orders_do_not_matter(estimate: str, decimals: int) -> None:
    data = table(0, 150, decimals)
    frame = data.to_pandas()
    shuffled = frame.sample(frac=1, random_state=1)[[*reversed(frame.columns)]]
    other = as_dataset(shuffled, kinds=data.kinds)
    assert ESTIMATES[estimate](other) == pytest.approx(ESTIMATES[estimate](data), abs=1e-12)


@given(seeds, st.integers(6, 40), decimals, st.sampled_from(SPLITS))
@settings(max_examples=30)
def test_symmetry(seed: int, n: int, decimals: int, split: tuple[str, str, str]) -> None:
    data = table(seed, n, decimals)
    x, y, z = map(list, split)
    value = MixedKNN().information(data, x, y, z)
    assert MixedKNN().information(data, y, x, z) == pytest.approx(value, abs=1e-12)
    assert MixedKNN().information(data, x[::-1] * 2, y[::-1], z[::-1]) == pytest.approx(
        value, abs=1e-12
    )


def test_the_raw_entropy_follows_the_units() -> None:
    frame = table(0, 100).to_pandas()[CONTINUOUS]
    value = KSG().entropy(as_dataset(frame), CONTINUOUS)
    for scale in (1e-6, 1e6, 1e-200, 1e100):
        scaled = KSG().entropy(as_dataset(scale * frame), CONTINUOUS)
        assert scaled == pytest.approx(value + 4 * math.log(scale), abs=1e-9)
    moved = KSG().entropy(as_dataset(2.0**30 + frame), CONTINUOUS)
    assert moved == pytest.approx(value, abs=1e-5)  # the digits that the offset takes


def test_rows_with_gaps_are_left_out() -> None:
    data = table(0, 60)
    frame = data.to_pandas()
    frame.loc[[3, 30], "a"] = np.nan
    frame.loc[7, "g"] = np.nan
    frame.loc[9, "d"] = np.nan
    gapped = as_dataset(frame, kinds=data.kinds, missing="testwise")
    whole = as_dataset(frame.drop(index=[3, 7, 30]), kinds=data.kinds, missing="testwise")
    args = (["a", "b"], ["g"], ["c"])
    assert MixedKNN().information(gapped, *args) == MixedKNN().information(whole, *args)


# Nothing to estimate, or too much -------------------------------------------------------------


@pytest.fixture
def data() -> Dataset:
    """100 rows of a to d, g and h, with columns that follow from others."""
    frame = table(0, 100).to_pandas()
    frame["minus"] = -frame["a"]
    frame["steep"] = frame["a"] ** 3
    frame["level"] = 1.0
    frame["same"] = "same"
    frame["coarse"] = np.where(frame["g"].astype(int) > 1, "above", "below")
    frame["single"] = [f"row {i}" for i in range(100)]
    kinds = dict.fromkeys([*CONTINUOUS, "minus", "steep", "level"], "continuous")
    return as_dataset(
        frame, kinds=kinds | dict.fromkeys([*DISCRETE, "same", "coarse", "single"], "discrete")
    )


@pytest.mark.parametrize("estimator", [KSG(), KSG(variant=2), MixedKNN()], ids=str)
@pytest.mark.parametrize(
    ("x", "y"),
    [("a", "a"), ("a", "minus"), ("a", "steep"), (["a", "b"], ["c", "minus"])],
    ids=str,
)
def test_the_same_column_on_both_sides(
    data: Dataset, estimator: KSG | MixedKNN, x: Names, y: Names
) -> None:
    x, y = ([b] if isinstance(b, str) else b for b in (x, y))
    with pytest.warns(MistructWarning, match="'a'"):
        assert estimator.information(data, x, y) == math.inf
    if estimator == KSG(variant=2):
        return
    for z in (["b"], ["c", "d"]):
        with pytest.warns(MistructWarning, match="'a'"):
            assert estimator.information(data, x, y, z) == math.inf
    # What z knows adds nothing.
    for z in (["a"], ["minus", "d"], ["steep"]):
        left = [n for n in x if n == "b"], [n for n in y if n == "c"]
        expected = estimator.information(data, *left, z) if all(left) else 0.0
        assert estimator.information(data, x, y, z) == expected


def test_total_correlation_of_twins(data: Dataset) -> None:
    with pytest.warns(MistructWarning, match="'steep'"):
        assert KSG().total_correlation(data.select(["a", "b", "steep"])) == math.inf


@pytest.mark.parametrize("block", [["level"], ["level", "same"], []], ids=str)
def test_constant_blocks(data: Dataset, block: Names) -> None:
    for y in (["a"], ["a", "b"], ["g"], ["g", "a"]):
        for z in ([], ["c"], ["h"]):
            assert MixedKNN().information(data, block, y, z) == 0
            assert MixedKNN().information(data, y, block, z) == 0


def test_constant_columns_add_nothing(data: Dataset) -> None:
    value = MixedKNN().information(data, ["a", "g"], ["b"], ["c"])
    with_constants = ["a", "level", "g"], ["same", "b"], ["c", "same", "level"]
    assert MixedKNN().information(data, *with_constants) == value
    value = KSG().information(data, ["a", "b"], ["c"])
    assert KSG().information(data, ["a", "b"], ["c"], ["level"]) == pytest.approx(value, abs=1e-12)
    names = ["a", "b", "g"]
    value = MixedKNN().total_correlation(data.select(names))
    assert MixedKNN().total_correlation(data.select([*names, "level", "same"])) == value
    assert MixedKNN().total_correlation(data.select(["level", "a"])) == 0


def test_copies_within_a_block_add_nothing(data: Dataset) -> None:
    value = KSG().information(data, ["a", "b"], ["c"], ["d"])
    assert KSG().information(data, ["a", "minus", "b", "steep"], ["c"], ["d"]) == value
    value = KSG().information(data, ["b"], ["c"], ["a"])
    assert KSG().information(data, ["b"], ["c"], ["a", "minus"]) == value


def test_what_z_determines_adds_nothing(data: Dataset) -> None:
    assert MixedKNN().information(data, ["coarse"], ["a"], ["g"]) == 0
    assert MixedKNN().information(data, ["a"], ["g", "coarse"], ["single"]) == 0
    value = MixedKNN().information(data, ["b"], ["a"], ["g"])
    assert MixedKNN().information(data, ["coarse", "b"], ["a", "g"], ["g"]) == value


def test_labels_determine_each_other(data: Dataset) -> None:
    labels = MixedKNN().entropy(data, ["g"])
    assert MixedKNN().information(data, ["g"], ["g"]) == pytest.approx(labels)
    assert MixedKNN().information(data, ["g"], ["g", "coarse"]) == pytest.approx(labels)


def test_a_category_with_one_member_is_left_out() -> None:
    data = table(5, 60)
    frame = data.to_pandas()
    frame["g"] = frame["g"].astype(str)
    frame.loc[[4, 17], "g"] = ["one", "other"]
    lonely = as_dataset(frame, kinds=data.kinds)
    for x, y, z in (["g"], ["a", "b"], []), (["a"], ["b", "g"], ["c"]), (["a"], ["h"], ["g"]):
        expected = reference.mixed_information(*(parts(lonely, b, True) for b in (x, y, z)))
        value = MixedKNN().information(lonely, x, y, z)
        assert value == pytest.approx(expected, abs=1e-9)


def test_every_category_with_one_member(data: Dataset) -> None:
    assert MixedKNN().information(data, ["single"], ["a", "b"]) == 0
    assert MixedKNN().information(data, ["a"], ["b"], ["single"]) == 0
    assert MixedKNN().total_correlation(data.select(["single", "a", "b"])) == 0
    with pytest.raises(DataError, match="'a' needs two rows of one category"):
        MixedKNN().entropy(data, ["single", "a"])
    # Without a density to tell there is nothing to leave out.
    assert MixedKNN().entropy(data, ["single"]) == pytest.approx(psi(100) - psi(1))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["level"], "'level' is constant"),
        (["a", "level"], "'level' is constant"),
        (["a", "b", "steep"], "'steep' and 'a' determine each other"),
        (["a", "minus"], "'minus' and 'a' determine each other"),
    ],
)
def test_no_density(data: Dataset, names: Names, reason: str) -> None:
    with pytest.warns(MistructWarning, match=reason):
        assert KSG().entropy(data, names) == -math.inf


def test_atoms_have_no_density() -> None:
    data = as_dataset(np.array([[0.0, 0, 0, 0, 1, 2, 3, 4], range(8)]).T + 0.5)
    with pytest.warns(MistructWarning, match="more than n_neighbors=3 times"):
        assert KSG().entropy(data, ["x0"]) == -math.inf
    assert KSG(4).entropy(data, ["x0"]) > 0
    assert KSG().entropy(data, ["x0", "x1"]) > 0


@pytest.mark.parametrize(
    ("n", "k", "least"), [(3, 1, 4), (3, 3, 4), (4, 4, 5), (50, 50, 51), (50, 90, 91)]
)
def test_too_few_rows(n: int, k: int, least: int) -> None:
    data = as_dataset(np.random.default_rng(0).normal(size=(n, 3)))
    message = rf"have {n} complete rows, but n_neighbors={k} needs at least {least}"
    estimator = KSG(n_neighbors=k)
    for work in (
        lambda: estimator.information(data, ["x0"], ["x1"]),
        lambda: estimator.information(data, ["x0"], ["x1"], ["x2"]),
        lambda: estimator.information(data, ["x0", "x2"], ["x1"]),
        lambda: estimator.total_correlation(data),
        lambda: estimator.entropy(data, ["x0"]),
    ):
        with pytest.raises(DataError, match=message):
            work()


def test_as_few_rows_as_can_be() -> None:
    data = as_dataset(
        np.random.default_rng(2).permuted(np.ones((3, 1)) * np.arange(4.0), axis=1).T + 0.5
    )
    for value in (
        KSG().information(data, ["x0"], ["x1"], ["x2"]),
        KSG().total_correlation(data),
        KSG().entropy(data, ["x0"]),
    ):
        assert math.isfinite(value)


def test_no_complete_row() -> None:
    columns = {"a": [1.0, 2, 3, 4, np.nan, np.nan], "b": [np.nan] * 4 + [1.0, 2], "c": range(6)}
    data = as_dataset(pd.DataFrame(columns), missing="testwise", kinds={"*": "continuous"})
    with pytest.raises(DataError, match="no row is complete in 'a', 'b', 'c'"):
        KSG().information(data, ["a"], ["b"], ["c"])


def test_discrete_columns_are_for_the_mixed_estimator(data: Dataset) -> None:
    message = "takes continuous columns, but discrete: 'g'(, 'h')?; use 'mixed-knn'"
    positions = np.array([data.names.index("a"), data.names.index("g")])
    for work in (
        lambda: KSG().information(data, ["a", "g"], ["b"], ["h"]),
        lambda: KSG().information(data, ["a"], ["b"], ["g"]),
        lambda: KSG().entropy(data, ["g"]),
        lambda: KSG().total_correlation(data.select(["a", "g"])),
        lambda: KSG().pairwise(data, positions, positions),
    ):
        with pytest.raises(DataError, match=message):
            work()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KSG(n_neighbors=0), "n_neighbors must be a whole number of at least 1, got 0"),
        (lambda: MixedKNN(n_neighbors=2.5), "n_neighbors .* got 2.5"),
        (lambda: KSG(variant=3), "variant must be one of 1, 2, got 3"),
        (lambda: KSG(normal_scores="yes"), "normal_scores must be one of True, False, got 'yes'"),
        (lambda: MixedKNN(normal_scores=None), "normal_scores must be"),
    ],
)
def test_parameters(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_rectangles_are_not_defined_given_z(data: Dataset) -> None:
    with pytest.raises(ParameterError, match="variant=2 has no conditional information"):
        KSG(variant=2).information(data, ["a"], ["b"], ["c", "d"])


# Matrices -------------------------------------------------------------------------------------


def test_the_matrix_has_the_information_of_its_pairs(data: Dataset) -> None:
    some = data.select([*CONTINUOUS, *DISCRETE])
    rows, columns = np.arange(3), np.arange(6)
    matrix = MixedKNN().pairwise(some, rows, columns)
    assert matrix.shape == (3, 6)
    for i in rows:
        for j in columns:
            if i == j:
                assert matrix[i, j] == math.inf
                continue
            value = MixedKNN().information(some, [some.names[i]], [some.names[j]])
            assert matrix[i, j] == pytest.approx(value, abs=1e-9)
            # The way of blocks to the same pair.
            value = MixedKNN().information(data, [some.names[i], "level"], [some.names[j]])
            assert matrix[i, j] == pytest.approx(value, abs=1e-9)
    for variant in (1, 2):
        matrix = KSG(variant=variant).pairwise(some, rows, rows, np.float32)
        assert matrix.dtype == np.float32
        value = KSG(variant=variant).information(data, ["a", "level"], ["b"])
        assert matrix[0, 1] == matrix[1, 0] == pytest.approx(value, abs=1e-6)
