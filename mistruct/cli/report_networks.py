"""Printed reports of the commands on networks."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mistruct.cli.report import aligned, counted, p_value_text

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from mistruct.data import Dataset
    from mistruct.structure import ARACNE, BOSS, FCI, PC, ChordalNetwork, ChowLiu, MarkovBlanket

_STRONGEST = 10
_WIDTH = 96
_KINDS = {"directed": "->", "undirected": "--", "contested": "-?-"}
_RELATIONS = ("genuine", "putative", "latent", "undirected")


def show_gene_network(net: ARACNE, n_edges: int, n_bootstraps: int | None) -> None:
    """Print the number of edges, the rule, the estimator and the test."""
    among = f"of {counted(pairs_in(net), 'significant pair')}"
    if n_bootstraps is not None:
        n_samples = counted(n_bootstraps, "sample")
        among = f"of {counted(pairs_in(net), 'pair')} in any of {n_samples} of the rows"
    level = f"alpha {net.alpha:g}, {net.correction}, tolerance {net.tolerance:g}"
    tested = "the null distribution" if net.test_ is None else net.test_.description
    typer.echo(f"ARACNE network: {counted(n_edges, 'edge')} {among} ({level})")
    typer.echo(f"mi by {net.estimator_.name}, p-values by {tested}")


def show_method(method: str, reason: str) -> None:
    """Print the chosen method and the reason to standard error."""
    others = {
        "pc": "chow-liu learns a tree",
        "boss": "pc goes by tests",
        "chow-liu": "pc does it all the same",
    }
    typer.echo(f"method {method}: {reason}; --method {others[method]}", err=True)


def show_forest(forest: ChowLiu, table: Dataset) -> None:
    """Print the number of edges, the rule, the estimator and the test."""
    from mistruct.structure.trees.edge_rules import count_pairs

    rule = f"{forest.penalty} penalty"
    if not forest.penalty:
        pairs = counted(count_pairs(table), "pair")  # those that the correction counts
        rule = f"alpha {forest.alpha:g}, {forest.correction}, {pairs}"
    n_edges = counted(len(forest.edges_), "edge")
    typer.echo(f"Chow-Liu forest: {n_edges} ({rule}); {_alone(forest.graph_)}")
    typer.echo(f"mi by {forest.estimator_.name}, p-values by {forest.test_.description}")


def show_chordal_network(net: ChordalNetwork) -> None:
    """Print the number of edges, the criterion, and what measured and tested them."""
    rule = f"alpha {net.alpha:g}" if net.criterion == "alpha" else net.criterion_
    if net.max_clique is not None:
        rule += f", cliques of at most {net.max_clique} columns"
    n_edges = counted(len(net.edges_), "edge")
    typer.echo(
        f"Chordal network: {n_edges} ({rule}), treewidth {net.treewidth_}; {_alone(net.graph_)}"
    )
    typer.echo(f"mi by {net.estimator_.name}, p-values by {net.test_.description}")


def show_causal_graph(cause: PC | FCI) -> None:
    """Print the numbers of edges by kind, the rule and the test."""
    edges, removed = cause.edges_, cause.separations_
    n_pairs = counted(len(edges) + len(removed), "pair")
    level = getattr(cause, "alpha_", cause.alpha)
    rule = f"alpha {level:g}" + (f", fdr {cause.fdr:g}" if cause.fdr else "")
    n_tests = counted(int(edges["n_tests"].sum() + removed["n_tests"].sum()), "test")
    head = f"{cause.algorithm.upper()} graph: {_of_kinds(edges)}"
    typer.echo(f"{head} of {n_pairs}, {rule}; {_alone(cause.graph_)}")
    typer.echo(f"{n_tests} by {cause.test_.description}")


def show_scored_graph(cause: BOSS) -> None:
    """Print the numbers of edges by kind, and the score."""
    typer.echo(f"BOSS graph: {_of_kinds(cause.edges_)}; {_alone(cause.graph_)}")
    typer.echo(f"score {cause.score_:,.1f} nats by {cause.scored_by_!r}")


def _of_kinds(edges: pd.DataFrame) -> str:
    """The number of edges, in all and by orientation, in words."""
    name, among = ("relation", _RELATIONS) if "relation" in edges else ("orientation", _KINDS)
    kinds = [f"{n:,} {kind}" for kind in among if (n := int((edges[name] == kind).sum()))]
    return counted(len(edges), "edge") + (f" ({', '.join(kinds)})" if kinds else "")


def show_blanket(around: MarkovBlanket) -> None:
    """Print the Markov blanket of the target, by the roles of its columns."""
    members = around.members_
    n_columns = counted(around.n_features_in_ - 1, "other column")
    rule = f"alpha {around.alpha:g}, {around.correction}"
    size = f"{len(members)} of {n_columns}"
    typer.echo(f"Markov blanket of {around.target}: {size} ({rule}), by {around.test_.description}")
    heads = {
        "neighbour": "neighbours",
        "spouse": "spouses (through)",
        "interaction": "only together with (the other)",
    }
    for role, head in heads.items():
        of_role = members[members["role"] == role]
        if of_role.empty:
            continue
        through = [f" ({t})" if t else "" for t in of_role["through"]]
        text = f"  {head}: {', '.join(of_role['column'] + through)}"
        typer.echo(textwrap.fill(text, _WIDTH, subsequent_indent="    "))


def show_why(
    folder: Path, cause: PC | FCI | BOSS | ChordalNetwork | MarkovBlanket, target: str | None
) -> None:
    """Print how to ask why a pair is separated, with the first such pair as the example."""
    pairs = getattr(cause, "additions_", None)
    if pairs is None:
        pairs = cause.separations_[cause.separations_["separating_set"].astype(bool)]
    of_target = pairs[(pairs["source"] == target) | (pairs["target"] == target)]
    for examples in (of_target, pairs, cause.edges_):
        if len(examples):
            asked = ["mistruct", "why", str(folder), *examples[["source", "target"]].iloc[0]]
            typer.echo(f"why two columns are joined or not: {shlex.join(asked)}")
            return


def show_edges(edges: pd.DataFrame, *, directed: bool = False) -> None:
    """Print the strongest edges with their evidence."""
    if edges.empty:
        typer.echo("No pair is strong enough.")
        return
    strongest = edges.head(_STRONGEST)
    ways = [_KINDS["directed" if directed else "undirected"]] * len(strongest)
    if "orientation" in edges:
        ways = [_KINDS[kind] for kind in strongest["orientation"]]
    elif "relation" in edges:
        from mistruct.structure.end_marks import glyph

        ways = [glyph(*m) for m in strongest[["source_mark", "target_mark"]].to_numpy().tolist()]
    pairs = zip(strongest["source"], ways, strongest["target"], strict=True)
    columns = [
        (
            "edges by weight" if "weight" in edges else "strongest edges",
            [f"  {source} {way} {target}" for source, way, target in pairs],
        ),
        (" mi (nats)", [f"{mi:10.3f}" for mi in strongest["mi"]]),
        (
            "largest p" if "n_tests" in edges else "  p-value",
            [f"{p_value_text(p):>9}" for p in strongest["p_value"]],
        ),
    ]
    if "weight" in edges:
        columns.append(("weight", [f"{weight:6.3g}" for weight in strongest["weight"]]))
    if "support" in edges:
        columns.append(("support", [f"{share:7.2f}" for share in strongest["support"]]))
    typer.echo("\n" + aligned(columns))


def show_neighbours(edges: pd.DataFrame, target: str) -> None:
    """Print the columns adjacent to the target, the strongest first, by the direction of edges."""
    near: dict[str, list[str]] = {}
    of_target = edges[(edges["source"] == target) | (edges["target"] == target)]
    other = of_target["source"].where(of_target["target"] == target, of_target["target"])
    of_target = of_target.assign(other=other).drop_duplicates("other")  # an edge may go both ways
    for row in of_target.sort_values("mi", ascending=False, kind="stable").itertuples():
        label = getattr(row, "orientation", "") or getattr(row, "relation", "")
        if label in ("genuine", "putative"):
            label += " effects" if row.source == target else " causes"
        if label == "directed":
            label = "arrows from it" if row.source == target else "arrows to it"
        # Names may hold spaces, but no line breaks within an item.
        near.setdefault(label, []).append(f"{row.other} {row.mi:.3f}".replace(" ", "\0"))
    head = f"\n{counted(len(of_target), 'neighbour')} of {target}"
    typer.echo(head + (", with mi in nats:" if near else ""))
    for label in sorted(near):
        items = (f"{label}: " if label else "") + ", ".join(near[label])
        shown = textwrap.fill(items, _WIDTH, break_on_hyphens=False, break_long_words=False)
        typer.echo(shown.replace("\0", " "))


def pairs_in(net: ARACNE) -> int:
    """Number of pairs in the table of a network, which has a row for each possible direction."""
    edges = net.edges_
    if not net.directed:
        return len(edges)
    both_ways = edges[["source", "target"]].isin(net.regulators_).all(axis=1)
    return len(edges) - int(both_ways.sum()) // 2


def _alone(graph: nx.Graph) -> str:
    alone = sum(1 for _, degree in graph.degree if degree == 0)
    return f"{counted(alone, 'column')} without an edge"
