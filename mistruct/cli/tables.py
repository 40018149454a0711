"""How the options of a command become a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistruct.cli.options import Method, Policy
from mistruct.errors import ParameterError, check_count, check_fraction

if TYPE_CHECKING:
    from mistruct.data import Dataset


def check_numbers(
    discretize: Method | None, bins: int | None, seed: int = 0, alpha: float | None = None
) -> None:
    """Raise ParameterError where an option breaks its rule."""
    if bins is not None:
        check_count("--bins", bins, least=2)
        if discretize is None:
            raise ParameterError(f"--bins needs --discretize, got --bins {bins} alone")
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


def read(
    data: Path,
    kind: list[str],
    missing: Policy,
    discretize: Method | None,
    index: str | None,
    transpose: bool,
    drop: list[str],
    layer: str | None,
    obs: list[str],
) -> Dataset:
    """The table of the file, checked."""
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
        # Columns are binned before what is missing in them can be a state.
        missing="testwise" if missing == "state" and discretize else missing,
        layer=layer,
        obs=obs,
    )


def bin_columns(
    table: Dataset, method: Method | None, n_bins: int | None, missing: Policy
) -> Dataset:
    """The table, binned where a method is given, under the policy for missing entries."""
    from mistruct.data import as_dataset, discretize

    return as_dataset(
        discretize(table, method, n_bins=n_bins) if method else table, missing=missing
    )
