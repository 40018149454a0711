"""The G test of conditional independence between discrete columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from mistruct.data.dataset import Dataset
from mistruct.errors import check_choice, check_count
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import (
    DeterminingSets,
    Positions,
    Ragged,
    Separations,
    TestBatch,
)
from mistruct.independence.streams import column_keys, entropy_of, in_key_order, pair_blocks
from mistruct.information.base import Estimator
from mistruct.information.discrete import PlugIn
from mistruct.information.packing import packed_columns
from mistruct.kernels.contingency import join_strata
from mistruct.kernels.determinism import find_determining
from mistruct.kernels.g_permutation import g_test_pairs_sorted
from mistruct.kernels.g_tables import ROWS_PER_CELL, g_test_pairs_drawn
from mistruct.kernels.g_test import (
    CHI_SQUARE,
    DOF,
    HOW,
    N_SAMPLES,
    P_VALUE,
    SPARSE,
    G,
    g_test_pairs,
)
from mistruct.kernels.random import mix
from mistruct.kernels.separation import g_test_separate
from mistruct.parallel import run_blocks

_N_RESULTS = 5
_METHODS = np.array(["g, chi-square", "g, permutation", "g, untestable"], dtype=object)

# Of a test by packed words, one by histogram, and one that may ask for permutations.
_NANOSECONDS_PER_ROW_AND_CELL = 0.003
_NANOSECONDS_PER_ROW = 2.0
_NANOSECONDS_PER_ROW_PERMUTED = 50.0


@dataclass(frozen=True)
class GTest(IndependenceTest):
    r"""Likelihood-ratio test of x independent of y given z, for discrete columns.

    The statistic is :math:`G = 2 n I(x; y | z)`, summed over the strata of z, with
    :math:`\sum_z (r_z - 1)(c_z - 1)` degrees of freedom, where only the rows and columns that
    occur in a stratum count. Where none is left the test is not testable.

    Parameters
    ----------
    n_permutations : int
        Permutations of the form for sparse tables, at most.
    seed : int or None
        Of the permutations; None draws a fresh one. The stream of a test depends on the seed and
        the names of its columns alone, not on other tests, threads or columns.

    sparse : {"permutation", "chi-square"}
        What tables are held against that are too sparse for chi-square: their permutations, or
        chi-square all the same, as most programs do. That is many times faster, and its p-values
        can be far off.

    Notes
    -----
    The p-value is that of chi-square after Williams' (1976) correction where Cochran's (1954)
    rule allows it: no expected count is below 1 and at most a fifth of them are below 5. Elsewhere
    y is shuffled within the strata of z (or, where rows are many, tables are drawn with the same
    margins, which is the same), until ten shuffles reach G (Besag and Clifford 1991); where none
    of all does, a shifted gamma distribution with their mean, variance and skewness
    gives the tail that they cannot resolve. A hundred are enough where that is below 1e-8. The
    p-value is never below the probability of the observed table given its margins.

    References
    ----------
    Williams (1976), "Improved likelihood ratio tests for complete contingency tables".
    Cochran (1954), "Some methods for strengthening the common chi-square tests".
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
    sparse: Literal["permutation", "chi-square"] = "permutation"
    _entropy: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count("n_permutations", self.n_permutations, least=99)
        check_choice("sparse", self.sparse, ("permutation", "chi-square"))
        object.__setattr__(self, "_entropy", entropy_of(self.seed))

    @property
    def _draws(self) -> int:
        """Permutations of a sparse table; 0 stands for chi-square."""
        return self.n_permutations if self.sparse == "permutation" else 0

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "g"

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        row = _rows_of_codes(data, np.union1d(pairs, np.array(given, dtype=np.int64)))
        keys = column_keys(data.discrete)
        pairs = in_key_order(row[pairs], keys)
        given = sorted((int(row[z]) for z in given), key=lambda z: int(keys[z]))
        strata = np.zeros(data.n_samples if given else 0, dtype=np.int32)
        n_strata = 1
        z_key = 0
        for z in given:
            n_strata = join_strata(strata, n_strata, data.codes[z], data.n_states[z])
            z_key = (z_key + int(mix(keys[z]))) % 2**64

        packed = packed_columns(data)
        others = np.array(given, dtype=np.int64)
        cells = n_strata * data.n_states[pairs].prod(axis=1)

        def run(block: slice) -> NDArray[np.float64]:
            results = np.empty((len(pairs[block]), _N_RESULTS))
            g_test_pairs(
                data.codes, data.n_states, packed, pairs[block], others, strata, n_strata, results
            )
            sparse = results[:, HOW] == SPARSE
            if not self._draws:
                known = sparse & ~np.isnan(results[:, P_VALUE])
                results[known, HOW] = CHI_SQUARE
                sparse &= ~known
            few = cells[block] * ROWS_PER_CELL <= data.n_samples
            for chosen, permute in (
                (sparse & few, g_test_pairs_drawn),
                (sparse & ~few, g_test_pairs_sorted),
            ):
                if chosen.any():
                    again = np.empty((chosen.sum(), _N_RESULTS))
                    permute(
                        data.codes, data.n_states, keys, pairs[block][chosen], strata, n_strata,
                        np.uint64(z_key), self._draws, self._entropy, again,
                    )  # fmt: skip
                    results[chosen] = again
            return results

        blocks = pair_blocks(len(pairs), self._nanoseconds(data, cells))
        parts = list(run_blocks(run, blocks, description="independence tests"))
        return _batch(np.concatenate([np.empty((0, _N_RESULTS)), *parts]))

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        row = _rows_of_codes(data, np.union1d(pairs, candidates.flat))
        keys = column_keys(data.discrete)
        pairs, flat = in_key_order(row[pairs], keys), row[candidates.flat]
        starts = candidates.starts
        results = np.empty((len(pairs), _N_RESULTS))
        sets = np.empty((len(pairs), size), dtype=np.int64)
        n_tests = np.empty(len(pairs), dtype=np.int64)
        packed = packed_columns(data)

        def run(block: slice) -> None:
            g_test_separate(
                data.codes, data.n_states, packed, keys, pairs[block], flat,
                starts[block.start : block.stop + 1], size, alpha, self._draws,
                self._entropy, results[block], sets[block], n_tests[block],
            )  # fmt: skip

        cells = data.n_states[pairs].prod(axis=1) * data.n_states.mean() ** size
        n_sets = comb(candidates.lengths, size)
        blocks = pair_blocks(len(pairs), self._nanoseconds(data, cells) * n_sets)
        for _ in run_blocks(run, blocks, description="separations"):
            pass
        position = np.flatnonzero(row >= 0)
        return Separations(_batch(results), np.where(sets >= 0, position[sets], sets), n_tests)

    def determining_sets(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, most: int
    ) -> DeterminingSets:
        """Find sets of one size that leave nothing of a pair to test, by counting."""
        row = _rows_of_codes(data, np.union1d(pairs, candidates.flat))
        rows, flat, starts = row[pairs], row[candidates.flat], candidates.starts
        sets = np.full((len(pairs), most, size), -1, dtype=np.int64)
        determined = np.zeros((len(pairs), most), dtype=np.int64)

        def run(block: slice) -> None:
            find_determining(
                data.codes, data.n_states, rows[block], flat,
                starts[block.start : block.stop + 1], sets[block], determined[block],
            )  # fmt: skip

        blocks = pair_blocks(len(pairs), _NANOSECONDS_PER_ROW * data.n_samples)
        for _ in run_blocks(run, blocks, description="determining sets"):
            pass
        owner, place = np.nonzero(determined)
        position = np.flatnonzero(row >= 0)
        return DeterminingSets(owner, position[sets[owner, place]], determined[owner, place])

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The plug-in estimator, which G is a multiple of."""
        data.require_discrete(f"test {self.name!r}")
        return PlugIn()

    def _nanoseconds(self, data: Dataset, cells: NDArray[Any]) -> NDArray[np.float64]:
        """About what tests of tables with so many cells take."""
        each = np.minimum(_NANOSECONDS_PER_ROW_AND_CELL * cells, _NANOSECONDS_PER_ROW)
        per_row = np.maximum(each, _NANOSECONDS_PER_ROW_PERMUTED * (self._draws > 0))
        return np.asarray(data.n_samples * per_row)


def _rows_of_codes(data: Dataset, positions: Iterable[int]) -> Positions:
    """Row in `codes` of each column by its position; -1 for those that are not discrete."""
    data.require_discrete("test 'g'", [data.names[p] for p in positions])
    return np.array([data.row(n) if n in data.states else -1 for n in data.names], dtype=np.int64)


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
