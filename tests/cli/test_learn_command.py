"""`mistruct learn` by PC, how it chooses its method, and its bootstraps."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.cli import files, methods, report
from mistruct.structure.causal.order_cost import OrderCost
from mistruct.structure.causal.search_cost import SearchCost
from mistruct.structure.cost import Cost
from tests.cli_helpers import SLIP, WET, Run, garden, read_back

FILES = {
    "network.graphml",
    "edges.csv",
    "separations.csv",
    "triples.csv",
    "network.png",
    "network.html",
}
FILES |= {"model.bif", "run.json"}

# What `garden` was made with; its class has no other DAG.
ARROWS = {("rain", WET), ("sprinkler", WET), (WET, SLIP), (SLIP, "NA")}


@pytest.fixture(scope="module")
def fitted() -> ms.PC:
    return ms.PC(alpha=0.01).fit(garden())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    garden().to_csv(path, index=False)
    return path


def assert_same(folder: Path, learned: ms.PC) -> None:
    """A folder has the evidence of a learner, to the last digit."""
    for name in ("edges", "separations", "triples"):
        found = read_back(folder / f"{name}.csv")
        pd.testing.assert_frame_equal(found, getattr(learned, f"{name}_"), check_dtype=False)


# What it says and writes


def test_what_is_said(run: Run, data: Path, tmp_path: Path, fitted: ms.PC) -> None:
    out_folder = tmp_path / "new" / "out"
    asked = ["learn", data, "--method", "pc", "--target", WET, "--output", out_folder]
    code, out, err = run(*asked)
    arcs = fitted.graph_.edges
    assert set(arcs) == ARROWS
    assert (code, err) == (0, "")
    first, second, third, _, head, *rest = out.splitlines()
    assert first == f"{data}: 1,000 rows, 6 columns (6 discrete)"
    assert second == (
        "PC graph: 4 edges (4 directed) of 15 pairs, alpha 0.01; 1 column without an edge"
    )
    n_tests = fitted.edges_["n_tests"].sum() + fitted.separations_["n_tests"].sum()
    assert third == f"{n_tests:,} tests by auto (g, copula)"
    assert head.split() == ["strongest", "edges", "mi", "(nats)", "largest", "p"]
    lines = [re.fullmatch(r"  (.+) -> (.+?) +(\d\.\d{3}) +(\d.*)", line) for line in rest[:4]]
    shown = [line.groups() for line in lines if line]
    assert {(u, v) for u, v, *_ in shown} == ARROWS
    for u, v, mi, p_value in shown:
        assert mi == f"{arcs[u, v]['mi']:.3f}"
        assert float(p_value) == pytest.approx(arcs[u, v]["p_value"], rel=0.05)
    into = sorted(["rain", "sprinkler"], key=lambda v: -arcs[v, WET]["mi"])
    example = fitted.separations_[fitted.separations_["separating_set"].str.len() > 0]
    example = example[(example["source"] == WET) | (example["target"] == WET)].iloc[0]
    asked = shlex.join([str(out_folder), example["source"], example["target"]])
    assert rest[4:] == [
        "",
        f"3 neighbours of {WET}, with mi in nats:",
        f"arrows from it: {SLIP} {arcs[WET, SLIP]['mi']:.3f}",
        "arrows to it: " + ", ".join(f"{v} {arcs[v, WET]['mi']:.3f}" for v in into),
        "",
        f"written to {out_folder}: network.graphml, edges.csv, separations.csv, triples.csv, "
        "network.png, network.html, model.bif, run.json",
        f"why two columns are joined or not: mistruct why {asked}",
    ]


def test_files_agree_with_the_learner(run: Run, data: Path, tmp_path: Path, fitted: ms.PC) -> None:
    code, *_ = run("learn", data, "--method", "pc", "--output", tmp_path / "out")
    assert code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES
    assert_same(tmp_path / "out", fitted)
    graph = ms.read_network(tmp_path / "out" / "network.graphml")
    assert set(graph) == set(garden())
    assert {(u, v): e for u, v, e in graph.edges(data=True)} == dict(fitted.graph_.edges)
    model = ms.read_network(tmp_path / "out" / "model.bif")
    expected = ms.to_bayesian_network(fitted.dag_, garden())
    assert set(model.edges) == ARROWS
    for name in garden():
        np.testing.assert_allclose(model.get_cpds(name).values, expected.get_cpds(name).values)
    assert (tmp_path / "out" / "network.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_run_is_recorded(run: Run, data: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text('tiers = [["rain", "sprinkler"]]\nforbidden = [["NA", "alone"]]\n')
    options = ["--method", "pc", "--knowledge", known, "--seed", 3]
    code, _, err = run("learn", data, *options, "--output", tmp_path / "out")
    assert (code, err) == (0, "")
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "learn"
    assert record["parameters"] == {
        "data": str(data), "output": str(tmp_path / "out"), "method": "pc", "target": None,
        "alpha": 0.01, "test": "auto", "max_conditioning": None, "orientation": "majority",
        "fdr": None, "determinism": "informative", "knowledge": str(known), "bootstraps": None,
        "checkpoint": None, "scheduler": None, "page": True, "safe_csv": False,
        "discretize": None,
        "bins": None, "kind": [], "missing": "raise",
        "index": None, "transpose": False, "drop": [], "layer": None, "obs": [], "kinds": None,
        "weights": None,
        "missing_marks": [], "separator": None, "decimal": None, "comment": None, "header": None,
        "encoding": None, "sheet": None, "duplicates": None, "seed": 3,
    }  # fmt: skip
    assert record["knowledge"] == {
        "required": [], "forbidden": [["NA", "alone"]], "tiers": [["rain", "sprinkler"]]
    }  # fmt: skip
    assert record["n_edges"] == 4
    steps = {"read", "bin", "estimate", "learn", "fit", "draw", "write", "total"}
    assert set(record["seconds"]) == steps


def test_files_of_an_earlier_run_go(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("learn", data, "--method", "pc", "--output", out)
    (out / "notes.txt").write_text("mine")
    assert {p.name for p in out.iterdir()} == FILES | {"notes.txt"}
    run("learn", data, "--method", "chow-liu", "--output", out)
    left = {p.name for p in out.iterdir()}
    assert left == FILES - {"separations.csv", "triples.csv"} | {"notes.txt"}
    # A record that names files elsewhere is none of ours.
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.touch()
    names = ["../elsewhere.csv", "..", "model.bif"]
    (out / "run.json").write_text(json.dumps({"files": names}))
    run("learn", data, "--output", out, "--method", "chow-liu")
    assert elsewhere.exists()


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (["--alpha", "0.2", "--max-conditioning", "0"], {"alpha": 0.2, "max_conditioning": 0}),
        (["--fdr", "1e-40"], {"fdr": 1e-40}),
        (["--orientation", "conservative"], {"orientation": "conservative"}),
        (["--determinism", "textbook"], {"determinism": "textbook"}),
        (["--test", "copula"], {"test": "copula"}),
        (["--knowledge", "known.csv"], {"knowledge": ms.Knowledge(required=[("alone", "NA")])}),
    ],
)
def test_the_options_reach_the_learner(
    options: list[str],
    parameters: dict[str, Any],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = garden().assign(twin=lambda t: t["rain"])  # so that one column determines another
    frame.to_csv("table.csv", index=False)
    Path("known.csv").write_text("rule,source,target\nrequired,alone,NA\n", encoding="utf-8")
    code, *_ = run("learn", "table.csv", "--method", "pc", *options, "--output", "out")
    assert code == 0
    assert_same(Path("out"), ms.PC(**parameters).fit(frame))


def test_edges_of_every_kind(run: Run, tmp_path: Path) -> None:
    # x - y may point either way; the colliders p -> m <- q and m -> q <- r turn m - q both ways.
    rng = np.random.default_rng(0)
    x, p, r, shared = rng.normal(size=(4, 600))
    m, q = (cause + shared + 0.5 * rng.normal(size=600) for cause in (p, r))
    frame = pd.DataFrame({"x": x, "y": x + rng.normal(size=600), "p": p, "m": m, "q": q, "r": r})
    frame.to_csv(tmp_path / "t.csv", index=False)
    asked = ["learn", tmp_path / "t.csv", "--method", "pc", "--target", "q"]
    code, out, _ = run(*asked, "--output", tmp_path / "out")
    assert code == 0
    assert "PC graph: 4 edges (2 directed, 1 undirected, 1 contested) of 15 pairs" in out
    assert "p -> m " in out and "r -> q " in out and "x -- y " in out and "m -?- q " in out
    lines = out.splitlines()
    start = lines.index("2 neighbours of q, with mi in nats:")
    assert [line.rpartition(" ")[0] for line in lines[start + 1 : start + 3]] == [
        "arrows to it: r", "contested: m"
    ]  # fmt: skip
    # A continuous table is binned for the model alone.
    assert "6 continuous columns binned (quantile, 5 bins each) for model.bif" in out


def test_a_picture_has_as_many_edges_as_it_can_show(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistruct.cli.files._MOST_DRAWN", 2)
    code, out, _ = run("learn", data, "--method", "pc", "--output", tmp_path / "out")
    assert code == 0
    assert ", network.png (2 edges), network.html, model.bif" in out
    assert len(ms.read_network(tmp_path / "out" / "network.graphml").edges) == len(ARROWS)


@pytest.mark.parametrize("most", range(1, 5))
def test_an_undirected_edge_is_not_drawn_as_an_arrow(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_DRAWN", most)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        [("a", "b", 0.5), ("b", "a", 0.5), ("c", "d", 0.5), ("d", "c", 0.5), ("a", "d", 0.1)],
        weight="mi",
    )
    drawn: list[nx.DiGraph] = []
    monkeypatch.setattr(ms, "plot_network", lambda graph, target: drawn.append(graph))
    files.draw(graph, None, "mi")
    both = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("a", "d")]
    assert set(drawn[0].edges) == set(both[: min(2 * most, 5)])


def test_missing_entries_and_mixed_kinds(run: Run, tmp_path: Path) -> None:
    frame = garden().astype(object)
    frame["level"] = np.random.default_rng(1).normal(size=len(frame)) + frame["rain"].astype(float)
    frame.loc[:49, SLIP] = None
    frame.loc[20:69, "level"] = np.nan
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    asked = ["learn", tmp_path / "gaps.csv", "--method", "pc", "--output", tmp_path / "out"]
    code, out, _ = run(*asked, "--missing", "testwise")
    assert code == 0
    assert "7 columns (6 discrete, 1 continuous), 100 missing entries" in out
    read = ms.read_table(tmp_path / "gaps.csv", missing="testwise")
    assert_same(tmp_path / "out", ms.PC().fit(read))
    code, out, _ = run(*asked, "--missing", "state", "--discretize", "quantile")
    assert code == 0
    binned = ms.as_dataset(ms.discretize(read), missing="state")
    assert_same(tmp_path / "out", ms.PC().fit(binned))


def test_no_edges(run: Run, data: Path, tmp_path: Path) -> None:
    garden()[["rain", "alone"]].to_csv(data, index=False)
    asked = ["learn", data, "--method", "pc", "--target", "rain", "--output", tmp_path / "out"]
    code, out, _ = run(*asked)
    assert code == 0
    assert "PC graph: 0 edges of 1 pair, alpha 0.01; 2 columns without an edge" in out
    assert "No pair is strong enough." in out and "0 neighbours of rain\n" in out
    assert "mistruct why" not in out
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES


def test_a_model_that_cannot_be_made_is_said(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ms.DataError("the table of 'NA' would have too many cells")

    monkeypatch.setattr(ms, "to_bayesian_network", refuse)
    code, out, _ = run("learn", data, "--method", "pc", "--output", tmp_path / "out")
    assert code == 0
    assert (
        "network.png, network.html, run.json\nno model.bif: the table of 'NA' would have too many"
        in out
    )
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES - {"model.bif"}


# Which method


def search(*seconds: float) -> SearchCost:
    of = {"n_tests": np.ones(len(seconds)), "seconds_by_size": np.array(seconds)}
    return SearchCost(seconds=sum(seconds), n_bytes=1, seconds_of_votes=0.0, **of)


def order(seconds: float) -> OrderCost:
    return OrderCost(seconds=seconds, n_bytes=1, n_families=1e6)


def costs(pc: SearchCost, boss: OrderCost, tree: float = 0.0) -> Any:
    """What each method costs."""
    known = {"pc": pc, "boss": boss, "chow-liu": Cost(seconds=tree, n_bytes=1)}
    return known.__getitem__


TREE = "it takes about 3 s, pc would take about {}"
FEW = "99 rows are fewer than the 100 that pc wants"


def numbers(n_rows: int, n_columns: int = 2, n_discrete: int = 0) -> ms.Dataset:
    """Continuous columns, and discrete ones."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n_rows, n_columns))).add_prefix("c")
    states = pd.DataFrame(rng.integers(0, 2, (n_rows, n_discrete))).add_prefix("d")
    return ms.as_dataset(pd.concat([frame, states.astype("category")], axis=1))


BOUNDED = "with sets as large as a minute allows; all would take about {}"
TOO_LONG = order(1e4)


@pytest.mark.parametrize(
    ("cost", "method", "reason"),
    [
        (search(1.0, 5.0), "pc", "it takes about 9 s"),
        (search(1.0, 59.0), "pc", "it takes about 63 s"),
        (search(1.0, 50.0, 3600.0), "pc", BOUNDED.format("61 minutes")),
        (search(1.0, 20.0, 30.0, 1e6), "pc", BOUNDED.format("12 days")),
        (search(1.0, 100.0), "chow-liu", TREE.format("2 minutes")),
        (search(90.0, 7200.0), "chow-liu", TREE.format("2 hours")),
    ],
)
def test_how_the_method_is_chosen(cost: SearchCost, method: str, reason: str) -> None:
    chosen = methods.choose_method(numbers(1000), costs(cost, TOO_LONG), set())
    assert chosen == (method, reason)


NEARER = (
    "it takes about 8 s, and was nearer the truth than pc on sampled networks of such columns "
    "and rows"
)


@pytest.mark.parametrize(
    ("table", "given", "method"),
    [
        (numbers(1000), set(), "boss"),
        (numbers(1000, 2, 2), {"knowledge"}, "boss"),
        (numbers(1000, 0, 3), set(), "boss"),
        (numbers(150, 120), set(), "pc"),  # too few rows for each column
        (numbers(150, 2, 2), set(), "pc"),
        (numbers(150, 0, 3), set(), "pc"),
        (numbers(1000), {"alpha"}, "pc"),
        (numbers(1000), {"test"}, "pc"),
    ],
)
def test_boss_is_taken_where_it_is_nearer_the_truth(
    table: ms.Dataset, given: set[str], method: str
) -> None:
    cost_of = costs(search(1.0, 5.0), order(5.0))
    chosen, reason = methods.choose_method(table, cost_of, given)
    assert (chosen, reason == NEARER) == (method, method == "boss")


def test_few_rows_want_a_tree_unless_something_is_known() -> None:
    quick = costs(search(0.1, 0.1), order(0.1))
    chosen = methods.choose_method(numbers(99), quick, set())
    assert chosen == ("chow-liu", f"{FEW}; it takes about 3 s")
    assert methods.choose_method(numbers(99), quick, {"knowledge"})[0] == "pc"
    slow = costs(search(90.0, 7200.0), TOO_LONG)
    assert methods.choose_method(numbers(99), slow, {"knowledge"})[0] == "pc"


def test_the_default_says_what_it_takes(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, err = run("learn", data, "--output", tmp_path / "out")
    reason = NEARER.replace("8 s", "3 s")
    assert (code, err) == (0, f"method boss: {reason}; --method pc goes by tests\n")
    assert "BOSS graph: 4 edges" in out
    assert set(ms.read_network(tmp_path / "out" / "network.graphml").edges) == ARROWS


def test_the_other_method_is_said_too(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "_MOST_SECONDS", 0.0)
    monkeypatch.setattr(report, "SECONDS_BESIDE", 120.0)
    slow = "it takes about 2 minutes, pc would take about 2 minutes"
    code, out, err = run("learn", data, "--output", tmp_path / "out")
    taken = "this takes about 2 minutes, 330 MB of memory\n"
    assert (code, err) == (0, f"method chow-liu: {slow}; --method pc does it all the same\n{taken}")
    assert "Chow-Liu forest: " in out
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["parameters"]["method"] == "chow-liu"
    code, _, err = run("learn", data, "--method", "pc", "--output", tmp_path / "out")
    assert (code, err) == (0, taken)
    code, _, err = run("learn", data, "--method", "chow-liu", "--output", tmp_path / "out")
    assert (code, err) == (0, taken)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--penalty", "bic"], "Chow-Liu forest"),
        (["--correction", "bonferroni"], "Chow-Liu forest"),  # its default
        (["--orientation", "majority"], "PC graph"),
        (["--restarts", "2"], "BOSS graph"),
    ],
)
def test_an_option_of_one_method_chooses_it(
    options: list[str], said: str, run: Run, data: Path, tmp_path: Path
) -> None:
    code, out, err = run("learn", data, *options, "--output", tmp_path / "out")
    assert (code, err) == (0, "")
    assert said in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--penalty", "bic", "--method", "pc"],
            "--penalty is an option of chow-liu, got --method",
        ),
        (["--correction", "bonferroni", "--method", "pc"], "--correction is an option of chow-liu"),
        (["--estimator", "ksg", "--method", "pc"], "--estimator is an option of chow-liu"),
        (["--fdr", "0.1", "--method", "chow-liu"], "--fdr is an option of pc, got --method chow-l"),
        (["--max-conditioning", "1", "--method", "chow-liu"], "--max-conditioning is an option of"),
        (["--orientation", "standard", "--method", "chow-liu"], "--orientation is an option of pc"),
        (["--determinism", "textbook", "--method", "chow-liu"], "--determinism is an option of pc"),
        (["--knowledge", "k.csv", "--method", "chow-liu"], "--knowledge is an option of pc, got"),
        (
            ["--fdr", "0.1", "--penalty", "bic"],
            "--penalty is an option of chow-liu, and --fdr of pc; give one of them",
        ),
        (["--method", "ges"], "'ges' is not one of 'pc', 'fci', 'boss', 'chow-liu'"),
        (["--alpha", "1.5", "--method", "pc"], "--alpha must be a number between 0 and 1, got 1.5"),
        (["--fdr", "2"], "--fdr must be a number between 0 and 1, got 2.0"),
        (["--max-conditioning", "-1"], "--max-conditioning must be a whole number of at least 0"),
        (["--orientation", "loud"], "'loud' is not one of 'majority', 'standard', 'conservative'"),
        (["--bootstraps", "0"], "--bootstraps must be a whole number of at least 1, got 0"),
        (["--checkpoint", "kept"], "--checkpoint needs --bootstraps, as it keeps those"),
        (["--target", "wet"], "--target: there is no column 'wet'"),
        (["--knowledge", "absent.toml"], "cannot read 'absent.toml'"),
        (["--knowledge", "known.txt"], "--knowledge is read from .toml and .csv files, got 'kno"),
        (["--knowledge", "k.toml"], "--knowledge: there is no column 'rian'; did you mean 'rain'?"),
    ],
)
def test_what_is_refused(
    options: list[str],
    message: str,
    refused: Callable[..., str],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("k.toml").write_text('required = [["rian", "alone"]]')
    assert message in refused("learn", data, *options, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Bootstraps


@pytest.mark.parametrize("option", ["--bootstraps", "--bootstrap"])
def test_bootstraps_of_a_graph(
    option: str, run: Run, data: Path, tmp_path: Path, fitted: ms.PC
) -> None:
    code, out, err = run("learn", data, "--method", "pc", option, 8, "--output", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "network.png, network.html, model.bif" in out and "triples.csv, bootstraps.csv" in out
    sampled = ms.Bootstrap(ms.PC(alpha=0.01), n_resamples=8).fit(garden()).edges_
    written = read_back(tmp_path / "out" / "bootstraps.csv")
    pd.testing.assert_frame_equal(written, sampled, check_dtype=False)
    # The edges are those of all rows; each has the shares of the samples, its own way round.
    edges = read_back(tmp_path / "out" / "edges.csv")
    of_all = edges.drop(columns=["support", "forward", "backward", "undirected"])
    pd.testing.assert_frame_equal(of_all, fitted.edges_, check_dtype=False)
    graph = ms.read_network(tmp_path / "out" / "network.graphml")
    of_pair = {frozenset((e.source, e.target)): e for e in sampled.itertuples()}
    for edge in edges.itertuples():
        row = of_pair[frozenset((edge.source, edge.target))]
        ways = [row.forward, row.backward]
        ways = ways if row.source == edge.source else ways[::-1]
        found = [edge.support, edge.forward, edge.backward, edge.undirected]
        assert found == [row.support, *ways, row.undirected]
        attributes = graph.edges[edge.source, edge.target]
        assert [attributes["support"], attributes["forward"]] == [row.support, ways[0]]
        assert re.search(rf"{re.escape(edge.source)} -> .* {row.support:.2f}\n", out)


def test_an_edge_that_no_sample_holds(run: Run, tmp_path: Path) -> None:
    # Just enough rows to see the edge in all of them, and in few samples of 63.2 percent.
    a, b = np.repeat([0, 1], 50), np.repeat([0, 1, 0, 1], [32, 18, 18, 32])
    frame = pd.DataFrame({"a": a, "b": b})
    frame.to_csv(tmp_path / "t.csv", index=False)
    asked = ["learn", tmp_path / "t.csv", "--method", "pc", "--alpha", "0.01"]
    code, *_ = run(*asked, "--bootstraps", 1, "--seed", 2, "--output", tmp_path / "out")
    assert code == 0
    sampled = ms.Bootstrap(ms.PC(0.01), n_resamples=1, seed=2).fit(frame).edges_
    assert sampled.empty  # or else this shows nothing
    edges = read_back(tmp_path / "out" / "edges.csv")
    assert edges[["support", "forward", "backward", "undirected"]].to_numpy().tolist() == [[0] * 4]


def test_bootstraps_of_a_forest(run: Run, data: Path, tmp_path: Path) -> None:
    options = ["--method", "chow-liu", "--bootstraps", 8, "--output", tmp_path / "out"]
    code, out, _ = run("learn", data, *options)
    assert code == 0
    assert "edges.csv, bootstraps.csv, network.png" in out
    edges = read_back(tmp_path / "out" / "edges.csv")
    assert list(edges) == ["source", "target", "mi", "p_value", "n_samples", "support"]
    sampled = ms.Bootstrap(ms.ChowLiu(alpha=0.01), n_resamples=8).fit(garden()).edges_
    support = {frozenset((e.source, e.target)): e.support for e in sampled.itertuples()}
    assert list(edges["support"]) == [
        support[frozenset(pair)] for pair in zip(edges["source"], edges["target"], strict=True)
    ]


def test_a_checkpoint_goes_on_to_the_same_bytes(run: Run, data: Path, tmp_path: Path) -> None:
    asked = ["learn", data, "--method", "pc", "--bootstraps"]
    kept = ["--checkpoint", tmp_path / "kept"]
    for n, options, name in (3, kept, "few"), (6, kept, "more"), (6, [], "at once"):
        code, *_ = run(*asked, n, *options, "--output", tmp_path / name)
        assert code == 0
    assert len(list((tmp_path / "kept").glob("replicate-*.bin"))) == 6
    for name in ("edges.csv", "bootstraps.csv", "network.graphml"):
        assert (tmp_path / "more" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
