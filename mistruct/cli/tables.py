"""How the options of a command become a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistruct.cli.options import Columns, Policy, Source
from mistruct.errors import ParameterError, check_count, check_fraction

if TYPE_CHECKING:
    from mistruct.data import Dataset


def check_numbers(columns: Columns, seed: int = 0, alpha: float | None = None) -> None:
    """Raise ParameterError where an option breaks its rule."""
    if columns.bins is not None:
        check_count("--bins", columns.bins, least=2)
        if columns.discretize is None:
            raise ParameterError(f"--bins needs --discretize, got --bins {columns.bins} alone")
    check_count("--seed", seed, least=0)
    if alpha is not None:
        check_fraction("--alpha", alpha)


def choose(table: Dataset, x: str, y: str, given: Sequence[str], missing: Policy) -> Dataset:
    """The columns that are asked for; what is missing in others does not matter."""
    from mistruct.data.dataset import assemble

    named = table.check_names("X, Y and --given", [x, y, *given])
    if len(set(named)) < len(named):
        raise ParameterError(f"X, Y and --given must differ, got {', '.join(named)}")
    chosen = table.select(named)
    if missing == "raise":
        return assemble([chosen.column(n) for n in named], missing, chosen.index)
    return chosen


def read(data: Path, source: Source, columns: Columns) -> Dataset:
    """The table of the file, checked."""
    from mistruct.data import read_table

    kinds: dict[str, Any] = {}
    for pair in columns.kind:
        column, separator, name = pair.rpartition("=")
        if not separator:
            raise ParameterError(f"--kind must be COLUMN=KIND, got {pair!r}")
        kinds[column] = name
    # Columns are binned before what is missing in them can be a state.
    late = columns.missing == "state" and columns.discretize
    return read_table(
        data, kinds=kinds, missing="testwise" if late else columns.missing, **asdict(source)
    )


def bin_columns(table: Dataset, columns: Columns) -> Dataset:
    """The table, binned where a method is given, under the policy for missing entries."""
    from mistruct.data import as_dataset, discretize

    method = columns.discretize
    binned = discretize(table, method, n_bins=columns.bins) if method else table
    return as_dataset(binned, missing=columns.missing)
