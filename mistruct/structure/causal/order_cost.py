r"""Expected cost of a search over orders.

Nothing is timed: constants say how many families the first climb and each restart score for each
pair of columns, the more the more neighbours the columns seem to have, and what one takes; so a
choice that goes by the cost is the same on every machine. How many neighbours there seem to be is
read off the cost of the search by tests that gives the first order: how many tests given one column
it makes for each pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from mistruct.data.dataset import Dataset
from mistruct.scores.base import Score
from mistruct.structure.causal.search_cost import SearchCost
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held

# Measured on the tuning networks at 500 and 5,000 rows and on normal columns: families scored for
# each pair, in the first climb and in each restart, and how both grow with the square of the tests.
# The number so predicted was .5 to 3.5 times the true one.
_FIRST, _FIRST_GROWTH = 10.0, 1.4
_RESTART, _RESTART_GROWTH = 7.0, 0.15


@dataclass(frozen=True, kw_only=True)
class OrderCost(Cost):
    """Expected cost of a search over orders, with the search for the first order.

    Attributes
    ----------
    n_families : float
        Number of families that are scored.
    """

    n_families: float


def order_cost(data: Dataset, score: Score, first: SearchCost, n_restarts: int) -> OrderCost:
    """Expected cost of a search for the best order; that of the search by tests is `first`."""
    n_pairs = data.n_variables * (data.n_variables - 1) / 2
    crowded = (first.n_tests[1] / first.n_tests[0]) ** 2
    of_pair = _FIRST + _FIRST_GROWTH * crowded
    of_pair += n_restarts * (_RESTART + _RESTART_GROWTH * crowded)
    return OrderCost(
        seconds=float(n_pairs * of_pair) * score.seconds(data),
        n_bytes=max(first.n_bytes, LIBRARIES + bytes_held(data) + score.n_bytes(data)),
        n_families=float(n_pairs * of_pair),
    )
