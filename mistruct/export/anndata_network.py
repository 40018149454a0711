"""Storing a learned network in the AnnData that it was learned from.

scanpy keeps a graph as sparse matrices in `obsp` or `varp`, and what made it in `uns`, with the
keys of these matrices. So does this, with genes as nodes. What is stored is what a file can hold:
text that may be missing is categorical, and what is None is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from mistruct.data.frames import check_distinct, is_anndata
from mistruct.errors import DataError, ParameterError, nearest_names
from mistruct.structure.learner import StructureLearner, provenance
from mistruct.structure.ranked_edges import in_network

if TYPE_CHECKING:
    from anndata import AnnData

# Names that a message shows.
_SHOWN = 3


def store_network(net: StructureLearner, adata: AnnData, key: str | None = None) -> None:
    """Store a learned network in an AnnData, so that it is saved with its file.

    Parameters
    ----------
    net : ARACNE, CLR, MRNET or ChowLiu
        A fitted learner. Its columns are variables of `adata` or columns of its `obs`.
    adata : AnnData
        Changed in place.
    key : str, optional
        Under which to store it; the name of the algorithm, if None. What is there is replaced.

    Raises
    ------
    DataError
        Columns of the network are neither variables nor columns of `obs`, or two variables have
        one name. Then `adata` is as it was.
    ParameterError
        `net` is no fitted learner, `adata` no AnnData, or `key` no name.

    Notes
    -----
    ``adata.varp[f"{key}_mi"]`` : sparse matrix of shape (n_vars, n_vars)
        Information of the pairs in `edges_`, in nats.
    ``adata.varp[f"{key}_weight"]`` : sparse matrix of shape (n_vars, n_vars)
        Their weight, if the learner weighs them; only of pairs that it holds in the network.
    ``adata.uns[key]`` : dict
        `params`, with the name of the algorithm, its version and its seed; `varp_keys`, the keys of
        the matrices in `varp` by what they hold; and `edges`, the table `edges_`.

    Both matrices are symmetric, or have the source as row and the target as column if the network
    is directed. Columns of `obs` have no place in `varp`; their pairs are in `edges` only. What is
    None, such as a parameter, is left out of `params`.

    Examples
    --------
    >>> import anndata
    >>> import numpy as np
    >>> import mistruct as ms
    >>> counts = np.random.default_rng(0).poisson(9, size=(300, 3))
    >>> counts[:, 2] += counts[:, 0]
    >>> adata = anndata.AnnData(counts.astype(np.float32))
    >>> adata.var_names = ["SPI1", "GATA1", "CEBPA"]
    >>> ms.store_network(ms.ARACNE().fit(adata), adata)
    >>> adata.varp["aracne_mi"].toarray().round(1)
    array([[0. , 0. , 0.4],
           [0. , 0. , 0. ],
           [0.4, 0. , 0. ]])
    >>> adata.uns["aracne"]["varp_keys"]
    {'mi': 'aracne_mi', 'weight': 'aracne_weight'}
    """
    if not isinstance(net, StructureLearner) or not hasattr(net, "edges_"):
        raise ParameterError(f"net must be a fitted learner, got {net!r}")
    if not is_anndata(adata):
        raise ParameterError(f"adata must be an AnnData, got {type(adata).__name__}")
    key = net.algorithm if key is None else key
    if not isinstance(key, str) or not key or "/" in key:
        raise ParameterError(f"key must be a name without '/', got {key!r}")
    _check_names(net, adata)
    made = provenance(net)
    parameters = made.pop("parameters")
    matrices = {"mi": _matrix(net, adata, net.edges_["mi"])}
    if "weight" in net.edges_:
        weight = in_network(net.edges_)["weight"].reindex(net.edges_.index)
        matrices["weight"] = _matrix(net, adata, weight)
    stored = {
        "params": {k: v for k, v in {**made, **parameters}.items() if v is not None},
        "varp_keys": {name: f"{key}_{name}" for name in matrices},
        "edges": _storable(net.edges_),
    }
    for name, matrix in matrices.items():
        adata.varp[f"{key}_{name}"] = matrix
    adata.uns[key] = stored


def _check_names(net: StructureLearner, adata: AnnData) -> None:
    check_distinct(list(adata.var_names))
    known = [*adata.var_names, *adata.obs.columns]
    names = set(known)
    absent = [name for name in net.feature_names_in_ if name not in names]
    if absent:
        shown = ", ".join(f"{name!r}{nearest_names(name, known)}" for name in absent[:_SHOWN])
        raise DataError(
            f"{len(absent)} of {len(net.feature_names_in_)} columns of the network are neither "
            f"variables of the AnnData nor columns of its obs: {shown}"
        )


def _matrix(net: StructureLearner, adata: AnnData, values: pd.Series[float]) -> csr_matrix:
    """Sparse matrix of an attribute of the edges between variables, without NaN."""
    position = pd.Index(adata.var_names)
    row, column = (position.get_indexer(net.edges_[end]) for end in ("source", "target"))
    kept = (row >= 0) & (column >= 0) & values.notna().to_numpy()
    row, column, entries = row[kept], column[kept], values.to_numpy()[kept]
    if not net.directed:
        row, column = np.concatenate([row, column]), np.concatenate([column, row])
        entries = np.concatenate([entries, entries])
    return csr_matrix((entries, (row, column)), shape=(adata.n_vars, adata.n_vars))


def _storable(edges: pd.DataFrame) -> pd.DataFrame:
    """Convert text of a table to categories, as files cannot hold missing text otherwise."""
    text = edges.select_dtypes(object)
    return edges.assign(**{str(name): _categories(text[name].to_numpy()) for name in text})


def _categories(text: NDArray[Any]) -> pd.Categorical:
    # Their type is given, as it cannot be inferred where all are missing.
    states = pd.Index(sorted({t for t in text if t is not None}), dtype=object)
    return pd.Categorical(text, categories=states)
