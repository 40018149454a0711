"""The command `mistruct learn`, which learns a network and writes its evidence and a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from mistruct.cli.app import app
from mistruct.cli.cluster import on_scheduler
from mistruct.cli.files import check_bootstraps, check_folder, together
from mistruct.cli.folder_lock import one_run
from mistruct.cli.groups import as_record, given_in, grouped
from mistruct.cli.learned import Learned
from mistruct.cli.methods import (
    Asked,
    ForBOSS,
    ForChordal,
    ForChowLiu,
    ForFCI,
    ForMarkovBlanket,
    ForPC,
    Level,
    Method,
    MethodOption,
    choose_method,
    with_bootstraps,
)
from mistruct.cli.options import (
    Bootstraps,
    Checkpoint,
    Columns,
    Data,
    Output,
    Page,
    SafeCSV,
    Scheduler,
    Seed,
    Source,
    Target,
    Test,
)
from mistruct.cli.report import show_bins, show_cost, show_table
from mistruct.cli.report_networks import show_method
from mistruct.cli.requested_method import TAKES, requested_method
from mistruct.cli.safe_csv import show_formulas
from mistruct.cli.table_options import bin_columns, check_numbers, read
from mistruct.cli.terminal import Steps

if TYPE_CHECKING:
    from mistruct.data import Dataset


@app.command()
@grouped
def learn(
    context: typer.Context,
    data: Data,
    output: Output,
    method: MethodOption = None,
    target: Target = None,
    alpha: Level = None,
    test: Test = "auto",
    *,
    of_pc: ForPC,
    of_fci: ForFCI,
    of_boss: ForBOSS,
    of_chow_liu: ForChowLiu,
    of_chordal: ForChordal,
    bootstraps: Bootstraps = None,
    checkpoint: Checkpoint = None,
    scheduler: Scheduler = None,
    page: Page = True,
    safe_csv: SafeCSV = False,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Learn a network from a table.

    pc learns a candidate causal graph: an edge joins two columns that no tested set of columns
    makes independent, with an arrow if the data determine its direction. fci learns such a graph
    where causes may be hidden: each end of an edge has an arrowhead, a tail or a circle. boss
    learns a candidate causal graph by a search for the best score. chow-liu learns a forest: the
    tree with the largest mutual information, without edges that the data do not support. chordal
    learns a Markov network whose cycles have chords, so that it is fitted and asked exactly.
    markov-blanket learns the causal graph around one column, also in very wide tables. The command
    writes the network, its evidence as tables, a picture, a fitted Bayesian network (not of fci)
    and a record of the run.
    """
    parameters = {name: value for name, value in locals().items() if name != "context"}
    check_numbers(columns, seed, alpha)
    check_bootstraps(bootstraps, checkpoint)
    of_blanket = ForMarkovBlanket()
    of_all = (of_pc, of_fci, of_boss, of_chow_liu, of_chordal, of_blanket)
    methods: dict[Method, Any] = dict(zip(get_args(Method), of_all, strict=True))
    given = given_in(context)
    chosen = requested_method(methods, method, given, alpha, target)
    check_folder("--output", output)
    context.with_resource(on_scheduler(scheduler))
    step = Steps()
    with step("read", f"reading {data}"):
        from mistruct.independence.names import resolve_test

        table = read(data, source, columns)
        if target is not None:
            (target,) = table.check_names("--target", [target])
    with step("bin"):
        learnt = bin_columns(table, columns)
    context.with_resource(one_run(output))
    asked = Asked(alpha, resolve_test(test, seed), seed, target, of_pc)
    with step("estimate"):
        chosen = _foreseen(methods, chosen, asked, given, (learnt, bootstraps, checkpoint))
    own = methods[chosen]
    with step("learn"):
        found = Learned(own.learner(asked).fit(learnt), table, learnt, target)
    if bootstraps is not None:
        with step("bootstraps"):
            found.sample(bootstraps, seed, checkpoint)
    with step("fit", "fitting the model"):
        found.fit_model(columns.bins)
    with step("draw", "drawing the network"):
        found.draw()
    taken = [methods[m] for m in TAKES.get(chosen, (chosen,))]
    parameters = {k: v for k, v in parameters.items() if k[:3] != "of_" or v in taken}
    level = getattr(found.learner, "alpha", None)
    parameters |= {"method": chosen, "alpha": getattr(found.learner, "alpha_", level)}
    with together(output) as folder:
        with step("write", f"writing to {output}"):
            found.write(folder, page=page, safe_csv=safe_csv)
        found.write_record(as_record(parameters), step.seconds, folder)
    show_table(data, table)
    show_bins(table, learnt, columns.discretize)
    own.show(found.learner, learnt)
    found.show(output)
    show_formulas(table.names, safe_csv)


def _foreseen(
    methods: Mapping[Method, Any],
    chosen: Method | None,
    asked: Asked,
    given: Collection[str],
    samples: tuple[Dataset, int | None, Path | None],
) -> Method:
    """The method, chosen by its cost if none is, with what it takes on standard error."""
    cost_of = cache(lambda name: methods[name].learner(asked).cost(samples[0]))
    if chosen is None:
        chosen, reason = choose_method(samples[0], cost_of, given)
        show_method(chosen, reason)
    show_cost(with_bootstraps(cost_of(chosen), methods[chosen].learner(asked), *samples))
    return chosen
