"""Arguments of the measures: blocks of columns as one table, and the base."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, get_args

from mistruct.data.columns import Column
from mistruct.data.dataset import Dataset, Missing, assemble
from mistruct.data.frames import read_columns
from mistruct.errors import DataError, ParameterError, check_choice

# Who asks for one of these takes floats for numbers, also where few of them differ.
_OF_NUMBERS = ("copula", "ksg", "mixed-knn", "copula-knn", "kde", "adaptive-partition", "binned")


def as_blocks(
    blocks: Mapping[str, Any], missing: Missing, estimator: Any = "auto"
) -> tuple[Dataset, tuple[tuple[str, ...], ...]]:
    """Combine columns or blocks in one Dataset; also returns the names in each block.

    Floats are numbers for an `estimator` of numbers; otherwise their values tell, as in a table.
    """
    numbers = getattr(estimator, "name", estimator) in _OF_NUMBERS
    check_choice("missing", missing, get_args(Missing))
    columns: list[Column] = []
    names = []
    for block, values in blocks.items():
        if isinstance(values, Dataset):
            read = [values.column(n) for n in values.names]
        else:
            read = read_columns(values, {}, prefix=block)
            if numbers:
                read = [c.as_number() if c.stored == "float" else c for c in read]
        if columns and len(read[0].values) != len(columns[0].values):
            raise DataError(
                f"{block} has {len(read[0].values)} rows, but x has {len(columns[0].values)}; "
                "all must have the same number"
            )
        # Two blocks may have columns of one name, such as one column at two times.
        own = {block, *(f"{block}{i}" for i in range(len(read)))}
        read = [c if c.name in own else replace(c, name=f"{block}[{c.name!r}]") for c in read]
        columns += read
        names.append(tuple(c.name for c in read))
    return assemble(columns, missing), tuple(names)


def nats_per_unit(base: float | None) -> float:
    """Nats per unit of information to this base."""
    if base is None:
        return 1.0
    if isinstance(base, bool) or not isinstance(base, Real) or not base > 1:
        raise ParameterError(f"base must be a number greater than 1, got {base!r}")
    return math.log(base)
