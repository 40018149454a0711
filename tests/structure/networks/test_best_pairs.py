"""Networks of the best pairs of each column: those of all significant pairs, less the others."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.structure.networks import best_pairs, significance
from tests.structure.networks.test_panels import PANELS, tables


def best_of(edges: pd.DataFrame, n: int) -> set[tuple[str, str]]:
    """The pairs that are among the n of largest information of one column, by definition."""
    of_column = defaultdict(list)
    for e in edges.itertuples():
        of_column[e.source].append((-e.mi, e.target, (e.source, e.target)))
        of_column[e.target].append((-e.mi, e.source, (e.source, e.target)))
    return {pair for found in of_column.values() for _, _, pair in sorted(found)[:n]}


def as_pairs(edges: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(edges.source, edges.target, strict=True))


RULES = [(0.05, "bh"), (0.05, "bonferroni"), (0.3, "none"), (None, "bh")]


@pytest.mark.parametrize("kind", ["continuous", "discrete", "mixed"])
@pytest.mark.parametrize("many", [False, True], ids=["held", "as they come"])
@pytest.mark.parametrize(("alpha", "correction"), RULES)
@pytest.mark.parametrize("n", [1, 4])
def test_they_are_the_best_of_the_significant_pairs(monkeypatch, kind, many, alpha, correction, n):
    table = tables()[kind]
    rule = {"alpha": alpha, "correction": correction}
    every = ms.ARACNE(**rule).fit(table).edges_
    if many:
        for name in PANELS:
            monkeypatch.setattr(name, 90)
        monkeypatch.setattr(significance, "_MOST_KEPT", 0)
        monkeypatch.setattr(best_pairs, "_MANY", 20)
    found = ms.ARACNE(**rule, n_edges=n).fit(table).edges_
    expected = best_of(every, n)
    assert len(found) == len(expected) < len(every)
    assert set(as_pairs(found)) == expected
    p_value = dict(zip(as_pairs(every), every.p_value, strict=True))
    # BLAS may round a product otherwise where it is one of others.
    assert found.p_value.to_numpy() == pytest.approx(
        [p_value[pair] for pair in as_pairs(found)], rel=1e-6
    )


def test_triangles_are_those_of_the_pairs_that_are_kept():
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    b = a + rng.normal(size=400)
    c = b + rng.normal(size=400)
    chain = pd.DataFrame({"a": a, "b": b, "c": c})
    every = ms.ARACNE().fit(chain).edges_.set_index(["source", "target"])
    assert every.loc[("a", "c"), "explained_by"] == "b"
    found = ms.ARACNE(n_edges=1).fit(chain)
    assert set(found.graph_.edges) == {("a", "b"), ("b", "c")} == set(as_pairs(found.edges_))


@pytest.mark.parametrize("learner", [ms.CLR, ms.MRNET])
def test_others_rank_the_best_pairs_too(learner):
    table = tables()["continuous"]
    every, found = learner().fit(table).edges_, learner(n_edges=3).fit(table).edges_
    assert set(as_pairs(found)) == best_of(every, 3)
    if learner is ms.CLR:  # whose background is all pairs
        weight = dict(zip(as_pairs(every), every.weight, strict=True))
        assert found.weight.tolist() == [weight[pair] for pair in as_pairs(found)]


def test_the_number_is_checked():
    for wrong in (0, 1.5, True):
        with pytest.raises(ms.ParameterError, match="n_edges must be a whole number"):
            ms.ARACNE(n_edges=wrong).fit(tables()["continuous"])
