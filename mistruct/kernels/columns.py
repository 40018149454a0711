"""Coded columns as kernels take them, and the strata that some of them make."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.bitsets import PackedColumns
from mistruct.kernels.compiler import kernel
from mistruct.kernels.contingency import join_strata


class CodedColumns(NamedTuple):
    """The discrete columns of a table.

    Attributes
    ----------
    codes : ndarray of unsigned int, shape (n_columns, n_samples)
        A code of `n_states` or more marks a missing entry.
    n_states : ndarray of int64, shape (n_columns,)
    keys : ndarray of uint64, shape (n_columns,)
        A key of each column's name.
    packed : PackedColumns
        The same as bits.
    """

    codes: NDArray[Any]
    n_states: NDArray[np.int64]
    keys: NDArray[np.uint64]
    packed: PackedColumns


class Strata(NamedTuple):
    """Labels of the combinations of states of some columns.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_samples,)
        -1 where one of the columns is missing. Of no columns, it is empty.
    n : ndarray of int64, shape (1,)
        How many there are; -1 where nothing has been labelled.
    columns : ndarray of int64, shape (n_columns,)
        The columns.
    """

    labels: NDArray[np.int32]
    n: NDArray[np.int64]
    columns: NDArray[np.int64]


@kernel
def no_strata(n_samples: int, n_columns: int) -> Strata:
    """Room for the strata of so many columns."""
    n_labels = n_samples if n_columns > 0 else 0
    return Strata(
        np.empty(n_labels, np.int32), np.full(1, -1, np.int64), np.empty(n_columns, np.int64)
    )


@kernel
def label_strata(data: CodedColumns, given: NDArray[np.int64], strata: Strata) -> None:
    """Label the strata of the columns `given`, unless `strata` has these already."""
    if strata.n[0] >= 0 and (strata.columns == given).all():
        return
    strata.labels[:] = 0
    n = np.int64(1)  # a literal would compile what it is passed to once more
    for z in given:
        n = join_strata(strata.labels, n, data.codes[z], data.n_states[z])
    strata.n[0] = n
    strata.columns[:] = given
