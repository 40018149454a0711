"""The commands on columns: their information, their independence, and their description."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.files import check_file, write_both, write_text
from mistruct.cli.groups import grouped
from mistruct.cli.options import (
    Columns,
    Data,
    Estimator,
    Given,
    Kinds,
    KindsFile,
    Seed,
    Source,
    Test,
)
from mistruct.cli.report import counted, show_bins, show_columns, show_table, show_test
from mistruct.cli.table_options import bin_columns, check_numbers, choose, kinds_of, read
from mistruct.cli.terminal import Steps


@app.command()
@grouped
def mi(
    data: Data,
    x: Annotated[str, typer.Argument(metavar="X", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Column.")],
    given: Given = [],  # noqa: B006
    estimator: Estimator = "auto",
    *,
    columns: Columns,
    source: Source,
) -> None:
    """Estimate the mutual information of two columns.

    The result is in nats, and conditional on the columns of --given.
    """
    check_numbers(columns)
    step = Steps()
    with step("read", f"reading {data}"):
        from mistruct.information.names import resolve_estimator

        # Missing entries in other columns do not matter here.
        table = read(data, source, replace(columns, missing="testwise"), of=[x, y, *given])
    chosen = choose(table, x, y, given, columns.missing)
    with step("bin"):
        binned = bin_columns(chosen, columns)
    with step("estimate", "estimating"):
        used = resolve_estimator(estimator, binned)
        x, y, *given = binned.names
        nats = used.information(binned, [x], [y], given)
    condition = f" | {', '.join(given)}" if given else ""
    n_rows = binned.complete_rows().n_samples
    typer.echo(f"I({x}; {y}{condition}) = {nats:.6g} nats ({used.name}), {counted(n_rows, 'row')}")
    show_bins(chosen, binned, columns.discretize)


@app.command()
@grouped
def test(
    data: Data,
    x: Annotated[str, typer.Argument(metavar="X", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Column.")],
    given: Given = [],  # noqa: B006
    test: Test = "auto",
    *,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Test whether two columns are independent, given others.

    The p-value is the probability of a dependence at least as strong as the observed one, if the
    columns were independent.
    """
    check_numbers(columns, seed)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.names import resolve_test

        table = read(data, source, replace(columns, missing="testwise"), of=[x, y, *given])
    chosen = choose(table, x, y, given, columns.missing)
    with step("bin"):
        binned = bin_columns(chosen, columns)
    with step("test", "testing"):
        x, y, *given = binned.names
        result = ms.independence_test(binned, x, y, given, test=resolve_test(test, seed))
    typer.echo(f"{x} and {y}" + (f" given {', '.join(given)}" if given else ""))
    show_test(result)
    show_bins(chosen, binned, columns.discretize)


@app.command()
@grouped
def matrix(
    data: Data,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Output table: .csv; by default the screen.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture: .png, .pdf or .svg.")
    ] = None,
    estimator: Estimator = "auto",
    *,
    columns: Columns,
    source: Source,
) -> None:
    """Estimate the mutual information of all pairs of columns.

    The matrix is in nats, and shown or written as a table, a picture or both.
    """
    check_numbers(columns)
    if output is not None:
        check_file("--output", output, (".csv",))
    if plot is not None:
        check_file("--plot", plot, (".png", ".pdf", ".svg"))
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        table = read(data, source, columns)
    with step("bin"):
        binned = bin_columns(table, columns)
    result = ms.mutual_information_matrix(binned, estimator=estimator)
    text = result.to_csv(index_label="column")
    if output is None and plot is None:
        typer.echo(text, nl=False)
        return
    with step("draw", "drawing the matrix"):
        written = write_both(output, text, plot, lambda: ms.plot_information_matrix(result))
    show_table(data, table)
    show_bins(table, binned, columns.discretize)
    typer.echo(f"mi by {result.attrs['estimator']}")
    typer.echo(f"written: {', '.join(written)}")


@app.command()
@grouped
def describe(
    data: Data,
    kind: Kinds = [],  # noqa: B006
    kinds: KindsFile = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Output .csv with the kinds of the columns, to edit and pass to --kinds.",
        ),
    ] = None,
    *,
    source: Source,
) -> None:
    """Show how mistruct reads a table.

    Shows the kind of each column and why, its states or range, and the number of missing entries.
    """
    if output is not None:
        check_file("--output", output, (".csv",))
    with Steps()("read", f"reading {data}"):
        columns = Columns(kind=kind, kinds=kinds, missing="testwise")
        table = read(data, source, columns, all_notes=True)
    show_table(data, table)
    show_columns(table)
    if output is not None:
        write_text(output, kinds_of(table))
        typer.echo(f"\nwritten: {output}")
