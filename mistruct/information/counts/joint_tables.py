"""Tables of the joint states of a few discrete columns, with a cell for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.packed.table_folder import forget
from mistruct.errors import DataError
from mistruct.parallel import slices

#: Largest table, in cells, that models make unless told otherwise.
MAX_CELLS = 1_000_000

# Rows that are counted at a time.
_ROWS = 1 << 20


def complete_part(data: Dataset, names: Sequence[str]) -> Dataset:
    """Table of the columns `names` in their complete rows; DataError if there are none."""
    part = data.select(names)
    if any(part.n_missing.values()):
        part = part.complete_rows()
    _require_rows(part.n_samples, names)
    return part


def count_complete(data: Dataset, names: Sequence[str]) -> NDArray[np.int64]:
    """Table as of `count_table`; DataError if no row is complete in the columns."""
    counts = count_table(data, names)
    _require_rows(counts.sum(), names)
    return counts


def _require_rows(n_samples: int, names: Sequence[str]) -> None:
    if n_samples == 0:
        shown = ", ".join(repr(n) for n in names[:5]) + (", ..." if len(names) > 5 else "")
        raise DataError(
            f"no row of the table is complete in {shown} ({len(names)} columns), "
            "so nothing can be fitted to them"
        )


def count_table(data: Dataset, names: Sequence[str]) -> NDArray[np.int64]:
    """Counts of the joint states of discrete columns, one axis per column, in complete rows.

    The rows are counted a part at a time, so none of a table on disk is held.
    """
    shape = [len(data.states[n]) for n in names]
    counts = np.zeros(math.prod(shape), dtype=np.int64)
    for some in slices(data.n_samples, _ROWS):
        cells = np.zeros(some.stop - some.start, dtype=np.int64)
        known = np.ones(len(cells), dtype=bool)
        for name, n_states in zip(names, shape, strict=True):
            codes = data.codes[data.row(name), some]
            known &= codes < n_states
            cells *= n_states
            cells += codes
        counts += np.bincount(cells if known.all() else cells[known], minlength=len(counts))
        if data.on_disk is not None:
            forget(data.codes)
    return counts.reshape(shape)


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
