"""The command `mistruct why`, which explains one pair of columns from the folder of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.explained_run import explained, rows_of
from mistruct.cli.report import counted
from mistruct.cli.run_folder import read_run

if TYPE_CHECKING:
    import pandas as pd


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
    from mistruct.structure.reasons import check_pair

    check_pair(x, y, run.names)
    typer.echo(explained(run).why(run, x, y))
    if run.record["command"] == "learn" and run.asked["bootstraps"]:
        typer.echo(_in_samples(x, y, run.part("bootstraps.csv"), run.asked["bootstraps"]))


def _in_samples(x: str, y: str, sampled: pd.DataFrame, n: int) -> str:
    """The number of bootstrap samples that join a pair, by direction, in words."""
    for row in rows_of(x, y, sampled):
        ways = ""
        if hasattr(row, "forward"):
            ways = (
                f": {round(row.forward * n)} {row.source!r} -> {row.target!r}, "
                f"{round(row.backward * n)} {row.target!r} -> {row.source!r}, "
                f"{round(row.undirected * n)} undirected"
            )
        return f"adjacent in {round(row.support * n)} of {counted(n, 'sample')} of the rows{ways}"
    return f"adjacent in none of {counted(n, 'sample')} of the rows"
