"""How often the G test rejects: under independence as often as it says, under dependence often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import mistruct as ms
from mistruct.data.dataset import Dataset

N_TESTS = 3000
ALPHAS = (0.1, 0.05, 0.01)


def _many_pairs(
    n_pairs: int, n_samples: int, p_x: np.ndarray, p_y: np.ndarray, n_z: int, effect: float = 0.0
) -> tuple[Dataset, np.ndarray, tuple[int, ...]]:
    """Columns x_k, then y_k, then z; y_k copies x_k in a share `effect` of the rows."""
    rng = np.random.default_rng(n_samples)
    shape = (n_pairs, n_samples)
    x, y = (
        np.minimum(np.searchsorted(np.cumsum(p), rng.random(shape)), len(p) - 1) for p in (p_x, p_y)
    )
    y = np.where(rng.random(shape) < effect, np.minimum(x, len(p_y) - 1), y)
    z = rng.integers(0, n_z, (1, n_samples))
    codes = np.concatenate([x, y, z]).astype(np.uint8)
    names = tuple(f"c{i}" for i in range(len(codes)))
    data = Dataset(
        names=names,
        kinds=dict.fromkeys(names, "discrete"),
        states={n: tuple(range(int(c.max()) + 1)) for n, c in zip(names, codes, strict=True)},
        codes=codes,
        values=np.empty((0, n_samples)),
        missing="raise",
        inferred=frozenset(),
    )
    pairs = np.arange(2 * n_pairs).reshape(2, n_pairs).T.copy()
    return data, pairs, (2 * n_pairs,) if n_z > 1 else ()


def _even(r: int) -> np.ndarray:
    return np.full(r, 1 / r)


def _zipf(r: int) -> np.ndarray:
    p = 1 / np.arange(1, r + 1)
    return np.asarray(p / p.sum())


# Where few tables are possible the exact p-value takes few values, and no test that never rejects
# too often can reject just as often as it says; only the upper bound holds there.
DENSE = {
    "3 x 3 even, 100 rows": (100, _even(3), _even(3), 1, True),
    "2 x 4 even, 80 rows": (80, _even(2), _even(4), 1, True),
    "2 x 2 skewed, 400 rows": (400, np.array([0.8, 0.2]), np.array([0.7, 0.3]), 1, True),
    "3 x 3 even, 4 strata, 500 rows": (500, _even(3), _even(3), 4, True),
}
SPARSE = {
    "4 x 4 Zipf, 60 rows": (60, _zipf(4), _zipf(4), 1, True),
    "10 x 10 Zipf, 150 rows": (150, _zipf(10), _zipf(10), 1, True),
    "3 x 3 even, 27 strata, 200 rows": (200, _even(3), _even(3), 27, True),
    "2 x 2 rare, 200 rows": (200, np.array([0.95, 0.05]), np.array([0.95, 0.05]), 1, False),
    "2 x 2 rare, 8 strata, 300 rows": (300, np.array([0.95, 0.05]), np.array([0.9, 0.1]), 8, False),
    "4 x 4, a rare state in many rows": (2000, np.array([0.4, 0.3, 0.297, 0.003]),
                                         np.array([0.5, 0.3, 0.15, 0.05]), 1, True),
    "40 x 40 even, 100 rows": (100, _even(40), _even(40), 1, False),
}  # fmt: skip
METHODS = {
    "moments": ("g, moments", "g, exact"),
    "permutation": ("g, permutation",),
    "dense": ("g, chi-square",),
}
CASES = [
    *((s, "dense") for s in DENSE),
    *((s, form) for form in ("moments", "permutation") for s in SPARSE),
]


def _scenario(scenario: str, form: Any, n_pairs: int, effect: float = 0.0) -> tuple[Any, ...]:
    """The test, its table, pairs and conditioning set, and whether it is to be exact."""
    n_samples, p_x, p_y, n_z, exact = {**DENSE, **SPARSE}[scenario]
    test = ms.GTest() if form == "dense" else ms.GTest(sparse=form)
    return test, *_many_pairs(n_pairs, n_samples, p_x, p_y, n_z, effect), exact


@pytest.mark.parametrize(("scenario", "form"), CASES)
def test_rejections_under_independence(scenario: str, form: str) -> None:
    test, data, pairs, given, exact = _scenario(scenario, form, N_TESTS)
    batch = test.test_pairs(data, pairs, given)
    assert np.isin(batch.method, METHODS[form]).mean() > 0.99
    p = batch.p_value[batch.testable]
    for alpha in ALPHAS:
        n_rejected = (p <= alpha).sum()
        low, high = binom.ppf([1e-4, 1 - 1e-4], p.size, alpha)
        assert n_rejected <= high
        assert n_rejected >= low or not exact
    # Far out a fitted tail decides, of draws or of all tables; an excess of tenfold would show.
    far = 2 if form == "moments" else 1
    for alpha in (1e-3, 1e-4):
        assert (p <= alpha).sum() <= binom.ppf(1 - 1e-4, p.size, far * alpha)


@pytest.mark.parametrize(("scenario", "form"), CASES)
def test_dependence_is_found(scenario: str, form: str) -> None:
    weak, strong = (
        (test.test_pairs(data, pairs, given).p_value <= 0.01).mean()
        for test, data, pairs, given, _ in (
            _scenario(scenario, form, 300, effect) for effect in (0.1, 0.6)
        )
    )
    assert strong > 0.9
    assert strong >= weak
