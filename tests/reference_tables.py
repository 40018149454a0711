"""Contingency tables with given margins, all of them listed: slow, exact and obvious.

A table is a tuple of rows of counts. Given its margins it has the multivariate hypergeometric
probability (Fisher 1934; Freeman and Halton 1951). Written from the papers alone; imports nothing
from mistruct.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

Counts = tuple[tuple[int, ...], ...]


def margins(table: Counts) -> tuple[list[int], list[int]]:
    """The totals of the rows and of the columns."""
    return [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]


def tables_with(rows: Sequence[int], columns: Sequence[int]) -> list[Counts]:
    """Every table with these totals."""
    if len(rows) == 1:
        return [(tuple(columns),)]
    firsts = (
        first
        for first in itertools.product(*(range(min(rows[0], c) + 1) for c in columns))
        if sum(first) == rows[0]
    )
    return [
        (first, *rest)
        for first in firsts
        for rest in tables_with(rows[1:], [c - f for c, f in zip(columns, first, strict=True)])
    ]


def probability(table: Counts) -> Fraction:
    """Of a table, given its margins."""
    rows, columns = margins(table)
    return Fraction(
        math.prod(math.factorial(m) for m in (*rows, *columns)),
        math.factorial(sum(rows)) * math.prod(math.factorial(o) for row in table for o in row),
    )


def pearson(table: Counts) -> Fraction:
    """Pearson's X^2."""
    rows, columns = margins(table)
    n = sum(rows)
    expected = {
        (i, j): Fraction(r * c, n) for i, r in enumerate(rows) for j, c in enumerate(columns)
    }
    return sum(
        ((table[i][j] - e) ** 2 / e for (i, j), e in expected.items() if e), start=Fraction(0)
    )


def g_statistic(table: Counts) -> float:
    """G, twice the log likelihood ratio."""
    rows, columns = margins(table)
    n = sum(rows)
    return 2 * sum(
        o * math.log(o * n / (rows[i] * columns[j]))
        for i, row in enumerate(table)
        for j, o in enumerate(row)
        if o
    )


def pearson_cumulants(
    rows: Sequence[int], columns: Sequence[int]
) -> tuple[Fraction, Fraction, Fraction]:
    """Mean, variance and third central moment of X^2 over all tables with these totals."""
    weighted = [(probability(t), pearson(t)) for t in tables_with(rows, columns)]
    mean = sum((p * x for p, x in weighted), start=Fraction(0))
    variance, third = (
        sum((p * (x - mean) ** power for p, x in weighted), start=Fraction(0)) for power in (2, 3)
    )
    return mean, variance, third


def of_all_strata(tables: Sequence[Counts]) -> list[tuple[Counts, ...]]:
    """Every combination of tables with the margins of each stratum's."""
    return list(itertools.product(*(tables_with(*margins(t)) for t in tables)))


def exact_p_value(tables: Sequence[Counts]) -> float:
    """P(G >= observed) given the margins of independent strata."""
    observed = sum(map(g_statistic, tables))
    return float(
        sum(
            math.prod(map(probability, drawn))
            for drawn in of_all_strata(tables)
            if sum(map(g_statistic, drawn)) >= observed - 1e-9
        )
    )


def mid_p_value(tables: Sequence[Counts]) -> float:
    """Of less probable tables given the margins, and half that of those as probable."""
    observed = math.prod(map(probability, tables))
    all_probabilities = [math.prod(map(probability, drawn)) for drawn in of_all_strata(tables)]
    below = sum((p for p in all_probabilities if p < observed), start=Fraction(0))
    same = sum((p for p in all_probabilities if p == observed), start=Fraction(0))
    return float(below + same / 2)
