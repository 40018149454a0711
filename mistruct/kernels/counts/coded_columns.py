"""Coded columns in the form that kernels use, and strata of their joint states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.bitsets import PackedColumns
from mistruct.kernels.counts.contingency import join_strata


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
    weights : ndarray of int64, shape (n_samples,) or (0,)
        How many rows each one stands for; empty where that is one.
    n_rows : int
        How many rows there are by their weights.
    """

    codes: NDArray[Any]
    n_states: NDArray[np.int64]
    keys: NDArray[np.uint64]
    packed: PackedColumns
    weights: NDArray[np.int64]
    n_rows: int


class Strata(NamedTuple):
    """Labels of the combinations of states of some columns.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_samples,)
        -1 where one of the columns is missing. Of no columns, it is empty.
    n : ndarray of int64, shape (1,)
        How many there are, some of which may not occur; -1 where nothing has been labelled.
    columns : ndarray of int64, shape (n_columns,)
        The columns.
    """

    labels: NDArray[np.int32]
    n: NDArray[np.int64]
    columns: NDArray[np.int64]


@kernel
def no_strata(n_samples: int, n_columns: int) -> Strata:
    """Allocate the strata of this many columns."""
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
        codes, n_states = data.codes[z], data.n_states[z]
        if n * n_states > strata.labels.size:
            n = join_strata(strata.labels, n, codes, n_states)
            continue
        for t in range(codes.size):  # few enough to count those that do not occur
            known = strata.labels[t] >= 0 and codes[t] < n_states
            label = np.int64(strata.labels[t]) * n_states + np.int64(codes[t])
            strata.labels[t] = label if known else -1
        n *= n_states
    strata.n[0] = n
    strata.columns[:] = given


@kernel
def count_complete(data: CodedColumns, columns: NDArray[np.int64]) -> int | np.int64:
    """Number of rows without a missing entry in the columns."""
    if data.packed.complete:
        return data.n_rows
    complete = np.ones(data.codes.shape[1], np.bool_)
    for c in columns:
        codes, n_states = data.codes[c], data.n_states[c]
        for t in range(complete.size):
            complete[t] &= codes[t] < n_states
    if data.weights.size == 0:
        return complete.sum()
    n = np.int64(0)
    for t in range(complete.size):
        n += complete[t] * data.weights[t]
    return n


@kernel
def hash_strata(
    codes: NDArray[Any], n_states: NDArray[np.int64], hashes: NDArray[np.uint64]
) -> None:
    """Fill `hashes`, shape (n_columns,), with a hash of the strata of each column.

    It is the same for two columns that are copies of each other but for the names of the states.
    """
    for c in range(codes.shape[0]):
        order = np.full(n_states[c], -1, np.int64)  # in which the states occur
        n_occurred = 0
        found = np.uint64(0)
        for t in range(codes.shape[1]):
            state = np.int64(codes[c, t])
            place = np.int64(-1)
            if state < n_states[c]:
                if order[state] < 0:
                    order[state] = n_occurred
                    n_occurred += 1
                place = order[state]
            found = (found ^ np.uint64(place + 1)) * np.uint64(0x100000001B3)  # of FNV-1a
        hashes[c] = found


@kernel
def same_strata(codes: NDArray[Any], n_states: NDArray[np.int64], a: int, b: int) -> bool:
    """Whether two columns are copies of each other but for the names of the states."""
    of_a, of_b = np.full(n_states[a], -1, np.int64), np.full(n_states[b], -1, np.int64)
    for t in range(codes.shape[1]):
        in_a, in_b = np.int64(codes[a, t]), np.int64(codes[b, t])
        if (in_a < n_states[a]) != (in_b < n_states[b]):
            return False
        if in_a < n_states[a]:
            if of_a[in_a] < 0 and of_b[in_b] < 0:
                of_a[in_a], of_b[in_b] = in_b, in_a
            elif of_a[in_a] != in_b:
                return False
    return True
