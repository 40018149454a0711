"""Expected cost of packing a table, from its first rows and what its file says of the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.data.dialects import TextOptions
from mistruct.data.kinds import MAX_STATES
from mistruct.data.packed.arrow_source import Source
from mistruct.data.packed.pack_table import source_of_file
from mistruct.data.packed.row_writer import PORTION_BYTES
from mistruct.data.packed.tally import Cells
from mistruct.data.patterns import by_pattern
from mistruct.data.readers import one_error
from mistruct.kernels.counts.bitsets import states_to_pack

# An entry of a column with states, and a number, which is sorted; and a byte of text, in two
# passes. Measured with 100 columns of states, 50 of numbers, and 100 of text.
_SECONDS_OF_A_STATE, _SECONDS_OF_A_NUMBER, _SECONDS_OF_A_BYTE = 7e-9, 2e-7, 3e-8

# A code and a bit for each state; a value and its rank.
_BYTES_OF_A_CODE, _BYTES_OF_A_NUMBER = 1, 12

# In place of the number of states.
_NUMBERS = -1

# What is read at a time is there as it is read and as columns, twice as it is handed on.
_COPIES = 3


class PackCost(NamedTuple):
    """Expected seconds, and bytes of memory beside the libraries and on disk at least."""

    seconds: float
    n_bytes: int
    n_bytes_on_disk: int


def pack_cost(
    path: Path, text: TextOptions, drop: Sequence[str], marks: Sequence[object] | None
) -> PackCost | None:
    """Expected cost of packing a file or folder; None where its format is read whole.

    Columns are taken for what they are in the first rows.

    Raises
    ------
    DataError, ParameterError
        As `pack_table`, of a source that cannot be read.
    """
    text.check()
    with one_error(path, path.suffix.lower()):
        source = source_of_file(path, text, marks)
        if source is None:
            return None
        dropped = {n for p in drop for n in by_pattern("drop", p, source.names)}
        return _of_source(source, [n for n in source.names if n not in dropped])


def cost_of_table(data: Dataset) -> PackCost:
    """Expected cost of packing a table that is in memory."""
    complete = not any(data.n_missing[n] for n in data.discrete)
    of_row = int(states_to_pack(data.n_states, complete).sum()) / 8
    of_row += len(data.continuous) * _BYTES_OF_A_NUMBER + len(data.discrete) * data.codes.itemsize
    seconds = len(data.discrete) * _SECONDS_OF_A_STATE + len(data.continuous) * _SECONDS_OF_A_NUMBER
    held = data.values.nbytes + data.codes.nbytes
    return PackCost(
        data.n_samples * seconds, held + 2 * PORTION_BYTES, int(data.n_samples * of_row)
    )


def _of_source(source: Source, names: Sequence[str]) -> PackCost:
    first = next(iter(source.batches(names)), None)
    if first is None:
        return PackCost(0.0, 0, 0)
    n_rows, n_read, n_held = source.size(first.n_rows)
    n_states = np.array([_states(cells, first.n_rows) for cells in first.columns.values()])
    n_numbers = int((n_states == _NUMBERS).sum())
    n_bits = states_to_pack(
        np.maximum(n_states, 1), complete=True
    ).sum()  # where nothing is missing
    of_row = n_numbers * _BYTES_OF_A_NUMBER + (n_states > 0).sum() * _BYTES_OF_A_CODE + n_bits / 8
    seconds = (len(names) - n_numbers) * _SECONDS_OF_A_STATE
    seconds = n_rows * (seconds + n_numbers * _SECONDS_OF_A_NUMBER) + n_read * _SECONDS_OF_A_BYTE
    return PackCost(seconds, _COPIES * n_held + 2 * PORTION_BYTES, int(n_rows * of_row))


def _states(cells: Cells, n_rows: int) -> int:
    """How many states a column has in the first rows; none if it names these."""
    if not isinstance(cells, np.ndarray):
        return len(cells.states) if 2 * len(cells.states) <= n_rows else 0
    known = np.unique(cells[cells == cells])
    whole = known.dtype.kind != "f" or bool((known == np.round(known)).all())
    return len(known) if whole and len(known) <= MAX_STATES else _NUMBERS
