"""`mistruct learn`: a candidate causal graph or the strongest tree, its evidence and a model."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mistruct.cli.app import app
from mistruct.cli.files import (
    check_bootstraps,
    check_folder,
    draw,
    run_record,
    save_picture,
    together,
    write_text,
)
from mistruct.cli.folder_lock import one_run
from mistruct.cli.groups import as_record, given_in, grouped
from mistruct.cli.methods import (
    Asked,
    ForBOSS,
    ForChowLiu,
    ForMarkovBlanket,
    ForPC,
    Method,
    choose_method,
    method_of,
)
from mistruct.cli.options import (
    Bootstraps,
    Checkpoint,
    Columns,
    Data,
    Output,
    SafeCSV,
    Seed,
    Source,
    Target,
    Test,
)
from mistruct.cli.page import Page, write_page
from mistruct.cli.report import show_bins, show_table
from mistruct.cli.report_networks import (
    show_edges,
    show_method,
    show_neighbours,
    show_seconds,
    show_why,
)
from mistruct.cli.safe_csv import advice, neutral
from mistruct.cli.table_options import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps
from mistruct.errors import DataError, ParameterError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from mistruct.data import Dataset


@app.command()
@grouped
def learn(
    context: typer.Context,
    data: Data,
    output: Output,
    method: Annotated[
        Method | None,
        typer.Option(
            help="pc: candidate causal graph by tests; boss: the same by a score; chow-liu: "
            "strongest tree; markov-blanket: causal graph around --target. Default: boss or pc, "
            "whichever was nearer the truth on sampled networks of such columns and rows, if it "
            "is quick; otherwise chow-liu."
        ),
    ] = None,
    target: Target = None,
    alpha: Annotated[
        float | None,
        typer.Option(metavar="LEVEL", help="Significance level of an edge; default 0.01."),
    ] = None,
    test: Test = "auto",
    *,
    of_pc: ForPC,
    of_boss: ForBOSS,
    of_chow_liu: ForChowLiu,
    bootstraps: Bootstraps = None,
    checkpoint: Checkpoint = None,
    page: Page = True,
    safe_csv: SafeCSV = False,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Learn a network from a table.

    pc learns a candidate causal graph: an edge joins two columns that no tested set of columns
    makes independent, with an arrow if the data determine its direction. boss learns such a graph
    by a search for the best score. chow-liu learns a forest: the tree with the largest mutual
    information, without edges that the data do not support. markov-blanket learns the causal graph
    around one column, also in very wide tables. The command writes the network, its evidence as
    tables, a picture, a fitted Bayesian network and a record of the run.
    """
    parameters = dict(locals())
    del parameters["context"]
    check_numbers(columns, seed, alpha)
    check_bootstraps(bootstraps, checkpoint)
    of_pc.check()
    of_boss.check()
    if of_chow_liu.penalty and alpha is not None:
        raise ParameterError("--alpha and --penalty are two rules for one thing; give one of them")
    given = given_in(context)
    chosen = method_of(method, given)
    if chosen == "markov-blanket" and target is None:
        raise ParameterError("--method markov-blanket wants the column it is to surround: --target")
    for option in sorted({"alpha", "test"} & given) if chosen == "boss" else ():
        raise ParameterError(f"--{option} is for tests, and --method boss goes by its --score")
    check_folder("--output", output)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.names import resolve_test

        table = read(data, source, columns)
        if target is not None:
            (target,) = table.check_names("--target", [target])
    with step("bin"):
        learnt = bin_columns(table, columns)
    context.with_resource(one_run(output))
    asked = Asked(
        0.01 if alpha is None else alpha, resolve_test(test, seed), seed, target, of_pc.knowledge
    )
    methods: dict[Method, Any] = {
        "pc": of_pc,
        "boss": of_boss,
        "chow-liu": of_chow_liu,
        "markov-blanket": ForMarkovBlanket(),
    }
    with step("estimate"):
        if chosen is None:
            pc, boss = (partial(methods[m].learner(asked).cost, learnt) for m in ("pc", "boss"))
            chosen, reason = choose_method(learnt, pc, boss, given)
            show_method(chosen, reason)
        else:
            show_seconds(methods[chosen].seconds(asked, learnt))
    own = methods[chosen]
    with step("learn"):
        learner = own.learner(asked)
        learner.fit(learnt)
        graph, tables = learner.graph_, {"edges.csv": learner.edges_}
        for name in ("separations", "triples", "members", "additions"):
            if hasattr(learner, f"{name}_"):
                tables[f"{name}.csv"] = getattr(learner, f"{name}_")
    if bootstraps is not None:
        with step("bootstraps"):
            sampled = ms.Bootstrap(learner, bootstraps, seed, checkpoint=checkpoint).fit(learnt)
            tables["edges.csv"] = _with_support(graph, learner.edges_, sampled.edges_)
            tables["bootstraps.csv"] = sampled.edges_
    with step("fit", "fitting the model"):
        binned = ms.discretize(learnt.select(graph), n_bins=columns.bins)
        structure, constant = _varying(getattr(learner, "dag_", graph), binned)
        model, lacking = _model(structure, binned, target)
    with step("draw", "drawing the network"):
        picture, drawn = draw(graph, target, "mi")
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            ms.write_network(graph, folder / "network.graphml")
            for name, rows in tables.items():
                write_text(folder / name, _csv(neutral(rows) if safe_csv else rows))
            save_picture(picture, folder / "network.png")
            if page:
                drawn += f", {write_page(learner, table, target, folder)}"
            if model is not None:
                ms.write_network(model, folder / "model.bif")
        parameters |= {"method": chosen, "alpha": getattr(learner, "alpha", None)}
        for group in ("of_pc", "of_boss", "of_chow_liu"):
            if parameters[group] is not own:
                del parameters[group]
        edges = tables["edges.csv"]
        knowledge = getattr(learner, "knowledge", None)
        known = None if knowledge is None else asdict(knowledge)
        more = {"copies": learner.copies_} if chosen == "boss" else {}
        record = run_record(
            "learn",
            as_record(parameters),
            table,
            binned,
            edges,
            step.seconds,
            folder,
            knowledge=known,
            **more,
        )
        write_text(folder / "run.json", record)

    show_table(data, table)
    show_bins(table, learnt, columns.discretize)
    own.show(learner, learnt)
    show_edges(edges)
    if target is not None and chosen != "markov-blanket":
        show_neighbours(edges, target)
    files = ["network.graphml", *tables, drawn, *(["model.bif"] if model else [])]
    typer.echo(f"\nwritten to {output}: {', '.join([*files, 'run.json'])}")
    if said := advice(table.names, safe_csv):
        typer.echo(said)
    if model is None:
        typer.echo(f"no model.bif: {lacking}")
    elif learnt.continuous:
        show_bins(
            learnt, binned, "quantile", "for model.bif, whose tables hold discrete columns only"
        )
    if model is not None and constant:
        typer.echo(f"not in model.bif, since constant: {', '.join(constant)}")
    if chosen != "chow-liu":
        show_why(output, learner, target)


def _varying(graph: nx.Graph, data: Dataset) -> tuple[nx.Graph, list[str]]:
    """The graph without columns of one state and no edge, which some readers refuse; and those."""
    constant = [n for n in graph if len(data.states[n]) == 1 and not graph.degree(n)]
    if not constant or len(constant) == len(graph):
        return graph, []
    return graph.subgraph([n for n in graph if n not in constant]).copy(), constant


def _model(graph: nx.Graph, data: Dataset, target: str | None) -> tuple[Any, str]:
    """A fitted Bayesian network; where there cannot be one, None and why."""
    import mistruct as ms

    root = target if target in graph and not graph.is_directed() else None
    try:
        return ms.to_bayesian_network(graph, data, root=root), ""
    except DataError as error:
        return None, str(error)


def _with_support(graph: nx.Graph, edges: pd.DataFrame, sampled: pd.DataFrame) -> pd.DataFrame:
    """The edges, also those in the graph, with the shares of samples that hold them."""
    import pandas as pd

    ends = ["source", "target"]
    turned = {"source": "target", "target": "source"}
    turned |= {"forward": "backward", "backward": "forward"}
    shares = pd.concat([sampled, sampled.rename(columns=turned)]).set_index(ends)
    shares = shares[shares.columns.intersection(["support", "forward", "backward", "undirected"])]

    def of(pairs: Any) -> pd.DataFrame:
        index = pd.MultiIndex.from_tuples(list(pairs), names=ends)
        return shares.reindex(index, fill_value=0.0)

    for arc, evidence in zip(graph.edges, of(graph.edges).to_dict("records"), strict=True):
        graph.edges[arc].update(evidence)
    pairs = edges[ends].itertuples(index=False, name=None)
    return edges.join(of(pairs).reset_index(drop=True))


def _csv(table: pd.DataFrame) -> str:
    """The table as text, sets of columns as lists that JSON can read."""
    if "separating_set" in table:
        sets = [json.dumps(s, ensure_ascii=False) for s in table["separating_set"]]
        table = table.assign(separating_set=sets)
    return table.to_csv(index=False)
