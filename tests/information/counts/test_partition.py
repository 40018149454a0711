"""Adaptive partitioning: closed forms, what it does not depend on, matrices, bad input."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.information.counts.partition import AdaptivePartition
from tests.information.mixed_frames import mixed_frame

DEFAULT = AdaptivePartition()


def information(x: Any, y: Any, alpha: float = 0.05) -> float:
    return ms.mutual_information(x, y, estimator=AdaptivePartition(alpha))


def matrix(data: Dataset, dtype: Any = np.float64) -> np.ndarray:
    every = np.arange(data.n_variables)
    return DEFAULT.pairwise(data, every, every, dtype)


def mixed_table(n: int = 120, holes: float = 0.0) -> pd.DataFrame:
    return mixed_frame(n, holes, 0)


def test_two_blocks_hold_one_bit() -> None:
    """Of 8 rows the first quarters have 4 and 0: cells of 4 with even counts at most."""
    assert information(np.arange(8.0), [1.0, 0, 3, 2, 5, 4, 7, 6.0]) == pytest.approx(math.log(2))


def test_blocks_that_a_cut_finds_hold_all_they_can() -> None:
    block = np.arange(512) // 64
    value = np.array([5.0, 0, 3, 6, 1, 7, 2, 4])[block]
    assert information(np.arange(512.0), value) == pytest.approx(math.log(8), rel=1e-12)


def test_xor_of_signs_is_one_bit_with_its_first_cut() -> None:
    """No quadrant can be told from the shares of x and of y; inside, they are independent."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 1, 1000), rng.uniform(-1, 0, 1000)])
    y = np.concatenate([rng.uniform(0, 1, 500), rng.uniform(-1, 0, 500)])
    y = np.concatenate([y, y])
    label = np.where((x > 0) == (y > 0), "same", "other")
    frame = pd.DataFrame({"product": x * y, "label": label})
    data = ms.as_dataset(frame)
    found = DEFAULT.information(data, ["product"], ["label"])
    # The sign of the product is the label, and each half of the rows has one.
    assert found == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_independent_columns_keep_the_bias_of_four_cells_and_few_more(n: int) -> None:
    """Chi-square with one degree of freedom over 2n, and that of the cells that are cut by chance.

    A share alpha of them is at most, four of these become cells again, and the mean of chi-square
    with three degrees of freedom above its 95 % point is 10.2.
    """
    rng = np.random.default_rng(n)
    data = ms.as_dataset(rng.normal(size=(n, 120)))
    found = matrix(data)[np.triu_indices(120, 1)]
    n_cut = 4 * 0.05 / (1 - 4 * 0.05)
    assert 1 < 2 * n * found.mean() < 1 + 10.2 * n_cut
    assert found.min() > -1e-12


@pytest.mark.parametrize(("rho", "lost"), [(0.3, 0.011), (0.6, 0.012), (0.9, 0.045)])
def test_normal_columns_lose_what_the_docstring_says(rho: float, lost: float) -> None:
    """At 1000 rows, within 3 standard errors of 60 samples."""
    rng = np.random.default_rng(1)
    x, e = rng.normal(size=(2, 60, 1000))
    y = rho * x + math.sqrt(1 - rho**2) * e
    data = ms.as_dataset(np.concatenate([x, y]).T)
    found = DEFAULT.pairwise(data, np.arange(60), np.arange(60, 120)).diagonal()
    error = 3 * found.std() / math.sqrt(60)
    assert found.mean() + lost == pytest.approx(-0.5 * math.log(1 - rho**2), abs=error + 0.005)


def test_a_shifted_normal_within_categories() -> None:
    """I(C; C + e) = h(mixture) - h(e), by quadrature; bias below 0.01 at 1000 rows."""
    rng = np.random.default_rng(2)
    grid = np.linspace(-8, 10, 20_001)
    density = np.exp(-0.5 * (grid - np.arange(3)[:, np.newaxis]) ** 2) / math.sqrt(2 * math.pi)
    mixture = density.mean(axis=0)
    truth = np.trapezoid(-mixture * np.log(mixture), grid) - 0.5 * math.log(2 * math.pi * math.e)
    found = []
    for _ in range(30):
        state = rng.integers(0, 3, 1000)
        found.append(information(state, state + rng.normal(size=1000)))
    error = 3 * np.std(found) / math.sqrt(30)
    assert truth == pytest.approx(np.mean(found), abs=error + 0.01)


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
def test_a_spread_that_two_values_tell(kind: Any) -> None:
    """Normal of deviation 1 or 3, by a column of zeros and ones, whatever that is taken for."""
    grid = np.linspace(-30, 30, 60_001)
    sd = np.array([[1.0], [3.0]])
    density = np.exp(-0.5 * (grid / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
    mixture = density.mean(axis=0)
    of_mixture = -np.trapezoid(mixture * np.log(np.maximum(mixture, 1e-300)), grid)
    truth = of_mixture - 0.5 * math.log(2 * math.pi * math.e) - 0.5 * math.log(3)
    rng = np.random.default_rng(6)
    found = []
    for _ in range(20):
        x = rng.integers(0, 2, 400)
        frame = pd.DataFrame({"x": x, "y": rng.normal(size=400) * (1 + 2 * x)})
        data = ms.as_dataset(frame, kinds={"x": kind})
        found.append(DEFAULT.information(data, ["x"], ["y"]))
    error = 3 * np.std(found) / math.sqrt(20)
    assert np.mean(found) == pytest.approx(truth, abs=error + 0.02)


@pytest.mark.parametrize("shape", ["parabola", "circle", "sine", "spread"])
def test_relations_that_no_correlation_sees(shape: str) -> None:
    rng = np.random.default_rng(3)
    u, e = rng.uniform(-1, 1, 400), 0.1 * rng.normal(size=400)
    angle = math.pi * u
    x, y = {
        "parabola": (u, u**2 + e),
        "circle": (np.cos(angle) + e, np.sin(angle) + 0.1 * rng.normal(size=400)),
        "sine": (u, np.sin(2 * angle) + e),
        "spread": (u, 10 * e * u),
    }[shape]
    nulls = [information(x, rng.permutation(y)) for _ in range(99)]
    assert information(x, y) > 3 * max(nulls)


SAMPLES = st.tuples(st.integers(0, 2**32), st.integers(2, 80), st.sampled_from([1e9, 2.0, 0.5]))


@given(SAMPLES)
@settings(max_examples=30)
def test_only_ranks_count_and_each_row_alike(sample: tuple[int, int, float]) -> None:
    seed, n, scale = sample
    rng = np.random.default_rng(seed)
    x, e = np.round(scale * rng.normal(size=(2, n))) / scale
    y = x**3 + e
    y[: n // 4] = e[: n // 4]
    if len(set(x)) == n and (np.argsort(x) == np.argsort(y)).all():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        expected = information(x, y)
        assert information(y, x) == expected
        order = rng.permutation(n)
        assert information(x[order], y[order]) == expected
        bent = np.arctan(x), np.exp(y / max(np.abs(y).max(), 1.0))
        assert information(*bent) == expected or scale == 1e9
        assert information(1e6 * x, 1e-6 * y) == expected
        assert information(x * 1024.0 + 2.0**30, y) == expected or scale == 1e9
        state = np.where(x > 0, "above", "below")
        assert information(state, y) == information(y, state)
        assert information(np.where(x > 0, "a", "z"), y) == pytest.approx(information(state, y))


def test_a_copy_of_every_row_changes_only_what_the_test_can_see() -> None:
    """Shares stay, so of cells that no test would cut the information is the same."""
    x, y = np.arange(8.0), np.array([1.0, 0, 3, 2, 5, 4, 7, 6])
    assert information(np.repeat(x, 2), np.repeat(y, 2)) >= information(x, y)
    assert information(np.repeat(x, 2), np.repeat(y, 2)) == information(
        np.tile(x, 2), np.tile(y, 2)
    )


@pytest.mark.parametrize("other", ["numbers", "states", "constant"])
def test_a_constant_column_tells_nothing(other: str) -> None:
    values: dict[str, Any] = {
        "numbers": np.arange(20.0),
        "states": np.array(["a", "b"] * 10),
        "constant": np.full(20, 7.0),
    }
    assert information(np.full(20, 2.5), values[other]) == 0.0
    assert information(values[other], np.full(20, 2.5)) == 0.0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_than_four_rows_are_one_cell(n: int) -> None:
    x = np.array([0.5, 0.1, 0.3])[:n]
    frame = pd.DataFrame({"x": x, "y": 2 * x, "z": ["a", "b", "a"][:n]})
    data = ms.as_dataset(frame)
    for other in ("y", "z"):
        assert DEFAULT.information(data, ["x"], [other]) == 0.0
        assert DEFAULT.information(data, [other], ["x"]) == 0.0
    assert matrix(data)[0, 0] == (math.inf if n > 1 else 0.0)


@pytest.mark.parametrize("copy", ["itself", "transformed", "reversed", "with ties"])
def test_columns_that_determine_each_other_are_infinite(copy: str) -> None:
    x = np.random.default_rng(4).normal(size=30)
    if copy == "with ties":
        x = np.round(x)
    y = {"transformed": np.exp(x), "reversed": -x}.get(copy, x.copy())
    with pytest.warns(ms.MistructWarning, match=r"'x0' and 'y0' is infinite"):
        assert information(x, y) == math.inf


def test_a_matrix_is_infinite_on_its_diagonal_and_warns_of_the_rest() -> None:
    frame = mixed_table()
    found = matrix(ms.as_dataset(frame))
    assert np.isinf(found.diagonal()).tolist() == [True, True, False, True, False]
    assert found[2, 2] == pytest.approx(ms.entropy(frame["c"], estimator="plug-in"))
    with pytest.warns(ms.MistructWarning, match=r"'a' and 'f' is infinite"):
        matrix(ms.as_dataset(frame.assign(f=-(frame["a"] ** 3))))


@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_a_cell_of_a_matrix_is_the_information_of_the_pair(holes: float) -> None:
    frame = mixed_table(holes=holes)
    data = ms.as_dataset(frame, missing="testwise")
    found = matrix(data)
    np.testing.assert_array_equal(found, found.T)
    for i, a in enumerate(frame):
        for j, b in enumerate(frame):
            if i != j:
                known = frame[[a, b]].dropna()
                expected = information(known[a], known[b])
                assert found[i, j] == pytest.approx(expected, rel=1e-12)
                pair = DEFAULT.information(data, [a], [b])
                assert found[i, j] == pytest.approx(pair, rel=1e-12)


def test_chosen_rows_and_columns_and_types() -> None:
    data = ms.as_dataset(mixed_table())
    full = matrix(data)
    for rows, columns in (([2, 0], [1, 3, 4]), ([4, 1], [4, 1]), ([0, 1], [1, 0]), ([], [1])):
        found = DEFAULT.pairwise(data, np.array(rows, dtype=int), np.array(columns), np.float32)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, full[np.ix_(rows, columns)].astype(np.float32))


def test_a_pair_without_a_common_row_is_not_a_number() -> None:
    none = [math.nan] * 5
    frame = pd.DataFrame(
        {"a": [0.5, *range(4), *none], "b": [*none, *range(4), 0.5], "c": [*"uv"] * 5}
    )
    data = ms.as_dataset(frame, missing="testwise")
    found = matrix(data)
    assert np.isnan(found).sum() == 2
    assert np.isnan(found[0, 1])
    with pytest.raises(ms.DataError, match="no row is complete in 'a', 'b'"):
        DEFAULT.information(data, ["a"], ["b"])


def test_the_number_of_threads_and_other_columns_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.concat([mixed_table().add_prefix(str(i)) for i in range(4)], axis=1)
    frame = frame.apply(lambda c: c.sample(frac=1, random_state=1).to_numpy())
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        for n in ("1", "2", "5"):
            monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
            found.append(matrix(ms.as_dataset(frame)))
        few = matrix(ms.as_dataset(frame.iloc[:, :3]))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[0][:3, :3], few)


def test_a_smaller_alpha_is_coarser() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    found = [information(x, y, alpha) for alpha in (1e-12, 0.01, 0.3, 0.999)]
    assert found == sorted(found)
    # With nothing cut but the first cell: the counts of its quadrants.
    halves = [np.where(v > np.median(v), "high", "low") for v in (x, y)]
    counted = ms.mutual_information(*halves, estimator="plug-in")
    assert found[0] >= counted
    assert information(x, rng.permutation(y), 1e-12) < 0.02


def test_the_total_correlation_of_two_columns_is_their_information() -> None:
    data = ms.as_dataset(mixed_table())
    two = data.select(["a", "c"])
    assert DEFAULT.total_correlation(two) == DEFAULT.information(data, ["a"], ["c"])


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            lambda d: DEFAULT.information(d, ["a"], ["b"], ["c"]),
            ms.ParameterError,
            "'adaptive-partition' has no conditional information; use 'ksg'",
        ),
        (
            lambda d: DEFAULT.information(d, ["a"], ["b", "c"]),
            ms.DataError,
            "takes single columns, not a block of 2: 'b', 'c'",
        ),
        (
            lambda d: DEFAULT.entropy(d, ["a"]),
            ms.ParameterError,
            "measures dependence, not entropy",
        ),
        (DEFAULT.total_correlation, ms.ParameterError, "pairs of columns, not 5"),
        (lambda d: AdaptivePartition(0), ms.ParameterError, "^alpha must be .* got 0$"),
        (lambda d: AdaptivePartition(1.0), ms.ParameterError, "^alpha must be .* got 1.0$"),
        (lambda d: AdaptivePartition("5%"), ms.ParameterError, "^alpha must be .* got '5%'$"),  # type: ignore[arg-type]
    ],
)
def test_refused(ask: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask(ms.as_dataset(mixed_table()))
