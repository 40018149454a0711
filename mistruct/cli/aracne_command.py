"""The command `mistruct aracne`, which learns a gene network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from mistruct.cli.app import app
from mistruct.cli.cluster import on_scheduler
from mistruct.cli.files import (
    TABLES,
    check_bootstraps,
    check_folder,
    run_record,
    together,
    write_gene_network,
    write_page,
    write_text,
)
from mistruct.cli.folder_lock import one_run
from mistruct.cli.groups import as_record, grouped
from mistruct.cli.options import (
    Bootstraps,
    Checkpoint,
    Columns,
    Correction,
    Data,
    Estimator,
    Output,
    Page,
    SafeCSV,
    Scheduler,
    Seed,
    Source,
    Target,
    Test,
)
from mistruct.cli.report import counted, show_bins, show_cost, show_table
from mistruct.cli.report_networks import (
    pairs_in,
    show_edges,
    show_gene_network,
    show_neighbours,
)
from mistruct.cli.safe_csv import show_formulas
from mistruct.cli.table_options import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps
from mistruct.errors import DataError, check_choice

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.data import Dataset
    from mistruct.structure import ARACNE
    from mistruct.structure.networks.network_cost import NetworkCost

# Who asks for these takes whole numbers for states.
_OF_COUNTS = ("plug-in", "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb")


@dataclass(frozen=True)
class ForNetwork:
    """Options of `aracne` alone."""

    regulators: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File of the columns that may regulate others, one per line."
        ),
    ] = None
    target: Target = None
    alpha: Annotated[float, typer.Option(metavar="LEVEL", help="Significance level of a pair.")] = (
        0.05
    )
    correction: Correction = "bh"
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share by which a pair may be weaker than its pairs with a third column.",
        ),
    ] = 0.1
    direction: Annotated[
        Literal["hubs"] | None,
        typer.Option(help="Direct edges away from columns that have many edges."),
    ] = None
    edges: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Keep only pairs that are among the strongest, so many, of one of their columns.",
        ),
    ] = None
    bootstraps: Bootstraps = None
    checkpoint: Checkpoint = None
    scheduler: Scheduler = None
    page: Page = True
    safe_csv: SafeCSV = False
    for_tool: Annotated[
        list[str],
        typer.Option(
            "--for",
            metavar="TOOL",
            help="Also write the table that pyscenic, aracne, viper or decoupler reads; may be "
            "repeated.",
        ),
    ] = field(default_factory=list)
    estimator: Estimator = "auto"
    test: Test = "auto"

    def learner(self, regulators: Sequence[str] | None, seed: int) -> ARACNE:
        """The learner ARACNE with these options."""
        import mistruct as ms
        from mistruct.independence.names import resolve_test

        return ms.ARACNE(
            self.alpha,
            correction=self.correction,
            tolerance=self.tolerance,
            regulators=regulators,
            direction=self.direction,
            n_edges=self.edges,
            estimator=self.estimator,
            test=self.test if self.test == "auto" else resolve_test(self.test, seed),
            n_bootstraps=self.bootstraps,
            checkpoint=self.checkpoint,
            seed=seed,
        )


@app.command()
@grouped
def aracne(
    context: typer.Context,
    data: Data,
    output: Output,
    *,
    network: ForNetwork,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Learn a gene network from a table.

    The network has the significant pairs of columns, without those that a third column explains.
    The command writes the network, a table of all significant pairs, a picture of the strongest
    edges and a record of the run.
    """
    parameters = as_record({n: value for n, value in locals().items() if n != "context"})
    check_numbers(columns, seed, network.alpha)
    check_bootstraps(network.bootstraps, network.checkpoint)
    check_folder("--output", output)
    for tool in network.for_tool:
        check_choice("--for", tool, TABLES)
    context.with_resource(on_scheduler(network.scheduler))
    target = network.target
    step = Steps()
    with step("read", f"reading {data}"):
        from mistruct.structure.regulators import find_regulators

        genes = network.test != "g" and network.estimator not in _OF_COUNTS
        table = read(data, source, columns, genes=genes)
        if target is not None:
            (target,) = table.check_names("--target", [target])
        # Read once: it may be a pipe.
        listed = network.regulators
        regulators = find_regulators(str(listed), table.names) if listed else None
    with step("bin"):
        learnt = bin_columns(table, columns)
    context.with_resource(one_run(output))
    net = network.learner(regulators, seed)
    with step("estimate"):
        cost = _cost_of(net, learnt)
    show_cost(cost, f"estimating {counted(cost.n_pairs, 'pair')}")
    with step("learn"):
        net.fit(learnt)
        edges = _edges_of(net)
    if edges.empty:
        raise DataError(f"there are 0 edges{_why_none(net)}, so nothing is written")
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            files = write_gene_network(
                net, edges, folder, target, network.for_tool, safe_csv=network.safe_csv
            )
            if network.page and (folder / "network.graphml").exists():
                files.append(write_page(net, table, target, folder))
        record = run_record("aracne", parameters, table, learnt, edges, step.seconds, folder)
        write_text(folder / "run.json", record)
    show_table(data, table)
    show_bins(table, learnt, columns.discretize)
    show_gene_network(net, len(edges), network.bootstraps)
    show_edges(edges, directed=net.directed)
    if target is not None:
        show_neighbours(edges, target)
    typer.echo(f"\nwritten to {output}: {', '.join([*files, 'run.json'])}")
    show_formulas(table.names, network.safe_csv)


def _cost_of(net: ARACNE, table: Dataset) -> NetworkCost:
    """The cost of learning a network; DataError if no pair of columns varies."""
    cost = cast("NetworkCost", net.cost(table))
    if not cost.n_pairs:
        rows = counted(table.n_samples, "row")
        raise DataError(f"no pair of columns varies in {rows}, so there is nothing to learn")
    return cost


def _edges_of(net: ARACNE) -> pd.DataFrame:
    """The edges of the network, without making its graph, which may be too large."""
    from mistruct.structure.ranked_edges import heavier_way

    edges = net.chosen_edges()
    return heavier_way(edges) if net.directed else edges


def _why_none(net: ARACNE) -> str:
    """The reason why no significant pair became an edge; empty if a warning has said it."""
    if net.edges_.empty:
        return ""
    pairs = counted(pairs_in(net), "significant pair")
    if net.n_bootstraps is None:
        return f", as the estimate of none of {pairs} is above 0"
    return f", as none of {pairs} is in more samples than by chance"
