"""Scores of families where entries are missing: beside the slow reference, and their limits."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.scores.discrete import regret
from tests import reference_continuous
from tests import reference_scores as reference
from tests.scores.test_gaussian import embedded, mixed_table

Rows = list[list[Any]]
FAMILIES = [
    (x, parents)
    for x in range(4)
    for k in (0, 1, 3)
    for parents in itertools.combinations([c for c in range(4) if c != x], k)
]


@st.composite
def gappy_tables(draw: st.DrawFn) -> tuple[Rows, list[int]]:
    """Rows of four columns, some entries None; each state occurs, and some rows are complete."""
    n_states = draw(st.lists(st.integers(2, 4), min_size=4, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    share = draw(st.sampled_from([0.02, 0.2, 0.5]))
    rows: Rows = [[int(rng.integers(r)) for r in n_states] for _ in range(40)]
    for row in rows[4:]:
        if rng.random() < 0.5:
            row[1] = row[0] % n_states[1]
        row[:] = [None if rng.random() < share else v for v in row]
    for j, r in enumerate(n_states):
        for k in range(r):
            rows[k][j] = k
    return rows, n_states


def families(score: ms.Score, rows: Rows) -> ms.Families:
    columns = {
        name: pd.Categorical(column)
        for name, column in zip("abcd", zip(*rows, strict=True), strict=True)
    }
    return score.families(ms.as_dataset(pd.DataFrame(columns), missing="testwise"))


def qnml_with_the_same_regret(
    rows: Rows, n_states: list[int], x: int, parents: tuple[int, ...]
) -> float:
    """The reference's regret is exact, the package's an approximation that is held against it."""
    n, q = len(rows), math.prod(n_states[p] for p in parents)
    of_family = regret(n, np.array(q * n_states[x])) - regret(n, np.array(q))
    return reference.log_likelihood(rows, x, parents) - float(of_family)


@pytest.mark.parametrize(
    ("score", "complete", "gamma"),
    [
        (ms.BIC(), reference.bic, 0.0),
        (ms.BIC(dof="occupied"), lambda *f: reference.bic(*f, occupied=True), 0.0),
        (ms.BDeu(2.5, gamma=1.0), lambda *f: reference.bdeu(*f, 2.5), 1.0),
        (ms.QNML(gamma=0.5), qnml_with_the_same_regret, 0.5),
    ],
    ids=["bic", "occupied", "bdeu", "qnml"],
)
@given(table=gappy_tables())
@settings(max_examples=8, deadline=None)
def test_families_are_scored_as_the_reference_does(
    score: ms.Score, complete: Any, gamma: float, table: tuple[Rows, list[int]]
) -> None:
    rows, n_states = table
    if all(entry is not None for row in rows for entry in row):
        return
    of_table = families(score, rows)
    for x, parents in FAMILIES:
        expected = reference.incomplete(rows, n_states, x, parents, complete, gamma)
        assert of_table.score(x, parents) == pytest.approx(expected, rel=1e-9, abs=1e-7)
        added = np.array([c for c in range(4) if c != x and c not in parents], dtype=np.int64)
        one_by_one = [of_table.score(x, sorted([*parents, int(c)])) for c in added]
        # To the last bit: a search may not find that a family beats itself.
        assert of_table.scores_with(x, parents, added).tolist() == one_by_one


@pytest.mark.parametrize("score", [ms.BIC(), ms.BDeu(), ms.QNML(gamma=1.0)])
def test_a_gap_in_another_column_changes_nothing(score: ms.Score) -> None:
    rng = np.random.default_rng(0)
    rows: Rows = rng.integers(0, 3, (200, 4)).tolist()
    whole = families(score, rows)
    rows[7][3] = None
    gappy = families(score, rows)
    for x, parents in FAMILIES:
        if x != 3 and 3 not in parents:
            assert gappy.score(x, parents) == pytest.approx(whole.score(x, parents), rel=1e-12)


def test_no_row_that_is_complete_in_a_family_makes_it_expensive() -> None:
    rows: Rows = [[0, None], [1, None], [0, None], [None, 0], [None, 1], [None, 1]] * 20
    columns = {"a": pd.Categorical([r[0] for r in rows]), "b": pd.Categorical([r[1] for r in rows])}
    data = ms.as_dataset(pd.DataFrame(columns), missing="testwise")
    for score in (ms.BIC(), ms.BDeu(gamma=1.0), ms.QNML()):
        of_table = score.families(data)
        assert np.isfinite(of_table.score(0, [1]))
        assert of_table.score(0, [1]) <= of_table.score(0, [])


@pytest.mark.parametrize("seed", range(3))
def test_gaussian_families_go_by_the_correlations_of_pairs(seed: int) -> None:
    frame = mixed_table(300, seed)
    gaps = np.random.default_rng(seed).random(frame.shape) < 0.1
    gappy = frame.mask(gaps)
    score = ms.GaussianBIC(1.5, gamma=1.0)
    families = score.families(ms.as_dataset(gappy, missing="testwise"))
    blocks = []
    for name in gappy:
        known = gappy[name].notna().to_numpy()
        of_known = embedded(gappy.loc[known, [name]])[0]
        block = np.full((len(gappy), of_known.shape[1]), np.nan)
        block[known] = of_known
        blocks.append(block)
    starts = np.cumsum([0, *(b.shape[1] for b in blocks)])
    r = reference.pairwise_correlations(np.concatenate(blocks, axis=1).T)
    assert np.linalg.eigvalsh(r)[0] > 1e-3  # so nothing is shrunk
    n = len(gappy)

    def log_determinant(columns: tuple[int, ...]) -> float:
        its = [i for c in columns for i in range(starts[c], starts[c + 1])]
        return float(np.linalg.slogdet(r[np.ix_(its, its)])[1])

    for x in range(5):
        for k in range(5):
            for parents in itertools.combinations([c for c in range(5) if c != x], k):
                of_three = log_determinant((x,)), log_determinant(parents)
                nats = (sum(of_three) - log_determinant((x, *parents))) / 2
                m = int((~gaps[:, [x, *parents]]).all(axis=1).sum())
                n_parameters = blocks[x].shape[1] * sum(blocks[p].shape[1] for p in parents)
                price = 1.5 * math.log(m) / 2 * n_parameters + math.log(5) * k
                expected = n * nats - n / m * price
                assert families.score(x, parents) == pytest.approx(expected, rel=1e-8, abs=1e-6)


def test_correlations_of_no_one_distribution_are_shrunk() -> None:
    # Each pair is known in rows of its own: a moves with b, b with c, and c against a.
    z = np.random.default_rng(0).normal(size=(3, 100))
    gap = np.full(100, np.nan)
    a = np.concatenate([z[0], gap, -z[2]])
    b = np.concatenate([z[0], z[1], gap])
    c = np.concatenate([gap, z[1], z[2]])
    frame = pd.DataFrame({"a": a, "b": b, "c": c})
    families = ms.GaussianBIC().families(ms.as_dataset(frame, missing="testwise"))
    for x, parents in ((0, [1]), (0, [1, 2]), (2, [0, 1])):
        assert np.isfinite(families.score(x, parents))
    scores = frame.to_numpy().T.copy()
    for row in scores:
        known = ~np.isnan(row)
        row[known] = reference_continuous.normal_scores(row[known])
    r = reference.pairwise_correlations(scores)
    least = np.linalg.eigvalsh(r)[0]
    assert least < -0.9  # or else this shows nothing
    shrunk = r[0, 1] * (1 - 1e-3) / (1 - least)
    expected = -300 / 2 * math.log(1 - shrunk**2) - 3 * math.log(100) / 2
    assert families.score(0, [1]) == pytest.approx(expected, rel=1e-9)
