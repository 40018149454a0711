"""The Gaussian score beside least squares, and its theorems."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests import reference_continuous, reference_scores


def mixed_table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    b = np.digitize(a + rng.normal(size=n), [-0.5, 0.5])
    c = np.exp(a + b + rng.normal(size=n))
    d = rng.integers(0, 2, n)
    e = c + 2 * d + rng.normal(size=n)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "d": d, "e": e})
    return frame.astype({"b": "category", "d": "category"})


def embedded(frame: pd.DataFrame) -> list[np.ndarray]:
    """Normal scores of the continuous columns, indicators of all states but one of the others."""
    return [
        np.column_stack([frame[c] == s for s in sorted(set(frame[c]))[1:]]).astype(float)
        if frame[c].dtype == "category"
        else reference_continuous.normal_scores(frame[c].to_numpy()).reshape(-1, 1)
        for c in frame
    ]


@pytest.mark.parametrize("seed", range(5))
def test_families_of_mixed_columns_are_scored_as_by_least_squares(seed: int) -> None:
    frame = mixed_table(200, seed)
    families = ms.GaussianBIC(1.5).families(ms.as_dataset(frame))
    blocks = embedded(frame)
    for x in range(5):
        for k in range(5):
            for parents in itertools.combinations([c for c in range(5) if c != x], k):
                expected = reference_scores.gaussian_bic(blocks, x, parents, 1.5)
                assert families.score(x, parents) == pytest.approx(expected, rel=1e-8, abs=1e-7)
                added = np.array([c for c in range(5) if c != x and c not in parents], dtype=int)
                np.testing.assert_allclose(
                    families.scores_with(x, parents, added),
                    [families.score(x, sorted([*parents, int(c)])) for c in added],
                    rtol=1e-9,
                    atol=1e-7,
                )


def test_equivalent_dags_have_equal_scores() -> None:
    frame = mixed_table(300, 0)
    for score in (ms.GaussianBIC(), ms.GaussianBIC(2.0, gamma=1.0)):
        chain = [("a", "b"), ("b", "c"), ("c", "e")]
        for turned in range(4):
            arcs = [(v, u) if k < turned else (u, v) for k, (u, v) in enumerate(chain)]
            dag = nx.DiGraph(arcs)
            dag.add_node("d")
            expected = ms.score(nx.DiGraph([*chain]), frame[["a", "b", "c", "e"]], score)
            got = ms.score(nx.DiGraph(arcs), frame[["a", "b", "c", "e"]], score)
            assert got == pytest.approx(expected, rel=1e-9)


def test_monotone_maps_change_nothing() -> None:
    frame = mixed_table(200, 1)
    mapped = frame.assign(a=np.exp(frame["a"]), c=np.log(frame["c"]))
    dag = nx.DiGraph([("a", "b"), ("a", "c"), ("b", "c"), ("c", "e"), ("d", "e")])
    assert ms.score(dag, frame) == pytest.approx(ms.score(dag, mapped), rel=1e-12)


def test_a_column_that_others_determine_has_a_finite_score() -> None:
    frame = mixed_table(100, 2)[["a", "c", "e"]].assign(copy=lambda f: f["a"], constant=1.0)
    kinds = dict.fromkeys(frame, "continuous")
    families = ms.GaussianBIC().families(ms.as_dataset(frame, kinds=kinds))
    for x, parents in [(0, [3]), (3, [0, 1]), (1, [0, 3]), (4, [0]), (0, [4]), (2, [0, 3, 4])]:
        assert np.isfinite(families.score(x, parents))
    # The copy says nothing that its original does not.
    price = np.log(100) / 2
    assert families.score(1, [0, 3]) == pytest.approx(families.score(1, [0]) - price)
    assert families.score(0, [4]) == pytest.approx(-price)


def test_fewer_rows_than_columns_are_refused() -> None:
    table = ms.as_dataset(np.random.default_rng(0).normal(size=(5, 6)))
    with pytest.raises(ms.DataError, match=r"a row or more for each column, got 5 rows of 6"):
        ms.GaussianBIC().families(table)
    with pytest.raises(ms.DataError, match=r"needs 4 rows or more, got 3 rows of 2 columns"):
        ms.BOSS().fit(np.random.default_rng(0).normal(size=(3, 2)))
