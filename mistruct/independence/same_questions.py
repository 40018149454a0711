"""Elimination of equal questions to the G test, as some columns are copies of others.

Two columns that make the same strata, whatever their states are called, give the same counts. A
table with such a column asks each of its questions twice, and where many sets are tried for it,
that is most of the work.
"""

from __future__ import annotations

import numpy as np

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.independence.protocol import Ragged
from mistruct.independence.streams import column_keys
from mistruct.kernels.counts.coded_columns import hash_strata, same_strata


@once_per_table
def originals(data: Dataset) -> Positions:
    """Original of each row of codes: the copy whose name has the lowest key, or itself."""
    hashes = np.empty(len(data.codes), dtype=np.uint64)
    hash_strata(data.codes, data.n_states, hashes)
    keys = column_keys(data.discrete)
    first: dict[int, int] = {}
    rows = np.arange(len(hashes))
    for row in np.argsort(keys).tolist():
        original = first.setdefault(int(hashes[row]), row)
        if original != row and same_strata(data.codes, data.n_states, original, row):
            rows[row] = original
    return rows


def searches_once(pairs: Positions, candidates: Ragged) -> tuple[Positions, Positions]:
    """Distinct searches for separating sets, and which of them answers each search."""
    first: dict[tuple[int, ...], int] = {}
    asked: list[int] = []
    answers: list[int] = []
    for k, pair in enumerate(map(tuple, pairs.tolist())):
        question = (*pair, *candidates[k])
        if question not in first:
            first[question] = len(asked)
            asked.append(k)
        answers.append(first[question])
    return np.array(asked, dtype=np.int64), np.array(answers, dtype=np.int64)


def sets_once(pairs: Positions, owner: Positions, sets: Positions) -> tuple[Positions, Positions]:
    """Distinct tests of a pair given a set, and which of them answers each test."""
    questions = np.column_stack([pairs[owner], np.sort(sets, axis=1)])
    _, asked, answers = np.unique(questions, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(asked)  # tests of one pair stay together
    return asked[order], np.argsort(order)[answers.ravel()]
