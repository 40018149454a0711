"""CLR and MRNET against the definitions; what they share with ARACNE is tested there."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.kernels.graphs.mrnet import FINISHED, NOT_BEGUN, advance_selection
from tests import reference_networks as ref
from tests.structure.genomes import expression, genome


def genes(seed: int, n_genes: int = 12, n_samples: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return expression(rng, genome(rng, n_genes, regulators=0.3), n_samples)


def weights(learner: ms.CLR | ms.MRNET, table: pd.DataFrame) -> dict[frozenset[str], float]:
    edges = learner.fit(table).edges_
    return {frozenset((e.source, e.target)): e.weight for e in edges.itertuples()}


def estimates(table: pd.DataFrame, regulators: list[str]) -> dict[tuple[str, str], float]:
    matrix = ms.mutual_information_matrix(table, estimator="copula")
    pairs = itertools.combinations(sorted(table), 2)
    return {(x, y): matrix.loc[x, y] for x, y in pairs if {x, y} & set(regulators)}


restricted = st.one_of(st.none(), st.integers(1, 11))


def some_regulators(table: pd.DataFrame, seed: int, n: int | None) -> list[str] | None:
    rng = np.random.default_rng(seed)
    return None if n is None else rng.choice(table.columns, n, replace=False).tolist()


@given(st.integers(0, 2**32), restricted, st.sampled_from([None, 0.05, 0.5]))
@settings(max_examples=30)
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_clr_is_that_of_the_definition(seed, n_regulators, alpha):
    table = genes(seed % 11)
    regulators = some_regulators(table, seed, n_regulators)
    found = weights(ms.CLR(alpha=alpha, regulators=regulators), table)
    # The background is that of all estimates, significant or not.
    expected = ref.likelihood_of_relatedness(estimates(table, regulators or list(table)))
    for pair, weight in expected.items():
        if frozenset(pair) in found:
            assert found[frozenset(pair)] == pytest.approx(weight, rel=1e-9, abs=1e-9)
    assert len(found) == len(expected) if alpha is None else len(found) <= len(expected)


@given(st.integers(0, 2**32), restricted, st.sampled_from([None, 0.05, 0.5]))
@settings(max_examples=30)
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_mrnet_is_that_of_the_definition(seed, n_regulators, alpha):
    table = genes(seed % 11)
    regulators = some_regulators(table, seed, n_regulators)
    learner = ms.MRNET(alpha=alpha, regulators=regulators)
    found = weights(learner, table)
    mi = estimates(table, regulators or list(table))
    significant = [p for p in mi if frozenset(p) in found]
    expected = ref.selection_scores(mi, significant, regulators or list(table))
    assert found == pytest.approx({frozenset(p): w for p, w in expected.items()}, abs=1e-12)


def test_clr_by_hand():
    # Information of a with b, of a with c and of b with c; each column has two.
    mi = {("a", "b"): 3.0, ("a", "c"): 1.0, ("b", "c"): 2.0}
    # Means are 2, 2.5 and 1.5, deviations 1, 0.5 and 0.5.
    scores = ref.likelihood_of_relatedness(mi)
    assert scores == pytest.approx({("a", "b"): 2**0.5, ("a", "c"): 0.0, ("b", "c"): 1.0})


def selected(matrix: np.ndarray, target: int, rows: int | None = None) -> dict[int, float]:
    """The scores of the candidates that are selected for one target, from blocks of some rows."""
    n = len(matrix)
    candidates = np.array([k for k in range(n) if k != target], dtype=np.int32)
    waits_for, n_selected = np.array([NOT_BEGUN]), np.zeros(1, dtype=np.int64)
    redundancy, scores = np.zeros((2, n - 1))
    while waits_for[0] != FINISHED:
        for first in range(0, n, rows or n):
            place = np.full(n, -1)
            block = matrix[first : first + (rows or n)]
            place[first : first + len(block)] = np.arange(len(block))
            advance_selection(
                block, place, np.array([0, n - 1]), candidates, matrix[candidates, target],
                waits_for, n_selected, redundancy, scores,
            )  # fmt: skip
    return {int(k): float(s) for k, s in zip(candidates, scores, strict=True) if s}


def test_selection_by_hand():
    # 1 tells most about 0, 2 is a copy of 1, 3 tells less but something new.
    matrix = np.array(
        [[0.0, 0.9, 0.8, 0.4], [0.9, 0.0, 1.5, 0.1], [0.8, 1.5, 0.0, 0.1], [0.4, 0.1, 0.1, 0.0]]
    )
    # First 0.9; then 0.8 - 1.5 against 0.4 - 0.1; then 0.8 - (1.5 + 0.1) / 2, which is 0.
    for rows in (None, 1, 2):
        assert selected(matrix, 0, rows) == pytest.approx({1: 0.9, 3: 0.3})


def test_of_equal_candidates_the_first_is_selected():
    matrix = np.full((4, 4), 0.5)
    assert selected(matrix, 3) == {0: 0.5}


def test_nothing_is_selected_for_what_shares_nothing():
    assert selected(np.full((3, 3), -0.1), 0) == {}
    assert selected(np.zeros((1, 1)), 0) == {}


@pytest.mark.parametrize("learner", [ms.CLR(), ms.MRNET()], ids=["clr", "mrnet"])
def test_it_ranks_better_than_information_alone(learner):
    better = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        made = genome(rng, 60, regulators=0.2)
        edges = learner.fit(expression(rng, made, 150)).edges_
        true = {frozenset(e) for e in made.edges()}
        hits = np.array([frozenset(e) in true for e in zip(edges.source, edges.target)])  # noqa: B905
        by_mi = hits[np.argsort(-edges["mi"].to_numpy(), kind="stable")]
        better.append(hits[: len(true)].sum() - by_mi[: len(true)].sum())
    assert sum(better) > 0
