"""Columns that determine each other: what depends on them keeps an edge to one of them."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.structure.causal.redundant_groups import as_one_column, redundant_groups
from mistruct.structure.causal.skeleton_search import _Search
from mistruct.structure.knowledge import Knowledge
from tests.structure.sampled_networks import network_graph, sample_network

TEST = ms.GTest(sparse="chi-square")

Frame = dict[str, Any]


def copies(rng: np.random.Generator, n: int, k: int) -> tuple[Any, Frame]:
    g = rng.integers(0, k, n)
    return g, {"g1": g, "g2": g, "g3": rng.permutation(k)[g]}


def one_hot(rng: np.random.Generator, n: int, k: int) -> tuple[Any, Frame]:
    g = rng.choice(k, n, p=rng.dirichlet(np.full(k, 5.0)))
    return g, {f"g{s}": (g == s).astype(int) for s in range(k)}


def sums(rng: np.random.Generator, n: int, k: int) -> tuple[Any, Frame]:
    a, b = rng.integers(0, 2, n), rng.integers(0, k, n)
    return k * a + b, {"ga": a, "gb": b, "gsum": a + b}


def merged(rng: np.random.Generator, n: int, k: int) -> tuple[Any, Frame]:
    """Categories, one-hot, beside a coarser column that some of them determine."""
    g, frame = one_hot(rng, n, k)
    return g, frame | {"gcoarse": (g < 2).astype(int)}


def neighbours(learned: ms.PC, prefix: str) -> set[str]:
    return {v for v in learned.skeleton_["y"] if v.startswith(prefix)}


@settings(max_examples=80)
@given(
    st.sampled_from([copies, one_hot, sums, merged]),
    st.integers(3, 5),
    st.sampled_from([80, 200, 500, 1500]),
    st.floats(0.02, 0.4),
    st.integers(0, 10**6),
)
def test_what_depends_on_a_group_keeps_an_edge_to_it(
    recode: Any, k: int, n: int, strength: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    g, group = recode(rng, n, k)
    effect = rng.uniform(-strength, strength, 2 * k)
    y = (rng.random(n) < 0.5 + effect[g]).astype(int)
    w = y ^ (rng.random(n) < 0.4)
    single = ms.PC(0.01, TEST).fit(pd.DataFrame({"g": g, "y": y, "w": w}))
    table = pd.DataFrame({**group, "y": y, "w": w})
    learned = ms.PC(0.01, TEST).fit(table)
    if neighbours(single, "g"):
        assert neighbours(learned, "g")
    turned = ms.PC(0.01, TEST).fit(table[table.columns[::-1]])
    assert {frozenset(e) for e in turned.skeleton_.edges} == {
        frozenset(e) for e in learned.skeleton_.edges
    }


def test_equal_steps_hide_from_each_indicator_alone() -> None:
    """Of rates .2, .35 and .5 the middle one is the mean, and neighbours differ too little."""
    n = 240
    g = np.repeat([0, 1, 2], n // 3)
    y = np.concatenate([np.arange(n // 3) < (n // 3) * rate for rate in (0.2, 0.35, 0.5)])
    table = pd.DataFrame({f"g{s}": g == s for s in range(3)} | {"y": y})
    result = {
        (x, z): ms.independence_test(table, "y", x, given=z, test=TEST).p_value
        for x, z in (("g1", ()), ("g0", ("g2",)), ("g2", ("g0",)))
    }
    assert min(result.values()) > 0.01  # so that each member is separated from y
    learned = ms.PC(0.01, TEST).fit(table)
    mi = {x: ms.mutual_information(table[x], table["y"]) for x in ("g0", "g1", "g2")}
    assert neighbours(learned, "g") == {max(mi, key=mi.__getitem__)}
    whole = ms.independence_test(pd.DataFrame({"g": g, "y": y}), "g", "y", test=TEST)
    assert learned.graph_.graph["groups"] == [["g0", "g1", "g2"]]
    assert learned.why(*neighbours(learned, "g"), "y").endswith(
        "; tested as one column with all that g0, g1, g2 say, as they determine each other"
    )
    kept = learned.edges_.set_index(["source", "target"]).filter(like="y", axis=0)
    assert kept.p_value.tolist() == pytest.approx([whole.p_value])
    assert kept.mi.tolist() == pytest.approx([max(mi.values())])


def test_an_edge_that_its_shadow_removed_comes_back() -> None:
    """The scenario of HAILFINDER determines three columns, which together hide its true edges."""
    shadows = ["ScenRel3_4", "ScenRelAMIns"]
    others = ["Date", "MeanRH", "LowLLapse", "MidLLapse", "Dewpoints"]
    table = sample_network("hailfinder", 5000, 0)[["Scenario", *shadows, *others]][:1000]
    assert (table.groupby("Scenario")[shadows].nunique() == 1).all(axis=None)
    learned = ms.PC(0.05, TEST, orientation="standard").fit(table)
    true = network_graph("hailfinder").edges
    for y in ("Date", "LowLLapse"):
        assert ("Scenario", y) in true or (y, "Scenario") in true
        assert learned.skeleton_.has_edge("Scenario", y)
    sets = learned.separating_sets_
    determined = [set(row[:2]) for row in learned.separations_.values if "determined" in row]
    hidden = {(y, x) for pair in determined for y in pair & {*others} for x in pair - {y}}
    assert {"Date", "LowLLapse"} <= {y for y, _ in hidden}
    for y, shadow in hidden:
        assert sets[frozenset((y, shadow))] == ("Scenario",)
        assert shadow not in sets.get(frozenset((y, "Scenario")), ())


def test_a_smaller_level_with_a_group_is_a_new_fit() -> None:
    g, group = one_hot(np.random.default_rng(0), 300, 3)
    learned = ms.PC(0.05, TEST).fit(pd.DataFrame({**group, "y": g > 0}))
    with pytest.raises(
        ms.ParameterError, match=r"\['g0', 'g1', 'g2', 'y'\] determine .* fit again"
    ):
        learned.threshold(0.01)


def test_a_function_is_asked_about_the_columns_as_they_are() -> None:
    _, group = one_hot(np.random.default_rng(0), 300, 3)
    table = pd.DataFrame({**group, "y": np.arange(300) % 2})
    seen = []

    def look(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        seen.append((list(data), data["g0"].nunique()))
        return 0.0

    ms.PC(test=look).fit(table)
    assert set(map(str, seen)) == {str((sorted(table), 2))}


def test_groups_are_found_and_what_is_none_is_not() -> None:
    rng = np.random.default_rng(0)
    n = 400
    a, b, g = rng.integers(0, 2, n), rng.integers(0, 3, n), rng.integers(0, 4, n)
    table = pd.DataFrame(
        {
            "a": a, "b": b, "sum": a + b, "other": rng.integers(0, 3, n), "g0": g == 0,
            "g1": g == 1, "g2": g == 2, "g3": g == 3, "copy": b, "constant": 1,
        }
    )  # fmt: skip
    data = ms.as_dataset(table).select(sorted(table))
    groups = [{data.names[c] for c in group} for group in redundant_groups(data)]
    assert {"g0", "g1", "g2", "g3"} in groups
    assert {"a", "b", "copy", "sum"} in groups
    assert len(groups) == 2
    few = ms.as_dataset(table[:15])
    assert redundant_groups(few.select(sorted(few.names))) == []  # eight joint states of the sum
    gaps = table.astype("Int64")
    gaps.loc[::7, ["a", "b", "copy", "sum", "g0", "g1", "g2", "g3"]] = pd.NA
    with_gaps = ms.as_dataset(gaps, missing="testwise")
    assert len(redundant_groups(with_gaps.select(sorted(table)))) == 2


def test_a_group_as_one_column() -> None:
    table = pd.DataFrame(
        {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "c": [0, 1, 1, 0], "y": [1, 2, 3, 3]}
    )
    data = ms.as_dataset(table, kinds={"y": "discrete"})
    one = as_one_column(data, (0, 1, 2))
    assert one.names == ("a", "y")
    assert len(set(one.codes[one.row("a")].tolist())) == 4
    constraints = Knowledge(required=[("b", "y")], forbidden=[("y", "c")]).constraints(data.names)
    merged_constraints = constraints.as_one((0, 1, 2))
    assert merged_constraints.required.tolist() == [[False, True], [False, False]]
    assert merged_constraints.possible[0, 1]


@settings(max_examples=25)
@given(st.sampled_from([copies, one_hot, sums, merged]), st.integers(0, 2**32 - 1))
def test_a_search_that_stops_early_finds_what_the_whole_finds(kind: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 600
    g, frame = kind(rng, n, 3)
    frame |= {"y": (g + (rng.random(n) < 0.3)) % 3, "w": rng.integers(0, 2, n)}
    frame["v"] = (frame["y"] + frame["w"] + (rng.random(n) < 0.2)) % 3
    frame["u"] = np.where(rng.random(n) < 0.7, frame["v"], g)
    table = pd.DataFrame(frame).astype("category")
    early = ms.PC(test=TEST).fit(table)
    with mock.patch.object(_Search, "_is_settled", return_value=False):
        whole = ms.PC(test=TEST).fit(table)
    pd.testing.assert_frame_equal(early.edges_, whole.edges_)
    pd.testing.assert_frame_equal(early.separations_, whole.separations_)
