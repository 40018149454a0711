"""The commands that learn a network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mistruct.cli.app import app
from mistruct.cli.files import (
    TABLES,
    check_folder,
    run_record,
    save_picture,
    together,
    write_gene_network,
    write_text,
)
from mistruct.cli.options import (
    Bins,
    Correction,
    Data,
    Discretize,
    Drop,
    Estimator,
    Index,
    Kinds,
    Layer,
    Missing,
    Obs,
    Output,
    Seed,
    Target,
    Test,
    Transpose,
)
from mistruct.cli.report import (
    counted,
    name_of,
    pairs_in,
    show_bins,
    show_cost,
    show_edges,
    show_gene_network,
    show_neighbours,
    show_table,
)
from mistruct.cli.tables import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps
from mistruct.errors import DataError, MistructWarning, ParameterError, check_choice, check_count

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.data import Dataset
    from mistruct.structure import ARACNE
    from mistruct.structure.cost import Cost


@app.command()
def learn(
    data: Data,
    output: Output,
    target: Target = None,
    alpha: Annotated[
        float | None,
        typer.Option(metavar="LEVEL", help="Level of significance of an edge; default 0.01."),
    ] = None,
    correction: Correction = "bonferroni",
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
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            ms.write_network(graph, folder / "network.graphml")
            write_text(folder / "edges.csv", edges.to_csv(index=False))
            save_picture(picture, folder / "network.png")
            ms.write_network(model, folder / "model.bif")
        write_text(folder / "run.json", run_record(parameters, table, binned, edges, step.seconds))

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
        show_neighbours(edges, target)
    files = "network.graphml, edges.csv, network.png, model.bif, run.json"
    typer.echo(f"\nwritten to {output}: {files}")
    if learnt.continuous:
        show_bins(
            learnt, binned, "quantile", "for model.bif, whose tables hold discrete columns only"
        )


@app.command()
def aracne(
    data: Data,
    output: Output,
    regulators: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Columns that may regulate others, one on a line."),
    ] = None,
    target: Target = None,
    alpha: Annotated[
        float, typer.Option(metavar="LEVEL", help="Level of significance of a pair.")
    ] = 0.05,
    correction: Correction = "bh",
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="By which a pair may be weaker than two others and still stay."
        ),
    ] = 0.1,
    direction: Annotated[
        Literal["hubs"] | None,
        typer.Option(help="Give edges a direction, away from columns that have many."),
    ] = None,
    bootstraps: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Learn from so many samples of the rows instead."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keeps finished bootstraps, to go on after an end."),
    ] = None,
    for_tool: Annotated[
        list[str],
        typer.Option(
            "--for",
            metavar="TOOL",
            help="Write the table that pyscenic, aracne, viper or decoupler reads, too; may "
            "repeat.",
        ),
    ] = [],  # noqa: B006
    estimator: Estimator = "auto",
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
    """Learn a gene network from a table.

    The network has the significant pairs of columns, less those that a third column explains.
    Written are the network, all significant pairs as a table, a picture of the strongest edges and
    a record of the run.
    """
    parameters = {k: str(v) if isinstance(v, Path) else v for k, v in locals().items()}
    check_numbers(discretize, bins, seed, alpha)
    if bootstraps is not None:
        check_count("--bootstraps", bootstraps)
    elif checkpoint is not None:
        raise ParameterError("--checkpoint needs --bootstraps, as it keeps those")
    check_folder("--output", output)
    for tool in for_tool:
        check_choice("--for", tool, TABLES)
    if checkpoint is not None:
        check_folder("--checkpoint", checkpoint)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.testing import resolve_test
        from mistruct.structure.regulators import find_regulators

        table = read(data, kind, missing, discretize, index, transpose, drop, layer, obs)
        if target is not None:
            (target,) = table.check_names("--target", [target])
        # Read once: it may be a pipe.
        found = regulators and find_regulators(str(regulators), table.names)
    with step("bin"):
        learnt = bin_columns(table, discretize, bins, missing)
    net = ms.ARACNE(
        alpha,
        correction,
        tolerance,
        found,
        direction,
        estimator,
        test if test == "auto" else resolve_test(test, seed),
        n_bootstraps=bootstraps,
        checkpoint=checkpoint,
        seed=seed,
    )
    with step("estimate"):
        cost = _cost_of(net, learnt)
    show_cost(cost)
    with step("learn"):
        net.fit(learnt)
        edges = _edges_of(net)
    if edges.empty:
        raise DataError(f"there are 0 edges{_why_none(net)}, so nothing is written")
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            files = write_gene_network(net, edges, folder, target, for_tool)
        write_text(folder / "run.json", run_record(parameters, table, learnt, edges, step.seconds))
    show_table(data, table)
    show_bins(table, learnt, discretize)
    show_gene_network(net, len(edges), bootstraps)
    show_edges(edges, directed=net.directed)
    if target is not None:
        show_neighbours(edges, target)
    typer.echo(f"\nwritten to {output}: {', '.join([*files, 'run.json'])}")


def _cost_of(net: ARACNE, table: Dataset) -> Cost:
    """What a network takes; DataError if that is nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MistructWarning)  # learning says the same again
        cost = net.cost(table)
    if not cost.n_pairs:
        rows = counted(table.n_samples, "row")
        raise DataError(f"no pair of columns varies in {rows}, so there is nothing to learn")
    return cost


def _edges_of(net: ARACNE) -> pd.DataFrame:
    """The edges of the graph, which may be too large to be made."""
    from mistruct.structure.ranking import heavier_way

    edges = net.chosen_edges()
    return heavier_way(edges) if net.directed else edges


def _why_none(net: ARACNE) -> str:
    """Why there is no edge, where there are pairs; otherwise a warning has said it."""
    if net.edges_.empty:
        return ""
    pairs = counted(pairs_in(net), "significant pair")
    if net.n_bootstraps is None:
        return f", as the estimate of none of {pairs} is above 0"
    return f", as none of {pairs} is in more samples than by chance"
