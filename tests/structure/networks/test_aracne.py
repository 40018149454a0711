"""ARACNE against every triangle, and what it shares with CLR and MRNET: tables, rules, hubs."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, spearmanr, t
from sklearn.base import clone

import mistruct as ms
from mistruct.information.by_kinds import ByKinds
from mistruct.parallel import n_threads
from mistruct.structure.cost import LIBRARIES
from mistruct.structure.networks import network_cost
from tests import reference_networks as ref
from tests.structure.genomes import expression, genome

EVIDENCE = ["source", "target", "mi", "p_value", "n_samples", "weight", "sign"]
NETWORKS = [ms.ARACNE(), ms.CLR(), ms.MRNET()]
networks = pytest.mark.parametrize("learner", NETWORKS, ids=["aracne", "clr", "mrnet"])
hubs = pytest.mark.parametrize("direction", [None, "hubs"])


def genes(seed: int = 0, n_genes: int = 20, n_samples: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return expression(rng, genome(rng, n_genes, regulators=0.3), n_samples)


def mixed(seed: int = 0, n_samples: int = 200) -> pd.DataFrame:
    """Genes with a subtype of three states, a mutation and a constant column beside them."""
    rng = np.random.default_rng(seed)
    table = genes(seed, 12, n_samples)
    first, second = table.columns[:2]
    noisy = table[[first, second]] + 0.5 * rng.normal(size=(n_samples, 2))
    table["subtype"] = pd.Categorical(np.digitize(noisy[first], [-0.4, 0.3]))
    table["mutation"] = noisy[second] > 0.2
    table["constant"] = 1.5
    return table


def with_gaps(table: pd.DataFrame, seed: int = 0) -> ms.Dataset:
    rng = np.random.default_rng(seed)
    table = table.copy()
    for name in table.columns[::4]:
        values = table[name].astype("boolean" if table[name].dtype == bool else table[name].dtype)
        table[name] = values.mask(rng.random(len(table)) < 0.15)
    return ms.as_dataset(table, missing="testwise")


def rows(edges: pd.DataFrame) -> dict[tuple[str, str], Any]:
    found = {(row.source, row.target): row for row in edges.itertuples()}
    assert len(found) == len(edges)
    return found


def p_values_of(data: Any, pairs: Any) -> dict[tuple[str, str], float]:
    """The p-value of each pair, 1 where it cannot be tested."""
    p_values = {(x, y): ms.independence_test(data, x, y).p_value for x, y in pairs}
    return {pair: 1.0 if math.isnan(p) else p for pair, p in p_values.items()}


@pytest.fixture(scope="module")
def tested_genes() -> dict[tuple[str, str], float]:
    table = genes()
    return p_values_of(table, itertools.combinations(sorted(table), 2))


def significant(
    p_values: dict[tuple[str, str], float], alpha: float | None, correction: str
) -> dict[tuple[str, str], float]:
    """The pairs that pass by their tests, and their p-values."""
    if alpha is None:
        return p_values
    passes = ref.passing(p_values.values(), len(p_values), alpha, correction)
    return {pair: p for (pair, p), kept in zip(p_values.items(), passes, strict=True) if kept}


def information(data: Any, pairs: Any, estimator: Any) -> dict[tuple[str, str], float]:
    matrix = ms.mutual_information_matrix(data, estimator=estimator)
    return {(x, y): float(matrix.loc[x, y]) for x, y in pairs}


# The definition ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.05, 0.5, None])
@pytest.mark.parametrize("correction", ["bh", "bonferroni", "none"])
@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.4])
def test_it_is_that_of_the_definitions(alpha, correction, tolerance, tested_genes):
    table = genes()
    learner = ms.ARACNE(alpha=alpha, correction=correction, tolerance=tolerance).fit(table)
    p_values = significant(tested_genes, alpha, correction)
    mi = information(table, p_values, "copula")
    explained_by = ref.explanations(mi, tolerance)
    weights = ref.hub_weights({way: max(mi[p], 0.0) for p in p_values for way in (p, p[::-1])})
    found = rows(learner.edges_)
    assert set(found) == set(p_values)
    for pair, row in found.items():
        assert row.mi == pytest.approx(mi[pair], rel=1e-12)
        assert row.p_value == pytest.approx(p_values[pair], rel=1e-9)
        assert row.explained_by == explained_by[pair]
        assert row.direct == (explained_by[pair] is None)
        both = (weights[pair] + weights[pair[::-1]]) / 2
        assert row.weight == pytest.approx(both, rel=1e-9, abs=1e-300)
        assert row.n_samples == len(table)
        assert row.sign == np.sign(spearmanr(table[row.source], table[row.target])[0])
    assert len(set(explained_by.values())) > 3
    in_graph = {p for p, row in found.items() if row.direct and row.mi > 0}
    assert {tuple(sorted(e)) for e in learner.graph_.edges} == in_graph


@pytest.mark.parametrize("gaps", [False, True])
def test_tables_of_mixed_kinds_and_gaps(gaps):
    table = mixed()
    data = with_gaps(table) if gaps else ms.as_dataset(table)
    varying = sorted(n for n in table if n != "constant")
    pairs = list(itertools.combinations(varying, 2))
    copula = ms.GaussianCopula()
    by_kinds = ByKinds(discrete=ms.PlugIn("miller-madow"), continuous=copula, mixed=copula)
    learner = ms.ARACNE().fit(data)
    p_values = significant(p_values_of(data, pairs), 0.05, "bh")
    mi = information(data, p_values, by_kinds)
    found = rows(learner.edges_)
    assert set(found) == set(p_values)
    explained_by = ref.explanations(mi, 0.1)
    for (x, y), row in found.items():
        assert row.mi == pytest.approx(mi[x, y], rel=1e-12)
        assert row.explained_by == explained_by[x, y]
        complete = data.select([x, y]).complete_rows()
        assert row.n_samples == complete.n_samples
        if "subtype" in (x, y):
            assert row.sign == 0
        else:
            values = complete.to_pandas().astype(dict.fromkeys((x, y), float))
            assert row.sign == np.sign(spearmanr(values[x], values[y])[0])
    assert list(learner.graph_) == list(table)
    assert learner.graph_.degree["constant"] == 0
    assert learner.graph_.degree["subtype"] > 0


@pytest.mark.parametrize(
    "estimator", ["ksg", "adaptive-partition", "kde", "mixed-knn", ms.Binned(n_bins=3)], ids=str
)
def test_other_estimators(estimator):
    table = genes(1, 12, 100)
    edges = ms.ARACNE(estimator=estimator).fit(table).edges_
    mi = information(table, zip(edges["source"], edges["target"], strict=True), estimator)
    assert edges["mi"].tolist() == pytest.approx([mi[p] for p in rows(edges)])
    assert list(edges["explained_by"]) == [ref.explanations(mi, 0.1)[p] for p in rows(edges)]
    assert 0 < edges["direct"].sum() < len(edges)


@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_a_relation_that_is_not_monotone_needs_another_estimator():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    table = pd.DataFrame({"x": x, "y": x**2 + 0.3 * rng.normal(size=300)})
    table["other"] = rng.normal(size=300)
    assert not ms.ARACNE().fit(table).graph_.edges
    assert list(ms.ARACNE(estimator="ksg").fit(table).graph_.edges) == [("x", "y")]


def test_a_discrete_table_is_counted():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.7, a, rng.integers(0, 3, 400))
    c = np.where(rng.random(400) < 0.7, b, rng.integers(0, 3, 400))
    learner = ms.ARACNE().fit(pd.DataFrame({"a": a, "b": b, "c": c}))
    assert {tuple(sorted(e)) for e in learner.graph_.edges} == {("a", "b"), ("b", "c")}
    assert learner.edges_.set_index(["source", "target"]).loc[("a", "c"), "explained_by"] == "b"
    assert learner.estimator_ == ms.PlugIn()
    assert learner.edges_["sign"].eq(0).all()


@networks
def test_a_test_may_be_asked_for(learner):
    table = mixed()[["subtype", "mutation"]].assign(other=np.arange(200) % 2)
    test = ms.GTest(n_permutations=199, seed=3)
    fitted = clone(learner).set_params(alpha=None, test=test).fit(table)
    assert fitted.test_ == test
    assert fitted.estimator_ == ms.PlugIn()
    for (x, y), row in rows(fitted.edges_).items():
        assert row.p_value == ms.independence_test(table, x, y, test=test).p_value


# Regulators -------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(1, 10))
@settings(max_examples=20)
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_regulators_restrict_what_is_tested_and_what_explains(seed, n_regulators):
    table = genes(seed % 7, 10, 60)
    rng = np.random.default_rng(seed)
    regulators = sorted(rng.choice(table.columns, n_regulators, replace=False))
    chosen = set(regulators)
    pairs = [p for p in itertools.combinations(sorted(table), 2) if chosen & set(p)]
    learner = ms.ARACNE(alpha=0.2, regulators=regulators).fit(table)
    assert learner.regulators_ == tuple(regulators)
    p_values = significant(p_values_of(table, pairs), 0.2, "bh")
    explained_by = ref.explanations(information(table, p_values, "copula"), 0.1)
    found = rows(learner.edges_)
    assert {frozenset(p) for p in found} == {frozenset(p) for p in p_values}
    for (source, target), row in found.items():
        assert source in chosen
        assert target not in chosen or source < target
        assert row.explained_by == explained_by[tuple(sorted((source, target)))]
        if target not in chosen:
            assert row.explained_by is None or row.explained_by in chosen
    assert list(learner.graph_) == list(table)


@networks
@hubs
def test_all_columns_as_regulators_change_nothing(learner, direction):
    table = mixed()
    expected = clone(learner).set_params(direction=direction).fit(table)
    found = clone(expected).set_params(regulators=table.columns[::-1]).fit(table)
    assert found.regulators_ == expected.regulators_ == tuple(sorted(table.columns))
    pd.testing.assert_frame_equal(found.edges_, expected.edges_)


def test_regulators_from_a_file(tmp_path: Path):
    table = genes()
    file = tmp_path / "tfs.txt"
    file.write_text(f"\ufeff{table.columns[3]}\r\n\r\n  {table.columns[5]} \n", encoding="utf-8")
    expected = ms.ARACNE(regulators=[table.columns[5], table.columns[3]]).fit(table).edges_
    for path in (file, str(file)):
        pd.testing.assert_frame_equal(ms.ARACNE(regulators=path).fit(table).edges_, expected)


def test_a_partial_match_is_said_and_used():
    table = genes()
    message = (
        "regulators: 2 of 4 are columns, not 'G03' (near to 'g03', 'g13', 'g10'), 'unheard of'"
    )
    with pytest.warns(ms.MistructWarning) as warned:
        found = ms.ARACNE(regulators=["g01", "G03", "g02", "unheard of"]).fit(table).edges_
    assert str(warned[0].message) == message
    expected = ms.ARACNE(regulators=["g02", "g01", "g01"]).fit(table).edges_
    pd.testing.assert_frame_equal(found, expected)
    with pytest.warns(ms.MistructWarning, match=r"1 of 8 are columns, not .* and 2 more$"):
        ms.CLR(regulators=["g01", *(f"no {k}" for k in range(7))]).fit(table)


@pytest.mark.parametrize(
    ("regulators", "error", "message"),
    [
        (
            ["TP53", "MYC"],
            ms.ParameterError,
            "regulators: none of 2 is a column; they are like 'TP53', 'MYC', the columns like "
            "'g00', 'g01', 'g02', 'g03', 'g04', ...",
        ),
        ([], ms.ParameterError, "regulators must name at least one column, got []"),
        (
            3,
            ms.ParameterError,
            "regulators must be a list of column names or the path of a file with one on a line, "
            "got 3",
        ),
        (
            "missing.txt",
            ms.DataError,
            "regulators: missing.txt: No such file or directory",
        ),
    ],
)
def test_regulators_that_cannot_be_used(regulators, error, message):
    with pytest.raises(error) as raised:
        ms.ARACNE(regulators=regulators).fit(genes())
    assert str(raised.value) == message


def test_a_file_that_is_no_text(tmp_path: Path):
    file = tmp_path / "tfs.txt"
    file.write_bytes(b"g01\n\xff\xfe")
    with pytest.raises(ms.DataError) as raised:
        ms.ARACNE(regulators=file).fit(genes())
    assert str(raised.value) == f"regulators: {file}: is not UTF-8 text (byte 0xff)"


def test_a_regulator_that_is_constant():
    table = mixed()
    for learner in NETWORKS:
        fitted = clone(learner).set_params(regulators=["constant"]).fit(table)
        assert fitted.edges_.empty
        assert list(fitted.graph_) == list(table)


# Hubs -------------------------------------------------------------------------------------------


@networks
@pytest.mark.parametrize("restricted", [False, True])
def test_hubs_weigh_both_directions(learner, restricted):
    table = genes()
    regulators = sorted(table.columns[:7]) if restricted else None
    plain = clone(learner).set_params(alpha=0.3, regulators=regulators).fit(table)
    fitted = clone(plain).set_params(direction="hubs").fit(table)
    information = {}
    for (x, y), row in rows(plain.edges_).items():
        information[x, y] = max(row.mi, 0.0)
        if regulators is None or y in regulators:
            information[y, x] = max(row.mi, 0.0)
    weights = ref.hub_weights(information)
    found = rows(fitted.edges_)
    assert set(found) == set(weights)
    for (source, target), row in found.items():
        same = rows(plain.edges_).get((source, target)) or rows(plain.edges_)[target, source]
        expected = weights[source, target] if same.weight > 0 else 0.0
        assert row.weight == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert (row.mi, row.p_value, row.sign) == (same.mi, same.p_value, same.sign)
    assert isinstance(fitted.graph_, nx.DiGraph)
    assert not plain.graph_.is_directed()
    assert {frozenset(e) for e in fitted.graph_.edges} == {frozenset(e) for e in plain.graph_.edges}
    for source, target, evidence in fitted.graph_.edges(data=True):
        back = found.get((target, source))
        assert back is None or back.weight <= evidence["weight"]


@networks
def test_equal_hubs_leave_a_pair_undirected(learner):
    x = np.random.default_rng(0).normal(size=100)
    table = pd.DataFrame({"a": x, "b": x + np.random.default_rng(1).normal(size=100)})
    graph = clone(learner).set_params(direction="hubs").fit(table).graph_
    # A background of one pair has no deviation, so that none stands out of it.
    assert set(graph.edges) == (set() if isinstance(learner, ms.CLR) else {("a", "b"), ("b", "a")})


@networks
def test_hubs_find_regulators_of_many(learner):
    rng = np.random.default_rng(5)
    made = genome(rng, 80, regulators=0.1)
    fitted = clone(learner).set_params(direction="hubs").fit(expression(rng, made, 300))
    true = made.edges()
    right = sum(e in true for e in fitted.graph_.edges)
    wrong = sum(e[::-1] in true for e in fitted.graph_.edges)
    assert right > 4 * wrong


# Tables, order, threads -------------------------------------------------------------------------


@networks
@hubs
def test_edges_are_ranked_and_complete(learner, direction):
    edges = clone(learner).set_params(direction=direction).fit(mixed()).edges_
    own = ["direct", "explained_by"] if isinstance(learner, ms.ARACNE) else []
    assert list(edges) == EVIDENCE + own
    assert list(edges.index) == list(range(len(edges)))
    keys = list(zip(-edges["weight"], -edges["mi"], edges["source"], edges["target"], strict=True))
    assert keys == sorted(keys)
    if direction is None:
        assert (edges["source"] < edges["target"]).all()


@networks
@hubs
@pytest.mark.parametrize("gaps", [False, True])
def test_order_of_columns_changes_nothing(learner, direction, gaps):
    table = mixed()
    table["copy"] = table["mutation"]
    regulators = [*table.columns[3:9], "subtype", "copy"]
    for chosen in (None, regulators):
        fresh = clone(learner).set_params(direction=direction, regulators=chosen)
        data = with_gaps(table) if gaps else ms.as_dataset(table)
        expected = clone(fresh).fit(data)
        rng = np.random.default_rng(1)
        order = rng.permutation(table.columns).tolist()
        fresh.set_params(regulators=None if chosen is None else chosen[::-1])
        found = fresh.fit(data.select(order))
        pd.testing.assert_frame_equal(found.edges_, expected.edges_, check_exact=True)
        assert list(found.graph_) == order


@networks
@hubs
def test_number_of_threads_changes_nothing(learner, direction, monkeypatch):
    table = genes(3, 150, 100)
    fresh = clone(learner).set_params(direction=direction)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
        found.append(clone(fresh).fit(table).edges_)
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    pd.testing.assert_frame_equal(found[0], found[2], check_exact=True)


@networks
@hubs
@pytest.mark.parametrize("restricted", [False, True])
def test_single_precision_of_large_tables_changes_next_to_nothing(
    learner, direction, restricted, monkeypatch
):
    table = genes(2, 40, 100)
    regulators = table.columns[:15] if restricted else None
    fresh = clone(learner).set_params(direction=direction, regulators=regulators)
    expected = rows(clone(fresh).fit(table).edges_)
    monkeypatch.setattr("mistruct.structure.networks.base._MOST_DOUBLES", 10)
    found = rows(fresh.fit(table).edges_)
    assert set(found) == set(expected)
    for pair, row in found.items():
        assert row.mi == pytest.approx(expected[pair].mi, abs=1e-6)
        assert row.weight == pytest.approx(expected[pair].weight, rel=1e-3, abs=1e-5)


@given(st.integers(0, 2**32))
@settings(max_examples=15)
def test_renaming_columns_renames_edges(seed):
    table = genes(seed % 5, 12, 60)
    rng = np.random.default_rng(seed)
    names = dict(zip(table, rng.permutation([f"z{k}" for k in range(12)]), strict=True))
    for learner in NETWORKS:
        fitted = [clone(learner).fit(t).edges_ for t in (table, table.rename(columns=names))]
        ends = [[frozenset(e) for e in zip(f["source"], f["target"], strict=True)] for f in fitted]
        assert [frozenset(names[n] for n in e) for e in ends[0]] == ends[1]
        assert fitted[0]["weight"].to_numpy() == pytest.approx(fitted[1]["weight"].to_numpy())
        if "explained_by" in fitted[0]:
            assert [names.get(k) for k in fitted[0]["explained_by"]] == list(
                fitted[1]["explained_by"]
            )


@networks
def test_monotone_transforms_change_nothing_but_signs(learner):
    table = genes()
    turned = table.copy()
    turned["g03"] = -np.exp(turned["g03"])
    found, expected = (clone(learner).fit(t).edges_ for t in (turned, table))
    columns = ["source", "target", "mi", "p_value", "weight"]
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    flipped = expected[["source", "target"]].eq("g03").any(axis=1)
    assert (found["sign"] == np.where(flipped, -1, 1) * expected["sign"]).all()


@networks
def test_equal_columns(learner):
    table = genes()
    table["copy"] = table["g03"]
    table["again"] = table["g03"]
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        fitted = clone(learner).fit(table)
    copies = [("again", "copy"), ("again", "g03"), ("copy", "g03")]
    found = rows(fitted.edges_)
    assert all(np.isinf(found[pair].mi) for pair in copies)
    # ARACNE ranks by shares, and to MRNET the second copy is redundant once the first is selected.
    if not isinstance(learner, ms.ARACNE):
        assert list(found)[:2] == copies[:2]
    assert isinstance(learner, (ms.ARACNE, ms.MRNET)) or list(found)[2] == copies[2]
    assert not fitted.edges_["weight"].isna().any()
    assert all(found[pair].p_value == 0 for pair in copies)
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        both = clone(learner).set_params(direction="hubs").fit(table).edges_
    assert not both["weight"].isna().any()


@networks
@hubs
def test_constant_columns_have_no_edges(learner, direction):
    fresh = clone(learner).set_params(direction=direction)
    expected = clone(fresh).fit(mixed().drop(columns="constant"))
    found = clone(fresh).fit(mixed())
    pd.testing.assert_frame_equal(found.edges_, expected.edges_, check_exact=True)
    none = clone(fresh).fit(pd.DataFrame({"a": [1.5] * 9, "b": [0.5] * 9}))
    assert list(none.edges_) == list(found.edges_)
    assert none.edges_.empty
    assert list(none.graph_) == ["a", "b"]
    one = clone(fresh).fit(pd.DataFrame({"a": np.arange(9.0), "b": [0.5] * 9}))
    assert one.edges_.empty


@networks
def test_nothing_significant(learner):
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 6)), columns=list("abcdef"))
    largest = max(
        (ms.mutual_information(noise[a], noise[b]), a, b)
        for a, b in itertools.combinations(noise, 2)
    )
    with pytest.warns(ms.MistructWarning) as caught:
        fitted = clone(learner).set_params(alpha=1e-6, correction="bonferroni").fit(noise)
    found = re.fullmatch(
        r"no pair is significant at alpha 1e-06 \(bonferroni, 15 pairs\): the largest mi is (.*) "
        r"nats, of '(.)' and '(.)', and one pair alone needs (.*)",
        str(caught[0].message),
    )
    assert found is not None
    assert float(found[1]) == pytest.approx(largest[0], rel=1e-2)
    assert found.group(2, 3) == largest[1:]
    # What it would need has a p-value of alpha / 15 by Student's t, once the bias is added.
    r2 = -np.expm1(-2 * (float(found[4]) + ms.GaussianCopula().bias(40, 1, 1)))
    assert 2 * t.sf(np.sqrt(38 * r2 / (1 - r2)), 38) == pytest.approx(1e-6 / 15, rel=0.1)
    assert fitted.edges_.empty
    assert fitted.edges_.dtypes.equals(clone(learner).fit(mixed()).edges_.dtypes)
    assert list(fitted.graph_) == list("abcdef")


def test_pairs_tested_one_by_one_say_which_p_value_they_would_need():
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))
    least = min(
        ms.independence_test(noise, a, b).p_value for a, b in itertools.combinations(noise, 2)
    )
    needs = f"with a p-value of {least:.2g}, and one pair alone needs 1e-06$"
    with pytest.warns(ms.MistructWarning, match=needs):
        ms.ARACNE(alpha=1e-6, correction="none", test="copula").fit(noise)


# What it takes ----------------------------------------------------------------------------------


def test_cost_counts_pairs_and_bytes():
    table = genes(0, 30, 50)
    for learner, n_rows, n_pairs in (
        (ms.ARACNE(), 30, 30 * 29 // 2),
        (ms.ARACNE(regulators=list(table.columns[:4])), 4, 4 * 26 + 6),
        (ms.CLR(n_bootstraps=3), 30, 30 * 29 // 2),
    ):
        cost = learner.cost(table)
        assert cost.n_pairs == n_pairs
        assert cost.n_bytes >= bytes_of_genes(n_rows)
        assert cost.seconds > 0
        assert not hasattr(learner, "estimator_")
    assert ms.MRNET(alpha=None).cost(table).n_bytes > ms.MRNET().cost(table).n_bytes


def bytes_of_genes(n_rows: int) -> int:
    """The libraries, 30 genes of 50 rows, their scores twice, and products beside information."""
    return LIBRARIES + 8 * (30 * 50 + 2 * 30 * 50 + 2 * n_rows * 30 * n_threads())


@pytest.mark.parametrize("ask", ["fit", "cost"])
def test_what_does_not_fit_into_memory_is_refused(monkeypatch, ask):
    table = genes(0, 30, 50)
    monkeypatch.setattr(network_cost, "memory_limit", lambda: bytes_of_genes(30))
    with pytest.raises(
        ms.ParameterError,
        match=r"^alpha=None keeps all pairs: 435 pairs take about .* GB, of .* GB; give a level",
    ):
        getattr(ms.ARACNE(alpha=None), ask)(table)
    getattr(ms.ARACNE(), ask)(table)
    monkeypatch.setattr(network_cost, "memory_limit", lambda: bytes_of_genes(30) - 1)
    with pytest.raises(ms.ParameterError, match=r"^435 pairs take .*; give regulators=, or fewer"):
        getattr(ms.ARACNE(), ask)(table)
    getattr(ms.ARACNE(regulators=list(table.columns[:4])), ask)(table)


@pytest.mark.parametrize("correction", ["bh", "bonferroni"])
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_of_500_shuffled_genes_as_many_tables_have_an_edge_as_was_asked_for(correction):
    """Where every pair is null, the chance of any edge is alpha under either correction."""
    n_tables, alpha = 60, 0.2
    some = 0
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        table = rng.permuted(genes(seed % 3, 500, 100).to_numpy(), axis=0)
        some += len(ms.ARACNE(alpha, correction=correction).fit(table).edges_) > 0
    assert binom.ppf(1e-3, n_tables, alpha) <= some <= binom.ppf(1 - 1e-3, n_tables, alpha)


@pytest.mark.parametrize("alpha", [1e-3, 1e-2])
def test_of_500_shuffled_genes_as_many_pairs_pass_as_was_asked_for(alpha):
    rng = np.random.default_rng(0)
    table = rng.permuted(genes(0, 500, 100).to_numpy(), axis=0)
    found = len(ms.ARACNE(alpha, correction="none").fit(table).edges_)
    n_pairs = 500 * 499 // 2
    # Pairs that share a gene are nearly, not quite, independent of each other.
    assert abs(found - alpha * n_pairs) < 6 * np.sqrt(alpha * n_pairs)


def test_false_edges_are_as_few_as_was_asked_for():
    # Half of the genes are shuffled; nearly all of the edges that touch them are false discoveries.
    rng = np.random.default_rng(0)
    table = genes(4, 60, 200)
    shuffled = list(table.columns[30:])
    table[shuffled] = rng.permuted(table[shuffled].to_numpy(), axis=0)
    edges = ms.ARACNE(alpha=0.2).fit(table).edges_
    false = edges["source"].isin(shuffled) | edges["target"].isin(shuffled)
    assert 0 < false.mean() < 0.25


# Parameters, graph ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 0}, "alpha must be a number between 0 and 1, got 0"),
        ({"alpha": "0.05"}, "alpha must be a number between 0 and 1, got '0.05'"),
        (
            {"correction": "fdr"},
            "correction must be one of 'bh', 'bonferroni', 'none', got 'fdr'",
        ),
        ({"correction": None}, "correction must be one of 'bh', 'bonferroni', 'none', got None"),
        (
            {"direction": "hub"},
            "direction must be one of None, 'hubs', got 'hub'; did you mean 'hubs'?",
        ),
        ({"tolerance": 1}, "tolerance must be a number from 0 to below 1, got 1"),
        ({"tolerance": -0.1}, "tolerance must be a number from 0 to below 1, got -0.1"),
        ({"tolerance": None}, "tolerance must be a number from 0 to below 1, got None"),
        ({"tolerance": True}, "tolerance must be a number from 0 to below 1, got True"),
        ({"tolerance": math.nan}, "tolerance must be a number from 0 to below 1, got nan"),
        (
            {"test": 3},
            "test must be a name or a test such as GTest(), got 3; a test of your own derives "
            "from mistruct.IndependenceTest",
        ),
        (
            {"estimator": 3},
            "estimator must be a name or an estimator such as PlugIn(), got 3; an estimator of "
            "your own derives from mistruct.Estimator",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_bad_parameters_are_refused_at_fit(parameters, message):
    learner = ms.ARACNE(**parameters)
    with pytest.raises(ms.ParameterError) as raised:
        learner.fit(genes())
    assert str(raised.value) == message
    for other in (ms.CLR, ms.MRNET):
        if "tolerance" not in parameters:
            with pytest.raises(ms.ParameterError) as raised:
                other(**parameters).fit(genes())
            assert str(raised.value) == message


@networks
def test_scikit_learn_conventions(learner):
    parameters = learner.get_params()
    copy = clone(learner)
    assert copy.get_params() == parameters
    assert not hasattr(copy, "graph_")
    assert copy.fit(genes()) is copy
    assert copy.get_params() == parameters
    again = copy.fit(mixed()).edges_
    pd.testing.assert_frame_equal(again, clone(learner).fit(mixed()).edges_)
    assert repr(learner) == f"{type(learner).__name__}()"


@networks
@hubs
def test_graph_says_what_made_it_and_survives_json(learner, direction):
    fitted = clone(learner).set_params(direction=direction, regulators=None).fit(mixed())
    graph = fitted.graph_
    assert graph.graph["algorithm"] == type(learner).__name__.lower()
    assert graph.graph["parameters"]["direction"] == direction
    assert set(graph.graph["parameters"]) == set(fitted.get_params()) - {"checkpoint"}
    restored = nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph))))
    assert list(restored.edges(data=True)) == list(graph.edges(data=True))
    edges = rows(fitted.edges_)
    for *pair, evidence in graph.edges(data=True):
        row = edges.get(tuple(pair)) or edges[tuple(pair[::-1])]
        assert list(evidence) == EVIDENCE[2:]
        assert evidence == {name: getattr(row, name) for name in EVIDENCE[2:]}


@networks
def test_the_table_is_left_as_it_was(learner):
    data = ms.as_dataset(mixed())
    before = data.values.copy(), data.codes.copy()
    clone(learner).fit(data)
    assert (data.values == before[0]).all()
    assert (data.codes == before[1]).all()
