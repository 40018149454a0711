"""Sums of products of columns that add up over shards of rows, in one order of addition.

The rows of a table are cut into shards at multiples of a length that follows from the number of
columns alone. Whoever computes the sums over a shard, and in whatever order the shards are put
together, they are added in one binary tree: shard 0 to shard 1, shard 2 to shard 3, those two sums
to each other, and so on (pairwise summation). So a result has the same bytes for any number of
blocks, workers and threads, and for a table on disk as for one in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import ndtri

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.data.packed.table_folder import forget
from mistruct.information.copula.basis import embed
from mistruct.information.copula.blas import one_blas_thread
from mistruct.parallel import n_slots, run_anywhere, run_blocks, slices

# Entries of a shard, and how many rows it has at least and at most: powers of two.
_SHARD_ENTRIES = 1 << 22
_FEWEST_ROWS, _MOST_ROWS = 1 << 12, 1 << 16

_BLOCKS_PER_SLOT = 4

# Columns that a thread ranks at a time.
_COLUMNS_AT_ONCE = 64

# Products with fewer multiplications take BLAS no longer than to wait for a core that is busy.
_SHORT_PRODUCT = 1e8


class Moments(NamedTuple):
    """Sums over rows of d vectors.

    Attributes
    ----------
    sums, cubes : ndarray of float, shape (d,)
    products : ndarray of float, shape (d, d)
    """

    sums: Floats
    cubes: Floats
    products: Floats

    @classmethod
    def of(cls, rows: Floats) -> Moments:
        """The sums over the entries of each of d rows."""
        squares = rows * rows
        squares *= rows
        return cls(rows.sum(axis=1), squares.sum(axis=1), rows @ rows.T)

    def plus(self, other: Moments) -> Moments:
        """The sums over the rows of both, the earlier ones first."""
        return Moments(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Gram:
    """Moments over some shards of a table, which can be added to those over others.

    Attributes
    ----------
    nodes : mapping of (int, int) to Moments
        Of (level, place): the moments over the shards from place * 2^level on, 2^level in number.

    Examples
    --------
    >>> import numpy as np
    >>> from mistruct.information.copula.gram import Gram, Moments
    >>> rows = np.arange(8.0).reshape(2, 4)
    >>> first, second = (Gram.of_shard(i, rows[:, 2 * i : 2 * i + 2]) for i in range(2))
    >>> (second + first).total(2).sums
    array([ 6., 22.])
    """

    nodes: Mapping[tuple[int, int], Moments] = field(default_factory=dict)

    @classmethod
    def of_shard(cls, place: int, rows: Floats) -> Gram:
        """The Gram of one shard, the place-th of its table."""
        return cls({(0, place): Moments.of(rows)})

    def __add__(self, other: Gram) -> Gram:
        """The Gram of the shards of both."""
        nodes = dict(self.nodes)
        for node, moments in other.nodes.items():
            while (beside := (node[0], node[1] ^ 1)) in nodes:
                pair = (nodes.pop(beside), moments)
                moments = pair[0].plus(pair[1]) if node[1] % 2 else pair[1].plus(pair[0])
                node = node[0] + 1, node[1] // 2
            if node in nodes:
                raise ValueError(f"shard {node[1] << node[0]} is counted twice")
            nodes[node] = moments
        return Gram(nodes)

    def total(self, n_shards: int) -> Moments:
        """The moments over all shards of the table.

        Raises
        ------
        ValueError
            The shards are not all there, each once.
        """
        in_order = sorted(self.nodes, key=lambda node: node[1] << node[0])
        stops = [(place + 1) << level for level, place in in_order]
        starts = [place << level for level, place in in_order]
        if [0, *stops] != [*starts, n_shards]:
            raise ValueError(f"of {n_shards} shards some are missing or counted twice")
        moments = [self.nodes[node] for node in in_order]
        result = moments.pop()
        while moments:
            result = moments.pop().plus(result)
        return result


class Vectors(Protocol):
    """Vectors of the columns of a table, of which any rows can be had."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""

    @property
    def n_vectors(self) -> int:
        """Number of vectors, which is that of columns if all are continuous."""

    @property
    def travels(self) -> bool:
        """Whether blocks of rows can be made elsewhere without sending the table there."""

    def rows(self, some: slice) -> Floats:
        """The entries of all vectors in some rows, shape (n_vectors, n_rows)."""


@dataclass(frozen=True)
class _InMemory:
    """Vectors that are held."""

    vectors: Floats
    travels = False

    @property
    def n_samples(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def n_vectors(self) -> int:
        return len(self.vectors)

    def rows(self, some: slice) -> Floats:
        return self.vectors[:, some]


@dataclass(frozen=True)
class _OnDisk:
    """Vectors of columns of a packed table, made of its ranks and codes as they are used."""

    data: Dataset
    names: Sequence[str]
    travels = True

    @property
    def n_samples(self) -> int:
        return self.data.n_samples

    @property
    def n_vectors(self) -> int:
        return sum(len(self.data.states.get(n, (0, 1))) - 1 for n in self.names)

    def rows(self, some: slice) -> Floats:
        data, stored = self.data, self.data.on_disk
        assert stored is not None
        result = np.empty((self.n_vectors, len(range(*some.indices(data.n_samples)))))
        done = 0
        for name in self.names:
            row = data.row(name)
            if not data.is_discrete(name):
                scores_of_ranks(stored.ranks[row, some], data.n_samples, result[done])
                done += 1
                continue
            for state in range(1, len(data.states[name])):
                np.equal(data.codes[row, some], state, out=result[done])
                done += 1
        forget(stored.ranks)
        return result


def scores_of_ranks(ranks: np.ndarray, n: int, scores: Floats) -> None:
    """Fill in the normal scores of doubled centred ranks of n rows, as `normal_scores` has them."""
    np.abs(ranks, out=scores, casting="unsafe")
    np.subtract(n + 1, scores, out=scores)
    np.divide(scores, 2 * (n + 1), out=scores)
    ndtri(scores, out=scores)
    np.copysign(scores, ranks, out=scores)


def vectors_of(data: Dataset, names: Sequence[str]) -> Vectors:
    """The vectors of columns without gaps: normal scores, and indicators of all states but one."""
    if data.on_disk is not None:
        return _OnDisk(data, names)
    cut = [names[some] for some in slices(len(names), _COLUMNS_AT_ONCE)]
    parts = run_blocks(partial(embed, data), cut, description="ranks")
    return _InMemory(np.concatenate([np.empty((0, data.n_samples)), *parts]))


def rows_of_shard(n_vectors: int) -> int:
    """Number of rows of each shard of a table with so many vectors, but the last."""
    fitting = max(1, _SHARD_ENTRIES // max(1, n_vectors))
    return int(np.clip(1 << (fitting.bit_length() - 1), _FEWEST_ROWS, _MOST_ROWS))


def rows_held(data: Dataset, n_vectors: int) -> int:
    """Rows of the vectors that are held: those of shards, if the table is on disk without gaps."""
    if data.on_disk is None or data.discrete or any(data.n_missing.values()):
        return data.n_samples
    return min(data.n_samples, rows_of_shard(n_vectors) * n_slots())


def moments_of(vectors: Vectors, *, n_blocks: int | None = None) -> Moments:
    """The moments of all rows, of shards that are shared out in so many blocks."""
    length = rows_of_shard(vectors.n_vectors)
    n_shards = max(1, -(-vectors.n_samples // length))
    if n_shards == 1:
        is_short = vectors.n_samples * vectors.n_vectors**2 < _SHORT_PRODUCT
        with one_blas_thread(is_short):
            return Moments.of(vectors.rows(slice(0, vectors.n_samples)))
    n_blocks = _BLOCKS_PER_SLOT * n_slots() if n_blocks is None else n_blocks
    blocks = slices(n_shards, max(1, -(-n_shards // n_blocks)))
    total = Gram()
    if vectors.travels:
        found = run_anywhere(_gram, vectors, blocks, description="correlations")
    else:
        found = run_blocks(lambda some: _gram(vectors, some), blocks, description="correlations")
    for part in found:
        total = total + part
    return total.total(n_shards)


def _gram(vectors: Vectors, shards: slice) -> Gram:
    """The Gram of some shards."""
    length = rows_of_shard(vectors.n_vectors)
    total = Gram()
    with one_blas_thread():
        for place in range(shards.start, shards.stop):
            rows = slice(place * length, min((place + 1) * length, vectors.n_samples))
            total = total + Gram.of_shard(place, vectors.rows(rows))
    return total


def correlations(moments: Moments, n: int) -> tuple[Floats, Floats]:
    """Correlations of n rows and the skewness of each vector, 0 where it is constant."""
    mean = moments.sums / n
    found = moments.products - np.outer(moments.sums, moments.sums) / n
    variances = found.diagonal().copy()
    lengths = np.sqrt(np.maximum(variances, 0.0))
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    squares = moments.products.diagonal()
    third = moments.cubes - mean * (3 * squares - 2 * mean * moments.sums)
    found *= np.outer(scale, scale)
    return found, third * scale**3 * n**0.5
