"""`mistruct page`, and the page that `learn` and `aracne` write: the network with its reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mistruct.cli.app import app
from mistruct.cli.why_command import read_graph, read_part, read_run

if TYPE_CHECKING:
    import networkx as nx

    from mistruct.data import Dataset
    from mistruct.structure.reasons import Reasons

PAGE = "network.html"
_MOST = 20_000

Page = Annotated[
    bool, typer.Option("--page/--no-page", help="Write network.html, a page to explore.")
]


def write_page(network: Any, table: Dataset, target: str | None, folder: Path) -> str:
    """Write the page of a learner; the name of the file."""
    import mistruct as ms

    ms.explore(network, table, target=target).save(folder / PAGE)
    return PAGE


@app.command()
def page(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What learn or aracne has written.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="TABLE", help="The table, for a picture of each pair of columns."),
    ] = None,
) -> None:
    """Make the page of a network again.

    Written is network.html, which any browser opens. It says why pairs of columns are joined or
    not, as why does.
    """
    run = read_run(folder)
    import mistruct as ms
    from mistruct.page.network_page import page_of

    graph = read_graph(folder)
    table = None if data is None else ms.read_table(str(data), missing="testwise")
    target = run["parameters"].get("target")
    made = page_of(
        [graph], [_reasons(run, folder, graph)], table, target if target in graph else None
    )
    made.save(folder / PAGE)
    typer.echo(f"written to {folder}: {PAGE}")


def _reasons(run: dict[str, Any], folder: Path, graph: nx.Graph) -> Reasons:
    """The reasons of a run, from its tables."""
    from mistruct.structure.blanket.blanket_tables import with_roles
    from mistruct.structure.causal.evidence import reasons
    from mistruct.structure.orders.additions import reasons_by_score
    from mistruct.structure.reasons import forest_reasons, network_reasons

    asked, edges = run["parameters"], read_part(folder, "edges.csv")
    level = f"alpha {asked['alpha']}, {asked.get('correction')}"
    required = [tuple(arc) for arc in (run.get("knowledge") or {}).get("required", ())]
    if run["command"] == "aracne":
        among = bool(asked["regulators"])
        return network_reasons(edges, graph, level, among, asked["bootstraps"], _MOST)
    if asked["method"] == "chow-liu":
        rule = f"{asked['penalty']} penalty" if asked["penalty"] else level
        return forest_reasons(edges, rule, _MOST)
    if asked["method"] == "boss":
        additions, copies = read_part(folder, "additions.csv"), run.get("copies", {})
        return reasons_by_score(edges, additions, required, copies, _MOST)
    separations, groups = read_part(folder, "separations.csv"), run.get("groups", ())
    found = reasons(edges, separations, required, _MOST, groups)
    if asked["method"] == "markov-blanket":
        return with_roles(found, asked["target"], read_part(folder, "members.csv"))
    return found
