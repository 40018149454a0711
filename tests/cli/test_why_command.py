"""`mistruct why`: it says what the learner says, of every pair, from the files alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations, pairwise, permutations
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.page.document import unpack
from tests.cli_helpers import SLIP, WET, Run, garden


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    garden().to_csv(path, index=False)
    return path


@pytest.fixture
def learned(run: Run, data: Path, tmp_path: Path) -> Path:
    assert run("learn", data, "--method", "pc", "--output", tmp_path / "out")[0] == 0
    return tmp_path / "out"


def test_it_says_what_pc_says(run: Run, learned: Path) -> None:
    cause = ms.PC(alpha=0.01).fit(garden())
    for x, y in permutations(garden(), 2):
        assert run("why", learned, x, y) == (0, f"{cause.why(x, y)}\n", "")


def test_every_reason(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 500)
    frame = pd.DataFrame({"a": a, "twin": a, "same": 1, "b": a ^ (rng.random(500) < 0.1)})
    frame["cause"], noise = rng.integers(0, 2, (2, 500))
    frame["weak"] = np.where(rng.random(500) < 0.85, noise, frame["cause"])
    frame["part"] = frame["a"].where(np.arange(500) < 250)
    frame["rest"] = frame["b"].where(np.arange(500) >= 250)
    frame.to_csv(tmp_path / "t.csv", index=False)
    known = tmp_path / "known.toml"
    known.write_text('required = [["weak", "same"]]\nforbidden = [["a", "b"], ["b", "a"]]\n')
    options = ["--knowledge", known, "--determinism", "textbook", "--fdr", "1e-6", "--alpha", "0.1"]
    code, *_ = run(
        "learn", tmp_path / "t.csv", "--missing", "testwise", *options, "--output", tmp_path / "out"
    )
    assert code == 0
    cause = ms.PC(0.1, fdr=1e-6, determinism="textbook", knowledge=ms.read_knowledge(known))
    cause.fit(ms.read_table(tmp_path / "t.csv", missing="testwise"))
    said = set()
    for x, y in combinations(frame, 2):
        code, out, _ = run("why", tmp_path / "out", x, y)
        assert (code, out) == (0, f"{cause.why(x, y)}\n")
        said.add(out)
    rules = {"independent", "determined", "untestable", "forbidden", "fdr"}
    assert set(cause.separations_["rule"]) == rules  # or else a reason was not seen
    assert any("required by knowledge" in text for text in said)


def test_samples_of_the_rows_have_a_line(run: Run, data: Path, tmp_path: Path) -> None:
    code, *_ = run("learn", data, "--method", "pc", "--bootstraps", 9, "--output", tmp_path / "out")
    assert code == 0
    cause = ms.PC(alpha=0.01).fit(garden())
    sampled = ms.Bootstrap(ms.PC(alpha=0.01), n_resamples=9).fit(garden()).edges_
    of_pair = {frozenset((e.source, e.target)): e for e in sampled.itertuples()}
    for x, y in combinations(garden(), 2):
        code, out, _ = run("why", tmp_path / "out", x, y)
        first, second = out.splitlines()
        assert (code, first) == (0, cause.why(x, y))
        row = of_pair.get(frozenset((x, y)))
        if row is None:
            assert second == "adjacent in none of 9 samples of the rows"
            continue
        forward, backward, neither = (
            round(9 * share) for share in (row.forward, row.backward, row.undirected)
        )
        assert second == (
            f"adjacent in {forward + backward + neither} of 9 samples of the rows: "
            f"{forward} {row.source!r} -> {row.target!r}, {backward} {row.target!r} -> "
            f"{row.source!r}, {neither} undirected"
        )


def test_a_forest(run: Run, data: Path, tmp_path: Path) -> None:
    code, *_ = run(
        "learn", data, "--method", "chow-liu", "--bootstraps", 2, "--output", tmp_path / "out"
    )
    assert code == 0
    forest = ms.ChowLiu(alpha=0.01).fit(garden()).graph_
    matrix = ms.mutual_information_matrix(garden())
    for x, y in combinations(garden(), 2):
        code, out, err = run("why", tmp_path / "out", x, y)
        assert (code, err) == (0, "")
        said = out.splitlines()[0]
        if forest.has_edge(x, y):
            mi = forest.edges[x, y]["mi"]
            assert said.startswith(f"{x!r} and {y!r} are adjacent: {mi:.3g} nats, p = ")
        elif nx.has_path(forest, x, y):
            way = nx.shortest_path(forest, x, y)
            between = ", ".join(way[1:-1])
            assert said == (
                f"{x!r} and {y!r} are not adjacent: each edge on the way through {between} is at "
                "least as strong"
            )
            steps = [matrix.loc[pair] for pair in pairwise(way)]
            assert min(steps) >= matrix.loc[x, y]
        else:
            assert said == (
                f"{x!r} and {y!r} are not adjacent: no edges that are strong enough (alpha 0.01, "
                "bonferroni) lead from one to the other"
            )
    assert nx.number_connected_components(forest) == 2  # so that each of these was seen
    assert run("why", tmp_path / "out", "rain", WET)[1].endswith("in 2 of 2 samples of the rows\n")


def test_a_gene_network(run: Run, data: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tf = rng.normal(size=400)
    frame = pd.DataFrame({"tf": tf, "up": tf + rng.normal(size=400) / 2, "alone": rng.random(400)})
    frame["next"] = frame["up"] + rng.normal(size=400) / 2
    frame.to_csv(data, index=False)
    out_folder = tmp_path / "out"
    assert run("aracne", data, "--output", out_folder)[0] == 0
    net = ms.ARACNE().fit(frame)
    explained = net.edges_[~net.edges_["direct"]].iloc[0]
    assert {explained["source"], explained["target"]} == {"tf", "next"}
    said = run("why", out_folder, "tf", "up")[1]
    assert said.startswith(f"'tf' and 'up' are adjacent: {net.graph_.edges['tf', 'up']['mi']:.3g} ")
    said = run("why", out_folder, "next", "tf")[1]
    assert said.startswith(
        "'next' and 'tf' are not adjacent: up shares more with each of them "
        f"({explained['mi']:.3g} nats, p = "
    )
    nothing = "'up' and 'alone' are not adjacent: what they share is not significant"
    assert run("why", out_folder, "up", "alone")[1] == f"{nothing} (alpha 0.05, bh)\n"

    names = tmp_path / "tfs.txt"
    names.write_text("tf\n")
    assert run("aracne", data, "--regulators", names, "--output", out_folder)[0] == 0
    said = run("why", out_folder, "up", "alone")[1]
    assert said == f"{nothing} (alpha 0.05, bh), or neither is a regulator\n"


def test_a_gene_network_of_samples(run: Run, data: Path, tmp_path: Path) -> None:
    steps = np.random.default_rng(0).normal(size=(100, 8))
    frame = pd.DataFrame(steps.cumsum(axis=1), columns=list("abcdefgh"))
    frame.to_csv(data, index=False)
    options = ["--tolerance", "0.4", "--bootstraps", 10]
    assert run("aracne", data, *options, "--output", tmp_path / "out")[0] == 0
    net = ms.ARACNE(tolerance=0.4, n_bootstraps=10).fit(frame)
    lost = [e for e in net.edges_.itertuples() if not net.graph_.has_edge(e.source, e.target)]
    assert lost  # or else this shows nothing
    for edge in lost:
        assert run("why", tmp_path / "out", edge.source, edge.target)[1] == (
            f"{edge.source!r} and {edge.target!r} are not adjacent: no more samples of the rows "
            f"have the edge than by chance (alpha 0.05, bh), {edge.support:.2f} of 10 samples\n"
        )


# What is refused


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ("rian", "NA", "why: there is no column 'rian'; did you mean 'rain'?"),
        ("rain", "wet cold", f"why: there is no column 'wet cold'; did you mean {WET!r}?"),
        (SLIP, SLIP, f"why: x and y must be two columns, got {SLIP!r} twice"),
    ],
)
def test_names(x: str, y: str, message: str, refused: Callable[..., str], learned: Path) -> None:
    assert refused("why", learned, x, y) == message


def test_a_folder_that_is_no_run(refused: Callable[..., str], tmp_path: Path, data: Path) -> None:
    absent = tmp_path / "absent"
    assert refused("why", absent, "a", "b") == f"there is no folder {str(absent)!r}"
    assert refused("why", data, "a", "b") == f"there is no folder {str(data)!r}"
    assert refused("why", tmp_path, "a", "b") == (
        f"{str(tmp_path)!r} is no run of learn or aracne: it has no run.json"
    )
    for text in ("{", "[]", "{}", '{"command": "bake"}', '{"command": "learn", "data": {}}'):
        (tmp_path / "run.json").write_text(text)
        said = refused("why", tmp_path, "a", "b")
        assert (
            said == f"{str(tmp_path / 'run.json')!r} is not the record of a run of learn or aracne"
        )


def test_a_run_that_is_not_whole(refused: Callable[..., str], learned: Path) -> None:
    (learned / "separations.csv").write_text("source,target,separating_set\nrain,NA,[\n")
    said = refused("why", learned, "rain", "NA")
    assert said.startswith(f"{str(learned / 'separations.csv')!r} cannot be read: ")
    (learned / "separations.csv").unlink()
    assert refused("why", learned, "rain", "NA") == (
        f"{str(learned)!r} is no run of learn or aracne: it has no separations.csv"
    )


def test_another_run_in_the_same_folder(run: Run, data: Path, learned: Path) -> None:
    assert run("learn", data, "--method", "chow-liu", "--output", learned)[0] == 0
    record = json.loads((learned / "run.json").read_text(encoding="utf-8"))
    assert record["parameters"]["method"] == "chow-liu"
    assert not (learned / "separations.csv").exists()
    assert "nats, p = " in run("why", learned, "rain", WET)[1]


@pytest.mark.parametrize("method", ["pc", "boss", "chow-liu"])
def test_the_page_is_made_again_from_the_folder(run: Run, data: Path, method: str) -> None:
    folder = data.parent / "out"
    assert run("learn", data, "--method", method, "--output", folder)[0] == 0
    first = unpack((folder / "network.html").read_text(encoding="utf-8"))
    assert run("page", folder) == (0, f"written to {folder}: network.html\n", "")
    again = unpack((folder / "network.html").read_text(encoding="utf-8"))
    for part in ("names", "x", "y", "a", "b", "of", "reasons"):
        assert again[part] == first[part]
    assert "pairs" in first and "pairs" not in again
    assert run("page", folder, "--data", data)[0] == 0
    assert "pairs" in unpack((folder / "network.html").read_text(encoding="utf-8"))


def test_edges_of_groups_are_told_from_the_folder(run: Run, tmp_path: Path) -> None:
    n = 240
    group = np.repeat([0, 1, 2], n // 3)
    y = np.concatenate([np.arange(n // 3) < (n // 3) * rate for rate in (0.2, 0.35, 0.5)])
    table = pd.DataFrame({f"g{s}": group == s for s in range(3)} | {"y": y}).astype(int)
    table.to_csv(tmp_path / "t.csv", index=False)
    folder = tmp_path / "out"
    assert run("learn", tmp_path / "t.csv", "--method", "pc", "--output", folder)[0] == 0
    cause = ms.PC(alpha=0.01).fit(table)
    (edge,) = (e for e in cause.skeleton_.edges if "y" in e)
    assert cause.why(*edge).endswith("as they determine each other")
    assert run("why", folder, *edge)[1] == f"{cause.why(*edge)}\n"
    assert run("page", folder)[0] == 0
    held = unpack((folder / "network.html").read_text(encoding="utf-8"))
    assert cause.why(*edge) in [row[2] for row in held["reasons"][0]["rows"]]


def test_no_page(run: Run, data: Path, tmp_path: Path) -> None:
    assert run("aracne", data, "--no-page", "--output", tmp_path / "net")[0] == 0
    assert not (tmp_path / "net" / "network.html").exists()
