"""The search for significant pairs in one panel of the matrix of information after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.pair_nulls import (
    ByTest,
    Check,
    Reference,
    column_class,
    reference,
)
from mistruct.information.base import Estimator
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.null_distributions import NullDistribution
from mistruct.information.panels import Panel

Places = NDArray[np.int32]

# Entries of a panel that are looked up at a time, and pairs that are tested one by one.
_ENTRIES_AT_ONCE = 1_000_000
_PAIRS_AT_ONCE = 200_000

# Estimates of equal information may differ by so many times the spacing of numbers.
_ROUNDING = 16


class Found(NamedTuple):
    """Pairs that may pass, by row, then by column, and which check has to confirm each.

    `row` and `column` are places in the matrix of information, `mi` is what stands there, and
    `confirming` is -1 where no check is needed.
    """

    row: Places
    column: Places
    mi: NDArray[Any]
    p_value: Floats
    confirming: NDArray[np.int8]

    @classmethod
    def join(cls, parts: list[Found], dtype: np.dtype[Any]) -> Found:
        """One after the other."""
        types = (np.int32, np.int32, dtype, np.float64, np.int8)
        nothing = (np.empty(0, dtype=t) for t in types)
        return cls(*map(np.concatenate, zip(nothing, *parts, strict=True)))

    def take(self, chosen: NDArray[Any]) -> Found:
        """Take some of the pairs."""
        return Found(*(part[chosen] for part in self))


class _Group(NamedTuple):
    """Columns whose pairs with rows of one class have one null, and what may pass by it."""

    held_against: Reference
    columns: Places
    critical: float


class _Block(NamedTuple):
    group: _Group
    rows: Places
    columns: Places


class PairSearch:
    """The p-values of a matrix of information, by blocks of columns that are alike.

    Parameters
    ----------
    data : Dataset
        Columns that all vary.
    estimator : estimator
        What the matrix is of.
    rows : ndarray of int, shape (n_rows,)
        Positions of the columns that the rows of the matrix are of, ascending.
    test : test or None
        Of each pair on its own, instead of the null of the estimator.
    """

    def __init__(
        self,
        data: Dataset,
        estimator: Estimator,
        rows: NDArray[np.int64],
        test: IndependenceTest | None,
    ) -> None:
        self.data, self.estimator, self.rows = data, estimator, rows
        self.level = 1.0
        self.least: Floats | None = None
        self.is_row = np.zeros(data.n_variables, dtype=np.bool_)
        self.is_row[rows] = True
        self.groups = list(self._alone(test) if test is not None else self._by_classes())
        references = [g.held_against for _, groups in self.groups for g in groups]
        self.checks = list(dict.fromkeys(r.check for r in references if r.check is not None))
        self.counts_anew = any(r.counted for r in references) and self._estimates_otherwise()
        # A check has threads of its own, and so have counts.
        self.in_turn = self.counts_anew or any(r.null is None for r in references)

    def _alone(self, test: IndependenceTest) -> Iterator[tuple[Places, list[_Group]]]:
        everything = np.arange(self.data.n_variables, dtype=np.int32)
        group = _Group(Reference(None, ByTest(test)), everything, -np.inf)
        yield np.arange(len(self.rows), dtype=np.int32), [group]

    def _by_classes(self) -> Iterator[tuple[Places, list[_Group]]]:
        data = self.data
        classes: dict[Any, list[int]] = {}
        for position, name in enumerate(data.names):
            classes.setdefault(column_class(self.estimator, data, name), []).append(position)
        columns = [np.array(positions, dtype=np.int32) for positions in classes.values()]
        for x_columns in columns:
            x = x_columns[self.is_row[x_columns]]
            groups = []
            for y_columns in columns if x.size else ():
                y = y_columns[y_columns != x[0]][:1]
                if y.size:
                    held_against = reference(
                        self.estimator, data, data.names[x[0]], data.names[y[0]]
                    )
                    groups.append(_Group(held_against, y_columns, -np.inf))
            yield np.searchsorted(self.rows, x).astype(np.int32), groups

    def _estimates_otherwise(self) -> bool:
        """Whether the matrix holds no plug-in estimates between discrete columns."""
        discrete = self.estimator.view(self.data).discrete
        return self.estimator.choose(self.data, discrete) != PlugIn()

    def keep(self, level: float, least: Floats | None = None) -> None:
        """Let pairs pass with p-values of at most `level`.

        With `least` they also need the least information of one of their columns, which may grow
        while panels are looked at.
        """
        self.level, self.least = level, least
        self.groups = [
            (rows, [g._replace(critical=self._critical(rows, g)) for g in groups])
            for rows, groups in self.groups
        ]

    def _critical(self, rows: Places, group: _Group) -> float:
        null = group.held_against.null
        many = len(rows) * len(group.columns) > _ENTRIES_AT_ONCE // 10
        return critical_value(null, self.level) if many and null is not None else -np.inf

    # Panels -------------------------------------------------------------------------------------

    def look(self, panel: Panel) -> Found:
        """The pairs of a panel that may pass."""
        counted = self._counted(panel)
        parts = [
            self._alone_checked(panel, block)
            if block.group.held_against.null is None
            else self._look_up(panel, counted, block)
            for block in self._blocks(panel)
        ]
        found = Found.join(parts, panel.values.dtype)
        return found if len(parts) == 1 else found.take(np.lexsort([found.column, found.row]))

    def critical_values(self, levels: Floats) -> dict[NullDistribution, Floats]:
        """The smallest estimates with p-values of at most each of `levels`, of each null."""
        nulls = {g.held_against.null for _, groups in self.groups for g in groups} - {None}
        return {n: np.array([critical_value(n, level) for level in levels]) for n in nulls}

    def count(
        self, levels: Floats, critical: dict[NullDistribution, Floats], panel: Panel
    ) -> NDArray[np.int64]:
        """Largest number of pairs with p-values of at most each of `levels`, which descend."""
        counts = np.zeros(len(levels), dtype=np.int64)
        counted = self._counted(panel)
        for block in self._blocks(panel):
            some = self._are_pairs(block.rows, block.columns)
            if block.group.held_against.null is None:  # any of them may pass
                counts += np.count_nonzero(some)
                continue
            values = self._values(panel, counted, block)
            least = critical[block.group.held_against.null]
            statistics = values[some & (values >= least[0])]
            passed = np.bincount(np.searchsorted(least, statistics, side="right"), minlength=1)
            counts[: len(passed) - 1] += np.cumsum(passed[::-1])[-2::-1]
        return counts

    def p_values(self, low: float, panel: Panel) -> tuple[int, Floats]:
        """How many p-values of a panel are at most `low`, and those above it that may pass."""
        found = self.look(panel).p_value
        above = found > low
        return len(found) - int(above.sum()), found[above]

    def largest(self, panel: Panel) -> tuple[float, int, int]:
        """The largest estimate of a panel, -inf if there is none, with its row and column."""
        best = -np.inf, 0, 0
        columns = np.arange(panel.columns.start, panel.columns.stop, dtype=np.int32)
        step = max(1, _ENTRIES_AT_ONCE // len(columns))
        for a in range(panel.rows.start, panel.rows.stop, step):
            rows = np.arange(a, min(a + step, panel.rows.stop), dtype=np.int32)
            values = panel.values[rows - panel.rows.start]
            known = np.where(self._are_pairs(rows, columns) & ~np.isnan(values), values, -np.inf)
            row, column = np.unravel_index(int(known.argmax()), known.shape)
            if known[row, column] > best[0]:
                best = float(known[row, column]), int(rows[row]), int(columns[column])
        return best

    def _blocks(self, panel: Panel) -> Iterator[_Block]:
        for of_class, groups in self.groups:
            ends = np.searchsorted(of_class, [panel.rows.start, panel.rows.stop])
            rows = of_class[slice(*ends)]
            for group in groups if len(rows) else ():
                alone = group.held_against.null is None
                at_once = _PAIRS_AT_ONCE if alone else _ENTRIES_AT_ONCE
                step = max(1, at_once // len(group.columns))
                for a in range(0, len(rows), step):
                    some = rows[a : a + step]
                    columns = self._after(some[0], group.columns)
                    if len(columns):
                        yield _Block(group, some, columns)

    def _counted(self, panel: Panel) -> NDArray[Any]:
        """Plug-in information of the discrete columns, where that is not what the panel holds."""
        if not self.counts_anew:
            return panel.values
        discrete = self.estimator.view(self.data).discrete_mask
        positions = np.arange(self.data.n_variables)[panel.columns]
        places = np.flatnonzero(discrete[self.rows[panel.rows]])
        columns = np.flatnonzero(discrete[positions])
        counted = np.full_like(panel.values, np.nan)
        if len(places) and len(columns):
            counted[np.ix_(places, columns)] = PlugIn().pairwise(
                self.data, self.rows[panel.rows][places], positions[columns], counted.dtype
            )
        return counted

    @staticmethod
    def _values(panel: Panel, counted: NDArray[Any], block: _Block) -> NDArray[Any]:
        values = counted if block.group.held_against.counted else panel.values
        of_rows = values[_as_slice(block.rows - panel.rows.start)]
        return np.asarray(of_rows[:, _as_slice(block.columns - panel.columns.start)])

    def _look_up(self, panel: Panel, counted: NDArray[Any], block: _Block) -> Found:
        """Pairs whose null gives them p-values that may pass."""
        null, check, _ = block.group.held_against
        values = self._values(panel, counted, block)
        critical = block.group.critical
        wanted = (values >= critical) & self._are_pairs(block.rows, block.columns)
        if self.least is not None:
            mi = self._values(panel, panel.values, block)
            of_rows = self.least[self.rows[block.rows]][:, np.newaxis]
            wanted &= (mi >= of_rows) | (mi >= self.least[block.columns])
        row, column = np.nonzero(wanted)
        statistics = values[row, column]
        lower = _ROUNDING * float(np.finfo(values.dtype).eps)
        statistics = statistics * np.where(statistics > 0, 1 - lower, 1 + lower)
        code = self.checks.index(check) if check is not None else -1
        places = block.rows[row], block.columns[column]
        return self._kept(panel, *places, null.p_values(statistics), code)

    def _alone_checked(self, panel: Panel, block: _Block) -> Found:
        """Pairs to which a check gives p-values that pass."""
        row, column = np.nonzero(self._are_pairs(block.rows, block.columns))
        places = block.rows[row], block.columns[column]
        p_value = self._checked(block.group.held_against.check, *places)
        return self._kept(panel, *places, p_value, -1)

    def _kept(self, panel: Panel, row: Places, column: Places, p_value: Floats, code: int) -> Found:
        keep = p_value <= self.level
        row, column, p_value = row[keep], column[keep], p_value[keep]
        mi = panel.values[row - panel.rows.start, column - panel.columns.start]
        return Found(row, column, mi, p_value, np.full(len(row), code, dtype=np.int8))

    def _checked(self, check: Check, row: Places, column: Places) -> Floats:
        pairs = np.column_stack([self.rows[row], column.astype(np.int64)])
        parts = [
            check.p_values(self.data, pairs[a : a + _PAIRS_AT_ONCE])
            for a in range(0, len(pairs), _PAIRS_AT_ONCE)
        ]
        return np.concatenate([np.empty(0), *parts])

    def _after(self, row: int, columns: Places) -> Places:
        """The columns that can be the second of a pair with some row from `row` on."""
        return np.asarray(columns[~self.is_row[columns] | (columns > self.rows[row])])

    def _are_pairs(self, rows: Places, columns: Places) -> NDArray[np.bool_]:
        """Mark the first occurrence of each pair, by the lower and the higher row."""
        later = columns > self.rows[rows][:, np.newaxis]
        return np.asarray(later | ~self.is_row[columns])

    def confirm(self, found: Found) -> Found:
        """The pairs with p-values that are no smaller than those of what has to confirm them."""
        p_value = found.p_value.copy()
        for code, check in enumerate(self.checks):
            some = np.flatnonzero(found.confirming == code)
            checked = self._checked(check, found.row[some], found.column[some])
            p_value[some] = np.maximum(p_value[some], np.nan_to_num(checked, nan=1.0))
        return found._replace(p_value=p_value)


def critical_value(null: NullDistribution, alpha: float) -> float:
    """A little less than the smallest estimate with a p-value of at most `alpha`."""
    low, high = -1.0, 1.0
    while null.p_values(np.array([high]))[0] > alpha and high < 1e6:
        high *= 2.0
    if null.p_values(np.array([low]))[0] <= alpha:
        return -np.inf
    for _ in range(50):
        middle = (low + high) / 2
        if null.p_values(np.array([middle]))[0] > alpha:
            low = middle
        else:
            high = middle
    return low * (1 - 1e-6) if low > 0 else low


def _as_slice(places: Places) -> Any:
    """Ascending places as a slice, if there are no gaps, so that nothing is copied."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
