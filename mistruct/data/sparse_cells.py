"""Cells whose counts are sparse, without a dense table of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_matrix, issparse

from mistruct.data.frames import anndata_matrix, check_distinct, is_anndata
from mistruct.errors import DataError


class SparseCells(NamedTuple):
    """A sparse matrix of cells and genes.

    Attributes
    ----------
    names : list of str
        The genes.
    counts : scipy.sparse.csc_matrix, shape (n_cells, n_genes)
        Finite numbers; those that are stored differ from 0.
    """

    names: list[str]
    counts: Any


def sparse_cells(data: Any) -> SparseCells | None:
    """The cells of an AnnData whose matrix is sparse, in memory or backed; None for other data.

    Raises
    ------
    DataError
        There are no cells, two genes have one name, or an entry is missing or infinite.
    """
    if not is_anndata(data):
        return None
    matrix, genes = anndata_matrix(data)
    matrix = matrix.to_memory() if hasattr(matrix, "to_memory") else matrix
    if not issparse(matrix):
        return None
    names = list(map(str, genes))
    check_distinct(names)
    counts = csc_matrix(matrix)
    if counts is matrix:
        counts = counts.copy()
    counts.sum_duplicates()
    counts.eliminate_zeros()
    if not counts.shape[0]:
        raise DataError("the table has no rows")
    if not np.isfinite(counts.data).all():
        place = int(np.flatnonzero(~np.isfinite(counts.data))[0])
        column = int(np.searchsorted(counts.indptr, place, side="right")) - 1
        raise DataError(
            f"column {names[column]!r} holds {counts.data[place]}; the entries of a sparse matrix "
            "must be finite"
        )
    return SparseCells(names, counts)
