r"""Ranked tables of edges, in one or both directions.

Information has no direction. But where few regulators have many targets each, an edge is more
likely to lead away from the end that looks like such a regulator. So every column has one vote,
which the pairs that it is in share by the fourth power of their information. Each pair is taken
relative to all of its target, and times what the votes v of its source come to:

.. math:: v_i = \sum_j \frac{I_{ij}^4}{\sum_k I_{kj}^4}, \qquad
          w_{i \to j} = v_i^{3/4} \frac{I_{ij}}{\sqrt{S_j + \bar S / 20}}, \qquad
          S_j = \sum_k I_{kj}^2.

Had each column one regulator, drawn with these chances, i would have :math:`v_i` targets. The mean
of S keeps a column with one weak pair from making it a large share of little. The exponents are
those that ranked best in networks generated as in `tests/bench/test_rankings.py`, on a flat
optimum; the twentieth costs nothing there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.kernels.gaussian.signs import covariance_signs
from mistruct.parallel import for_each, slices
from mistruct.structure.rank_products import bits_to_drop, sums_of_products

Names = NDArray[Any]

# Sizes of blocks for a thread: columns to rank, and entries of pairs of columns.
_COLUMNS_AT_ONCE = 64
_ENTRIES_AT_ONCE = 20_000_000

# Up to this number of columns the sums of a packed table's products are made for all pairs.
_MOST_IN_SHARDS = 4096

_EXPONENT_OF_VOTES = 0.75
_SHARE_OF_MEAN = 0.05


def ranked(
    names: Names, source: Positions, target: Positions, columns: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    """Table of edges by descending weight, then by mi, then by name.

    `columns` hold `mi` and `weight`; the `names` are sorted, and the ends positions among them. The
    columns are taken out of the dictionary, so that millions of pairs are not in memory twice.
    """
    order = np.lexsort([target, source, -columns["mi"], -columns["weight"]])
    table = {"source": names[source[order]], "target": names[target[order]]}
    for name in list(columns):
        table[name] = columns.pop(name)[order]
    return pd.DataFrame(table, copy=False)


def ranked_both_ways(
    names: Names,
    source: Positions,
    target: Positions,
    columns: dict[str, NDArray[Any]],
    back: NDArray[np.bool_],
    weights: tuple[Floats, Floats],
) -> pd.DataFrame:
    """Table of edges as by `ranked`, with a row for each direction.

    `weights` has those from source to target, and those of the pairs `back` the other way.
    """
    of_row = np.concatenate([np.arange(len(source)), np.flatnonzero(back)])
    ends = np.concatenate([source, target[back]]), np.concatenate([target, source[back]])
    directed = {name: c[of_row] for name, c in columns.items()}
    directed["weight"] = np.concatenate(weights)
    return ranked(names, *ends, directed)


def hub_weights(
    source: Positions,
    target: Positions,
    information: Floats,
    back: NDArray[np.bool_],
    n_columns: int,
) -> tuple[Floats, Floats]:
    """Weights of the pairs from source to target, and of the pairs `back` the other way.

    0 where the information is below 0.
    """
    largest = information[np.isfinite(information)].max(initial=np.finfo(np.float64).tiny)
    # Infinite information, as of two equal columns, counts as twice the largest finite one.
    share = np.clip(information / largest, 0.0, 2.0)

    def of_all(column: Positions, values: Floats, other: Positions, of_back: Floats) -> Floats:
        total = np.zeros(n_columns)
        for ends, of_ends in ((column, values), (other[back], of_back)):
            total += np.bincount(ends, weights=of_ends, minlength=n_columns)
        return total

    def over(values: Floats, total: Floats) -> Floats:
        return np.divide(values, total, out=np.zeros_like(values), where=total > 0)

    fourth = share**4
    total = of_all(target, fourth, source, fourth[back])
    votes = of_all(
        source,
        over(fourth, total[target]),
        target,
        over(fourth[back], total[source[back]]),
    )
    squares = of_all(target, share**2, source, share[back] ** 2)
    mean = squares.sum() / max(np.count_nonzero(squares), 1)
    scale = np.sqrt(squares + _SHARE_OF_MEAN * mean)
    strength = votes**_EXPONENT_OF_VOTES
    return (
        strength[source] * over(share, scale[target]),
        strength[target[back]] * over(share[back], scale[source[back]]),
    )


def in_network(edges: pd.DataFrame) -> pd.DataFrame:
    """Rows with a weight from the learner that no third column explains."""
    kept = edges["weight"] > 0
    return edges[kept & edges["direct"]] if "direct" in edges else edges[kept]


def heavier_way(edges: pd.DataFrame) -> pd.DataFrame:
    """Direction of each pair with the larger weight; both if they are equal."""
    source, target = (edges[end].to_numpy() for end in ("source", "target"))
    turned = source > target
    pair = [np.where(turned, target, source), np.where(turned, source, target)]
    heaviest = edges["weight"].groupby(pair, sort=False).transform("max")
    return edges[edges["weight"] == heaviest]


def count_samples(data: Dataset, source: Positions, target: Positions) -> Positions:
    """Number of complete rows of each pair."""
    if not any(data.n_missing.values()):
        return np.full(len(source), data.n_samples)
    known = np.packbits([data.known(n) for n in data.names], axis=1)
    parts = [
        np.bitwise_count(known[source[block]] & known[target[block]]).sum(axis=1, dtype=np.int64)
        for block in slices(len(source), max(1, _ENTRIES_AT_ONCE // known.shape[1]))
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def signs(data: Dataset, source: Positions, target: Positions) -> NDArray[np.int8]:
    """Sign of Spearman's correlation of each pair, over its complete rows.

    0 where there is none, as where a column has more than two states, which have no order.
    """
    data = data.by_order
    n_states = [data.n_observed[data.row(n)] if n in data.states else 2 for n in data.names]
    ordered = np.array(n_states) <= 2
    gaps = np.array([data.n_missing[n] > 0 for n in data.names], dtype=np.bool_)
    some = ordered[source] & ordered[target]
    complete = some & ~gaps[source] & ~gaps[target]
    result = np.zeros(len(source), dtype=np.int8)
    of_levels = data.select(n for n, c in zip(data.names, ordered & ~gaps, strict=True) if c)
    in_shards = data.on_disk is not None and of_levels.n_variables <= _MOST_IN_SHARDS
    levels = (_InShards if in_shards and complete.any() else _Levels)(of_levels)
    place = np.cumsum(ordered & ~gaps) - 1
    result[complete] = levels.signs(place[source[complete]], place[target[complete]])
    for k in np.flatnonzero(some & ~complete):
        pair = data.select([data.names[source[k]], data.names[target[k]]]).complete_rows()
        result[k] = _Levels(pair).signs(np.array([0]), np.array([1]))[0]
    return result


class _Levels:
    """Complete columns as whole numbers: doubled centred ranks, and two states as 0, 1.

    Twice a rank is whole even where ranks are tied, so that a correlation of zero has no sign.
    """

    def __init__(self, data: Dataset) -> None:
        self.n_samples = data.n_samples
        self.is_rank = np.array([data.kinds[n] == "continuous" for n in data.names], np.bool_)
        self.place = np.array([data.row(n) for n in data.names], dtype=np.int64)
        self.ranks = np.empty(data.values.shape, dtype=np.int32)
        largest = data.codes.max(axis=1, keepdims=True, initial=0)
        self.states = (data.codes == largest).view(np.uint8)

        def rank(some: slice) -> None:
            ranks = 2.0 * rankdata(data.values[some], axis=1) - (data.n_samples + 1)
            self.ranks[some] = ranks / 2.0**coarser

        coarser = bits_to_drop(data.n_samples)
        cut = slices(len(self.ranks), _COLUMNS_AT_ONCE)
        for_each(rank, cut, description="ranks")

    def signs(self, x: Positions, y: Positions) -> NDArray[np.int8]:
        """Signs of the covariances of pairs of columns."""
        pairs = np.column_stack([x, y])
        result = np.empty(len(pairs), dtype=np.int8)

        def sign(some: slice) -> None:
            covariance_signs(
                self.ranks, self.states, self.is_rank, self.place, pairs[some], result[some]
            )

        cut = slices(len(pairs), max(1, _ENTRIES_AT_ONCE // self.n_samples))
        for_each(sign, cut, description="signs")
        return result


class _InShards:
    """Signs of edges of a packed table, of which no column is held."""

    def __init__(self, data: Dataset) -> None:
        sums, self.products = sums_of_products(data)
        states = np.flatnonzero(data.discrete_mask)
        both = np.ix_(states, states)
        # Those of ranks are 0.
        self.products[both] = data.n_samples * self.products[both] - np.outer(
            sums[states], sums[states]
        )

    def signs(self, x: Positions, y: Positions) -> NDArray[np.int8]:
        """Signs of the covariances of pairs of columns."""
        return np.sign(self.products[x, y]).astype(np.int8)
