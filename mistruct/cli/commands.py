"""The commands and their options.

Everything heavy is imported by the command that needs it, so that `--help` answers at once.
Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer

from mistruct.cli.files import check_file, check_folder, run_record, save_picture, write_text
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
from mistruct.cli.report import (
    counted,
    name_of,
    show_bins,
    show_columns,
    show_edges,
    show_neighbours,
    show_table,
    show_test,
)
from mistruct.cli.tables import bin_columns, check_numbers, choose, read
from mistruct.cli.terminal import Steps, exit_code
from mistruct.errors import ParameterError

app = typer.Typer(
    name="mistruct",
    help="Learn the structure of probabilistic graphical models from tables.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from mistruct import __version__

        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        raise ParameterError(
            "no command; choose learn, test, mi, matrix or describe, or ask mistruct --help"
        )


@app.command()
def learn(
    data: Data,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the files go; made if it is not there.")
    ],
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of interest: highlighted, root of the model."),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(metavar="LEVEL", help="Level of significance of an edge; default 0.01."),
    ] = None,
    correction: Annotated[
        Literal["bonferroni", "bh", "none"],
        typer.Option(
            help="What alpha bounds: the chance of any false edge, the share of false edges, or "
            "the chance of each alone."
        ),
    ] = "bonferroni",
    penalty: Annotated[
        Literal["bic", "aic"] | None,
        typer.Option(help="Keep the edges that pay for their parameters, instead of alpha."),
    ] = None,
    estimator: Estimator = "auto",
    test: Test = "auto",
    discretize: Discretize = None,
    bins: Bins = None,
    kind: Kinds = [],  # noqa: B006 (typer copies it)
    missing: Missing = "raise",
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
    seed: Seed = 0,
) -> None:
    """Learn a network from a table.

    The network is a Chow-Liu forest: the strongest tree of mutual information, less the edges
    that the data do not support. Written are the network, its edges as a table, a picture, a
    fitted Bayesian network and a record of the run.
    """
    parameters = {k: str(v) if isinstance(v, Path) else v for k, v in locals().items()}
    check_numbers(discretize, bins, seed, alpha)
    if alpha is not None and penalty is not None:
        raise ParameterError("--alpha and --penalty are two rules for one thing; give one of them")
    if penalty is None:
        alpha = parameters["alpha"] = 0.01 if alpha is None else alpha
    check_folder("--output", output)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.testing import resolve_test

        table = read(data, kind, missing, discretize, index, transpose, drop, layer, obs)
        if target is not None:
            (target,) = table.check_names("--target", [target])
    with step("bin"):
        learnt = bin_columns(table, discretize, bins, missing)
    with step("learn"):
        learner = ms.ChowLiu(alpha, correction, penalty, estimator, resolve_test(test, seed))
        learner.fit(learnt)
        graph, edges = learner.graph_, learner.edges_
    with step("fit", "fitting the model"):
        binned = ms.discretize(learnt, n_bins=bins)
        model = ms.to_bayesian_network(graph, binned, root=target)
    with step("draw", "drawing the network"):
        picture = ms.plot_network(graph, target=target)
    with step("write", f"writing to {output}"):
        output.mkdir(parents=True, exist_ok=True)
        ms.write_network(graph, output / "network.graphml")
        write_text(output / "edges.csv", edges.to_csv(index=False))
        save_picture(picture, output / "network.png")
        ms.write_network(model, output / "model.bif")
    write_text(output / "run.json", run_record(parameters, table, binned, edges, step.seconds))

    from mistruct.structure.forest import count_pairs

    show_table(data, table)
    show_bins(table, learnt, discretize)
    pairs = count_pairs(learnt)  # those that the correction counts
    rule = (
        f"{penalty} penalty"
        if penalty
        else f"alpha {alpha:g}, {correction}, {counted(pairs, 'pair')}"
    )
    alone = sum(1 for _, degree in graph.degree if degree == 0)
    typer.echo(
        f"Chow-Liu forest: {counted(len(edges), 'edge')} ({rule}); "
        f"{counted(alone, 'column')} without an edge"
    )
    typer.echo(f"mi by {learner.estimator_.name}, p-values by {name_of(learner.test_)}")
    show_edges(edges)
    if target is not None:
        show_neighbours(graph, target)
    files = "network.graphml, edges.csv, network.png, model.bif, run.json"
    typer.echo(f"\nwritten to {output}: {files}")
    if learnt.continuous:
        show_bins(
            learnt, binned, "quantile", "for model.bif, whose tables hold discrete columns only"
        )


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors are one line on standard error and exit code 2."""
    if arguments is None:
        # The imports make so many objects that looking for garbage among them takes a while.
        gc.set_threshold(100_000)
    code = exit_code(lambda: app(arguments, prog_name="mistruct", standalone_mode=False))
    if arguments is None:
        # Nothing is left to do, and taking down what was imported, or waiting for a thread that
        # compiles after Ctrl-C, would take a second or more.
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
