"""Tables of the joint states of a few discrete columns, with a cell for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError

#: Largest table, in cells, that models make unless told otherwise.
MAX_CELLS = 1_000_000


def complete_part(data: Dataset, names: Sequence[str]) -> Dataset:
    """Table of the columns `names` in their complete rows; DataError if there are none."""
    part = data.select(names)
    if any(part.n_missing.values()):
        part = part.complete_rows()
    if part.n_samples == 0:
        shown = ", ".join(repr(n) for n in names[:5]) + (", ..." if len(names) > 5 else "")
        raise DataError(
            f"no row of the table is complete in {shown} ({len(names)} columns), "
            "so nothing can be fitted to them"
        )
    return part


def count_table(data: Dataset, names: Sequence[str]) -> NDArray[np.int64]:
    """Counts of the joint states of complete discrete columns, one axis per column."""
    shape = [len(data.states[n]) for n in names]
    cells = np.zeros(data.n_samples, dtype=np.int64)
    for name, n_states in zip(names, shape, strict=True):
        cells *= n_states
        cells += data.codes[data.row(name)]
    return np.bincount(cells, minlength=math.prod(shape)).reshape(shape)


def check_cells(
    what: str, names: Sequence[str], n_states: Mapping[str, int], max_cells: int
) -> None:
    """Raise DataError if the joint table of `names` would exceed `max_cells`."""
    n_cells = math.prod(n_states[n] for n in names)
    if n_cells > max_cells:
        shown = ", ".join(f"{n!r} ({n_states[n]})" for n in names[:6])
        shown += ", ..." if len(names) > 6 else ""
        size = f"{n_cells:,}" if n_cells < 10**15 else f"10^{int(math.log10(n_cells))}"
        raise DataError(
            f"{what} would have {size} cells, more than max_cells={max_cells:,}; "
            f"its {len(names)} columns (with their numbers of states) are {shown}. "
            "Use a sparser graph, fewer states, or a larger max_cells"
        )
