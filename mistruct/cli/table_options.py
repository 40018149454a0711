"""Reading the table of a command according to its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistruct.cli.options import Columns, Policy, Source
from mistruct.cli.report import show_notes
from mistruct.errors import DataError, ParameterError, check_count, check_fraction

if TYPE_CHECKING:
    from mistruct.data import Dataset


def check_numbers(columns: Columns, seed: int = 0, alpha: float | None = None) -> None:
    """Raise ParameterError if an option is invalid."""
    if columns.bins is not None:
        check_count("--bins", columns.bins, least=2)
        if columns.discretize is None:
            raise ParameterError(f"--bins needs --discretize, got --bins {columns.bins} alone")
    check_count("--seed", seed, least=0)
    if alpha is not None:
        check_fraction("--alpha", alpha)


def choose(table: Dataset, x: str, y: str, given: Sequence[str], missing: Policy) -> Dataset:
    """Select the requested columns, so that missing entries in others do not matter."""
    from mistruct.data.dataset import assemble

    named = table.check_names("X, Y and --given", [x, y, *given])
    if len(set(named)) < len(named):
        raise ParameterError(f"X, Y and --given must differ, got {', '.join(named)}")
    chosen = table.select(named)
    if missing == "raise":
        return assemble([chosen.column(n) for n in named], missing, chosen.index)
    return chosen


def read(
    data: Path,
    source: Source,
    columns: Columns,
    *,
    of: Sequence[str] | None = None,
    genes: bool = False,
    all_notes: bool = False,
) -> Dataset:
    """Read and check the table of a file, and print the notes on its guesses.

    `of` are the columns that the command is about, if not all. `genes` are numbers, however few
    values they have.
    """
    from mistruct.data import read_table
    from mistruct.data.dataset import with_numbers
    from mistruct.data.patterns import matches

    listed = read_kinds(columns.kinds) if columns.kinds else {}
    kinds: dict[str, Any] = {name: kind for name, kind in listed.items() if kind != "drop"}
    for pair in columns.kind:
        column, separator, name = pair.rpartition("=")
        if not separator:
            raise ParameterError(f"--kind must be COLUMN=KIND, got {pair!r}")
        # What is asked for later counts for more.
        kinds = {k: v for k, v in kinds.items() if k != column and not matches(column, k)}
        kinds[column] = name
    options = asdict(source)
    options["missing_marks"] = source.missing_marks or None
    options["drop"] = [*source.drop, *(name for name, kind in listed.items() if kind == "drop")]
    if source.separator in ("\\t", "tab"):
        options["separator"] = "\t"
    # Columns are binned before what is missing in them can be a state.
    late = columns.missing == "state" and columns.discretize
    table = read_table(
        data, kinds=kinds, missing="testwise" if late else columns.missing, **options
    )
    table = with_numbers(table) if genes else table
    show_notes(table.notes, of, all_notes=all_notes)
    return table


def read_kinds(path: Path) -> dict[str, str]:
    """Read kinds from a file of `describe --output`; the kind ``drop`` drops a column."""
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"--kinds: cannot read {str(path)!r}: {error}") from None
    if not {"column", "kind"} <= set(table.columns):
        raise DataError(f"--kinds: {str(path)!r} must have the columns 'column' and 'kind'")
    return dict(zip(table["column"], table["kind"], strict=True))


def kinds_of(table: Dataset) -> str:
    """A table of kinds for `read_kinds`: a row for each column, dropped ones last."""
    import pandas as pd

    rows = [(n, str(table.kinds[n]), table.why.get(n, "")) for n in table.names]
    for note in table.notes:
        if note.rule == "identifier":
            rows += [(n, "drop", "names the rows") for n in note.columns]
    return pd.DataFrame(rows, columns=["column", "kind", "why"]).to_csv(index=False)


def bin_columns(table: Dataset, columns: Columns) -> Dataset:
    """Bin the continuous columns if a method is given, under the policy for missing entries."""
    from mistruct.data import as_dataset, discretize

    method = columns.discretize
    binned = discretize(table, method, n_bins=columns.bins) if method else table
    return as_dataset(binned, missing=columns.missing)
