"""How many changed pairs DifferentialNetwork's test finds, beside the z test of correlations.

The peer is the difference of Fisher's z of Pearson's correlations against the normal distribution,
as packages for differential correlation have it. 64 columns are 2,016 pairs, of which 30 change
between two groups of 100 rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, false_discovery_control, norm

import mistruct as ms
from mistruct.structure.differential.group_scores import Groups
from mistruct.structure.differential.pair_differences import PairDifferences, pair_differences

N_COLUMNS, N_CHANGED, N_ROWS, N_TABLES = 64, 30, 100, 30


def _table(rng: np.random.Generator, change: str, heavy: bool) -> np.ndarray:
    """Columns (2k, 2k + 1) change their dependence in the second group for k < 30."""
    values = rng.normal(size=(N_COLUMNS, 2 * N_ROWS))
    ill = np.arange(2 * N_ROWS) >= N_ROWS
    for k in range(N_CHANGED):
        x, noise = values[2 * k], values[2 * k + 1]
        changed = {
            "linear": (0.0, 0.55 * x + np.sqrt(1 - 0.55**2) * noise),
            "opposite": tuple(r * x + np.sqrt(1 - 0.31**2) * noise for r in (-0.31, 0.31)),
            "curved": (0.0, 0.8 * (x**2 - 1) / np.sqrt(2) + 0.6 * noise),
        }[change]
        before = noise if change != "opposite" else changed[0]
        values[2 * k + 1] = np.where(ill, changed[1], before)
    if heavy:
        values = np.sinh(values)
    return values


def _z_test(values: np.ndarray) -> np.ndarray:
    z = [np.arctanh(np.clip(np.corrcoef(v), -1 + 1e-12, 1 - 1e-12)) for v in np.split(values, 2, 1)]
    statistic = np.abs(z[1] - z[0]) / np.sqrt(2 / (N_ROWS - 3))
    return 2 * norm.sf(statistic)[np.triu_indices(N_COLUMNS, 1)]


def _tested(
    values: np.ndarray, rng: np.random.Generator, n_permutations: int = 200
) -> PairDifferences:
    """Tests of the first half of the columns of `values`, one group, and the second."""
    n_rows = values.shape[1] // 2
    groups = Groups(np.repeat([0, 1], n_rows), np.zeros(2 * n_rows, dtype=np.int64))
    frame = pd.DataFrame(values.T, columns=[f"c{i:03}" for i in range(len(values))])
    return pair_differences(ms.as_dataset(frame), groups, n_permutations, rng)


# The difference to the peer that is true, with two standard errors of it to spare. Where the sign
# changes, ranks cost 0.5, and the tests of form and of pairs that depend in the mean the rest.
@pytest.mark.parametrize(
    ("change", "heavy", "least"),
    [
        ("linear", False, 1.5),
        ("linear", True, 6.0),
        ("curved", False, 27.0),
        ("curved", True, 15.0),
        ("opposite", False, -1.1),
    ],
)
def test_power(change, heavy, least, benchmark):
    x, y = np.triu_indices(N_COLUMNS, 1)
    changed = (x % 2 == 0) & (y == x + 1) & (x < 2 * N_CHANGED)
    found: dict[str, list[tuple[int, int]]] = {"permutation": [], "z": []}
    for seed in range(N_TABLES):
        rng = np.random.default_rng(seed)
        values = _table(rng, change, heavy)
        for name, q_values in (
            ("permutation", _tested(values, rng).adjusted()),
            ("z", false_discovery_control(_z_test(values))),
        ):
            differs = q_values <= 0.05
            found[name].append((differs[changed].sum(), differs[~changed].sum()))
    for name, counts in found.items():
        right, wrong = np.mean(counts, axis=0)
        benchmark.extra_info[name] = f"{right:.1f} of 30, and {wrong:.1f} others"
    differences = np.subtract(*(np.array(found[name])[:, 0] for name in ("permutation", "z")))
    error = differences.std(ddof=1) / np.sqrt(N_TABLES)
    benchmark.extra_info["difference"] = f"{differences.mean():.2f}, standard error {error:.2f}"
    benchmark.pedantic(lambda: None, rounds=1)
    assert differences.mean() >= least


def _modules_and_changes(change: str, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    """Four modules of 8 columns that no group changes, and 16 pairs of others that change."""
    rng = np.random.default_rng(seed)
    changed = _table(rng, change, False)[:32]
    factors = np.repeat(rng.normal(size=(4, 2 * N_ROWS)), 8, axis=0)
    kept = factors * rng.uniform(0.3, 1.5, size=(32, 1)) + rng.normal(size=factors.shape)
    return np.sinh(np.vstack([changed, kept])), rng


@pytest.mark.parametrize("change", ["linear", "opposite", "curved"])
def test_false_discoveries_beside_modules_that_are_kept(change, benchmark):
    x, y = np.triu_indices(N_COLUMNS, 1)
    changed = (x % 2 == 0) & (y == x + 1) & (x < 32)
    false, found = [], []
    for seed in range(2 * N_TABLES):
        differs = _tested(*_modules_and_changes(change, 100 + seed), 100).adjusted() <= 0.05
        found.append(differs[changed].sum())
        false.append(differs[~changed].sum() / max(differs.sum(), 1))
    error = np.std(false, ddof=1) / np.sqrt(len(false))
    benchmark.extra_info["false"] = f"{np.mean(false):.3f}, standard error {error:.3f}"
    benchmark.extra_info["found"] = f"{np.mean(found):.1f} of 16"
    benchmark.pedantic(lambda: None, rounds=1)
    assert np.mean(found) > 8
    assert np.mean(false) <= 0.05 + 2.33 * error


def _one_group(n_rows: int, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    """500 genes with heavy tails, in modules of 20 that depend more or less; twice n_rows rows."""
    rng = np.random.default_rng(seed)
    modules = rng.normal(size=(25, 2 * n_rows))
    genes = np.repeat(modules, 20, axis=0) * rng.uniform(0.0, 1.5, size=(500, 1))
    return np.exp(genes + rng.normal(size=genes.shape)), rng


@pytest.mark.long
@pytest.mark.parametrize("n_rows", [40, 60, 200])
def test_halves_of_one_group_of_500_genes(n_rows, benchmark):
    n_tables = 30
    any_at = {0.05: 0, 0.01: 0}
    shares = []
    for seed in range(n_tables):
        genes, rng = _one_group(n_rows, seed)
        tests = _tested(genes, rng, 50)
        for level in any_at:
            any_at[level] += (tests.adjusted() <= level).any()
        shares.append((tests.p_values <= 0.05).mean())
    benchmark.extra_info.update(any=str(any_at), share=f"{np.mean(shares):.4f}")
    benchmark.pedantic(lambda: None, rounds=1)
    for level, count in any_at.items():
        assert count <= binom.ppf(0.995, n_tables, level)
