"""`mistruct why`: what decided on one pair of columns, from the folder of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mistruct.cli.app import app
from mistruct.cli.report import counted
from mistruct.cli.safe_csv import as_it_was
from mistruct.errors import DataError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


_NUMBERS = ("mi", "p_value", "cmi", "gain", "loss", "reverse_loss")


@app.command()
def why(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Output folder of learn or aracne.")
    ],
    x: Annotated[str, typer.Argument(metavar="X", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Column.")],
) -> None:
    """Explain why two columns of a network are joined or not.

    Shows the test, or the other columns, that decided on the pair when the network was learned.
    """
    run = read_run(folder)
    from mistruct.structure.blanket.blanket_tables import role_in_words
    from mistruct.structure.causal.evidence import check_pair, explain
    from mistruct.structure.orders.additions import explain_by_score

    asked, names = run["parameters"], list(run["data"]["kinds"])
    check_pair(x, y, names)
    edges = read_part(folder, "edges.csv")
    if run["command"] == "aracne":
        typer.echo(_in_gene_network(x, y, edges, read_graph(folder), asked))
        return
    required = [tuple(arc) for arc in (run["knowledge"] or {}).get("required", ())]
    if asked["method"] == "boss":
        additions = read_part(folder, "additions.csv")
        copies = run.get("copies", {})
        typer.echo(explain_by_score(x, y, names, edges, additions, required, copies))
    elif asked["method"] != "chow-liu":
        text = explain(x, y, names, edges, read_part(folder, "separations.csv"), required)
        if asked["method"] == "markov-blanket" and asked["target"] in (x, y):
            other = y if x == asked["target"] else x
            text += role_in_words(asked["target"], other, read_part(folder, "members.csv"))
        typer.echo(text)
    else:
        typer.echo(_in_forest(x, y, edges, asked))
    if asked["bootstraps"]:
        typer.echo(_in_samples(x, y, read_part(folder, "bootstraps.csv"), asked["bootstraps"]))


def _in_forest(x: str, y: str, edges: pd.DataFrame, asked: dict[str, Any]) -> str:
    """Why a Chow-Liu forest joins a pair or not."""
    import networkx as nx

    from mistruct.structure.reasons import adjacent, not_adjacent, on_the_way, too_weak

    for row in _rows_of(x, y, edges):
        return adjacent(x, y, row)
    forest = nx.from_pandas_edgelist(edges)
    if {x, y} <= set(forest) and nx.has_path(forest, x, y):
        return not_adjacent(x, y, on_the_way(nx.shortest_path(forest, x, y)))
    level = f"alpha {asked['alpha']}, {asked['correction']}"
    return not_adjacent(
        x, y, too_weak(f"{asked['penalty']} penalty" if asked["penalty"] else level)
    )


def _in_gene_network(
    x: str, y: str, pairs: pd.DataFrame, graph: nx.Graph, asked: dict[str, Any]
) -> str:
    """Why ARACNE joins a pair or not."""
    from mistruct.structure.reasons import adjacent, not_adjacent, not_chosen, not_significant

    rows = _rows_of(x, y, pairs)
    if rows and (graph.has_edge(x, y) or graph.has_edge(y, x)):
        return adjacent(x, y, rows[0])
    level = f"alpha {asked['alpha']}, {asked['correction']}"
    if rows:
        return not_adjacent(x, y, not_chosen(rows[0], level, asked["bootstraps"]))
    return not_adjacent(x, y, not_significant(level, bool(asked["regulators"])))


def _in_samples(x: str, y: str, sampled: pd.DataFrame, n: int) -> str:
    """How many samples of the rows join a pair, and which way."""
    for row in _rows_of(x, y, sampled):
        ways = ""
        if hasattr(row, "forward"):
            ways = (
                f": {round(row.forward * n)} {row.source!r} -> {row.target!r}, "
                f"{round(row.backward * n)} {row.target!r} -> {row.source!r}, "
                f"{round(row.undirected * n)} undirected"
            )
        return f"adjacent in {round(row.support * n)} of {counted(n, 'sample')} of the rows{ways}"
    return f"adjacent in none of {counted(n, 'sample')} of the rows"


def _rows_of(x: str, y: str, table: pd.DataFrame) -> list[Any]:
    """The rows of a pair, in any direction."""
    of_pair = table[table["source"].isin([x, y]) & table["target"].isin([x, y])]
    return list(of_pair.itertuples())


def read_run(folder: Path) -> dict[str, Any]:
    """The record of the run that wrote a folder."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {str(folder)!r}")
    path = _part(folder, "run.json")
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = run["command"] in ("learn", "aracne") and bool(run["data"]["kinds"])
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise DataError(f"{str(path)!r} is not the record of a run of learn or aracne")
    return run


def read_part(folder: Path, name: str) -> pd.DataFrame:
    """A table of the run, with names as they are and sets as tuples."""
    import pandas as pd

    path = _part(folder, name)
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(("source", "target", "column", "through"), str),
            keep_default_na=False,  # a column may be called NA
            na_values={number: [""] for number in _NUMBERS},
            float_precision="round_trip",
        )
        if "separating_set" in table:
            sets = [tuple(json.loads(text)) for text in table["separating_set"]]
            table["separating_set"] = pd.Series(sets, dtype=object)
        return as_it_was(table) if read_run(folder)["parameters"].get("safe_csv") else table
    except (ValueError, TypeError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def read_graph(folder: Path) -> nx.Graph:
    """The network of the run."""
    import mistruct as ms

    return ms.read_network(_part(folder, "network.graphml"))


def _part(folder: Path, name: str) -> Path:
    """A file of the run."""
    if not (folder / name).is_file():
        raise DataError(f"{str(folder)!r} is no run of learn or aracne: it has no {name}")
    return folder / name
