"""The commands `rank`, for features of a target, and `compare`, for two clusterings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mistruct.cli.app import app
from mistruct.cli.files import check_file, write_both
from mistruct.cli.groups import grouped
from mistruct.cli.options import Columns, Data, Missing, Seed, Source, Test
from mistruct.cli.report import (
    counted,
    show_bins,
    show_comparison,
    show_cost,
    show_ranking,
    show_table,
)
from mistruct.cli.table_options import bin_columns, check_numbers, choose, read
from mistruct.cli.terminal import Steps
from mistruct.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PICTURES = (".png", ".pdf", ".svg")

Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Output table: .csv.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help="Picture: .png, .pdf or .svg.")]


@app.command()
@grouped
def rank(
    data: Data,
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Column to predict.")],
    features: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Number of columns to choose; by default a test decides when to stop.",
        ),
    ] = None,
    criterion: Annotated[
        Literal["jmi", "mim", "mrmr", "cmim", "disr"],
        typer.Option(help="Criterion to choose the next column."),
    ] = "jmi",
    output: Output = None,
    plot: Plot = None,
    alpha: Annotated[
        float,
        typer.Option(
            metavar="NUMBER", help="Significance level of the test, for all candidates together."
        ),
    ] = 0.05,
    test: Test = "auto",
    *,
    columns: Columns,
    source: Source,
    seed: Seed = 0,
) -> None:
    """Rank columns by what they say about a target.

    Shows the mutual information in nats, with p-value and interval; then which columns to keep, the
    information that each shares with those kept before it, and the information that it adds.
    """
    check_numbers(columns, seed, alpha)
    _check_files(output, plot)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.independence.names import resolve_test

        table = read(data, source, columns)
    with step("bin"):
        binned = bin_columns(table, columns)
    with step("estimate"):
        from mistruct.features.ranking_cost import ranking_cost

        tested = resolve_test(test, seed)
        show_cost(ranking_cost(binned, target, test=tested))
    with step("rank"):
        ranking = ms.rank_features(
            binned,
            target,
            criterion=criterion,
            n_features=features,
            alpha=alpha,
            test=tested,
        )
    show_table(data, table)
    show_bins(table, binned, columns.discretize)
    show_ranking(ranking)
    _write(step, output, ranking.to_csv(index=False), plot, lambda: ms.plot_ranking(ranking))


@app.command()
@grouped
def compare(
    data: Data,
    a: Annotated[str, typer.Argument(metavar="A", help="Column of labels; the reference.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Column of labels.")],
    output: Output = None,
    plot: Plot = None,
    missing: Missing = "raise",
    *,
    source: Source,
) -> None:
    """Compare two clusterings of the same rows.

    Shows adjusted and other measures of similarity, and the contingency table of the clusters.
    --output writes this table, and --plot draws it.
    """
    _check_files(output, plot)
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms

        # Labels are names, however many there are.
        kinds = [f"{name}=discrete" for name in dict.fromkeys((a, b))]
        table = read(data, source, Columns(kind=kinds, missing="testwise"))
    chosen = bin_columns(choose(table, a, b, [], missing), Columns(missing=missing)).complete_rows()
    frame = chosen.to_pandas()
    labels = [frame[name].astype(object).to_numpy() for name in chosen.names]
    try:
        found = ms.compare_clusterings(*labels)
    except DataError as error:
        message = str(error).replace("labels_a", repr(a)).replace("labels_b", repr(b))
        raise DataError(message) from None
    contingency = found.table.rename_axis(index=a, columns=b)
    typer.echo(
        f"{a} ({counted(len(contingency), 'cluster')}) and {b} "
        f"({counted(contingency.shape[1], 'cluster')}), {counted(found.n_samples, 'row')}"
    )
    show_comparison(found)
    _write(step, output, contingency.to_csv(), plot, lambda: ms.plot_contingency_table(contingency))


def _check_files(output: Path | None, plot: Path | None) -> None:
    if output is not None:
        check_file("--output", output, (".csv",))
    if plot is not None:
        check_file("--plot", plot, _PICTURES)


def _write(
    step: Steps, output: Path | None, text: str, plot: Path | None, draw: Callable[[], Axes]
) -> None:
    """Write the requested files, and print their names."""
    with step("draw", "drawing"):
        written = write_both(output, text, plot, draw)
    if written:
        typer.echo(f"written: {', '.join(written)}")
