"""How many changed pairs DifferentialNetwork's test finds, beside the z test of correlations.

The peer is the difference of Fisher's z of Pearson's correlations against the normal distribution,
as packages for differential correlation have it. 64 columns are 2,016 pairs, of which 30 change
between two groups of 100 rows.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from mistruct.structure.differential.pair_differences import FORM, LINEAR
from mistruct.structure.differential.score_differences import Groups, score_differences

N_COLUMNS, N_CHANGED, N_ROWS, N_TABLES = 64, 30, 100, 20


def _table(rng: np.random.Generator, change: str, heavy: bool) -> np.ndarray:
    """Columns (2k, 2k + 1) change their dependence in the second group for k < 30."""
    values = rng.normal(size=(N_COLUMNS, 2 * N_ROWS))
    ill = np.arange(2 * N_ROWS) >= N_ROWS
    for k in range(N_CHANGED):
        x, noise = values[2 * k], values[2 * k + 1]
        linear = 0.55 * x + np.sqrt(1 - 0.55**2) * noise
        curved = 0.8 * (x**2 - 1) / np.sqrt(2) + 0.6 * noise
        values[2 * k + 1] = np.where(ill, linear if change == "linear" else curved, noise)
    if heavy:
        values = np.sinh(values)
    return values


def _z_test(values: np.ndarray) -> np.ndarray:
    z = [np.arctanh(np.clip(np.corrcoef(v), -1 + 1e-12, 1 - 1e-12)) for v in np.split(values, 2, 1)]
    statistic = np.abs(z[1] - z[0]) / np.sqrt(2 / (N_ROWS - 3))
    return 2 * norm.sf(statistic)[np.triu_indices(N_COLUMNS, 1)]


@pytest.mark.parametrize("heavy", [False, True], ids=["normal", "heavy tails"])
@pytest.mark.parametrize("change", ["linear", "curved"])
def test_power(change, heavy, benchmark):
    groups = Groups(np.repeat([0, 1], N_ROWS), np.zeros(2 * N_ROWS, dtype=np.int64))
    x, y = np.triu_indices(N_COLUMNS, 1)
    changed = (x % 2 == 0) & (y == x + 1) & (x < 2 * N_CHANGED)
    found: dict[str, list[tuple[int, int]]] = {"permutation": [], "z": []}
    for seed in range(N_TABLES):
        rng = np.random.default_rng(seed)
        values = _table(rng, change, heavy)
        linear, form = score_differences(values, groups, 200, rng)
        ours = np.minimum(1.0, np.minimum(linear / LINEAR, form / FORM))
        for name, p_values in (("permutation", ours), ("z", _z_test(values))):
            differs = false_discovery_control(p_values) <= 0.05
            found[name].append((differs[changed].sum(), differs[~changed].sum()))
    for name, counts in found.items():
        right, wrong = np.mean(counts, axis=0)
        benchmark.extra_info[name] = f"{right:.1f} of 30, and {wrong:.1f} others"
    benchmark.pedantic(lambda: None, rounds=1)
    # Ranks cost a little where the peer's assumption of normal columns holds.
    assert np.mean(found["permutation"], axis=0)[0] >= np.mean(found["z"], axis=0)[0] - 3.0
