"""Rules that infer the kind of a column of numbers from its values.

How a number is stored (1, 1.0, "1", Decimal(1)) says nothing of what it means, so one table of
rules looks at the values: whether there are fractions, how many values are distinct, how many rows
each has, and how the numbers of rows run out towards the largest. The first rule that holds
decides:

============  =======================================================  ==========
rule          holds where                                              kind
============  =======================================================  ==========
fractions     a value is no whole number                               continuous
two values    at most 2 are distinct                                   discrete
few rows      there are fewer than 2 rows per value, over a wide span  continuous
many values   more than 20 are distinct                                continuous
counts        at least 6 are distinct, and the largest run out         continuous
codes         none of these                                            discrete
============  =======================================================  ==========

Columns of one matrix have one kind. The columns of a table are taken for a matrix of counts where
nearly all hold whole numbers from 0 upwards, many of them few values and many of them many, as
reads of genes do.

Whole numbers do not tell whether their order means anything: 1 to 8 may be marks or batches. Where
many columns share one scale from 1 upwards, and few others hold codes, they are the answers of a
questionnaire, and these are ordinal. So are codes in a column that is called after a scale, such as
"tumour grade". Elsewhere order has to be declared, since a wrong one costs more: in 2,000 rows of
SACHS, ALARM, INSURANCE and HAILFINDER, coded as whole numbers, PC found the edges with an F1 of
0.75 to 0.99 by states, and of 0.58 to 0.78 by the order of the codes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

#: Columns of whole numbers with at most so many distinct values are discrete.
MAX_STATES = 20

# Codes are close together, even if hardly any two rows share one.
_CODE_SPAN = 6

# Large counts are rare: with at least this many values, the largest is in at most this many
# rows, and the largest quarter of the values in at most this share of the rows.
_COUNT_STATES = 6
_TAIL_ROWS = 3
_TAIL_SHARE = 0.1

# A scale of answers ends within these bounds; at least this number of columns and this share of all
# columns of 3 to 20 whole numbers.
_SCALE_ENDS = range(5, 11)
_ITEMS = 5
_MOST_CODES_ARE_ITEMS = 0.5

# Words for scales whose numbers have an order, wherever they are in a name.
_SCALE_NAME = re.compile(
    r"(?<![a-z])(asa|ecog|grades?|likert|marks?|nps|nyha|ratings?|satisfaction|severity|stages?)"
    r"(?![a-z])",
    re.IGNORECASE,
)

# Up to here a number of distinct values may still be that of codes, which is then said.
MOST_CODES = 60

# A matrix of counts has this many columns, nearly all of whole numbers from 0; of these at least
# this share has 3 to 20 values, and this share has more.
_MATRIX_COLUMNS = 20
_NEARLY_ALL = 0.9
_FEW_VALUES = 0.25
_MANY_VALUES = 0.1

#: Each rule as words for `describe`, with what would change it.
WHY = {
    "given": "given",
    "category": "category",
    "ordered": "ordered category",
    "boolean": "true or false",
    "words": "words",
    "binned": "binned",
    "matrix": "number of a matrix",
    "fractions": "fractions",
    "two values": "whole numbers, {n} (more than 20 distinct are continuous)",
    "few rows": "whole numbers, {n} in {rows} rows (2 rows for each of at most 20 are discrete)",
    "many values": "whole numbers, {n} distinct (at most 20 are discrete)",
    "counts": "whole numbers, {n} distinct with a thin tail (without it discrete)",
    "codes": "whole numbers, {n} distinct (more than 20 are continuous)",
    "scale": "whole numbers, {n} distinct on one scale with other columns (alone discrete)",
    "name": "whole numbers, {n} distinct, and the name of a scale (without it discrete)",
}


def rule_of_whole_numbers(states: Sequence[int], counts: NDArray[np.int64]) -> str:
    """The rule that decides about a column of whole numbers.

    Parameters
    ----------
    states : sequence of int
        Distinct values, ascending.
    counts : ndarray of int, shape (n_states,)
        Rows of each.

    Examples
    --------
    >>> rule_of_whole_numbers([1, 2, 3, 4], np.array([53, 27, 15, 3]))
    'codes'
    >>> rule_of_whole_numbers([0, 1, 2, 3, 4, 5, 7], np.array([15, 15, 30, 18, 13, 8, 1]))
    'counts'
    """
    n_states = len(states)
    if n_states <= 2:
        return "two values"
    if states[-1] - states[0] >= _CODE_SPAN and counts.sum() < 2 * n_states:
        return "few rows"
    if n_states > MAX_STATES:
        return "many values"
    if n_states >= _COUNT_STATES and counts[-1] <= _TAIL_ROWS:
        tail = counts[-math.ceil(n_states / 4) :].sum()
        if tail <= _TAIL_SHARE * counts.sum():
            return "counts"
    return "codes"


@cache
def why(rule: str, n_distinct: int, n_rows: int) -> str:
    """Explain a rule in words, with the numbers that it used."""
    return WHY[rule].format(n=n_distinct, rows=n_rows)


def is_discrete(rule: str) -> bool:
    """Whether whole numbers are discrete by a rule."""
    return rule in ("two values", "codes")


def is_matrix_of_counts(whole: Sequence[tuple[int, int]], n_columns: int) -> bool:
    """Whether the columns of a table are counts of one matrix.

    Parameters
    ----------
    whole : sequence of (int, int)
        Least value and number of distinct values of each column of whole numbers.
    n_columns : int
        Number of all columns.
    """
    if len(whole) < max(_MATRIX_COLUMNS, _NEARLY_ALL * n_columns):
        return False
    least, n_states = np.array(whole).T
    few = (n_states > 2) & (n_states <= MAX_STATES)
    return bool(
        (least >= 0).all()
        and (least == 0).mean() >= _NEARLY_ALL
        and few.mean() >= _FEW_VALUES
        and (n_states > MAX_STATES).mean() >= _MANY_VALUES
    )


def end_of_scale(bounds: Sequence[tuple[int, int]]) -> int:
    """The largest answer of a questionnaire; 0 where the columns are none.

    Parameters
    ----------
    bounds : sequence of (int, int)
        The least and the largest value of each column of 3 to 20 whole numbers.

    Examples
    --------
    >>> end_of_scale([(1, 5)] * 8 + [(1, 3), (0, 2)])
    5
    >>> end_of_scale([(0, 4)] * 8)  # states of a network, or bins
    0
    """
    scales = Counter(b for b in bounds if b[0] == 1 and b[1] in _SCALE_ENDS)
    if not scales:
        return 0
    (_, end), n_items = max(scales.items(), key=lambda s: (s[1], s[0]))
    enough = n_items >= max(_ITEMS, _MOST_CODES_ARE_ITEMS * len(bounds))
    return end if enough else 0


def is_name_of_scale(name: str) -> bool:
    """Whether a column is called after a scale whose numbers have an order.

    Examples
    --------
    >>> [is_name_of_scale(n) for n in ("tumour_grade", "pain rating", "ECOG", "upgrade", "batch")]
    [True, True, True, False, False]
    """
    return _SCALE_NAME.search(name) is not None


def may_be_codes(states: int, span: int, n_rows: int) -> bool:
    """Whether values too many to be discrete may be codes, as they are dense and recur often."""
    return states <= MOST_CODES and span < 2 * states and n_rows >= 10 * states
