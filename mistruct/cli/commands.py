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
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mistruct.cli.files import check_file, check_folder, run_record, save_picture, write_text
from mistruct.cli.options import (
    Bins,
    Data,
    Discretize,
    Drop,
    Estimator,
    Index,
    Kinds,
    Layer,
    Method,
    Missing,
    Obs,
    Policy,
    Transpose,
)
from mistruct.cli.report import (
    counted,
    p_value_text,
    show_bins,
    show_columns,
    show_edges,
    show_neighbours,
    show_table,
)
from mistruct.cli.terminal import Steps, exit_code
from mistruct.errors import ParameterError, check_count, check_fraction

if TYPE_CHECKING:
    from mistruct.data import Dataset

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
            "no command; choose learn, mi, matrix or describe, or ask mistruct --help"
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
    discretize: Discretize = "quantile",
    bins: Bins = None,
    kind: Kinds = [],  # noqa: B006 (typer copies it)
    missing: Missing = "raise",
    index: Index = None,
    transpose: Transpose = False,
    drop: Drop = [],  # noqa: B006
    layer: Layer = None,
    obs: Obs = [],  # noqa: B006
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of the permutations for sparse tables.")
    ] = 0,
) -> None:
    """Learn a network from a table.

    The network is a Chow-Liu forest: the strongest tree of mutual information, less the edges
    that the data do not support. Written are the network, its edges as a table, a picture, a
    fitted Bayesian network and a record of the run.
    """
    parameters = {k: str(v) if isinstance(v, Path) else v for k, v in locals().items()}
    _check_numbers(bins, seed, alpha)
    if alpha is not None and penalty is not None:
        raise ParameterError("--alpha and --penalty are two rules for one thing; give one of them")
    if penalty is None:
        alpha = parameters["alpha"] = 0.01 if alpha is None else alpha
    check_folder("--output", output)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        # Columns are binned before what is missing in them can be a state.
        at_the_door = "testwise" if missing == "state" else missing
        table = _read(data, kind, at_the_door, index, transpose, drop, layer, obs)
        if target is not None:
            (target,) = table.check_names("--target", [target])
    with step("bin"):
        binned = _bin(table, discretize, bins, missing)
    with step("learn"):
        learner = ms.ChowLiu(alpha, correction, penalty, estimator, ms.GTest(seed=seed))
        learner.fit(binned)
        graph, edges = learner.graph_, learner.edges_
    with step("fit", "fitting the model"):
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
    show_bins(table, binned, discretize)
    pairs = count_pairs(binned)  # those that the correction counts
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
    show_edges(edges)
    if target is not None:
        show_neighbours(graph, target)
    files = "network.graphml, edges.csv, network.png, model.bif, run.json"
    typer.echo(f"\nwritten to {output}: {files}")


@app.command()
def mi(
    data: Data,
    x: Annotated[str, typer.Argument(metavar="A", help="Column.")],
    y: Annotated[str, typer.Argument(metavar="B", help="Column.")],
    given: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="Condition on this column; may repeat.")
    ] = [],  # noqa: B006
    estimator: Estimator = "auto",
    discretize: Discretize = "quantile",
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

    In nats, conditional on the columns given, with the test of independence.
    """
    _check_numbers(bins)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.information.estimators import resolve_estimator

        # What is missing in other columns does not matter here.
        table = _read(data, kind, "testwise", index, transpose, drop, layer, obs)
    named = table.check_names("A, B and --given", [x, y, *given])
    if len(set(named)) < len(named):
        raise ParameterError(f"A, B and --given must differ, got {', '.join(named)}")
    chosen = table.select(named)
    with step("bin"):
        binned = _bin(chosen, discretize, bins, missing)
    with step("test", "testing"):
        result = ms.independence_test(binned, x, y, given)
        used = resolve_estimator(estimator, binned)
        nats = used.information(binned, [result.x], [result.y], result.z)
    condition = f" | {', '.join(result.z)}" if result.z else ""
    typer.echo(f"I({result.x}; {result.y}{condition}) = {nats:.6g} nats ({used.name})")
    p_value = f"p-value {p_value_text(result.p_value)} ({result.method})"
    constant = f"no p-value: {x} or {y} does not vary{' given the others' if given else ''}"
    typer.echo(f"{p_value if result.testable else constant}, {counted(result.n_samples, 'row')}")
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
    discretize: Discretize = "quantile",
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
    _check_numbers(bins)
    if output is not None:
        check_file("--output", output, (".csv",))
    if plot is not None:
        check_file("--plot", plot, (".png", ".pdf", ".svg"))
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        at_the_door = "testwise" if missing == "state" else missing
        table = _read(data, kind, at_the_door, index, transpose, drop, layer, obs)
    with step("bin"):
        binned = _bin(table, discretize, bins, missing)
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
        table = _read(data, kind, "testwise", index, transpose, drop, layer, obs)
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


def _check_numbers(bins: int | None, seed: int = 0, alpha: float | None = None) -> None:
    if bins is not None:
        check_count("--bins", bins, least=2)
    check_count("--seed", seed, least=0)
    if alpha is not None:
        check_fraction("--alpha", alpha)


def _read(
    data: Path,
    kind: list[str],
    missing: Policy,
    index: str | None,
    transpose: bool,
    drop: list[str],
    layer: str | None,
    obs: list[str],
) -> Dataset:
    from mistruct.data import read_table

    kinds: dict[str, Any] = {}
    for pair in kind:
        column, separator, name = pair.rpartition("=")
        if not separator:
            raise ParameterError(f"--kind must be COLUMN=KIND, got {pair!r}")
        kinds[column] = name
    return read_table(
        data,
        index=index,
        transpose=transpose,
        drop=drop,
        kinds=kinds,
        missing=missing,
        layer=layer,
        obs=obs,
    )


def _bin(table: Dataset, method: Method, n_bins: int | None, missing: Policy) -> Dataset:
    """All columns as discrete ones, under the policy for missing entries."""
    from mistruct.data import as_dataset, discretize

    binned = discretize(table, method, n_bins=n_bins)
    return as_dataset(binned, missing=missing)
