"""The command `mistruct page`, which makes the page of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.explained_run import explained
from mistruct.cli.files import PAGE
from mistruct.cli.run_folder import read_run

_MOST = 20_000


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

    graph = run.graph
    table = None if data is None else ms.read_table(str(data), missing="testwise")
    target = run.asked.get("target")
    made = page_of(
        [graph],
        [explained(run).reasons(run, _MOST)],
        table,
        target if target in graph else None,
    )
    made.save(folder / PAGE)
    typer.echo(f"written to {folder}: {PAGE}")
