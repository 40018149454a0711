"""`mistruct check`: whether a table refutes a graph, and what to adjust for if it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mistruct.cli.app import app
from mistruct.cli.files import check_file, write_text
from mistruct.cli.groups import grouped
from mistruct.cli.options import Columns, Data, Seed, Source, Test
from mistruct.cli.report import (
    aligned,
    counted,
    p_value_text,
    show_bins,
    show_cost,
    show_table,
)
from mistruct.cli.table_options import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps
from mistruct.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.structure import AdjustmentSet

_SHOWN = 20

Hidden = Annotated[
    list[str], typer.Option(metavar="NODE", help="Node that was not measured; may be repeated.")
]
Cause = Annotated[
    list[str],
    typer.Option(
        metavar="COLUMN",
        help="With --target: what to adjust for to estimate its effect; may be repeated.",
    ),
]


@app.command()
@grouped
def check(
    graph: Annotated[
        Path,
        typer.Argument(
            metavar="GRAPH",
            readable=False,
            help="Graph: .graphml, .gml, .gexf, .json, .csv, .tsv, .sif, .dot, .bif or .dagitty.",
        ),
    ],
    data: Data,
    test: Test = "auto",
    alpha: Annotated[
        float, typer.Option(metavar="NUMBER", help="Expected share of false violations.")
    ] = 0.05,
    permutations: Annotated[
        int, typer.Option(metavar="NUMBER", help="Graphs with permuted names; 0 for none.")
    ] = 99,
    hidden: Hidden = [],  # noqa: B006
    cause: Cause = [],  # noqa: B006
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that --cause acts on.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output table of all tests: .csv."),
    ] = None,
    *,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Test a graph against a table.

    Shows the independences that the graph implies and the rows violate, with the edges that would
    explain them, and the edges that the rows do not need. With --cause and --target it also shows
    the columns to adjust for.
    """
    check_numbers(columns, seed, alpha)
    if bool(cause) != (target is not None):
        raise ParameterError("--cause and --target belong together, but only one is given")
    if target in cause:
        raise ParameterError(f"--target must differ from --cause, got {target!r} for both")
    if output is not None:
        check_file("--output", output, (".csv",))
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        network = ms.read_network(graph)
        adjusted = ms.adjustment_set(network, cause, target, hidden=hidden) if cause else None
        table = read(data, source, columns)
    with step("bin"):
        binned = bin_columns(table, columns)
    with step("estimate"):
        from mistruct.structure.checks.check_cost import check_cost

        asked: Any = {"test": test, "alpha": alpha, "hidden": hidden}
        asked["n_permutations"] = permutations
        show_cost(check_cost(network, binned, **asked))
    found = ms.check_graph(network, binned, **asked, seed=seed)
    show_table(data, table)
    show_bins(table, binned, columns.discretize)
    typer.echo(f"{graph}: {found.kind}, {counted(len(network), 'node')}, test {found.test}")
    typer.echo(found.verdict)
    _show("violated", found.violations, ("x", "y"), "explained_by", found.edge)
    _show("not needed", found.needless, ("source", "target"), None, found.edge)
    if adjusted is not None:
        _show_adjustment(adjusted)
    if output is not None:
        rows = found.tests.assign(given=[json.dumps(g) for g in found.tests["given"]])
        write_text(output, rows.to_csv(index=False))
        typer.echo(f"\nwritten: {output}")


def _show_adjustment(found: AdjustmentSet) -> None:
    """Print the columns to adjust for, or why there are none."""
    named = f"effect of {', '.join(found.x)} on {', '.join(found.y)}: "
    if found.columns is None:
        named += "no columns to adjust for, "
    else:
        named += f"adjust for {', '.join(found.columns) or 'nothing'} ({found.kind}), "
    typer.echo(f"\n{named}{found.reason}")


def _show(
    title: str, table: pd.DataFrame, ends: tuple[str, str], explained: str | None, edge: Any
) -> None:
    """Print the first rows of a result, strongest first."""
    if table.empty:
        return
    shown = table.head(_SHOWN)
    cells = [
        (title, [" and ".join(pair) for pair in shown[list(ends)].itertuples(index=False)]),
        ("given", [", ".join(given) for given in shown["given"]]),
        ("mi", [f"{mi:.4f}" for mi in shown["mi"]]),
        ("p, adjusted", [p_value_text(p) for p in shown["p_adjusted"]]),
    ]
    if explained:
        cells.append(("explained by", [edge(*pair) for pair in shown[explained]]))
    typer.echo("\n" + aligned(cells))
    if len(table) > _SHOWN:
        typer.echo(f"... and {len(table) - _SHOWN:,} more")
