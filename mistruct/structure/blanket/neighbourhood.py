r"""Search for the columns adjacent to one column, without the rest of the structure.

Two columns are adjacent in a DAG exactly if nothing separates them, and what is not adjacent to
the centre is separated from it by some of the columns that are, or it is a descendant that only
its own neighbours separate (Tsamardinos, Aliferis and Statnikov 2003). So members are taken in one
after another: of the columns that no set of members separates from the centre, the one whose
weakest tie to it, over all such sets, is strongest (max-min). After each, every column is tested
given the sets that the new member makes possible, and members that one of them separates leave
again (Peña et al. 2007, algorithm GetPCD). Descendants stay, so of two columns that are adjacent
each has to be a member beside the other: the caller asks both.

In thousands of columns some p-values are small by chance. A column is taken in while its largest
p-value passes a correction over all of them, which bounds the share of false members where
"bh" is chosen (Tsamardinos and Brown 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction, threshold
from mistruct.independence.protocol import Given, TestBatch

# A test of many columns with one may want a matrix of all of them.
_COLUMNS_AT_ONCE = 500


@dataclass(frozen=True)
class Rule:
    """Rule by which a column belongs to a neighbourhood.

    Attributes
    ----------
    test : IndependenceTest
    alpha : float
    correction : {"bh", "bonferroni", "none"}
        Over all columns but the centre.
    max_conditioning : int or None
        The largest set of members that is tried; all sizes if None.
    """

    test: IndependenceTest
    alpha: float
    correction: Correction
    max_conditioning: int | None

    def passing(self, p_values: Floats, n_tests: int) -> NDArray[np.bool_]:
        """Mask of the p-values that are significant among this many; NaN is not."""
        largest = threshold(np.nan_to_num(p_values, nan=1.0), n_tests, self.alpha, self.correction)
        return np.asarray(p_values <= largest)


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Neighbourhood of a centre: its members, and the closest separation of each column.

    Attributes
    ----------
    centre : int
    members : list of int
        In the order in which they were taken in.
    mi : ndarray of float, shape (n_variables,)
        I(centre; x), without conditioning.
    tests : TestBatch
        Of each column, the test with the largest p-value.
    sets : list of tuple of int
        Its conditioning set.
    n_tests : ndarray of int, shape (n_variables,)
    """

    centre: int
    members: list[int]
    mi: Floats
    tests: TestBatch
    sets: list[Given]
    n_tests: Positions


def find_neighbourhood(data: Dataset, rule: Rule, centre: int) -> Neighbourhood:
    """Find the columns that no set of the others separates from the centre."""
    search = _Search(data, rule, centre)
    n_others = data.n_variables - 1
    members: list[int] = []
    left = np.delete(np.arange(data.n_variables), centre)
    search.ask(left, ())
    mi = search.tests.mi.copy()
    while True:
        passing = rule.passing(search.tests.p_value, n_others)
        members = [m for m in members if passing[m]]
        left = left[passing[left] & ~np.isin(left, members)]
        if not len(left):
            break
        new = int(left[np.argmax(search.weakest[left])])
        members.append(new)
        before = members[:-1]
        largest = len(before) + 1
        if rule.max_conditioning is not None:
            largest = min(largest, rule.max_conditioning)
        for size in range(largest):
            for others in combinations(before, size):
                given = (new, *others)
                # What is separated needs no more tests, what is a member may still leave.
                asked = np.array([m for m in before if m not in others], dtype=np.int64)
                left = left[(search.tests.p_value[left] <= rule.alpha) & (left != new)]
                search.ask(np.concatenate([left, asked]), given)
    return Neighbourhood(centre, members, mi, search.tests, search.sets, search.n_tests)


class _Search:
    """State of the search: the results for each column so far."""

    def __init__(self, data: Dataset, rule: Rule, centre: int) -> None:
        self._data, self._test, self._centre = data, rule.test, centre
        self.tests = TestBatch.untestable(data.n_variables)
        self.sets: list[Given] = [()] * data.n_variables
        self.n_tests = np.zeros(data.n_variables, dtype=np.int64)
        self.weakest = np.full(data.n_variables, np.inf)

    def ask(self, columns: Positions, given: Sequence[int]) -> None:
        """Test the centre with each column given a set."""
        for start in range(0, len(columns), _COLUMNS_AT_ONCE):
            some = columns[start : start + _COLUMNS_AT_ONCE]
            pairs = np.sort(np.column_stack([np.full(len(some), self._centre), some]), axis=1)
            found = self._test.test_pairs(self._data, pairs, given)
            self.n_tests[some] += 1
            # A test that estimates no information goes by its p-values.
            strength = found.mi - found.bias
            strength = np.where(np.isnan(strength), -found.p_value, strength)
            strength[~found.testable] = np.nan
            self.weakest[some] = np.fmin(self.weakest[some], strength)
            larger = ~(found.p_value <= self.tests.p_value[some]) & found.testable
            for field in fields(TestBatch):
                getattr(self.tests, field.name)[some[larger]] = getattr(found, field.name)[larger]
            for k in some[larger].tolist():
                self.sets[k] = tuple(sorted(given))
