"""Printed reports of the commands on tables, tests, rankings and expected cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mistruct.errors import spelled

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.data import Dataset
    from mistruct.data.notes import Note
    from mistruct.features import ClusteringComparison
    from mistruct.independence import TestResult
    from mistruct.structure.cost import Cost

_SHOWN_COLUMNS = 100
_SHOWN_NOTES = 8

# What is less is not worth a line, unless something is sent, or does not fit.
_SECONDS, _BYTES = 60.0, 1e9

#: Time of a command beside its search: importing, fitting a model and drawing.
SECONDS_BESIDE = 3.0


def show_table(path: Path, table: Dataset) -> None:
    """Print the numbers of rows, columns of each kind, and missing entries."""
    of_kinds = Counter(table.kinds.values())
    kinds = [f"{n:,} {k}" for k in ("discrete", "ordinal", "continuous") if (n := of_kinds[k])]
    absent = sum(table.n_missing.values())
    typer.echo(
        f"{path}: {counted(table.n_samples, 'row')}, {counted(table.n_variables, 'column')} "
        f"({', '.join(kinds)})"
        + (f", {counted(absent, 'missing entry', 'missing entries')}" if absent else "")
    )


def show_notes(
    notes: Sequence[Note], of: Sequence[str] | None = None, *, all_notes: bool = False
) -> None:
    """Print notes on guesses, dropped columns and missing entries to standard error, to a limit.

    `of` are the columns that the command is about, if not all.
    """
    told = [n for n in notes if of is None or not n.columns or set(n.columns) & set(of)]
    shown = told if all_notes or len(told) <= _SHOWN_NOTES + 1 else told[:_SHOWN_NOTES]
    for note in shown:
        typer.echo(f"mistruct: note: {' '.join(note.in_command().split())}", err=True)
    if len(shown) < len(told):
        typer.echo(
            f"mistruct: note: and {len(told) - len(shown)} more: mistruct describe", err=True
        )


def show_bins(table: Dataset, binned: Dataset, method: str | None, purpose: str = "") -> None:
    """Print how continuous columns were binned, if any were."""
    n_bins = bins_of(table, binned).values()
    if n_bins and method:
        low, high = min(n_bins), max(n_bins)
        typer.echo(
            f"{counted(len(n_bins), 'continuous column')} binned ({method}, "
            + (counted(low, "bin") if low == high else f"{low} to {high} bins")
            + (" each)" if len(n_bins) > 1 else ")")
            + (f" {purpose}" if purpose else "")
        )


def show_test(result: TestResult) -> None:
    """Print the result of one test."""
    lines = [
        ("p-value", p_value_text(result.p_value) if result.testable else "none, not testable"),
        ("test", result.method),
        ("statistic", f"{result.statistic:.6g}" + (f", {result.dof} dof" if result.dof else "")),
        ("mi", f"{result.mi:.6g} nats"),
        ("rows", f"{result.n_samples:,}"),
    ]
    typer.echo("\n".join(f"  {name:<10}{value}" for name, value in lines))
    if not result.testable:
        given = " given the others" if result.z else ""
        typer.echo(
            f"The rows tell nothing: {result.x} or {result.y} does not vary{given}, or they are "
            "too few."
        )


def show_columns(table: Dataset) -> None:
    """Print one line per column, up to a limit."""
    summary = table.summary().head(_SHOWN_COLUMNS)
    kinds = zip(summary["kind"], summary["inferred"], strict=True)
    n_states = [
        "" if name in table.continuous else str(len(table.states[name])) for name in summary.index
    ]
    columns = [
        ("column", [str(name) for name in summary.index]),
        ("kind", [kind if inferred else f"{kind} (given)" for kind, inferred in kinds]),
        ("states", [f"{n:>6}" for n in n_states]),
        ("missing", [f"{n:>7,}" for n in summary["n_missing"]]),
        ("holds", list(summary["holds"])),
        ("why", [why if why != "given" else "" for why in summary["why"]]),
    ]
    typer.echo("\n" + aligned(columns))
    if table.n_variables > _SHOWN_COLUMNS:
        typer.echo(f"... and {counted(table.n_variables - _SHOWN_COLUMNS, 'more column')}")


def show_ranking(ranking: pd.DataFrame) -> None:
    """Print a ranking of features, the chosen ones first, up to a limit."""
    import pandas as pd

    facts = ranking.attrs
    n_chosen = int(ranking["chosen"].notna().sum())
    typer.echo(
        f"{counted(n_chosen, 'feature')} of {len(ranking):,} chosen for {facts['target']} "
        f"({facts['criterion']}; mi by {facts['estimator']}, test {facts['test']})"
    )
    shown = ranking.head(_SHOWN_COLUMNS)
    columns = [
        ("", ["" if pd.isna(place) else str(place) for place in shown["chosen"]]),
        ("feature", [str(name) for name in shown["feature"]]),
        # An estimate below 0 has an interval that begins there, as information does.
        ("mi", [f"{max(mi, 0.0):.4f}" for mi in shown["mi"]]),
        (
            "interval",
            [
                "" if low != low else f"{low:.4f} to {high:.4f}"
                for low, high in zip(shown["low"], shown["high"], strict=True)
            ],
        ),
        ("p", ["" if p != p else p_value_text(p) for p in shown["p_value"]]),
        ("adds", [f"{added:.4f}" for added in shown["complementarity"]]),
        (
            "shares most with",
            [
                f"{name} ({shared:.4f})" if name else ""
                for name, shared in zip(shown["redundant_with"], shown["redundancy"], strict=True)
            ],
        ),
    ]
    typer.echo("\n" + aligned(columns))
    if len(ranking) > _SHOWN_COLUMNS:
        typer.echo(f"... and {counted(len(ranking) - _SHOWN_COLUMNS, 'more feature')}")


def show_comparison(found: ClusteringComparison) -> None:
    """Print the measures of two clusterings."""
    lines = [
        ("AMI", f"{found.ami:.4f}"),
        ("NMI", f"{found.nmi:.4f}"),
        ("homogeneity", f"{found.homogeneity:.4f}"),
        ("completeness", f"{found.completeness:.4f}"),
        ("V", f"{found.v_measure:.4f}"),
        ("ARI", f"{found.ari:.4f}"),
        ("VI", f"{found.variation_of_information:.4f} nats"),
    ]
    typer.echo("\n".join(f"  {name:<14}{value}" for name, value in lines))
    typer.echo(found.note)


def bins_of(table: Dataset, binned: Dataset) -> dict[str, int]:
    """Number of bins of each binned column, without a state for missing entries."""
    from mistruct.data.dataset import MISSING_STATE

    states = {name: binned.states[name] for name in table.continuous if name in binned.states}
    return {name: len(s) - (MISSING_STATE in s) for name, s in states.items()}


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 edge``, ``2,000 edges``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def p_value_text(p_value: float) -> str:
    """A p-value to two digits; one too small for a float is shown as below 1e-300."""
    if p_value < 1e-300:
        return "<1e-300"
    return f"{p_value:.2g}" if p_value >= 1e-4 else f"{p_value:.1e}"


def aligned(columns: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Lines of text with aligned columns, each given by its head and its cells."""
    widths = [max(map(len, [head, *cells])) for head, cells in columns]
    lines = [[head for head, _ in columns], *zip(*(cells for _, cells in columns), strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def duration(seconds: float) -> str:
    """A duration in words, in a suitable unit."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds > 1.5 * length:
            return f"{round(seconds / length):,} {unit}"
    return f"{round(seconds)} s" if round(seconds) else "a second"


def show_cost(cost: Cost, work: str | None = None) -> None:
    """Print the expected cost to standard error, if it is large, or always of named `work`."""
    long = cost.seconds + SECONDS_BESIDE > _SECONDS
    if work or long or cost.n_bytes > _BYTES or cost.n_bytes_sent or not cost.fits:
        typer.echo((f"{work}: " if work else "this takes ") + cost_in_words(cost), err=True)


def whole_duration(seconds: float) -> str:
    """Duration of a command in words, from that of its search."""
    return duration(seconds + SECONDS_BESIDE)


def cost_in_words(cost: Cost) -> str:
    """The expected cost of a command, and what would make it fit where it does not."""
    from mistruct.memory import memory_limit
    from mistruct.structure.cost import size_in_words

    parts = [] if math.isnan(cost.seconds) else [f"about {whole_duration(cost.seconds)}"]
    parts.append(f"{size_in_words(cost.n_bytes)} of memory")
    if cost.n_bytes_on_disk:
        parts.append(f"at least {size_in_words(cost.n_bytes_on_disk)} on disk")
    if cost.n_bytes_sent:
        parts.append(f"{size_in_words(cost.n_bytes_sent)} sent to workers")
    text = ", ".join(parts)
    if not cost.fits:
        held = size_in_words(memory_limit() or 0)
        text += f"; there are {held} of memory: {spelled(cost.advice, command=True)}"
    return text
