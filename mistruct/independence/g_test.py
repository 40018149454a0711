"""The G test of conditional independence between discrete columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import check_choice, check_count
from mistruct.independence.base import IndependenceTest
from mistruct.independence.fewer_rows import (
    Part,
    bytes_of_distinct_rows,
    cut_parts,
    on_fewer_rows,
)
from mistruct.independence.protocol import DeterminingSets, Ragged, Separations, TestBatch
from mistruct.independence.same_questions import originals, searches_once, sets_once
from mistruct.independence.streams import column_keys, entropy_of, in_key_order
from mistruct.information.base import Estimator
from mistruct.information.counts.packing import bytes_of_bitsets, packed_columns
from mistruct.information.counts.plug_in import PlugIn
from mistruct.kernels.counts.coded_columns import CodedColumns, label_strata, no_strata
from mistruct.kernels.counts.determined import find_determining
from mistruct.kernels.g_test.g_statistic import (
    DOF,
    HOW,
    N_RESULTS,
    N_SAMPLES,
    P_VALUE,
    G,
    g_test_pairs,
)
from mistruct.kernels.g_test.separating_set import g_test_separate, g_test_which_separate
from mistruct.kernels.g_test.sparse_null import CHI_SQUARE, MOMENTS, PERMUTATION, SparseRule
from mistruct.parallel import blocks_by_cost, for_each, n_threads, run_blocks

_METHODS = np.array(
    ["g, chi-square", "g, permutation", "g, untestable", "g, moments", "g, exact"], dtype=object
)
_RULES = {"moments": MOMENTS, "permutation": PERMUTATION, "chi-square": CHI_SQUARE}

# To count by packed words and by histograms, to weigh a table, and to permute it.
_NANOSECONDS_PER_ROW_AND_CELL = 0.003
_NANOSECONDS_PER_ROW_AND_COLUMN = 0.6
_NANOSECONDS_PER_CELL = 3.0
_NANOSECONDS_PER_ROW_OF_SPARSE, _MORE_FOR_EACH_GIVEN = 15.0, 12.0
_NANOSECONDS_PER_ROW_PERMUTED = 50.0

# A table with fewer rows for each cell is sparse, mostly; one with more cells for each row has few
# rows in one cell.
_ROWS_OF_A_CELL, _CELLS_OF_A_ROW = 5, 4

# To look through the rows for two that differ given a set.
_NANOSECONDS_PER_ROW = 2.0

# Labels of the rows by the states of a conditioning set, or their distinct rows.
_BYTES_OF_A_ROW = 4


@dataclass(frozen=True)
class GTest(IndependenceTest):
    r"""Likelihood-ratio test of x independent of y given z, for discrete columns.

    The statistic is :math:`G = 2 n I(x; y | z)`, summed over the strata of z, with
    :math:`\sum_z (r_z - 1)(c_z - 1)` degrees of freedom, where only the rows and columns that
    occur in a stratum count. Where none is left the test is not testable.

    Parameters
    ----------
    n_permutations : int
        Permutations of a table, at most, where `sparse` asks for them.
    seed : int or None
        Of the permutations; None draws a fresh one. The stream of a test depends on the seed and
        the names of its columns alone, not on other tests, threads or columns.
    sparse : {"moments", "permutation", "chi-square"}
        What tables are held against that are too sparse for chi-square: the exact moments of the
        statistic given the margins; permutations of y, which take a hundred times as long; or
        chi-square all the same, as most programs do, whose p-values can be far off.

    Notes
    -----
    The p-value is that of chi-square after Williams' (1976) correction where Cochran's (1954)
    rule allows it: no expected count is below 1 and at most a fifth of them are below 5.

    Elsewhere, by default, Pearson's :math:`X^2` decides instead of G, which is reported all the
    same. Its mean, variance and skewness over all tables with the same margins in each stratum are
    known exactly (Mielke and Berry 1985, and the theory pages), and the p-value is that of the
    shifted gamma (Pearson III) distribution that has them. It is never below the probability of the
    observed table given its margins. No random numbers are drawn. Strata that are 2 x 2 and have an
    expected count below 5 enter with G and its own moments, as all their tables can be listed. A
    2 x 2 table alone gets the mid-p of Fisher's exact test, two-sided: the probability of all less
    probable tables and half that of those as probable as it.

    By permutation, y is shuffled within the strata of z (or, where rows are many, tables are drawn
    with the same margins, which is the same), until ten shuffles reach G (Besag and Clifford 1991);
    where none of all does, a shifted gamma distribution with their mean, variance and skewness
    gives the tail that they cannot resolve. A hundred are enough where that is below 1e-8.

    References
    ----------
    Williams (1976), "Improved likelihood ratio tests for complete contingency tables".
    Cochran (1954), "Some methods for strengthening the common chi-square tests".
    Mielke and Berry (1985), "Non-asymptotic inferences based on the chi-square statistic for r by
    c contingency tables".
    Lancaster (1961), "Significance tests in discrete distributions".
    Besag and Clifford (1991), "Sequential Monte Carlo p-values".

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1] * 40 + [1, 0] * 10})
    >>> result = ms.independence_test(table, "a", "b", test=ms.GTest())
    >>> round(result.statistic, 2), result.dof, result.p_value < 1e-8
    (38.55, 1, True)
    """

    n_permutations: int = 999
    seed: int | None = 0
    sparse: Literal["moments", "permutation", "chi-square"] = "moments"
    _entropy: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count("n_permutations", self.n_permutations, least=99)
        check_choice("sparse", self.sparse, tuple(_RULES))
        object.__setattr__(self, "_entropy", entropy_of(self.seed))

    @property
    def _rule(self) -> SparseRule:
        return SparseRule(_RULES[self.sparse], self.n_permutations, self._entropy)

    @property
    def agrees_with_scores(self) -> bool:
        """True."""
        return True

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "g"

    def view(self, data: Dataset) -> Dataset:
        """The table in which ordinal columns are discrete, since states are counted."""
        return data.by_states

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        row = _rows_of_codes(data, np.union1d(pairs, np.array(given, dtype=np.int64)))
        keys = column_keys(data.discrete)
        pairs = in_key_order(row[pairs], keys)
        given = sorted((int(row[z]) for z in given), key=lambda z: int(keys[z]))
        columns = _coded(data, keys)
        others = np.array(given, dtype=np.int64)
        strata = no_strata(data.n_samples, len(given))
        label_strata(columns, others, strata)
        cells = strata.n[0] * data.n_states[pairs].prod(axis=1)

        def run(block: slice) -> NDArray[np.float64]:
            results = np.empty((len(pairs[block]), N_RESULTS))
            g_test_pairs(columns, pairs[block], others, strata, self._rule, results)
            return results

        blocks = blocks_by_cost(len(pairs), self._nanoseconds(data, cells, len(given)))
        parts = list(run_blocks(run, blocks, description="independence tests"))
        return _batch(np.concatenate([np.empty((0, N_RESULTS)), *parts]))

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        row, has_copies = self._rows_of_originals(data, np.union1d(pairs, candidates.flat))
        keys = column_keys(data.discrete)
        rows = in_key_order(row[pairs], keys)
        asked, answers = np.arange(len(pairs)), np.arange(len(pairs))
        among = Ragged(row[candidates.flat], candidates.starts)
        if has_copies:
            asked, answers = searches_once(rows, among)
            rows, among = rows[asked], among.take(asked)
        results = np.empty((len(asked), N_RESULTS))
        places = np.empty((len(asked), size), dtype=np.int64)
        n_tests = np.empty(len(asked), dtype=np.int64)
        columns = _coded(data, keys)

        def run(block: tuple[Part, Positions]) -> None:
            part, some = block
            of_pairs = among.take(some)
            found = (np.empty((len(some), N_RESULTS)), places[some], n_tests[some])
            g_test_separate(
                part.table, part.place[rows[some]], part.place[of_pairs.flat], of_pairs.starts,
                float(alpha), self._rule, *found,
            )  # fmt: skip
            results[some], places[some], n_tests[some] = found

        cells = data.n_states[rows].prod(axis=1) * data.n_states.mean() ** size
        nanoseconds = self._nanoseconds(data, cells, size) * comb(among.lengths, size)
        parts = on_fewer_rows(data, columns, rows, among, nanoseconds)
        for_each(run, cut_parts(parts, nanoseconds), description="separations")
        places = places[answers]
        sets = np.full(places.shape, -1)
        found = places >= 0
        sets[found] = candidates.flat[(candidates.starts[:-1, None] + places)[found]]
        return Separations(_batch(results[answers]), sets, n_tests[answers])

    def which_separate(
        self, data: Dataset, pairs: Positions, owner: Positions, sets: Positions, alpha: float
    ) -> NDArray[np.bool_]:
        """Whether each set of columns, shape (n_sets, size), separates the pair of its owner."""
        row, has_copies = self._rows_of_originals(data, np.union1d(pairs, sets))
        keys = column_keys(data.discrete)
        rows, among = in_key_order(row[pairs], keys), row[sets]
        answers = np.arange(len(owner))
        if has_copies:
            asked, answers = sets_once(rows, owner, among)
            owner, among = owner[asked], among[asked]
        separates = np.empty(len(owner), dtype=bool)
        of_owners = Ragged.positions(owner, len(pairs))
        asked_about = Ragged(among[of_owners.flat].ravel(), of_owners.starts * among.shape[1])

        def run(block: tuple[Part, Positions]) -> None:
            part, some = block
            found = np.empty(len(some), dtype=bool)
            g_test_which_separate(
                part.table, part.place[rows], owner[some], part.place[among[some]],
                float(alpha), self._rule, found,
            )  # fmt: skip
            separates[some] = found

        each = 1e9 * self.seconds(data, pairs, sets.shape[1])
        parts = on_fewer_rows(data, _coded(data, keys), rows, asked_about, each * of_owners.lengths)
        parts = [part._replace(asked=of_owners.take(part.asked).flat) for part in parts]
        for_each(run, cut_parts(parts, each[owner]), description="votes")
        return separates[answers]

    def determining_sets(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, most: int
    ) -> DeterminingSets:
        """Find sets of one size that determine a column of a pair, by counting."""
        row = _rows_of_codes(data, np.union1d(pairs, candidates.flat))
        rows, flat, starts = row[pairs], row[candidates.flat], candidates.starts
        sets = np.full((len(pairs), most, size), -1, dtype=np.int64)
        determined = np.zeros((len(pairs), most), dtype=np.int64)

        def run(block: slice) -> None:
            find_determining(
                data.codes, data.n_states, rows[block], flat,
                starts[block.start : block.stop + 1], sets[block], determined[block],
            )  # fmt: skip

        blocks = blocks_by_cost(len(pairs), _NANOSECONDS_PER_ROW * data.n_samples)
        for_each(run, blocks, description="determining sets")
        owner, place = np.nonzero(determined)
        position = np.flatnonzero(row >= 0)
        return DeterminingSets(owner, position[sets[owner, place]], determined[owner, place])

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The plug-in estimator: G is a multiple of its information."""
        data.require_discrete(f"test {self.name!r}")
        return PlugIn()

    def travels(self, data: Dataset) -> bool:
        """False: a kernel searches."""
        return False

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory: a bit for each row and state, and for each thread labels of rows."""
        of_thread = _BYTES_OF_A_ROW * data.n_samples + bytes_of_distinct_rows(data.n_samples)
        return bytes_of_bitsets(data) + of_thread * n_threads()

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair given `size` typical columns."""
        if not len(pairs):
            return np.empty(0)
        row = _rows_of_codes(data, pairs.ravel())
        cells = data.n_states[row[pairs]].prod(axis=1) * data.n_states.mean() ** size
        return 1e-9 * self._nanoseconds(data, cells, size)

    def _rows_of_originals(self, data: Dataset, positions: Iterable[int]) -> tuple[Positions, bool]:
        """Rows as by `_rows_of_codes`, of the originals of copied columns; and whether they differ.

        Permutations are those of the columns' own names.
        """
        row = _rows_of_codes(data, positions)
        if self.sparse == "permutation":
            return row, False
        original = np.where(row >= 0, originals(data)[row], -1)
        return original, bool((original != row).any())

    def _nanoseconds(self, data: Dataset, cells: NDArray[Any], size: int) -> NDArray[np.float64]:
        """Expected nanoseconds for a test of a table with `cells` cells, given `size` columns."""
        n = data.n_samples
        packed = _NANOSECONDS_PER_ROW_AND_CELL * n * cells
        counted = np.minimum(packed, _NANOSECONDS_PER_ROW_AND_COLUMN * n * (size + 1))
        permuted = _NANOSECONDS_PER_ROW_PERMUTED * n * (self.sparse == "permutation")
        weighed = _NANOSECONDS_PER_CELL * np.minimum(cells, n)
        if self.sparse == "moments":
            of_row = _NANOSECONDS_PER_ROW_OF_SPARSE + _MORE_FOR_EACH_GIVEN * size
            sparse = of_row * np.minimum(cells / _CELLS_OF_A_ROW, n)
            weighed = np.maximum(weighed, np.where(cells > n / _ROWS_OF_A_CELL, sparse, 0.0))
        return np.asarray(counted + weighed + permuted)


def _rows_of_codes(data: Dataset, positions: Iterable[int]) -> Positions:
    """Row in `codes` of each column by position, -1 for continuous columns."""
    data.require_discrete("test 'g'", [data.names[p] for p in positions])
    return np.array([data.row(n) if n in data.states else -1 for n in data.names], dtype=np.int64)


def _coded(data: Dataset, keys: NDArray[np.uint64]) -> CodedColumns:
    """The discrete columns of a table, in the form that kernels use."""
    # A copy, as kernels would compile once more for keys that are read-only.
    one_each = np.empty(0, dtype=np.int64)
    packed = packed_columns(data)
    return CodedColumns(data.codes, data.n_states, keys.copy(), packed, one_each, data.n_samples)


def _batch(results: NDArray[np.float64]) -> TestBatch:
    n = results[:, N_SAMPLES]
    with np.errstate(invalid="ignore"):
        mi, bias = (np.where(n > 0, v / (2 * n), 0.0) for v in (results[:, G], results[:, DOF]))
    return TestBatch(
        statistic=results[:, G],
        p_value=results[:, P_VALUE],
        dof=results[:, DOF].astype(np.int64),
        mi=mi,
        n_samples=n.astype(np.int64),
        method=_METHODS[results[:, HOW].astype(np.intp)],
        bias=bias,  # Miller (1955)
    )
