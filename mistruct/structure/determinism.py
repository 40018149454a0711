r"""What to believe where z determines x: "x is independent of y given z" then holds vacuously.

In the sample x does not vary once z is known, so no test can speak, and whatever x is adjacent to
would be separated from it by z. PC as published accepts that, and loses the true neighbours of
every column that others determine.

z makes x redundant for y only if z carries what x says about y *and more besides*: then y goes
with z and x is its shadow. If y owes to z nothing that x does not say as well, the edge x - y is
as good an explanation as z - y, and stays. So the separation is believed where I(y; z | x) is
significant and above a tenth of I(x; y), both corrected for bias; and where z determines y,
likewise with x and y exchanged. I(y; z | x) is the sum over the columns of z of
:math:`I(y; z_i | x, z_1 \ldots z_{i-1})` (the chain rule), each term one test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.hybrid_test import HybridTest
from mistruct.independence.protocol import IndependenceTest, Positions, Ragged, TestBatch
from mistruct.independence.streams import pair_blocks
from mistruct.information.embedding import RESOLUTION
from mistruct.information.score_correlations import row_of_scores, score_correlations
from mistruct.kernels.determinism import BOTH, NEITHER, X, Y, find_determining
from mistruct.kernels.partial_correlation import may_determine
from mistruct.parallel import run_blocks
from mistruct.structure.batches import Given, tests_given

Determinism = Literal["informative", "textbook"]

# What z must say about y beyond x, as a share of what x says about y.
_SHARE = 0.1

# Determining sets judged for each pair at each depth, at most.
_MOST_SETS = 8

_NANOSECONDS_PER_ROW = 1.0


@dataclass(frozen=True, eq=False)
class Believed:
    """Vacuous separations that are believed.

    Attributes
    ----------
    pairs : ndarray of int, shape (n_believed,)
        Places among the pairs that were asked for.
    sets : list of tuple of int
        The set of each, which determines one of the pair.
    relevance : ndarray of float, shape (n_believed,)
        The p-value of "z says nothing about y beyond x"; 0 where that was not asked.
    n_tests : ndarray of int, shape (n_asked,)
        Tests made for each pair that was asked for.
    """

    pairs: Positions
    sets: list[Given]
    relevance: NDArray[np.float64]
    n_tests: Positions


def believe(
    data: Dataset,
    test: IndependenceTest,
    rule: Determinism,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    alpha: float,
    mi: NDArray[np.float64],
) -> Believed:
    """The first vacuous separation of each pair, among its candidates, that the rule believes.

    `mi` is the corrected I(x; y) of each pair.
    """
    n_tests = np.zeros(len(pairs), dtype=np.int64)
    places: list[int] = []
    sets: list[Given] = []
    relevance: list[float] = []
    for found, of_found, determined in _in_turn(data, test, pairs, candidates, size):
        p_values = np.zeros(len(found))
        if rule == "informative":
            p_values, cost = _relevance(
                data, test, pairs[found], of_found, determined, alpha, mi[found]
            )
            n_tests[found] += cost
        accepted = p_values <= alpha
        places += found[accepted].tolist()
        sets += [s for s, a in zip(of_found, accepted.tolist(), strict=True) if a]
        relevance += p_values[accepted].tolist()
        determined[accepted] = NEITHER  # no need to look further
    return Believed(np.array(places, dtype=np.int64), sets, np.array(relevance), n_tests)


def corrected(tests: TestBatch) -> NDArray[np.float64]:
    """The information of tests less its bias; that of counts is not corrected yet (Miller 1955)."""
    methods = set(tests.method.tolist())
    counted = np.isin(tests.method, [m for m in methods if str(m).startswith("g,")])
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(counted, tests.dof / (2.0 * tests.n_samples), 0.0)
    return np.asarray(tests.mi - bias)


def _relevance(
    data: Dataset,
    test: IndependenceTest,
    pairs: Positions,
    sets: Sequence[Given],
    determined: Positions,
    alpha: float,
    mi: NDArray[np.float64],
) -> tuple[NDArray[np.float64], Positions]:
    """p-value of "z says nothing more", 1 where it says too little; and the number of tests."""
    p_values = np.zeros(len(pairs))
    n_tests = np.zeros(len(pairs), dtype=np.int64)
    for by_z, of_pair in ((X, pairs), (Y, pairs[:, ::-1])):
        chosen = np.flatnonzero(determined & by_z)
        asked, given, owner = [], [], []
        for k in chosen.tolist():
            shadow, other = of_pair[k].tolist()
            for i, z in enumerate(sets[k]):
                asked.append((other, z))
                given.append((shadow, *sets[k][:i]))
                owner.append(k)
        tests = tests_given(test, data, np.array(asked).reshape(-1, 2), given, alpha)
        more = np.bincount(owner, np.nan_to_num(corrected(tests)), minlength=len(pairs))
        smallest = np.ones(len(pairs))
        np.minimum.at(smallest, owner, np.nan_to_num(tests.p_value, nan=1.0))
        terms = np.bincount(owner, minlength=len(pairs))
        says_more = more > _SHARE * np.maximum(mi, 0.0)
        of_side = np.where(says_more, np.minimum(smallest * terms, 1.0), 1.0)
        p_values[chosen] = np.maximum(p_values[chosen], of_side[chosen])
        n_tests += terms
    return p_values, n_tests


def _in_turn(
    data: Dataset,
    test: IndependenceTest,
    pairs: Positions,
    candidates: Ragged,
    size: int,
) -> Iterator[tuple[Positions, list[Given], Positions]]:
    """The first determining set of each pair that has one, then the second of those left, ...

    Places of pairs, their sets, and what is determined; a pair whose entry there is set to NEITHER
    is not asked again.
    """
    if getattr(test, "answers_always", False):
        return
    counted = np.array([data.kinds[n] == "discrete" for n in data.names], dtype=bool)
    by_kernel = counted[pairs].all(axis=1) & candidates.all(counted)
    by_kernel &= isinstance(test, (GTest, AutoTest, HybridTest))
    yield from _by_counting(data, pairs, candidates, size, np.flatnonzero(by_kernel))
    yield from _by_testing(data, test, pairs, candidates, size, np.flatnonzero(~by_kernel))


def _by_counting(
    data: Dataset,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    left: Positions,
) -> Iterator[tuple[Positions, list[Given], Positions]]:
    row = np.array([data.row(n) if n in data.states else -1 for n in data.names], dtype=np.int64)
    chosen = np.full((len(pairs), size), -1, dtype=np.int64)
    for _ in range(_MOST_SETS):
        if not len(left):
            return
        of_left = candidates.take(left)
        flat, starts = row[of_left.flat], of_left.starts
        determined = np.zeros(len(left), dtype=np.int64)
        subsets = chosen[left]
        rows = row[pairs[left]]

        def run(
            block: slice,
            rows: Positions = rows,
            flat: Positions = flat,
            starts: Positions = starts,
            subsets: Positions = subsets,
            determined: Positions = determined,
        ) -> None:
            find_determining(
                data.codes, data.n_states, rows[block], flat,
                starts[block.start : block.stop + 1], subsets[block], determined[block],
            )  # fmt: skip

        blocks = pair_blocks(len(left), _NANOSECONDS_PER_ROW * data.n_samples)
        for _ in run_blocks(run, blocks, description="determining sets"):
            pass
        some = determined != NEITHER
        left, determined = left[some], determined[some]
        chosen[left] = subsets[some]
        sets = [tuple(candidates[k][c] for c in chosen[k].tolist()) for k in left.tolist()]
        if len(left):
            yield left, sets, determined
        left = left[determined != NEITHER]


def _by_testing(
    data: Dataset,
    test: IndependenceTest,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    left: Positions,
) -> Iterator[tuple[Positions, list[Given], Positions]]:
    """Ask the test itself: nothing to test and no information, though there are rows enough."""
    left = left[candidates.lengths[left] >= size]
    if isinstance(test, (AutoTest, CopulaTest, HybridTest)):
        left = left[_may_determine(data, pairs[left], candidates.take(left), size)]
    for k in left.tolist():
        found = 0
        # What all candidates together do not determine, none of their subsets does.
        if test.test_pairs(data, pairs[k : k + 1], candidates[k]).testable[0]:
            continue
        for given in combinations(candidates[k], size):
            if not _leaves_nothing(data, test, pairs[k], given) or any(
                _leaves_nothing(data, test, pairs[k], part)
                for part in combinations(given, size - 1)
                if part
            ):
                continue
            determined = np.array([BOTH])
            yield np.array([k]), [given], determined
            found += 1
            if determined[0] == NEITHER or found == _MOST_SETS:
                break


def _may_determine(
    data: Dataset, pairs: Positions, candidates: Ragged, size: int
) -> NDArray[np.bool_]:
    """Whether a set of this size may determine one of a pair, to the resolution of the copula.

    Told from correlations, so that it takes no tests; True where some column has none.
    """
    plain = row_of_scores(data) >= 0
    found = ~(plain[pairs].all(axis=1) & candidates.all(plain))
    places = np.flatnonzero(~found)
    of_places = candidates.take(places)
    correlations, row = score_correlations(data, pairs[places], of_places.flat)
    may = np.empty(len(places), dtype=bool)
    may_determine(
        correlations, RESOLUTION**2, row[pairs[places]], row[of_places.flat], of_places.starts,
        size, may,
    )  # fmt: skip
    found[places] = may
    return found


def _leaves_nothing(data: Dataset, test: IndependenceTest, pair: Positions, given: Given) -> bool:
    tested = test.test_pairs(data, pair[np.newaxis], given)
    return bool(not tested.testable[0] and tested.n_samples[0] > 0 and not np.isnan(tested.mi[0]))
