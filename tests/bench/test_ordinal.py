"""Ordinal columns: the size of the tests between them, and what PC finds in surveys, by kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

import mistruct as ms
from mistruct.independence.names import resolve_test
from tests.bench.conftest import Beside

KINDS: Any = ("discrete", "ordinal", "continuous")
N_PAIRS = 100
#: How far z moves x and y, in standard deviations of what they have to themselves.
SHIFTS = np.array([0.0, 1.0, -0.5])


def answers(rng: np.random.Generator, shift: Any, n_answers: int, power: float) -> Any:
    """Answers 1, 2, ... by where a normal number lies; the first in most rows for a large power."""
    shares = np.arange(n_answers, 0.0, -1.0) ** power
    cuts = norm.ppf(np.cumsum(shares / shares.sum())[:-1])
    return 1 + np.digitize(shift + rng.normal(size=np.shape(shift)), cuts)


def survey(
    n_items: int, n_rows: int, n_answers: int, power: float, seed: int
) -> tuple[pd.DataFrame, set[frozenset[str]]]:
    """Items that each follow one or two others, up or down, and the edges between them."""
    rng = np.random.default_rng(seed)
    items = np.empty((n_items, n_rows), dtype=np.int64)
    true = set()
    for j in range(n_items):
        shift = np.zeros(n_rows)
        for i in rng.choice(j, min(j, int(rng.integers(1, 3))), replace=False) if j else []:
            above = items[i] - items[i].mean()
            shift += 0.5 * rng.choice([-1, 1]) * above / above.std()
            true.add(frozenset((f"q{i}", f"q{j}")))
        items[j] = answers(rng, shift / max(shift.std(), 1.0), n_answers, power)
    return pd.DataFrame(items.T).add_prefix("q"), true


def sizes(given: str, n_rows: int, n_answers: int, power: float, n_tables: int) -> np.ndarray:
    """P-values of independent columns, given nothing or one column that moves both."""
    rng = np.random.default_rng([len(given), n_rows, n_answers, int(power)])
    p_values = []
    for _ in range(n_tables):
        if given == "ordinal":
            z = answers(rng, np.zeros(n_rows), 5, 0)
            shift = 0.5 * (z - 3.0)
        else:
            z = rng.integers(3, size=n_rows)
            shift = SHIFTS[z] if given else np.zeros(n_rows)
        columns = [answers(rng, shift, n_answers, power) for _ in range(2 * N_PAIRS)]
        frame = pd.DataFrame(np.transpose(columns)).add_prefix("c").assign(z=z)
        kinds: Any = {"c*": "ordinal", "z": given or "discrete"}
        table = ms.as_dataset(frame, kinds=kinds)
        pairs = np.arange(2 * N_PAIRS).reshape(N_PAIRS, 2)
        found = resolve_test("auto").test_pairs(table, pairs, [2 * N_PAIRS] if given else [])
        p_values.append(found.p_value[found.testable])
    return np.concatenate(p_values)


@pytest.mark.long
@pytest.mark.parametrize("power", [0, 3], ids=["even", "skewed"])
@pytest.mark.parametrize("given", ["", "discrete", "ordinal"], ids=["none", "discrete", "ordinal"])
def test_size(given: str, power: float) -> None:
    for n_rows in (60, 200, 2000):
        for n_answers in (3, 5, 7):
            p_values = sizes(given, n_rows, n_answers, power, 40 if n_rows < 2000 else 20)
            shares = [float((p_values <= alpha).mean()) for alpha in (0.01, 0.05)]
            shown = given or "none", power, n_rows, n_answers, *(f"{s:.4f}" for s in shares)
            print(*shown)  # noqa: T201
            for alpha, share in zip((0.01, 0.05), shares, strict=True):
                low, high = binom.ppf([5e-5, 1 - 5e-5], len(p_values), alpha) / len(p_values)
                # Straight lines between scores miss bends and spreads: docs/accuracy.md.
                assert low <= share <= high or (given == "ordinal" and power)


@pytest.mark.parametrize(
    ("n_items", "n_rows", "n_answers", "power"),
    [(28, 300, 5, 0), (28, 2800, 6, 0), (28, 2800, 6, 2), (28, 2800, 7, 0)],
)
def test_pc_on_surveys(n_items: int, n_rows: int, n_answers: int, power: float) -> None:
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for seed in range(5):
        frame, true = survey(n_items, n_rows, n_answers, power, seed)
        edges = {}
        for kind in KINDS:
            learner = ms.PC(max_conditioning=3)  # with more, votes on v-structures take seconds
            skeleton = learner.fit(ms.as_dataset(frame, kinds={"q*": kind})).skeleton_
            edges[kind] = {frozenset(e) for e in skeleton.edges}
            right = len(edges[kind] & true)
            found[kind].append((right / len(true), right / len(edges[kind])))
        assert edges["ordinal"] >= edges["continuous"]
    means = {kind: np.mean(shares, axis=0) for kind, shares in found.items()}
    shown = {kind: m.round(3).tolist() for kind, m in means.items()}
    print(n_items, n_rows, n_answers, power, shown)  # noqa: T201
    assert means["ordinal"][0] > means["discrete"][0]


def test_pc_on_a_survey_costs_what_numbers_cost(beside: Beside) -> None:
    frame, _ = survey(28, 2800, 6, 0, 0)
    ordinal, numbers = (
        ms.as_dataset(frame, kinds={"q*": kind}) for kind in ("ordinal", "continuous")
    )
    ratio = beside(
        "PC, 28 items with 6 answers x 2,800 rows, ordinal",
        lambda: ms.PC().fit(ordinal),
        "the same, continuous",
        lambda: ms.PC().fit(numbers),
    )
    assert ratio > 0.8
