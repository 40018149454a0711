r"""Embedding of columns as vectors, and information from the angles between them.

A continuous column becomes its normal scores, a discrete one of r states r - 1 indicators (the
degenerate Gaussian of Andrews, Ramsey and Cooper 2019). An orthonormal basis of what a block spans
keeps all that the Gaussian information depends on: the canonical correlations of two blocks are
the singular values of the products of their bases (Bjoerck and Golub 1973).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.linalg import qr

from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, Setting, TooFewRowsError
from mistruct.information.blocks import continuous_values, normal_scores
from mistruct.kernels.gaussian.orthonormal import orthonormalise
from mistruct.memory import require_memory
from mistruct.parallel import run_blocks

# A column whose part outside of what is known is shorter than this, in standard deviations, is
# taken to be determined by it; and 1 - rho^2 below its square for a perfect correlation.
RESOLUTION = 1e-6

# The rounding of a product of unit vectors in float32 is larger than that.
_ROUNDING_OF_A_PRODUCT = 32

_COLUMNS_AT_ONCE = 64

# Vectors are there twice while they are centred or put together.
_COPIES = 2

# Of more rows LAPACK finds a basis faster; it takes long for few.
_FEW_ROWS = 256

# Of wider products the eigenvalues of their squares are faster than singular values.
_FEW_PRODUCTS = 24

Basis = NDArray[np.float64]


def require_room(
    data: Dataset, names: Sequence[str], *, squared: bool = False, in_shards: bool = False
) -> None:
    """Refuse columns whose indicators of states have no room, nor their products if `squared`."""
    sizes = _vectors_of(data, names)
    n_vectors = sum(sizes.values())
    widest = max(sizes, key=lambda n: sizes[n], default="")
    require_memory(
        bytes_of_vectors(data, names, squared=squared, in_shards=in_shards),
        f"indicators of {n_vectors:,} states, {sizes.get(widest, 0):,} of them of column "
        f"{widest!r}, in {data.n_samples:,} rows",
        "leave it out with ",
        Setting("drop", [widest], of="as_dataset"),
        ", or merge its rare states",
    )


def bytes_of_vectors(
    data: Dataset, names: Sequence[str], *, squared: bool = False, in_shards: bool = False
) -> int:
    """Bytes of columns as vectors, and of their products if `squared`.

    Of a table that is read in shards of rows only the products are held.
    """
    n_vectors = sum(_vectors_of(data, names).values())
    return 8 * n_vectors * (_COPIES * data.n_samples * (not in_shards) + n_vectors * squared)


def _vectors_of(data: Dataset, names: Sequence[str]) -> dict[str, int]:
    return {n: len(data.states[n]) - 1 if n in data.states else 1 for n in names}


def embed(data: Dataset, names: Sequence[str]) -> Basis:
    """Vectors of columns: normal scores, and indicators of all states but one."""
    require_room(data, names)
    parts = [np.empty((0, data.n_samples))]
    for name in dict.fromkeys(names):
        row = data.row(name)
        if not data.is_discrete(name):
            part = normal_scores(data.values[[row]])
        else:
            states = np.unique(data.codes[row])[1:, np.newaxis]
            part = (data.codes[row] == states).astype(np.float64)
        parts.append(part)
    return np.concatenate(parts)


def basis(rows: Basis, known: Basis | None = None) -> Basis:
    """Orthonormal basis of centred `rows`, given those in `known`."""
    rows = of_unit_length(rows)
    if known is not None:
        rows = rows - (rows @ known.T) @ known
    return spanning(rows)


def of_unit_length(rows: Basis) -> Basis:
    """Centred rows of length 1, without constant rows."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    varying = lengths[:, 0] > 0
    return np.asarray(rows[varying] / lengths[varying])


def spanning(rows: Basis) -> Basis:
    """Orthonormal basis of rows of length up to 1, to the precision `RESOLUTION`."""
    if len(rows) <= _FEW_ROWS:
        rows = np.array(rows, order="C")
        return rows[: orthonormalise(rows, RESOLUTION)]
    q, r, _ = qr(rows.T, mode="economic", pivoting=True)
    found = np.abs(np.diagonal(r)) > RESOLUTION
    return np.ascontiguousarray(q[:, found].T)


class Bases:
    """Orthonormal bases of columns, stacked in one array."""

    def __init__(
        self,
        data: Dataset,
        positions: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> None:
        names = [data.names[p] for p in positions]
        require_room(data, names)

        def make(chunk: list[str]) -> list[NDArray[Any]]:
            continuous = [n for n in chunk if not data.is_discrete(n)]
            scores = normal_scores(continuous_values(data, continuous))
            of_name = dict(zip(continuous, scores[:, np.newaxis], strict=True))
            return [
                basis(of_name[n] if n in of_name else embed(data, [n])).astype(dtype) for n in chunk
            ]

        chunks = [names[a : a + _COLUMNS_AT_ONCE] for a in range(0, len(names), _COLUMNS_AT_ONCE)]
        made = run_blocks(make, chunks, description="ranks")
        bases = [b for of_chunk in made for b in of_chunk]
        self.dimensions = np.array([len(b) for b in bases])
        self.starts = np.concatenate([[0], np.cumsum(self.dimensions)])
        self.vectors = np.concatenate(bases)

    def part(self, columns: slice | NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Vectors of some columns, and their dimensions; of neighbours without a copy."""
        dimensions = self.dimensions[columns]
        if isinstance(columns, slice):
            return self.vectors[self.starts[columns.start] : self.starts[columns.stop]], dimensions
        first = np.cumsum(dimensions) - dimensions
        places = np.arange(int(dimensions.sum())) + np.repeat(
            self.starts[columns] - first, dimensions
        )
        return self.vectors[places], dimensions

    def of(self, column: int) -> NDArray[Any]:
        """Vectors of one column."""
        return self.vectors[self.starts[column] : self.starts[column + 1]]


def least_remainder(dtype: np.dtype[Any]) -> float:
    """The smallest 1 - rho^2 that differs from 0 in this floating-point type."""
    return max(RESOLUTION**2, _ROUNDING_OF_A_PRODUCT * float(np.finfo(dtype).eps))


def information_of(products: NDArray[Any]) -> float:
    """Information in nats between two orthonormal bases, from the products of their rows."""
    if 1 in products.shape:
        squares = np.array([(products**2).sum()])
    elif min(products.shape) <= _FEW_PRODUCTS:
        squares = np.linalg.svd(products, compute_uv=False) ** 2
    else:
        narrow = products if len(products) <= products.shape[1] else products.T
        squares = np.maximum(np.linalg.eigvalsh(narrow @ narrow.T), 0.0)
    if squares.max(initial=0.0) > 1.0 - least_remainder(products.dtype):
        return math.inf
    return -0.5 * float(np.log1p(-squares).sum())


def require_rows(n_samples: int, n_dimensions: int, names: Sequence[str]) -> None:
    """Raise TooFewRowsError if blocks of these dimensions always determine each other."""
    if n_dimensions >= n_samples - 1:
        raise TooFewRowsError(
            f"estimator 'copula' needs at least two rows more than dimensions, but "
            f"{_listed(names)} have {n_dimensions} dimensions in {n_samples} rows"
        )


def warn_infinite(x: Sequence[str], y: Sequence[str]) -> None:
    """Warn that an estimate is infinite, with the reason."""
    warnings.warn(
        f"the information between {_listed(x)} and {_listed(y)} is infinite: "
        "one determines the other",
        MistructWarning,
        stacklevel=2,
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:4]))
    return shown + (", ..." if len(names) > 4 else "")
