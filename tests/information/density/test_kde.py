"""Kernel densities: the reference, closed forms, what they do not depend on, bad input."""

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
from mistruct.information.density.kde import KDE
from tests import reference_continuous as ref
from tests.information.mixed_frames import mixed_frame

DEFAULT = KDE()
Bandwidth = Any


def scores(block: Any) -> np.ndarray:
    array = np.asarray(block, dtype=float)
    return np.column_stack([ref.normal_scores(c) for c in array.reshape(len(array), -1).T])


def widths(bandwidth: Bandwidth, *blocks: np.ndarray) -> Any:
    """What the reference takes: a rule, or the width of each column."""
    if isinstance(bandwidth, str):
        return bandwidth
    return bandwidth * np.concatenate([b.std(axis=0, ddof=1) for b in blocks])


def information(x: Any, y: Any, bandwidth: Bandwidth = "scott") -> float:
    return ms.mutual_information(x, y, estimator=KDE(bandwidth))


def blocks(n: int = 60, d: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, n, d))
    return x, np.exp(0.5 * x + y), z + x[:, ::-1]


def mixed_table(n: int = 80, holes: float = 0.0) -> pd.DataFrame:
    return mixed_frame(n, holes, 1)


def matrix(data: Dataset, dtype: Any = np.float64) -> np.ndarray:
    every = np.arange(data.n_variables)
    return DEFAULT.pairwise(data, every, every, dtype)


@pytest.mark.parametrize("bandwidth", ["scott", "silverman", 0.3, 2])
@pytest.mark.parametrize("d", [1, 3])
def test_continuous_blocks_are_the_reference(bandwidth: Bandwidth, d: int) -> None:
    x, y, z = blocks(d=d)
    estimator = KDE(bandwidth)
    of_x, of_y, of_z = map(scores, (x, y, z))
    found = ms.mutual_information(x, y, estimator=estimator)
    expected = ref.kde_information(of_x, of_y, None, widths(bandwidth, of_x, of_y))
    assert found == pytest.approx(expected, rel=1e-11)
    found = ms.conditional_mutual_information(x, y, z, estimator=estimator)
    expected = ref.kde_information(of_x, of_y, of_z, widths(bandwidth, of_x, of_y, of_z))
    assert found == pytest.approx(expected, rel=1e-11)
    found = ms.entropy(y, estimator=estimator)
    assert found == pytest.approx(ref.kde_entropy(y, widths(bandwidth, y)), rel=1e-11)


def test_ties_and_constants_are_the_reference() -> None:
    x, y, _ = blocks()
    x, y = np.round(x), np.round(y)
    x[:, 1] = 3.0
    expected = ref.kde_information(scores(x), scores(y))
    assert information(x, y) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("bandwidth", [1e-3, 1e-100])
def test_kernels_too_narrow_to_reach_another_row(bandwidth: float) -> None:
    x, y, z = blocks(d=1)
    of_x, of_y, of_z = map(scores, (x, y, z))
    found = ms.conditional_mutual_information(x, y, z, estimator=KDE(bandwidth))
    expected = ref.kde_information(of_x, of_y, of_z, widths(bandwidth, of_x, of_y, of_z))
    assert found == pytest.approx(expected, rel=1e-10)
    data = ms.as_dataset(np.hstack([x, y]))
    pairs = KDE(bandwidth).pairwise(data, np.arange(2), np.arange(2))
    assert pairs[0, 1] == information(x, y, bandwidth)


def slow_densities(points: np.ndarray, labels: list[Any], h: np.ndarray) -> np.ndarray:
    """Leave-one-out densities at each row, but for their norm; points of shape (n, d)."""
    n = len(labels)
    found = np.zeros(n)
    for i in range(n):
        for j in range(n):
            if i != j and labels[i] == labels[j]:
                found[i] += math.exp(-0.5 * (((points[i] - points[j]) / h) ** 2).sum()) / (n - 1)
    return found


def test_mixed_blocks_are_a_product_of_kernels_and_indicators() -> None:
    """x a number, y a number and a state, z a state; rows alone in their states are left out."""
    frame = mixed_table(60).assign(f=lambda t: np.where(t["b"] == t["b"].max(), "rare", t["e"]))
    states = [(c, f) for c, f in zip(frame["c"], frame["f"], strict=True)]
    keep = [states.count(s) > 1 for s in states]
    assert not all(keep)
    kept = frame[keep]
    a, b = scores(kept["a"]), scores(kept["b"])
    h = ref.kde_bandwidths(np.hstack([a, b]), "scott")
    none = np.empty((len(kept), 0))
    c, f = kept["c"].tolist(), kept["f"].tolist()
    joint = slow_densities(np.hstack([a, b]), list(zip(c, f, strict=True)), h)
    of_xz = slow_densities(a, f, h[:1])
    of_yz = slow_densities(b, list(zip(c, f, strict=True)), h[1:])
    of_z = slow_densities(none, f, np.empty(0))
    expected = np.log(joint * of_z / (of_xz * of_yz)).mean()
    found = DEFAULT.information(ms.as_dataset(frame), ["a"], ["b", "c"], ["f"])
    assert found == pytest.approx(expected, rel=1e-11)


def test_mixed_entropy() -> None:
    frame = mixed_table(60)
    b = frame[["b"]].to_numpy()
    h = ref.kde_bandwidths(b, "scott")
    densities = slow_densities(b, frame["c"].tolist(), h) / (h[0] * math.sqrt(2 * math.pi))
    found = DEFAULT.entropy(ms.as_dataset(frame), ["b", "c"])
    assert found == pytest.approx(-np.log(densities).mean(), rel=1e-11)


def test_total_correlation() -> None:
    frame = mixed_table(50)
    data = ms.as_dataset(frame)
    two = data.select(["a", "c"])
    assert DEFAULT.total_correlation(two) == pytest.approx(
        DEFAULT.information(data, ["a"], ["c"]), rel=1e-11
    )
    a, b, d = (scores(frame[n]) for n in "abd")
    every = np.hstack([a, b, d])
    h = ref.kde_bandwidths(every, "scott")
    c = frame["c"].tolist()
    joint = slow_densities(every, c, h)
    single = [slow_densities(v, [0] * 50, w) for v, w in zip((a, b, d), h, strict=True)]
    of_c = slow_densities(np.empty((50, 0)), c, np.empty(0))
    expected = np.log(joint / np.prod([*single, of_c], axis=0)).mean()
    found = DEFAULT.total_correlation(data.select(["a", "b", "c", "d"]))
    assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("rho", "lost"), [(0.0, 0.008), (0.6, 0.01), (0.9, 0.1)])
def test_normal_columns_lose_what_the_docstring_says(rho: float, lost: float) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(20):
        x, e = rng.normal(size=(2, 1000))
        found.append(information(x, rho * x + math.sqrt(1 - rho**2) * e))
    error = 3 * np.std(found) / math.sqrt(20)
    truth = -0.5 * math.log(1 - rho**2)
    assert np.mean(found) + lost == pytest.approx(truth, abs=error + 0.004)


def test_a_normal_entropy() -> None:
    """The kernel adds its variance: about h^2 / 2 nats for h = n^(-1/5)."""
    found = [
        ms.entropy(np.random.default_rng(s).normal(size=1000), estimator=DEFAULT) for s in range(20)
    ]
    truth = 0.5 * math.log(2 * math.pi * math.e)
    assert np.mean(found) == pytest.approx(truth, abs=3 * np.std(found) / math.sqrt(20) + 0.03)


def test_a_common_cause_is_seen_through() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(size=800)
    x, y = z + rng.normal(size=(2, 800))
    # x and y have correlation 1/2.
    assert information(x, y) > 0.1
    found = ms.conditional_mutual_information(x, y, z, estimator=DEFAULT)
    assert abs(found) < 0.03


@pytest.mark.parametrize("shape", ["parabola", "circle", "sine", "spread"])
def test_relations_that_no_correlation_sees(shape: str) -> None:
    rng = np.random.default_rng(5)
    u, e = rng.uniform(-1, 1, 300), 0.1 * rng.normal(size=300)
    angle = math.pi * u
    x, y = {
        "parabola": (u, u**2 + e),
        "circle": (np.cos(angle) + e, np.sin(angle) + 0.1 * rng.normal(size=300)),
        "sine": (u, np.sin(2 * angle) + e),
        "spread": (u, 10 * e * u),
    }[shape]
    nulls = [information(x, rng.permutation(y)) for _ in range(49)]
    assert information(x, y) > max(nulls) + 3 * np.std(nulls)


@given(st.integers(0, 2**32), st.integers(4, 40), st.sampled_from([1e9, 2.0]))
@settings(max_examples=25)
def test_only_ranks_count_and_each_row_alike(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x, e = np.round(scale * rng.normal(size=(2, n))) / scale
    y = x**2 + e
    same = {"rel": 1e-9, "abs": 1e-9}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        expected = information(x, y)
        order = rng.permutation(n)
        assert information(y, x) == pytest.approx(expected, **same)
        assert information(x[order], y[order]) == pytest.approx(expected, **same)
        assert information(-1e6 * x, y * 1e-6) == pytest.approx(expected, **same)
        assert information(np.arctan(x), y) == pytest.approx(expected, **same)
        state = np.where(x > 0, "above", "below")
        other = np.where(x > 0, "a", "z")
        assert information(state, y) == pytest.approx(information(y, other), **same)


@given(st.integers(0, 2**32), st.sampled_from([1e-6, 1e6]), st.sampled_from([0.0, 1e9]))
@settings(max_examples=25)
def test_an_entropy_moves_with_the_scale(seed: int, scale: float, offset: float) -> None:
    x = np.random.default_rng(seed).normal(size=50)
    moved = scale * x + offset * scale
    expected = ms.entropy(x, estimator=DEFAULT) + math.log(scale)
    assert ms.entropy(moved, estimator=DEFAULT) == pytest.approx(expected, abs=1e-6)


def test_duplicated_rows_are_the_reference() -> None:
    x, y = (np.tile(v[:, 0], 2) for v in blocks(30)[:2])
    expected = ref.kde_information(scores(x), scores(y))
    assert information(x, y) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("other", ["numbers", "states", "constant"])
def test_a_constant_column_tells_nothing(other: str) -> None:
    values: dict[str, Any] = {
        "numbers": np.arange(20.0),
        "states": np.array(["a", "b"] * 10),
        "constant": np.full(20, 7.0),
    }
    assert information(np.full(20, 2.5), values[other]) == 0.0
    assert information(values[other], np.full(20, 2.5)) == 0.0


def test_the_entropy_of_a_constant_is_minus_infinity() -> None:
    with pytest.warns(ms.MistructWarning, match="entropy of 'x1', 'x0' is minus infinity"):
        data = ms.as_dataset(np.column_stack([np.full(9, 0.1), np.arange(9.0)]))
        assert DEFAULT.entropy(data, ["x1", "x0"]) == -math.inf


@pytest.mark.parametrize("copy", ["itself", "transformed", "reversed", "in a block"])
def test_columns_that_determine_each_other_are_infinite(copy: str) -> None:
    x, e = np.random.default_rng(6).normal(size=(2, 30))
    y = {"transformed": np.exp(x), "reversed": -x, "in a block": np.column_stack([e, x])}.get(
        copy, x
    )
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        assert information(x, y) == math.inf


def test_what_z_holds_tells_nothing() -> None:
    frame = mixed_table()
    data = ms.as_dataset(frame.assign(f=-frame["a"]))
    for known in (["a"], ["c"], ["a", "c"]):
        assert DEFAULT.information(data, known, ["b", "e"], ["d", *known]) == pytest.approx(0)
    assert DEFAULT.information(data, ["a"], ["f"], ["a"]) == 0.0
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        assert DEFAULT.information(data, ["a"], ["f"], ["b"]) == math.inf
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        assert DEFAULT.total_correlation(data) == math.inf


def test_a_repeated_column_of_a_block_counts_once() -> None:
    x, y, _ = blocks()
    doubled = np.column_stack([x, 2 * x[:, 0]])
    assert information(doubled, y) == pytest.approx(information(x, y), rel=1e-12)


def test_no_two_rows_of_one_category() -> None:
    data = ms.as_dataset(
        pd.DataFrame({"a": np.arange(6.0) ** 2, "b": [*"uvwxyz"]}), kinds={"b": "discrete"}
    )
    assert DEFAULT.information(data, ["a"], ["b"]) == 0.0
    assert DEFAULT.total_correlation(data) == 0.0
    assert matrix(data)[0, 1] == 0.0
    with pytest.raises(ms.DataError, match=r"'kde' needs rows that share a category.* b each of"):
        DEFAULT.entropy(data, ["b"])


@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_a_cell_of_a_matrix_is_the_information_of_the_pair(holes: float) -> None:
    frame = mixed_table(holes=holes)
    frame["g"] = np.random.default_rng(7).normal(size=80)
    frame["h"] = frame["g"] + np.random.default_rng(8).normal(size=80)
    data = ms.as_dataset(frame.assign(i=1.0), missing="testwise")
    found = matrix(data)
    np.testing.assert_array_equal(found, found.T)
    for i, a in enumerate(data.names):
        for j, b in enumerate(data.names):
            if i != j:
                expected = DEFAULT.information(data, [a], [b])
                assert found[i, j] == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert np.isinf(found.diagonal()).sum() == 5
    assert found[7, 7] == 0.0


def test_a_matrix_warns_of_infinite_pairs_only() -> None:
    frame = mixed_table()
    assert np.isinf(matrix(ms.as_dataset(frame[["a", "b"]])).diagonal()).all()
    with pytest.warns(ms.MistructWarning, match=r"'a' and 'f' is infinite"):
        found = matrix(ms.as_dataset(frame.assign(f=frame["a"] ** 3)))
    assert found[0, 5] == math.inf


def test_chosen_rows_and_columns_and_types() -> None:
    data = ms.as_dataset(mixed_table())
    full = matrix(data)
    for rows, columns in (([2, 0], [1, 3, 4]), ([3, 1], [3, 1]), ([0, 1], [1, 0]), ([], [1])):
        found = DEFAULT.pairwise(data, np.array(rows, dtype=int), np.array(columns), np.float32)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, full[np.ix_(rows, columns)], rtol=1e-6)


def test_a_pair_without_a_common_row_is_not_a_number() -> None:
    none = [math.nan] * 5
    frame = pd.DataFrame({"a": [0.5, *range(4), *none], "b": [*none, *range(4), 0.5]})
    data = ms.as_dataset(frame.assign(c=[*"uv"] * 5), missing="testwise")
    found = matrix(data)
    assert np.isnan(found).sum() == 2
    assert np.isnan(found[0, 1])


def test_many_tiles_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ms.as_dataset(np.random.default_rng(9).normal(size=(40, 30)))
    expected = matrix(data)
    monkeypatch.setattr("mistruct.information.density.kernel_sums._TILE_EDGE", 7)
    monkeypatch.setattr("mistruct.information.density.kernel_sums._BLOCK_NANOSECONDS", 1e4)
    np.testing.assert_allclose(matrix(data), expected, rtol=1e-10, atol=1e-13)
    found = DEFAULT.pairwise(data, np.arange(20), np.arange(5, 30))
    np.testing.assert_allclose(found, expected[:20, 5:], rtol=1e-10, atol=1e-13)


def test_the_number_of_threads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ms.as_dataset(mixed_table())
    monkeypatch.setattr("mistruct.information.density.kernel_sums._BLOCK_NANOSECONDS", 1e4)
    found = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append((matrix(data).tolist(), DEFAULT.information(data, ["a", "c"], ["b"], ["d"])))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("bandwidth", ["Scott", 0, -1.0, math.inf, math.nan, True, None])
def test_bandwidths_that_are_refused(bandwidth: Any) -> None:
    with pytest.raises(ms.ParameterError, match=r"^bandwidth must be 'scott', 'silverman' or a"):
        KDE(bandwidth)


def test_too_few_rows_are_refused() -> None:
    frame = pd.DataFrame({"a": [1.5, 2, 3, None], "b": [1.5, 4, 2, 1]})
    data = ms.as_dataset(frame, missing="testwise")
    with pytest.raises(ms.DataError, match=r"at least 4 rows, but 3 are complete in 'a', 'b'$"):
        DEFAULT.information(data, ["a"], ["b"])
    with pytest.raises(ms.DataError, match="at least 4 rows"):
        matrix(ms.as_dataset(frame.dropna()))


@pytest.mark.parametrize("unit", [1e300, 1e-300, 5e-320])
def test_an_entropy_in_extreme_units(unit: float) -> None:
    """H(cx) = H(x) + log c."""
    x = np.random.default_rng(0).integers(1, 900, 100) + 0.5
    wanted = float(ms.entropy(x, estimator="kde")) + np.log(unit)
    assert ms.entropy(x * unit, estimator="kde") == pytest.approx(wanted, abs=1e-2)
