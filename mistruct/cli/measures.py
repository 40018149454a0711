"""The commands that look at columns: how much they share, whether they are independent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.files import check_file, save_picture, write_text
from mistruct.cli.options import (
    Bins,
    Data,
    Discretize,
    Drop,
    Estimator,
    Given,
    Index,
    Kinds,
    Layer,
    Missing,
    Obs,
    Seed,
    Test,
    Transpose,
)
from mistruct.cli.report import counted, show_bins, show_columns, show_table, show_test
from mistruct.cli.tables import bin_columns, check_numbers, choose, read
from mistruct.cli.terminal import Steps


@app.command()
def mi(
    data: Data,
    x: Annotated[str, typer.Argument(metavar="X", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Column.")],
    given: Given = [],  # noqa: B006
    estimator: Estimator = "auto",
    discretize: Discretize = None,
    bins: Bins = None,
    kind: Kinds = [],  # noqa: B006
    missing: Missing = "raise",
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
) -> None:
    """Mutual information of two columns.

    In nats, conditional on the columns given.
    """
    check_numbers(discretize, bins)
    step = Steps()
    with step("read", f"reading {data}"):
        from mistruct.information.estimators import resolve_estimator

        # What is missing in other columns does not matter here.
        table = read(data, kind, "testwise", discretize, index, transpose, drop, layer, obs)
    chosen = choose(table, x, y, given, missing)
    with step("bin"):
        binned = bin_columns(chosen, discretize, bins, missing)
    with step("estimate", "estimating"):
        used = resolve_estimator(estimator, binned)
        x, y, *given = binned.names
        nats = used.information(binned, [x], [y], given)
    condition = f" | {', '.join(given)}" if given else ""
    n_rows = binned.complete_rows().n_samples
    typer.echo(f"I({x}; {y}{condition}) = {nats:.6g} nats ({used.name}), {counted(n_rows, 'row')}")
    show_bins(chosen, binned, discretize)


@app.command()
def test(
    data: Data,
    x: Annotated[str, typer.Argument(metavar="X", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Column.")],
    given: Given = [],  # noqa: B006
    test: Test = "auto",
    discretize: Discretize = None,
    bins: Bins = None,
    kind: Kinds = [],  # noqa: B006
    missing: Missing = "raise",
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
    seed: Seed = 0,
) -> None:
    """Test whether two columns are independent, given others.

    The p-value is the chance of a dependence at least as strong as the one seen, were there none.
    """
    check_numbers(discretize, bins, seed)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.testing import resolve_test

        table = read(data, kind, "testwise", discretize, index, transpose, drop, layer, obs)
    chosen = choose(table, x, y, given, missing)
    with step("bin"):
        binned = bin_columns(chosen, discretize, bins, missing)
    with step("test", "testing"):
        x, y, *given = binned.names
        result = ms.independence_test(binned, x, y, given, test=resolve_test(test, seed))
    typer.echo(f"{x} and {y}" + (f" given {', '.join(given)}" if given else ""))
    show_test(result)
    show_bins(chosen, binned, discretize)


@app.command()
def matrix(
    data: Data,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help=".csv file; by default the screen.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture: .png, .pdf or .svg.")
    ] = None,
    estimator: Estimator = "auto",
    discretize: Discretize = None,
    bins: Bins = None,
    kind: Kinds = [],  # noqa: B006
    missing: Missing = "raise",
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
) -> None:
    """Mutual information of all pairs of columns.

    In nats, as a table, a picture or both.
    """
    check_numbers(discretize, bins)
    if output is not None:
        check_file("--output", output, (".csv",))
    if plot is not None:
        check_file("--plot", plot, (".png", ".pdf", ".svg"))
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        table = read(data, kind, missing, discretize, index, transpose, drop, layer, obs)
    with step("bin"):
        binned = bin_columns(table, discretize, bins, missing)
    result = ms.mutual_information_matrix(binned, estimator=estimator)
    text = result.to_csv(index_label="column")
    if output is None and plot is None:
        typer.echo(text, nl=False)
        return
    if output is not None:
        write_text(output, text)
    if plot is not None:
        with step("draw", "drawing the matrix"):
            save_picture(ms.plot_information_matrix(result), plot)
    show_table(data, table)
    show_bins(table, binned, discretize)
    typer.echo(f"mi by {result.attrs['estimator']}")
    typer.echo(f"written: {', '.join(str(path) for path in (output, plot) if path is not None)}")


@app.command()
def describe(
    data: Data,
    kind: Kinds = [],  # noqa: B006
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
) -> None:
    """What mistruct makes of a table.

    The kind of each column, its states or range, and how many entries are missing.
    """
    with Steps()("read", f"reading {data}"):
        table = read(data, kind, "testwise", None, index, transpose, drop, layer, obs)
    show_table(data, table)
    show_columns(table)
