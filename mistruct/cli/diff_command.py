"""The command `mistruct diff`, which compares the networks of groups of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mistruct.cli.app import app
from mistruct.cli.files import (
    check_folder,
    run_record,
    save_picture,
    together,
    write_page,
    write_text,
)
from mistruct.cli.folder_lock import one_run
from mistruct.cli.groups import as_record, grouped
from mistruct.cli.options import Columns, Data, Output, Page, Seed, Source
from mistruct.cli.report import counted, show_bins, show_cost, show_table
from mistruct.cli.table_options import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps
from mistruct.errors import check_count

if TYPE_CHECKING:
    from mistruct.data import Dataset
    from mistruct.structure import DifferentialNetwork
    from mistruct.structure.learner import StructureLearner

_SHOWN = 10


@dataclass(frozen=True)
class ForGroups:
    """Options of `diff` on the groups and their networks."""

    level: Annotated[
        list[str],
        typer.Option(
            metavar="STATE",
            help="Group to compare, the reference first; may be repeated; default: all groups.",
        ),
    ] = field(default_factory=list)
    stratum: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMN",
            help="Column, such as batch or sex, within whose states groups are compared; may be "
            "repeated.",
        ),
    ] = field(default_factory=list)
    method: Annotated[
        Literal["aracne", "chow-liu", "pc", "boss"],
        typer.Option(help="Method that learns the network of each group."),
    ] = "aracne"
    alpha: Annotated[
        float,
        typer.Option(metavar="LEVEL", help="False discovery rate among the pairs that differ."),
    ] = 0.05
    permutations: Annotated[
        int, typer.Option(metavar="NUMBER", help="Number of permutations of the groups.")
    ] = 200
    bootstraps: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Number of samples of the rows of each group to learn its network from.",
        ),
    ] = 20
    page: Page = True

    def learner(self, condition: str, table: Dataset, seed: int) -> DifferentialNetwork:
        """The learner of differential networks with these options."""
        import mistruct as ms

        states = {str(s): s for s in table.states.get(condition, ())}
        return ms.DifferentialNetwork(
            _learner(self.method),
            condition,
            levels=[states.get(name, name) for name in self.level] or None,
            strata=self.stratum,
            alpha=self.alpha,
            n_permutations=self.permutations,
            n_resamples=self.bootstraps,
            seed=seed,
        )


@app.command()
@grouped
def diff(
    context: typer.Context,
    data: Data,
    output: Output,
    condition: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column that says which group a row is in.")
    ],
    *,
    groups: ForGroups,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Compare the networks of groups of rows.

    A permutation test says which pairs of columns depend on each other differently in the groups.
    The networks of the groups, learned from samples of equal size, say which edges are kept, lost
    or gained. The command writes both as a table, the network of all these pairs, a picture if
    there are two groups, a page to explore and a record of the run.
    """
    parameters = as_record({k: v for k, v in locals().items() if k != "context"})
    check_numbers(columns, seed, groups.alpha)
    check_count("--permutations", groups.permutations)
    check_count("--bootstraps", groups.bootstraps)
    check_folder("--output", output)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        table = read(data, source, columns)
        (condition,) = table.check_names("--condition", [condition])
    with step("bin"):
        binned = bin_columns(table, columns)
    context.with_resource(one_run(output))
    net = groups.learner(condition, binned, seed)
    with step("estimate"):
        show_cost(net.cost(binned))
    with step("compare", "comparing the groups"):
        net.fit(binned)
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            write_text(folder / "edges.csv", net.edges_.to_csv(index=False))
            ms.write_network(net.graph_, folder / "network.graphml")
            files = ["edges.csv", "network.graphml"]
            graphs, names = list(net.graphs_.values()), [str(s) for s in net.levels_]
            if len(graphs) == 2:
                picture = ms.plot_comparison(graphs[1], graphs[0], names=(names[1], names[0]))
                save_picture(picture, folder / "network.png")
                files.append("network.png")
            if groups.page:
                files.append(write_page(net, table, None, folder))
        record = run_record("diff", parameters, table, binned, net.edges_, step.seconds, folder)
        write_text(folder / "run.json", record)
    show_table(data, table)
    show_bins(table, binned, columns.discretize)
    _show(net)
    typer.echo(f"\nwritten to {output}: {', '.join([*files, 'run.json'])}")


def _learner(method: str) -> StructureLearner:
    import mistruct as ms

    learners = {
        "aracne": ms.ARACNE,
        "chow-liu": lambda: ms.ChowLiu(alpha=0.05),
        "pc": ms.PC,
        "boss": ms.BOSS,
    }
    made: StructureLearner = learners[method]()
    return made


def _show(net: DifferentialNetwork) -> None:
    """Print the number of differing pairs, the changes of edges, and the strongest differences."""
    edges = net.edges_
    differing = edges[edges["differs"]]
    groups = ", ".join(str(level) for level in net.levels_)
    pairs = counted(len(differing), "pair")
    typer.echo(f"\n{pairs} of columns differ between {groups} (FDR {net.alpha:g})")
    counts = edges.loc[edges["change"] != "none", "change"].value_counts()
    kinds = ("kept", "turned", "lost", "gained", "some")
    listed = ", ".join(f"{counts[kind]} {kind}" for kind in kinds if kind in counts)
    typer.echo(f"edges in the networks of the groups: {listed or 'none'}")
    if differing.empty:
        return
    shown = differing.head(_SHOWN)
    columns = ["source", "target", "p_value", "q_value", "change"]
    ordered = [f"correlation[{level}]" for level in net.levels_]
    with_order = shown[ordered].notna().all(axis=None)
    columns += ordered if with_order else [f"mi[{level}]" for level in net.levels_]
    typer.echo("\n" + shown[columns].to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    if len(differing) > len(shown):
        typer.echo(f"... and {len(differing) - len(shown)} more in edges.csv")
