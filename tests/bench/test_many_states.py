"""Columns of many states beside numbers: what one costs, and how often its tests are wrong.

The tables have the shape of those that people have: patients of 80 clinics, or 1,600 names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import mistruct as ms
from mistruct.independence.copula.copula_test import CopulaTest
from tests.bench.conftest import Beside
from tests.independence.copula.test_copula_test import result_of
from tests.independence.copula.test_many_states import moved_by
from tests.information.copula.test_gaussian_copula import Table, states

N_NULLS = 500


def patients(n_states: int, n: int = 1500) -> pd.DataFrame:
    """Six numbers and two classes in a chain, and a clinic that moves some of them."""
    rng = np.random.default_rng(0)
    clinic = rng.integers(0, n_states, n)
    columns: dict[str, Any] = {"clinic": pd.Categorical(clinic)}
    value = np.zeros(n)
    for i in range(6):
        value = 0.6 * value + rng.normal(size=n) + 0.5 * (i % 2) * rng.normal(size=n_states)[clinic]
        columns[f"x{i}"] = value
    for i in (1, 4):
        columns[f"d{i}"] = pd.Categorical((columns[f"x{i}"] + rng.logistic(size=n) > 0).astype(int))
    return pd.DataFrame(columns)


def test_a_clinic_with_many_states_beside_one_with_few(beside: Beside) -> None:
    many, few = (ms.as_dataset(patients(n)) for n in (80, 3))
    ratio = beside(
        "PC, 1,500 rows, 9 columns, one of 80 states",
        lambda: ms.PC(0.01).fit(many),
        "the same with 3 states",
        lambda: ms.PC(0.01).fit(few),
        rounds=3,
    )
    assert ratio > 0.1


def test_the_information_of_1600_names(beside: Beside) -> None:
    table = patients(1600, 27_000).rename(columns={"clinic": "name"})
    data = ms.as_dataset(table)
    test = CopulaTest()
    pairs = np.array([(0, i) for i in range(1, 7)])
    ratio = beside(
        "copula test, 1,600 states and 6 numbers, 27,000 rows",
        lambda: test.test_pairs(data, pairs),
        "sorting these numbers",
        lambda: np.argsort(data.values, axis=1),
        rounds=3,
    )
    assert ratio > 0.002


# x and y: n a number, f three states, o fifteen in an order, u twelve without one.
# z: v a number, d three states, w forty.
SCENARIOS = [
    ("n", "o", "v"), ("n", "u", "v"), ("f", "o", "v"), ("f", "u", "v"), ("o", "u", "v"),
    ("n", "o", "vvv"), ("f", "o", "vvv"), ("o", "u", "vvv"), ("n", "o", "d"), ("f", "u", "d"),
    ("o", "u", "d"), ("n", "o", "dv"), ("f", "o", "dv"), ("o", "u", "dv"), ("o", "u", ""),
    ("n", "n", "w"), ("n", "f", "w"), ("n", "f", "wv"), ("f", "o", "w"), ("f", "o", "wv"),
]  # fmt: skip


def null_table(x: str, y: str, z: str, n: int, rng: np.random.Generator) -> Table:
    """x and y, moved by z by two standard deviations; by forty states, one."""
    columns, moved = moved_by(z, n, rng, shuffled=True)
    for name, kind in (("x", x), ("y", y)):
        if kind == "u":
            odds = rng.normal(size=(12, 1)) * moved + rng.gumbel(size=(12, n))
            columns[name] = states(odds.argmax(axis=0))
            continue
        latent = moved + rng.normal(size=n)
        cuts = np.linspace(-3, 3, 14) if kind == "o" else [-0.7, 0.9]
        columns[name] = latent if kind == "n" else states(np.digitize(latent, cuts))
    return Table(columns)


@pytest.mark.long
@pytest.mark.parametrize("n_samples", [200, 1000])
def test_rejections_of_true_nulls(n_samples: int, request: pytest.FixtureRequest) -> None:
    plugins: Any = request.config.pluginmanager
    write = plugins.getplugin("terminalreporter").write_line
    for x, y, z in SCENARIOS:
        rng = np.random.default_rng([n_samples, *map(ord, x + y + z)])
        tables = (null_table(x, y, z, n_samples, rng) for _ in range(N_NULLS))
        m = len(z)
        p = np.array([result_of(t, m, m + 1, range(m)).p_value for t in tables])
        shares = [float((p <= alpha).mean()) for alpha in (0.01, 0.05, 0.10)]
        write(f"| {x} | {y} | {z or 'none'} | {n_samples} | {shares} |")
        assert (p <= 0.05).sum() <= binom.ppf(1 - 1e-4, N_NULLS, 0.07)
