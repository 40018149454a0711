"""`mistruct aracne` as a user meets it: what it says, what it writes, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.cli.report_networks import show_neighbours
from mistruct.parallel import THREADS_VARIABLE
from tests.cli_helpers import ROOT, Run, program

FILES = {"edges.csv", "network.graphml", "network.png", "network.html", "run.json"}
TABLES = {"pyscenic": "adj.tsv", "aracne": "network.txt", "viper": "regulon.tsv"}
TABLES["decoupler"] = "net.tsv"
N = 200
TF = 'TF "A", long'

# In tests warnings are errors; here it is the command that shows them.
shows_warnings = pytest.mark.filterwarnings("always::mistruct.MistructWarning")


def table() -> pd.DataFrame:
    """Two regulators with two targets each, a class that follows one, and what stands alone."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, N))
    return pd.DataFrame(
        {
            TF: first,
            "up": first + rng.normal(size=N),
            "down's": rng.normal(size=N) - first,
            "second": second,
            "µ-β": second + rng.normal(size=N),
            "a & <b>": second + rng.normal(size=N),
            "class": np.where(first + rng.normal(size=N) / 2 > 0, "sick", "well"),
            "alone": rng.normal(size=N),
            "constant": 1.5,
        }
    )


EDGES = {
    frozenset(e)
    for e in [(TF, "up"), (TF, "down's"), (TF, "class"), ("second", "µ-β"), ("second", "a & <b>")]
}  # those that `table` was made with


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    table().to_csv(path, index=False)
    return path


def edges_in(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "edges.csv", float_precision="round_trip")


def pairs_of(edges: pd.DataFrame) -> list[frozenset[str]]:
    return [frozenset(e) for e in zip(edges["source"], edges["target"], strict=True)]


def assert_same_edges(folder: Path, net: ms.ARACNE) -> None:
    """The table in a folder has all pairs of the learner, to the last digit."""
    found = edges_in(folder)
    if "explained_by" in found:
        found["explained_by"] = found["explained_by"].astype(object)
        found = found.where(found.notna(), None)
    pd.testing.assert_frame_equal(found, net.edges_, check_dtype=False)


def shown_edges(out: str, arrow: str = "--") -> list[tuple[str, ...]]:
    """Source, target and numbers of the strongest edges."""
    lines = [re.fullmatch(rf"  (.+) {arrow} (.+?)  +(\d.*)", line) for line in out.splitlines()]
    return [(line[1], line[2], *line[3].split()) for line in lines if line]


# What it says and writes


def test_what_is_said_and_written(run: Run, data: Path, tmp_path: Path) -> None:
    out_folder = tmp_path / "new" / "out"
    code, out, err = run("aracne", data, "--target", TF, "--output", out_folder)
    net = ms.ARACNE().fit(table())
    graph, n_pairs = net.graph_, len(net.edges_)
    assert set(pairs_of(net.edges_[net.edges_["direct"]])) == EDGES
    assert n_pairs > len(EDGES)  # so that something is explained

    # Seven columns vary beside the constant one.
    assert code == 0
    assert re.fullmatch(r"estimating 28 pairs: about 3 s, 330 MB of memory\n", err)
    first, second, third, blank, head, *rest = out.splitlines()
    assert first == f"{data}: 200 rows, 9 columns (1 discrete, 8 continuous)"
    assert second == (
        f"ARACNE network: 5 edges of {n_pairs} significant pairs (alpha 0.05, bh, tolerance 0.1)"
    )
    assert third == "mi by auto (miller-madow, copula), p-values by the null distribution"
    assert (blank, head.split()) == (
        "",
        ["edges", "by", "weight", "mi", "(nats)", "p-value", "weight"],
    )
    shown = shown_edges(out)
    assert {frozenset(edge[:2]) for edge in shown} == EDGES
    for u, v, mi, p_value, weight in shown:
        assert mi == f"{graph.edges[u, v]['mi']:.3f}"
        assert weight == f"{graph.edges[u, v]['weight']:.3g}"
        assert float(p_value) == pytest.approx(graph.edges[u, v]["p_value"], rel=0.05)
    weights = [float(weight) for *_, weight in shown]
    assert weights == sorted(weights, reverse=True)
    near = sorted(graph[TF], key=lambda v: -graph.edges[TF, v]["mi"])
    assert rest[5:] == [
        "",
        f"3 neighbours of {TF}, with mi in nats:",
        ", ".join(f"{v} {graph.edges[TF, v]['mi']:.3f}" for v in near),
        "",
        f"written to {out_folder}: edges.csv, network.graphml, network.png, network.html, run.json",
    ]

    assert {p.name for p in out_folder.iterdir()} == FILES
    assert_same_edges(out_folder, net)
    written = ms.read_network(out_folder / "network.graphml")
    assert set(written) == set(table())  # also those without an edge
    assert {frozenset(e) for e in written.edges} == EDGES
    for u, v, evidence in graph.edges(data=True):
        assert written.edges[u, v] == evidence
    assert written.graph["algorithm"] == "aracne"
    assert (out_folder / "network.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_run_is_recorded(run: Run, data: Path, tmp_path: Path) -> None:
    code, *_ = run("aracne", data, "--output", tmp_path / "out", "--bootstraps", 5, "--seed", 3)
    assert code == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["parameters"] == {
        "data": str(data), "output": str(tmp_path / "out"), "regulators": None, "target": None,
        "alpha": 0.05, "correction": "bh", "tolerance": 0.1, "direction": None, "edges": None,
        "bootstraps": 5,
        "checkpoint": None, "scheduler": None, "page": True, "safe_csv": False, "for_tool": [],
        "estimator": "auto", "test": "auto",
        "discretize": None, "bins": None, "kind": [], "missing": "raise", "index": None,
        "transpose": False, "drop": [], "layer": None, "obs": [], "kinds": None, "weights": None,
        "missing_marks": [], "separator": None, "decimal": None, "comment": None, "header": None,
        "encoding": None, "sheet": None, "duplicates": None, "seed": 3,
    }  # fmt: skip
    net = ms.ARACNE(n_bootstraps=5, seed=3).fit(table())
    assert record["n_edges"] == net.graph_.number_of_edges()
    assert (record["data"]["n_samples"], record["data"]["n_variables"]) == (N, 9)
    steps = record["seconds"]
    assert set(steps) == {"read", "bin", "estimate", "learn", "write", "total"}


def test_the_options_reach_the_learner(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run(
        "aracne", data, "--alpha", "0.3", "--correction", "none", "--tolerance", "0.9",
        "--estimator", "mixed-knn", "--output", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    net = ms.ARACNE(0.3, correction="none", tolerance=0.9, estimator="mixed-knn").fit(table())
    assert_same_edges(tmp_path / "out", net)
    n_edges = net.graph_.number_of_edges()
    assert f"{n_edges} edges of {len(net.edges_)} significant pairs (alpha 0.3, none" in out
    assert "mi by mixed-knn, p-values by the null distribution" in out


def test_a_test_takes_the_place_of_the_null(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cause = rng.integers(0, 4, 40)
    frame = pd.DataFrame({"cause": cause, "alone": rng.integers(0, 4, 40)})
    frame["effect"] = np.where(rng.random(40) < 0.5, cause, rng.integers(0, 4, 40))
    frame.to_csv(tmp_path / "sparse.csv", index=False)
    code, out, _ = run(
        "aracne", tmp_path / "sparse.csv", "--test", "g", "--seed", 7, "--output", tmp_path / "out"
    )
    assert code == 0
    assert "mi by plug-in, p-values by g\n" in out
    assert_same_edges(tmp_path / "out", ms.ARACNE(test=ms.GTest(seed=7)).fit(frame))


def test_bins_where_it_is_told_to(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run(
        "aracne", data, "--discretize", "quantile", "--bins", "3", "--output", tmp_path / "out"
    )
    assert code == 0
    assert out.splitlines()[1] == "8 continuous columns binned (quantile, 1 to 3 bins each)"
    assert_same_edges(tmp_path / "out", ms.ARACNE().fit(ms.discretize(table(), n_bins=3)))


@pytest.mark.parametrize("policy", ["testwise", "state"])
def test_missing_entries(policy: Any, run: Run, tmp_path: Path) -> None:
    frame = table()
    frame.loc[:29, "up"] = np.nan
    frame.loc[20:49, "class"] = None
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    bins = ["--discretize", "quantile"] if policy == "state" else []
    code, out, _ = run(
        "aracne", tmp_path / "gaps.csv", "--missing", policy, *bins, "--output", tmp_path / "out"
    )
    assert code == 0
    assert "(1 discrete, 8 continuous), 60 missing entries" in out
    data = ms.as_dataset(frame, missing="testwise")
    data = ms.as_dataset(ms.discretize(data), missing="state") if bins else data
    assert_same_edges(tmp_path / "out", ms.ARACNE().fit(data))


def test_directions(run: Run, data: Path, tmp_path: Path) -> None:
    names = tmp_path / "tfs.txt"
    names.write_text(f"{TF}\nsecond\nup\n", encoding="utf-8")
    for options, regulators in ([], None), (["--regulators", names], [TF, "second", "up"]):
        folder = tmp_path / f"out{len(options)}"
        code, out, _ = run("aracne", data, "--direction", "hubs", *options, "--output", folder)
        assert code == 0
        net = ms.ARACNE(direction="hubs", regulators=regulators).fit(table())
        assert_same_edges(folder, net)
        arcs, n_pairs = net.graph_.edges, len(set(pairs_of(net.edges_)))
        assert len(net.edges_) > n_pairs  # some pairs stand there both ways
        assert f"ARACNE network: {len(arcs)} edges of {n_pairs} significant pairs" in out
        shown = shown_edges(out, "->")
        assert [edge[:2] for edge in shown] == sorted(arcs, key=lambda e: -arcs[e]["weight"])
        for u, v, mi, _, weight in shown:
            assert (mi, weight) == (f"{arcs[u, v]['mi']:.3f}", f"{arcs[u, v]['weight']:.3g}")
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert record["n_edges"] == len(arcs)


def test_an_edge_of_both_ways_is_one_neighbour(capsys: pytest.CaptureFixture[str]) -> None:
    edges = pd.DataFrame(
        {"source": ["a", "b", "a"], "target": ["b", "a", "c"], "mi": [0.5, 0.5, 1]}
    )
    show_neighbours(edges, "a")
    assert capsys.readouterr().out == "\n2 neighbours of a, with mi in nats:\nc 1.000, b 0.500\n"


@pytest.mark.parametrize("tool", TABLES)
def test_tables_for_other_tools(tool: Any, run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run(
        "aracne", data, "--for", tool, "--for", tool, "--output", tmp_path / "out"
    )  # fmt: skip
    assert code == 0
    assert (
        f"edges.csv, network.graphml, {TABLES[tool]}, network.png, network.html, run.json\n" in out
    )
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES | {TABLES[tool]}
    expected = tmp_path / TABLES[tool]
    ms.write_regulatory_network(ms.ARACNE().fit(table()), expected, tool)
    assert (tmp_path / "out" / TABLES[tool]).read_bytes() == expected.read_bytes()


def test_anndata(run: Run, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    genes = table().drop(columns=["class", "constant"])
    cells = pd.DataFrame({"class": pd.Categorical(table()["class"])})
    cells.index = cells.index.astype(str)
    adata = anndata.AnnData(np.zeros(genes.shape), obs=cells, var=pd.DataFrame(index=list(genes)))
    adata.layers["levels"] = genes.to_numpy()
    adata.write_h5ad(tmp_path / "cells.h5ad")
    code, out, _ = run(
        "aracne", tmp_path / "cells.h5ad", "--layer", "levels", "--obs", "class",
        "--target", "class", "--output", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert f"1 neighbour of class, with mi in nats:\n{TF} " in out
    assert_same_edges(tmp_path / "out", ms.ARACNE().fit(table().drop(columns="constant")))


@shows_warnings
def test_regulators(run: Run, data: Path, tmp_path: Path) -> None:
    names = tmp_path / "tfs.txt"
    names.write_text(f"\n{TF}\nsecnd\n second \nFOXA1\n", encoding="utf-8")
    code, out, err = run("aracne", data, "--regulators", names, "--output", tmp_path / "out")
    assert code == 0
    warning, estimate = err.splitlines()  # said once
    assert warning == (
        "mistruct: warning: --regulators: 2 of 4 are columns, not 'secnd' (near to 'second'), "
        "'FOXA1'"
    )
    # Each of two with the seven others that vary, and with each other once.
    assert estimate.startswith("estimating 13 pairs: ")
    net = ms.ARACNE(regulators=[TF, "second"]).fit(table())
    assert_same_edges(tmp_path / "out", net)
    assert {u for u, *_ in shown_edges(out)} == {TF, "second"}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_regulators_through_a_pipe(run: Run, data: Path, tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w") as end:
        end.write(f"{TF}\n")
    code, *_ = run("aracne", data, "--regulators", f"/dev/fd/{ours}", "--output", tmp_path / "out")
    os.close(ours)
    assert code == 0
    assert_same_edges(tmp_path / "out", ms.ARACNE(regulators=[TF]).fit(table()))


def test_many_edges_are_drawn_and_written_in_part(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistruct.cli.files._MOST_DRAWN", 2)
    code, out, _ = run("aracne", data, "--target", "class", "--output", tmp_path / "a")
    assert code == 0
    assert out.endswith(
        "edges.csv, network.graphml, network.png (2 edges), network.html, run.json\n"
    )
    monkeypatch.setattr("mistruct.cli.files._MOST_ROWS", 5)
    monkeypatch.setattr("mistruct.cli.files._MOST_EDGES", 4)
    code, out, _ = run("aracne", data, "--target", "class", "--output", tmp_path / "b")
    assert code == 0
    assert "1 neighbour of class" in out
    assert out.endswith("edges.csv (the network's 5), run.json\n")
    assert set(pairs_of(edges_in(tmp_path / "b"))) == EDGES


# Bootstraps and checkpoints


def test_bootstraps(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run(
        "aracne", data, "--tolerance", "0.4", "--bootstraps", 10, "--output", tmp_path / "out"
    )
    assert code == 0
    net = ms.ARACNE(tolerance=0.4, n_bootstraps=10).fit(table())
    assert_same_edges(tmp_path / "out", net)
    graph = net.graph_
    assert graph.number_of_edges() < len(net.edges_)  # so that support decides something
    assert (
        f"ARACNE network: {graph.number_of_edges()} edges of {len(net.edges_)} pairs in any of "
        "10 samples of the rows (alpha 0.05, bh, tolerance 0.4)\n"
    ) in out
    shown = shown_edges(out)
    assert {frozenset(e[:2]) for e in shown} == {frozenset(e) for e in graph.edges}
    assert [e[5] for e in shown] == [f"{graph.edges[e[:2]]['support']:.2f}" for e in shown]
    written = ms.read_network(tmp_path / "out" / "network.graphml")
    assert {frozenset(e) for e in written.edges} == {frozenset(e) for e in graph.edges}


def test_a_checkpoint_goes_on_to_the_same_bytes(
    run: Run, refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    asked = ["aracne", data, "--checkpoint", tmp_path / "kept", "--bootstraps"]
    for n, name in (4, "few"), (9, "more"):
        code, *_ = run(*asked, n, "--output", tmp_path / name)
        assert code == 0
    code, *_ = run("aracne", data, "--bootstraps", 9, "--output", tmp_path / "at once")
    assert code == 0
    for name in ("edges.csv", "network.graphml", "network.png"):
        assert (tmp_path / "more" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
    few, more = edges_in(tmp_path / "few"), edges_in(tmp_path / "more")
    assert not few.equals(more)

    # Of another run.
    code, out, err = run(*asked, 9, "--tolerance", "0", "--output", tmp_path / "no")
    assert (code, out) == (2, "")
    assert err.splitlines()[1:] == [
        f"mistruct: error: --checkpoint {str(tmp_path / 'kept')!r} is of another run: tolerance "
        "was 0.1 and is 0.0; take another folder"
    ]
    table()[1:].to_csv(data, index=False)
    code, out, err = run(*asked, 9, "--output", tmp_path / "no")
    assert (code, out) == (2, "")
    assert "is of another run: data was '200 rows, 9 columns" in err.replace("8 col", "9 col")
    assert not (tmp_path / "no").exists()


KILLED = """
import os, signal
import mistruct.structure.resampling.replicates as replicates

write = replicates._Checkpoint.write

def write_some(self, b, arrays):
    write(self, b, arrays)
    if b == 2:
        os.kill(os.getpid(), signal.{signal})
        signal.pause()

replicates._Checkpoint.write = write_some
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_killed_run_goes_on(name: str, run: Run, data: Path, tmp_path: Path) -> None:
    asked = ["aracne", "table.csv", "--bootstraps", "6", "--checkpoint", "kept", "--output", "out"]
    done = program(*asked, cwd=tmp_path, code=KILLED.format(signal=name))
    ended_by = {"SIGINT": 130, "SIGKILL": -signal.SIGKILL}
    assert (done.returncode, done.stdout) == (ended_by[name], "")
    assert all(p.name.startswith(".mistruct") for p in (tmp_path / "out").glob("*"))
    kept = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "kept").iterdir()}
    assert {f"replicate-{b:04}.bin" for b in range(3)} < set(kept)

    asked[5:8:2] = [tmp_path / "kept", tmp_path / "out"]
    asked[1] = data
    code, *_ = run(*asked)
    assert code == 0
    assert not list((tmp_path / "out").glob(".mistruct*"))
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "kept").iterdir()}
    assert kept.items() <= after.items()  # none was made again
    assert len(after) == 6 + 1
    code, *_ = run("aracne", data, "--bootstraps", 6, "--output", tmp_path / "whole")
    assert code == 0
    assert (tmp_path / "out/edges.csv").read_bytes() == (tmp_path / "whole/edges.csv").read_bytes()


@shows_warnings
def test_a_damaged_file_of_a_checkpoint_is_told(run: Run, data: Path, tmp_path: Path) -> None:
    asked = ["aracne", data, "--bootstraps", 3, "--checkpoint", tmp_path / "kept", "--output"]
    assert run(*asked, tmp_path / "first")[0] == 0
    damaged = tmp_path / "kept" / "replicate-0001.bin"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    code, _, err = run(*asked, tmp_path / "second")
    assert code == 0
    assert f"mistruct: warning: --checkpoint: {str(damaged)!r} is damaged" in err
    for name in ("edges.csv", "network.graphml"):
        first = (tmp_path / "first" / name).read_bytes()
        assert (tmp_path / "second" / name).read_bytes() == first


# The same files again


@pytest.mark.parametrize("options", [[], ["--direction", "hubs", "--bootstraps", "4"]])
def test_columns_and_threads_change_nothing(
    options: list[str], run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own the hash seed is another, too."""
    order = np.random.default_rng(1).permutation(table().columns)
    table()[order].to_csv(tmp_path / "permuted.csv", index=False)
    asked = ["--for", "viper", *options, "--output"]
    done = program("aracne", "table.csv", *asked, "table1", cwd=tmp_path, n_threads=1)
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(THREADS_VARIABLE, "2")
    for name in ("table", "permuted"):
        assert run("aracne", f"{name}.csv", *asked, f"{name}2")[0] == 0
    one = tmp_path / "table1"
    for name in ("edges.csv", "regulon.tsv", "network.graphml", "network.png"):
        assert (tmp_path / "table2" / name).read_bytes() == (one / name).read_bytes()
    for name in ("edges.csv", "regulon.tsv"):  # the others keep the order of the columns
        assert (tmp_path / "permuted2" / name).read_bytes() == (one / name).read_bytes()


# What it refuses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "secnd"], "--target: there is no column 'secnd'; did you mean 'second'?"),
        (["--alpha", "1"], "--alpha must be a number between 0 and 1, got 1.0"),
        (["--tolerance", "1"], "--tolerance must be a number from 0 to below 1, got 1.0"),
        (["--correction", "fdr"], "'fdr' is not one of 'bonferroni', 'bh', 'none'"),
        (["--direction", "hub"], "'hub' is not one of 'hubs'"),
        (["--bootstraps", "0"], "--bootstraps must be a whole number of at least 1, got 0"),
        (["--bootstraps", "many"], "Invalid value for '--bootstraps'"),
        (["--checkpoint", "kept"], "--checkpoint needs --bootstraps"),
        (["--for", "scenic"], "--for must be one of 'pyscenic', 'aracne', 'viper', 'decoupler'"),
        (["--seed", "-1"], "--seed must be a whole number of at least 0, got -1"),
        (["--bins", "3"], "--bins needs --discretize, got --bins 3 alone"),
        (["--layer", "counts"], "--layer is not for .csv files, got 'counts'"),
        (["--regulators", "no.txt"], "--regulators: no.txt: No such file or directory"),
        (["--test", "g"], "with --discretize, or declare them with --kind COLUMN=discrete"),
    ],
)
def test_bad_options(
    options: list[str], message: str, refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    assert message in refused("aracne", data, *options, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists() and not Path("kept").exists()


def test_bad_regulators(refused: Callable[..., str], data: Path, tmp_path: Path) -> None:
    names = tmp_path / "tfs.txt"
    asked = ["aracne", data, "--regulators", names, "--output", tmp_path / "out"]
    names.write_text("\n\n")
    assert refused(*asked) == f"--regulators must name at least one column, got {str(names)!r}"
    names.write_text("foo\nbar\n")
    assert refused(*asked).startswith(
        "--regulators: none of 2 is a column; they are like 'foo', 'bar', the columns like "
    )
    names.write_bytes(b"\xe9\n")
    assert refused(*asked) == f"--regulators: {names}: is not UTF-8 text (byte 0xe9)"
    assert not (tmp_path / "out").exists()


def test_where_nothing_varies(refused: Callable[..., str], data: Path, tmp_path: Path) -> None:
    table()[:1].to_csv(data, index=False)
    said = "no pair of columns varies in {}, so there is nothing to learn"
    assert refused("aracne", data, "--output", tmp_path / "out") == said.format("1 row")
    table()[["constant"]].assign(other="same").to_csv(data, index=False)
    for options in ([], ["--bootstraps", 3]):
        asked = refused("aracne", data, *options, "--output", tmp_path / "out")
        assert asked == said.format("200 rows")
    assert not (tmp_path / "out").exists()


@shows_warnings
def test_no_edges(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, err = run("aracne", data, "--alpha", "1e-200", "--output", tmp_path / "out")
    assert (code, out) == (2, "")
    _, warning, error = err.splitlines()
    assert warning.startswith("mistruct: warning: no pair is significant at alpha 1e-200 (bh, 28")
    assert error == "mistruct: error: there are 0 edges, so nothing is written"
    # A single sample with 5 of the 28 pairs would have each of them by chance as often as 5/28.
    code, out, err = run("aracne", data, "--bootstraps", 1, "--output", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.endswith(
        "there are 0 edges, as none of 5 significant pairs is in more samples than by chance, so "
        "nothing is written\n"
    )
    assert not (tmp_path / "out").exists()


def test_too_few_rows_for_bootstraps(run: Run, data: Path, tmp_path: Path) -> None:
    table()[:9].to_csv(data, index=False)
    code, out, err = run("aracne", data, "--bootstraps", "2", "--output", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.endswith("mistruct: error: replicates need 10 rows or more to draw from, got 9\n")
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written(
    refused: Callable[..., str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("aracne", data, "--output", data).startswith("--output: cannot make the folder")
    said = refused(
        "aracne", data, "--output", tmp_path / "o", "--bootstraps", 2, "--checkpoint", data
    )
    assert said.startswith("--checkpoint: cannot make the folder")
    # Root may write anywhere, so the answer is forged.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert refused("aracne", data, "--output", tmp_path / "out") == (
        f"--output: the folder {str(tmp_path)!r} is not writable"
    )


def test_an_error_while_writing_leaves_the_folder_as_it_was(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(figure: object, path: Path, **_: object) -> None:
        path.write_bytes(b"\x89PNG")
        raise OSError(28, "No space left on device", str(path))

    there = tmp_path / "there"
    (there / "run.json").mkdir(parents=True)
    (there / "edges.csv").write_text("mine")
    before = sorted(there.rglob("*"))
    code, out, err = run("aracne", data, "--output", there)
    assert (code, out) == (2, "")
    assert err.endswith(f"--output: {str(there / 'run.json')!r} is a folder\n")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    for folder in (there, tmp_path / "new" / "out"):
        code, out, err = run("aracne", data, "--output", folder)
        assert (code, out) == (2, "")
        assert err.endswith(": No space left on device\n")
    assert sorted(there.rglob("*")) == before and (there / "edges.csv").read_text() == "mine"
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_while_writing_leaves_nothing(data: Path, tmp_path: Path) -> None:
    code = """
import os, signal
import mistruct as ms

def draw(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()

ms.plot_network = draw
"""
    done = program("aracne", "table.csv", "--output", "new/out", cwd=tmp_path, code=code)
    assert (done.returncode, done.stdout) == (130, "")
    assert not (tmp_path / "new").exists()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom mistruct.cli import main\n"
        "try: main(['aracne', '--help'])\nexcept SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "numba", "pandas", "matplotlib", "networkx", "sklearn", "pgmpy"}
