"""The command as a user meets it: what it says, what it writes, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
import typer

import mistruct as ms
from mistruct.cli import terminal
from mistruct.cli.options import Estimator, Test
from mistruct.independence.names import TESTS
from mistruct.information.names import ESTIMATORS
from mistruct.parallel import run_blocks
from tests.cli_helpers import ROOT, Run, program

FILES = {"network.graphml", "edges.csv", "network.png", "network.html", "model.bif", "run.json"}
HEAVY = {
    "anndata", "matplotlib", "networkx", "numba", "numpy", "pandas", "pgmpy", "pyarrow", "scipy",
    "sklearn", "tqdm",
}  # fmt: skip

N = 400
LEARN = ("learn", "--method", "chow-liu")


def table() -> pd.DataFrame:
    """A chain stage - size - "gene, 1", a pair a - b, and two columns that stand alone."""
    rng = np.random.default_rng(0)
    stage = rng.integers(0, 3, N)
    size = stage + rng.normal(0, 0.3, N)
    a = rng.integers(0, 2, N)
    return pd.DataFrame(
        {
            "stage": np.array(["I", "II", "III"])[stage],
            "size": size,
            "gene, 1": size + rng.normal(0, 0.3, N),
            "a": a,
            "b (rare)": np.where(rng.random(N) < 0.1, 1 - a, a).astype(bool),
            "alone": rng.normal(size=N),
            "constant": 7,
        }
    )


EDGES = {
    frozenset(e) for e in [("stage", "size"), ("size", "gene, 1"), ("a", "b (rare)")]
}  # those that `table` was made with


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """What `learn` leaves behind, run as a program of its own."""
    folder = tmp_path_factory.mktemp("learned")
    table().to_csv(folder / "table.csv", index=False)
    done = program(*LEARN, "table.csv", "--target", "size", "--output", "new/out", cwd=folder)
    return folder / "new" / "out", done


# learn


def test_learn_says_what_it_did(learned: tuple[Path, Any]) -> None:
    _, done = learned
    assert (done.returncode, done.stderr) == (0, "")  # nothing on stderr, which is no terminal
    graph = ms.ChowLiu(alpha=0.01).fit(table()).graph_
    assert {frozenset(e) for e in graph.edges} == EDGES
    first, second, third, _, head, *rest = done.stdout.splitlines()
    assert first == "table.csv: 400 rows, 7 columns (4 discrete, 3 continuous)"
    assert second == (
        "Chow-Liu forest: 3 edges (alpha 0.01, bonferroni, 15 pairs); 2 columns without an edge"
    )
    # Two of the edges have a continuous end, one has none.
    assert third.startswith("mi by auto (miller-madow, copula), p-values by auto (g, copula)")
    assert head.split() == ["strongest", "edges", "mi", "(nats)", "p-value"]
    lines = [re.fullmatch(r"  (.+) -- (.+?) +(\d\.\d{3}) +(\d.*)", line) for line in rest[:3]]
    shown = [line.groups() for line in lines if line]
    assert {frozenset(edge[:2]) for edge in shown} == EDGES
    for u, v, mi, p_value in shown:
        assert mi == f"{graph.edges[u, v]['mi']:.3f}"
        assert float(p_value) == pytest.approx(graph.edges[u, v]["p_value"], rel=0.05)
    assert [mi for *_, mi, _ in shown] == sorted((mi for *_, mi, _ in shown), reverse=True)
    near = sorted(graph["size"], key=lambda v: -graph.edges["size", v]["mi"])
    assert rest[3:] == [
        "",
        "2 neighbours of size, with mi in nats:",
        ", ".join(f"{v} {graph.edges['size', v]['mi']:.3f}" for v in near),
        "",
        f"written to {Path('new/out')}: network.graphml, edges.csv, network.png, "
        "network.html, model.bif, run.json",
        # The fourth root of 400 is 4.47.
        "3 continuous columns binned (quantile, 4 bins each) for model.bif, whose tables hold "
        "discrete columns only",
        "not in model.bif, since constant: constant",
    ]


def test_learn_writes_five_files_that_agree(learned: tuple[Path, Any]) -> None:
    folder, _ = learned
    assert {p.name for p in folder.iterdir()} == FILES
    edges = pd.read_csv(folder / "edges.csv", float_precision="round_trip")
    assert list(edges) == ["source", "target", "mi", "p_value", "n_samples"]
    pairs = [frozenset(e) for e in zip(edges["source"], edges["target"], strict=True)]
    assert set(pairs) == EDGES and edges["mi"].is_monotonic_decreasing

    graph = ms.read_network(folder / "network.graphml")
    assert set(graph.nodes) == set(table())  # also those without an edge
    assert {frozenset(e) for e in graph.edges} == EDGES
    for row in edges.itertuples():
        assert graph.edges[row.source, row.target] == {
            "mi": row.mi, "p_value": row.p_value, "n_samples": row.n_samples
        }  # fmt: skip
    assert graph.graph["algorithm"] == "chow-liu"

    model = ms.read_network(folder / "model.bif")
    assert model.check_model()
    assert set(model.nodes) == set(table()) - {"constant"}
    assert {frozenset(e) for e in model.edges} == EDGES
    assert list(model.predecessors("size")) == []  # the target is a root
    states = ms.discretize(table()).states
    for name in model.nodes:
        found = model.get_cpds(name).state_names[name]
        assert found == list(states[name])

    assert (folder / "network.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_learn_records_the_run(learned: tuple[Path, Any]) -> None:
    record = json.loads((learned[0] / "run.json").read_text(encoding="utf-8"))
    assert record["parameters"] == {
        "data": "table.csv", "output": str(Path("new/out")), "method": "chow-liu",
        "target": "size", "alpha": 0.01, "correction": "bonferroni", "penalty": None,
        "estimator": "auto", "test": "auto", "bootstraps": None, "checkpoint": None, "page": True,
        "safe_csv": False,
        "scheduler": None,
        "discretize": None, "bins": None, "kind": [], "missing": "raise", "index": None,
        "transpose": False, "drop": [], "layer": None, "obs": [], "kinds": None, "weights": None,
        "missing_marks": [], "separator": None, "decimal": None, "comment": None, "header": None,
        "encoding": None, "sheet": None, "duplicates": None, "seed": 0,
    }  # fmt: skip
    assert (record["data"]["n_samples"], record["data"]["n_variables"]) == (400, 7)
    assert record["data"]["kinds"]["stage"] == "discrete"
    assert record["data"]["n_bins"] == {"size": 4, "gene, 1": 4, "alone": 4}  # of model.bif
    assert (record["data"]["n_missing"], record["n_edges"]) == (0, 3)
    versions = record["versions"]
    assert versions["mistruct"] == ms.__version__
    assert versions["numpy"] == version("numpy")
    assert {"python", "numba", "pandas", "networkx", "pgmpy"} < set(versions)
    steps = record["seconds"]
    assert set(steps) == {"read", "bin", "estimate", "learn", "fit", "draw", "write", "total"}
    assert steps["total"] == pytest.approx(sum(steps.values()) / 2)


def test_learn_bins_first_where_it_is_told_to(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, err = run(
        *LEARN, data, "--discretize", "equal-width", "--bins", "5", "--output", tmp_path
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == "3 continuous columns binned (equal-width, 5 bins each)"
    assert out.count("binned") == 1  # nothing is left to bin for the model
    assert "mi by plug-in, p-values by " in out
    binned = ms.discretize(table(), "equal-width", n_bins=5)
    expected = ms.ChowLiu(alpha=0.01).fit(binned).edges_
    found = pd.read_csv(tmp_path / "edges.csv", float_precision="round_trip")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    model = ms.read_network(tmp_path / "model.bif")
    assert model.get_cpds("size").state_names["size"] == list(binned.states["size"])
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert record["data"]["n_bins"] == {"size": 5, "gene, 1": 5, "alone": 5}


def test_learn_says_nothing_of_bins_where_all_is_discrete(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "discrete.csv"
    table()[["stage", "a", "b (rare)"]].to_csv(data, index=False)
    code, out, _ = run(*LEARN, data, "--output", tmp_path)
    assert code == 0
    assert "binned" not in out


def test_learn_tests_as_it_is_told_to(
    run: Run, refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    code, out, _ = run(*LEARN, data, "--test", "copula", "--output", tmp_path / "copula")
    assert code == 0
    assert "mi by copula, p-values by copula" in out
    edges = pd.read_csv(tmp_path / "copula" / "edges.csv", float_precision="round_trip")
    expected = ms.ChowLiu(alpha=0.01, test="copula").fit(table()).edges_
    pd.testing.assert_frame_equal(edges, expected, check_dtype=False)
    message = r"needs discrete columns, but 3 of 7 are continuous \('alone', 'gene, 1', 'size'\)"
    for options in (["--test", "g"], ["--estimator", "plug-in"]):
        assert re.search(message, refused(*LEARN, data, *options, "--output", tmp_path / "no"))
    assert not (tmp_path / "no").exists()


def test_a_penalty_takes_the_place_of_alpha(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run(*LEARN, data, "--penalty", "bic", "--output", tmp_path)
    assert code == 0
    assert "3 edges (bic penalty)" in out
    assert json.loads((tmp_path / "run.json").read_text())["parameters"]["alpha"] is None


def test_no_edges_and_no_neighbours_are_said(run: Run, data: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.csv"
    table()[["a", "constant"]].to_csv(lonely, index=False)
    code, out, _ = run(*LEARN, lonely, "--target", "constant", "--output", tmp_path)
    assert code == 0
    assert "0 edges (alpha 0.01, bonferroni, 1 pair); 2 columns without an edge" in out
    assert "0 neighbours of constant\n" in out
    assert {p.name for p in tmp_path.iterdir()} >= FILES


def test_missing_entries_under_each_policy(
    run: Run, refused: Callable[..., str], tmp_path: Path
) -> None:
    frame = table().drop(columns=["alone", "constant"])
    frame.loc[:39, "stage"] = None
    frame.loc[:19, "size"] = np.nan
    data = tmp_path / "gaps.csv"
    frame.to_csv(data, index=False)
    message = refused(*LEARN, data, "--output", tmp_path / "out")
    assert "60 entries are missing, in 'stage' (40), 'size' (20)" in message
    assert "--missing testwise" in message and "--missing state" in message
    assert not (tmp_path / "out").exists()

    code, out, _ = run(*LEARN, data, "--missing", "testwise", "--output", tmp_path / "testwise")
    assert code == 0
    assert "(3 discrete, 2 continuous), 60 missing entries" in out
    edges = pd.read_csv(tmp_path / "testwise" / "edges.csv")
    n_samples = {
        frozenset((e.source, e.target)): e.n_samples for e in edges.itertuples(index=False)
    }
    expected = {("stage", "size"): 360, ("size", "gene, 1"): 380, ("a", "b (rare)"): 400}
    assert n_samples == {frozenset(k): n for k, n in expected.items()}

    # A number has no place for a state of its own, but a column of bins has.
    options = ["--missing", "state", "--output", tmp_path / "state"]
    message = refused(*LEARN, data, *options)
    assert "column 'size' is continuous and has 20 missing entries; --missing state is" in message
    assert not (tmp_path / "state").exists()
    code, out, _ = run(*LEARN, data, *options, "--discretize", "quantile")
    assert code == 0
    assert "2 continuous columns binned (quantile, 4 bins each)\n" in out
    model = ms.read_network(tmp_path / "state" / "model.bif")
    assert model.get_cpds("stage").state_names["stage"] == ["I", "II", "III", "missing"]
    assert len(model.get_cpds("size").state_names["size"]) == 5  # 4 bins and missing
    assert set(pd.read_csv(tmp_path / "state" / "edges.csv")["n_samples"]) == {400}


def test_genes_as_rows(run: Run, data: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.tsv"
    table().T.to_csv(turned, sep="\t", index_label="name")
    _, upright, _ = run("describe", data)
    code, out, _ = run("describe", turned, "--transpose")
    assert code == 0
    # Text does not tell 0 and 1 from False and True, nor rows from columns.
    assert out.splitlines()[2:6] == upright.splitlines()[2:6]


def test_a_constant_column_is_legal(run: Run, data: Path) -> None:
    code, out, err = run("mi", data, "a", "constant")
    assert (code, err) == (0, "")
    assert out == "I(a; constant) = 0 nats (plug-in), 400 rows\n"
    for column in ("a", "size"):
        code, out, err = run("test", data, column, "constant")
        assert (code, err) == (0, "")
        shown = shown_test(out)
        assert (shown["p-value"], shown["rows"]) == ("none, not testable", "400")
        assert f"{column} or constant does not vary" in out


def test_warnings_take_one_line(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    import warnings

    def warn(*_: object, **__: object) -> None:
        warnings.simplefilter("always")
        warnings.warn("look\nhere", ms.MistructWarning, stacklevel=1)
        warnings.warn("a library's own business", FutureWarning, stacklevel=1)
        raise ms.DataError("enough")

    monkeypatch.setattr("mistruct.data.read_table", warn)
    code, _, err = run("describe", data)
    assert (code, err) == (2, "mistruct: warning: look here\nmistruct: error: enough\n")


# test


def shown_test(out: str) -> dict[str, str]:
    """What a test says, line by line."""
    lines = [re.fullmatch(r"  (\S+) +(\S.*)", line) for line in out.splitlines()[1:]]
    return {line[1]: line[2] for line in lines if line}


def assert_shows(out: str, expected: ms.TestResult) -> None:
    shown = shown_test(out)
    assert list(shown) == ["p-value", "test", "statistic", "mi", "rows"]
    assert float(shown["p-value"]) == pytest.approx(expected.p_value, rel=0.06)
    assert shown["test"] == expected.method
    assert shown["statistic"] == f"{expected.statistic:.6g}, {expected.dof} dof"
    assert shown["mi"] == f"{expected.mi:.6g} nats"
    assert shown["rows"] == f"{expected.n_samples:,}"


@pytest.mark.parametrize(
    ("x", "y", "z", "method"),
    [
        ("a", "b (rare)", [], "g, chi-square"),
        ("a", "b (rare)", ["stage"], "g, chi-square"),
        ("size", "gene, 1", [], "copula"),
        ("stage", "size", [], "copula"),
        ("stage", "gene, 1", ["size"], "copula, products of residuals"),
        ("stage", "gene, 1", ["size", "alone"], "copula, products of residuals"),
    ],
)
def test_test(run: Run, data: Path, x: str, y: str, z: list[str], method: str) -> None:
    given = [option for name in z for option in ("--given", name)]
    code, out, err = run("test", data, x, y, *given)
    assert (code, err) == (0, "")
    expected = ms.independence_test(table(), x, y, z)
    assert expected.method == method
    assert len(out.splitlines()) == 6
    assert out.splitlines()[0] == f"{x} and {y}" + (f" given {', '.join(z)}" if z else "")
    assert_shows(out, expected)
    # The table was made as a chain stage - size - gene, 1 and a pair a - b.
    related = {x, y} == {"a", "b (rare)"} or not z
    assert float(shown_test(out)["p-value"]) < 1e-9 if related else expected.p_value > 0.01


def test_test_bins_where_it_is_told_to(run: Run, data: Path) -> None:
    code, out, err = run(
        "test", data, "stage", "gene, 1", "--given", "size", "--discretize", "quantile",
        "--bins", "3",
    )  # fmt: skip
    assert (code, err) == (0, "")
    binned = ms.discretize(table(), n_bins=3)
    assert_shows(out, ms.independence_test(binned, "stage", "gene, 1", ["size"], test="g"))
    assert out.splitlines()[6:] == ["2 continuous columns binned (quantile, 3 bins each)"]


def test_test_uses_the_rows_that_are_complete_in_its_own_columns(run: Run, tmp_path: Path) -> None:
    frame = table()
    frame.loc[:39, "stage"] = None
    frame.loc[20:59, "size"] = np.nan
    data = tmp_path / "gaps.csv"
    frame.to_csv(data, index=False)
    # What is missing elsewhere does not matter, whatever the policy.
    for missing in ("raise", "testwise", "state"):
        code, out, err = run("test", data, "a", "gene, 1", "--missing", missing)
        assert (code, err) == (0, "")
        assert_shows(out, ms.independence_test(table(), "a", "gene, 1"))
    for y, z, first_row in (("gene, 1", [], 40), ("size", [], 60), ("gene, 1", ["size"], 60)):
        given = [option for name in z for option in ("--given", name)]
        code, out, err = run("test", data, "stage", y, *given, "--missing", "testwise")
        assert (code, err) == (0, "")
        assert_shows(out, ms.independence_test(table().iloc[first_row:], "stage", y, z))
        assert shown_test(out)["rows"] == str(400 - first_row)
    code, out, _ = run(
        "test", data, "stage", "size", "--missing", "state", "--discretize", "quantile"
    )
    assert (code, shown_test(out)["rows"]) == (0, "400")


def test_the_seed_is_that_of_the_permutations(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, 30)
    frame = pd.DataFrame({"x": x, "y": (x + rng.integers(0, 3, 30)) % 4})
    data = tmp_path / "small.csv"
    frame.to_csv(data, index=False)
    said = [run("test", data, "x", "y", "--test", "knn", "--seed", seed) for seed in (0, 0, 5)]
    assert said[0] == said[1] == run("test", data, "x", "y", "--test", "knn")
    for seed, (code, out, _) in zip((0, 0, 5), said, strict=True):
        assert code == 0
        expected = ms.independence_test(frame, "x", "y", test=ms.KNNTest(seed=seed))
        shown = shown_test(out)
        assert float(shown["p-value"]) == pytest.approx(expected.p_value, rel=0.06)
        assert shown["test"] == "knn, permutation"


def test_a_p_value_below_all_floats_is_not_zero(run: Run, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=50)
    pd.DataFrame({"x": x, "twin": np.exp(x)}).to_csv(tmp_path / "twins.csv", index=False)
    code, out, _ = run("test", tmp_path / "twins.csv", "x", "twin")
    assert code == 0
    assert (shown_test(out)["p-value"], shown_test(out)["mi"]) == ("<1e-300", "inf nats")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "sise"], "X, Y and --given: there is no column 'sise'; did you mean 'size'?"),
        (
            ["a", "size", "--given", "stag"],
            "X, Y and --given: there is no column 'stag'; did you mean 'stage'?",
        ),
        (["a", "size", "--given", "a"], "X, Y and --given must differ, got a, size, a"),
        (["a", "a"], "X, Y and --given must differ, got a, a"),
        (["a"], "Missing argument 'Y'"),
        (
            ["a", "size", "--test", "g"],
            "test 'g' needs discrete columns, but 1 of 2 are continuous ('size')",
        ),
        (["a", "size", "--test", "chi2"], "'chi2' is not one of 'auto', 'g', 'copula'"),
        (["a", "size", "--bins", "3"], "--bins needs --discretize, got --bins 3 alone"),
        (["a", "size", "--discretize", "mdl"], "'mdl' is not one of 'quantile', 'equal-width'"),
        (["a", "size", "--seed", "-1"], "--seed must be a whole number of at least 0, got -1"),
    ],
)
def test_what_test_refuses(
    arguments: list[str], message: str, refused: Callable[..., str], data: Path
) -> None:
    assert message in refused("test", data, *arguments)


# mi, matrix, describe


def test_mi(run: Run, data: Path) -> None:
    code, out, err = run("mi", data, "a", "b (rare)", "--estimator", "miller-madow")
    assert (code, err) == (0, "")
    expected = ms.mutual_information(table()["a"], table()["b (rare)"], estimator="miller-madow")
    assert out == f"I(a; b (rare)) = {expected:.6g} nats (miller-madow), 400 rows\n"
    for x, y, estimator in (("size", "gene, 1", "copula-knn"), ("a", "size", "mixed-knn")):
        code, out, err = run("mi", data, x, y)
        assert (code, err) == (0, "")
        expected = ms.mutual_information(table()[x], table()[y], estimator=estimator)
        assert out == f"I({x}; {y}) = {expected:.6g} nats ({estimator}), 400 rows\n"


def test_mi_given_others_needs_only_its_own_columns(run: Run, tmp_path: Path) -> None:
    frame = table()
    frame.loc[:9, "alone"] = np.nan
    frame.to_csv(tmp_path / "gap.csv", index=False)
    asked = ["mi", tmp_path / "gap.csv", "stage", "gene, 1", "--given", "size", "--given", "a"]
    code, out, err = run(*asked)
    assert (code, err) == (0, "")
    expected = ms.conditional_mutual_information(
        table()["stage"], table()["gene, 1"], table()[["size", "a"]], estimator="mixed-knn"
    )
    assert out == f"I(stage; gene, 1 | size, a) = {expected:.6g} nats (mixed-knn), 400 rows\n"
    code, out, err = run(*asked, "--discretize", "quantile")
    assert (code, err) == (0, "")
    counted = ms.independence_test(ms.discretize(table()), "stage", "gene, 1", ["size", "a"])
    assert out.splitlines() == [
        f"I(stage; gene, 1 | size, a) = {counted.mi:.6g} nats (plug-in), 400 rows",
        "2 continuous columns binned (quantile, 4 bins each)",
    ]


@pytest.mark.parametrize("options", [[], ["--discretize", "quantile", "--bins", "3"]])
def test_matrix_on_the_screen(run: Run, data: Path, options: list[str]) -> None:
    code, out, err = run("matrix", data, *options)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == 'column,stage,size,"gene, 1",a,b (rare),alone,constant'
    chosen = ms.discretize(table(), n_bins=3) if options else table()
    expected = ms.mutual_information_matrix(chosen)
    values = [line.rsplit(",", 7)[1:] for line in lines[1:]]
    np.testing.assert_allclose(np.array(values, dtype=float), expected.to_numpy(), atol=1e-12)


def test_matrix_as_files(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run("matrix", data, "--output", tmp_path / "m.csv", "--plot", tmp_path / "m.svg")
    assert code == 0
    assert out.endswith(f"written: {tmp_path / 'm.csv'}, {tmp_path / 'm.svg'}\n")
    assert pd.read_csv(tmp_path / "m.csv", index_col="column").shape == (7, 7)
    assert b"<svg" in (tmp_path / "m.svg").read_bytes()


def test_describe(run: Run, data: Path) -> None:
    code, out, err = run("describe", data, "--kind", "a=continuous")
    assert (code, err) == (0, "")
    size = table()["size"]
    head, blank, *lines = out.splitlines()
    assert (head, blank) == (f"{data}: 400 rows, 7 columns (3 discrete, 4 continuous)", "")
    cells = [re.split(r"  +", line) for line in lines]
    whole = "whole numbers, 1 (more than 20 distinct are continuous)"
    assert cells == [
        ["column", "kind", "states", "missing", "holds", "why"],
        ["stage", "discrete", "3", "0", "I, II, III", "words"],
        ["size", "continuous", "0", f"{size.min():.4g} to {size.max():.4g}", "fractions"],
        ["gene, 1", "continuous", "0", cells[3][3], "fractions"],
        ["a", "continuous (given)", "0", "0 to 1"],
        ["b (rare)", "discrete", "2", "0", "False, True", "true or false"],
        ["alone", "continuous", "0", cells[6][3], "fractions"],
        ["constant", "discrete", "1", "0", "7", whole],
    ]


def test_describe_stops_at_a_hundred_columns(run: Run, tmp_path: Path) -> None:
    wide = pd.DataFrame(np.arange(303).reshape(3, 101) % 2).add_prefix("c")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    _, out, _ = run("describe", tmp_path / "wide.csv")
    assert len(out.splitlines()) == 3 + 100 + 1
    assert out.endswith("... and 1 more column\n")


def test_anndata(run: Run, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    cells = pd.DataFrame({"type": pd.Categorical(["T", "B", "T"])}, index=["c1", "c2", "c3"])
    genes = pd.DataFrame(index=["CD3", "CD19"])
    matrix = np.array([[1.5, 0.0], [0.0, 2.5], [1.0, 0.5]])
    anndata.AnnData(matrix, obs=cells, var=genes).write_h5ad(tmp_path / "cells.h5ad")
    _, out, _ = run("describe", tmp_path / "cells.h5ad", "--obs", "type")
    assert "3 rows, 3 columns (1 discrete, 2 continuous)" in out


# help


@pytest.mark.parametrize(
    "command",
    [[], ["learn"], ["aracne"], ["why"], ["test"], ["mi"], ["matrix"], ["describe"], ["check"]],
)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(run: Run, command: list[str], option: str) -> None:
    code, out, err = run(*command, option)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: mistruct {' '.join(command)}".rstrip())
    assert "..." not in out.partition("Commands:")[2]  # short enough for one line


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom mistruct.cli import main\n"
        "try: main(['learn', '--help'])\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert HEAVY & {name.partition(".")[0] for name in done.stderr.split()} == set()


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"{ms.__version__}\n", "")


def test_every_estimator_can_be_asked_for() -> None:
    assert sorted(get_args(get_args(Estimator)[0])) == sorted(("auto", *ESTIMATORS))


def test_every_test_can_be_asked_for() -> None:
    assert get_args(get_args(Test)[0]) == tuple(TESTS)


# bad input


ROWS = [f"{i % 2},{i % 3},{i}.5\n" for i in range(30)]
BAD_FILES = {
    "empty.csv": "",
    "header.csv": "a,b,c\n",
    "one.csv": "a\n1\n2\n",
    "duplicate.csv": "a,b,a\n1,2,3\n4,5,6\n",
    "ragged.csv": "a,b,c\n1,2,3\n4,5\n",
    "nothing.csv": "a,b,c\n1,,3\n4,,6\n",
    "infinite.csv": "a,b,c\n1,0.5,3\n4,-inf,6\n",
    "dates.csv": "a,b,when\n" + "".join(f"{i % 2},{i % 3},{1990 + i}-01-31\n" for i in range(30)),
    "table.ods": "a,b\n1,2\n",
    "numbers.csv": "a,b\n" + "".join(f"{i % 2},{i}.5\n" for i in range(20)) + "1,<5\n",
    "latin.csv": b"a,b\n\xe9,1\n",
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty.csv", "the file is empty"),
        ("header.csv", "the file has a header (a, b, c), but no rows"),
        ("one.csv", "the file has one column, 'a', and a structure needs at least two"),
        ("duplicate.csv", "column names must differ, but 'a' stands 2 times"),
        ("ragged.csv", "rows differ in length: line 3 has 2 field(s) instead of 3"),
        ("nothing.csv", "column 'b' holds only missing entries"),
        ("infinite.csv", "column 'b' holds 1 infinite value(s), the first -inf in row 2"),
        ("dates.csv", "column 'when' holds dates or times (such as '1990-01-31')"),
        ("table.ods", "unknown suffix '.ods'; what can be read is .csv, .tsv"),
        (
            "numbers.csv",
            "take them as missing with --missing-mark '<5', or, if all values are names "
            "of categories, declare --kind b=discrete",
        ),
        ("latin.csv", "is not UTF-8 text (byte 0xe9)"),
        ("absent.csv", "No such file or directory"),
        ("half.parquet", "cannot be read as .parquet: "),
    ],
)
def test_bad_files(name: str, message: str, refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "half.parquet":
        pytest.importorskip("pyarrow")
        table().to_parquet(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif name in BAD_FILES:
        content = BAD_FILES[name]
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in (["learn", path, "--output", tmp_path / "out"], ["describe", path]):
        said = refused(*command)
        assert said.startswith(f"{path}: ") and message in said
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_opened(
    refused: Callable[..., str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    assert refused("describe", data) == f"{data}: Permission denied"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "stagee"], "--target: there is no column 'stagee'; did you mean 'stage'?"),
        (["--kind", "colour=discrete"], "--kind: there is no column 'colour'"),
        (["--kind", "size"], "--kind must be COLUMN=KIND, got 'size'"),
        (
            ["--kind", "size=big"],
            "--kind size must be one of 'discrete', 'ordinal', 'continuous', got 'big'",
        ),
        (["--estimator", "best"], "'best' is not one of 'auto', 'plug-in', 'miller-madow'"),
        (["--alpha", "2"], "--alpha must be a number between 0 and 1, got 2.0"),
        (["--alpha", "0"], "--alpha must be a number between 0 and 1, got 0.0"),
        (["--alpha", "few"], "Invalid value for '--alpha'"),
        (["--alpha", "0.1", "--penalty", "bic"], "--alpha and --penalty are two rules for one"),
        (["--test", "best"], "'best' is not one of 'auto', 'g', 'copula'"),
        (["--bins", "1"], "--bins must be a whole number of at least 2, got 1"),
        (["--bins", "4"], "--bins needs --discretize, got --bins 4 alone"),
        (["--bins", "4", "--discretize", "bayesian-blocks"], "chooses the number itself, got 4"),
        (["--seed", "-1"], "--seed must be a whole number of at least 0, got -1"),
        (["--index", "patient"], "--index: there is no column 'patient'"),
        (["--layer", "counts"], "--layer is not for .csv files, got 'counts'"),
        (["--colour", "red"], "No such option: --colour"),
    ],
)
def test_bad_options(
    options: list[str], message: str, refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    assert message in refused(*LEARN, data, "--output", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "no command; choose learn, aracne, diff, why, check, page, test, mi, matrix, "
            "describe, pack, rank or compare, or ask mistruct --help",
        ),
        (["lern"], "No such command 'lern'"),
        (["learn"], "Missing argument 'DATA'"),
        (["learn", "table.csv"], "Missing option '--output'"),
        (["mi", "table.csv", "a"], "Missing argument 'Y'"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, refused: Callable[..., str]) -> None:
    assert message in refused(*arguments)


def test_bad_columns_of_mi(refused: Callable[..., str], data: Path) -> None:
    assert refused("mi", data, "a", "sise") == (
        "X, Y and --given: there is no column 'sise'; did you mean 'size'?"
    )
    assert refused("mi", data, "a", "size", "--given", "a") == (
        "X, Y and --given must differ, got a, size, a"
    )


def test_where_nothing_can_be_written(
    refused: Callable[..., str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (data, data / "deeper"):
        said = refused(*LEARN, data, "--output", folder)
        assert said.startswith(f"--output: cannot make the folder {str(folder)!r}: ")
        assert said.endswith(f"{data} is a file")
    assert refused("matrix", data, "--output", tmp_path / "no" / "m.csv") == (
        f"--output: there is no folder {str(tmp_path / 'no')!r}"
    )
    assert "--output must end in .csv" in refused("matrix", data, "--output", tmp_path / "m.txt")
    assert "--plot must end in .png or .pdf or .svg" in refused("matrix", data, "--plot", "m.doc")
    # Root may write anywhere, so the answer is forged.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert refused(*LEARN, data, "--output", tmp_path / "out") == (
        f"--output: the folder {str(tmp_path)!r} is not writable"
    )


def test_not_enough_memory(
    refused: Callable[..., str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grow(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr("mistruct.data.read_table", grow)
    assert refused("describe", data) == "out of memory: Unable to allocate 3 TiB"


# Ctrl-C and the terminal


def test_an_interrupted_picture_leaves_nothing(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(figure: object, path: Path, **_: object) -> None:
        path.write_bytes(b"\x89PNG")
        raise KeyboardInterrupt

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half)
    code, out, err = run(*LEARN, data, "--output", tmp_path / "out")
    assert (code, out, err.strip()) == (130, "", "")
    assert not (tmp_path / "out").exists()


posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


def child(code: str, folder: Path, **streams: Any) -> subprocess.Popen[bytes]:
    """A program that runs some code and then the command on a table."""
    (folder / "child.py").write_text(f"{code}\nfrom mistruct.cli import main\nmain()\n")
    table().to_csv(folder / "table.csv", index=False)
    return subprocess.Popen(
        [sys.executable, "child.py", *LEARN, "table.csv", "--output", "out"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        **streams,
    )


@posix
def test_ctrl_c_ends_a_long_computation_at_once(tmp_path: Path) -> None:
    code = """
import os, signal, time
import mistruct as ms
from mistruct.parallel import run_blocks

def block(i):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1000)  # as a thread that compiles, it cannot be interrupted

ms.ChowLiu._learn = lambda self, data: list(run_blocks(block, [0, 1], description="waiting"))
"""
    process = child(code, tmp_path, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
    assert not (tmp_path / "out").exists()


def on_a_terminal(code: str, folder: Path) -> tuple[str, str]:
    """Standard output, and what a terminal shows of standard error."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))
    process = child(code, folder, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            got = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not got:
            break
        shown += got
    os.close(ours)
    out = process.communicate()[0].decode()
    assert process.returncode == 0, shown.decode()
    return out, shown.decode()


@posix
def test_long_work_shows_on_a_terminal(tmp_path: Path) -> None:
    code = """
import threading
import mistruct.data, mistruct.parallel
from mistruct.cli import terminal

terminal._DELAY = mistruct.parallel._PROGRESS_DELAY = 0
read_table = mistruct.data.read_table

def slowly(*arguments, **options):
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # until the step has been named
    return read_table(*arguments, **options)

mistruct.data.read_table = slowly
"""
    out, shown = on_a_terminal(code, tmp_path)
    assert "reading table.csv ..." in shown
    assert re.search(r"mutual information: +\d+%\|", shown)
    assert re.search(r"independence tests: +\d+%\|", shown)
    assert shown.endswith("\r")  # all erased again
    assert "written to out" in out and "reading" not in out


def test_long_work_without_a_terminal_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "_INTERVAL", 0.01)
    told = threading.Event()
    echo = typer.echo

    def tell(message: str, **options: Any) -> None:
        echo(message, **options)
        if "3 blocks" in message:
            told.set()

    monkeypatch.setattr(typer, "echo", tell)
    with terminal.Steps()("learn"):
        for done in run_blocks(lambda k: k, [1, 2, 3], description="separations"):
            if done == 2:
                assert told.wait(60)
    assert "mistruct: learn, 0 s, separations: 1 of 3 blocks\n" in capsys.readouterr().err


@posix
def test_compiling_shows_on_a_terminal(tmp_path: Path) -> None:
    code = """
from numba import njit
from mistruct.parallel import run_blocks

assert list(run_blocks(njit(lambda i: i + 1), [1, 2], description="adding")) == [2, 3]
"""
    _, shown = on_a_terminal(code, tmp_path)
    assert "adding (compiling, first run only):" in shown
    assert shown.index("adding (compiling") < shown.rindex("adding: ")


def test_the_readme_line_finds_its_data() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^python3 -m venv .*mistruct learn (.*)$", readme, re.MULTILINE)
    data, *options = line.split()
    assert (ROOT / data).is_file()
    assert options == ["--target", "subtype", "--output", "out"]


def test_a_column_can_be_left_out(tmp_path: Path, run: Run, refused: Callable[..., str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,note\n" + "0,0,\n1,1,\n" * 20)
    assert refused("describe", path).endswith("leave it out with --drop note")
    assert refused("describe", path, "--drop", "notes").startswith("--drop: there is no column")
    code, out, _ = run("describe", path, "--drop", "note")
    assert code == 0
    assert "note" not in out
