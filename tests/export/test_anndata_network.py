"""Networks in an AnnData: what is stored, that a file gives it back, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import mistruct as ms

anndata = pytest.importorskip("anndata")

LEARNERS = {
    "aracne": lambda: ms.ARACNE(),
    "aracne hubs": lambda: ms.ARACNE(direction="hubs", regulators=["g0", "g3", "g7"]),
    "clr": lambda: ms.CLR(regulators=["g0", "size"]),
    "mrnet": lambda: ms.MRNET(alpha=None),
    "chow-liu": lambda: ms.ChowLiu(alpha=0.01),
    "tan": lambda: ms.TAN("kind"),
}
learners = pytest.mark.parametrize("learner", LEARNERS)


def cells(n_cells: int = 150, n_genes: int = 12) -> Any:
    """Sparse counts with many zeros, a kind of cell that explains some of them, and its size."""
    rng = np.random.default_rng(0)
    level = rng.gamma(2.0, size=(n_cells, 3))
    load = rng.random((3, n_genes)) * (rng.random((3, n_genes)) < 0.5)
    counts = rng.poisson(level @ load * 2.0)
    obs = pd.DataFrame(
        {"kind": pd.Categorical(np.where(level[:, 0] > 2, "T", "B")), "size": counts.sum(axis=1)},
        index=[f"cell{i}" for i in range(n_cells)],
    )
    adata = anndata.AnnData(sp.csr_matrix(counts.astype(np.float32)), obs=obs)
    # In another order than by name.
    adata.var_names = [f"g{i}" for i in reversed(range(n_genes))]
    return adata


def with_obs(adata: Any) -> pd.DataFrame:
    return adata.to_df().assign(kind=adata.obs["kind"], size=adata.obs["size"].astype(float))


def fitted(learner: str, adata: Any) -> Any:
    return LEARNERS[learner]().fit(with_obs(adata))


def matrix_of(net: Any, adata: Any, column: str) -> np.ndarray[Any, Any]:
    """The matrix that `varp` should hold, pair by pair."""
    at = {name: i for i, name in enumerate(adata.var_names)}
    matrix = np.zeros((adata.n_vars, adata.n_vars))
    for row in net.edges_.itertuples():
        held = column == "mi" or getattr(row, "direct", True)
        if held and row.source in at and row.target in at:
            matrix[at[row.source], at[row.target]] = getattr(row, column)
            if not net.directed:
                matrix[at[row.target], at[row.source]] = getattr(row, column)
    return matrix


@learners
def test_what_is_stored_and_comes_back_from_a_file(tmp_path: Path, learner: str) -> None:
    adata = cells()
    net = fitted(learner, adata)
    ms.store_network(net, adata)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    key = net.algorithm
    kinds = ["mi", "weight"] if "weight" in net.edges_ else ["mi"]
    for stored in (adata, back):
        record = stored.uns[key]
        assert record["varp_keys"] == {kind: f"{key}_{kind}" for kind in kinds}
        assert set(stored.varp) == set(record["varp_keys"].values())
        for kind in kinds:
            matrix = stored.varp[f"{key}_{kind}"]
            assert sp.issparse(matrix) and matrix.format == "csr"
            assert np.array_equal(matrix.toarray(), matrix_of(net, adata, kind))
            assert kind == "mi" or (matrix.data > 0).all()
        edges = record["edges"].astype({"source": object, "target": object})
        if "explained_by" in edges:
            edges["explained_by"] = edges["explained_by"].astype(object)
            edges["explained_by"] = edges["explained_by"].where(edges["explained_by"].notna(), None)
        if "given" in edges:
            edges["given"] = edges["given"].astype(object)
        pd.testing.assert_frame_equal(edges, net.edges_, check_index_type=False)
    ends = set(net.edges_["source"]) | set(net.edges_["target"])
    assert ends & {"kind", "size"}  # in the edges, and in no matrix
    assert back.uns[key]["params"] == adata.uns[key]["params"]
    made = net.graph_.graph
    assert adata.uns[key]["params"] == {
        k: v
        for k, v in {
            "algorithm": key, "version": ms.__version__, "seed": made["seed"], **made["parameters"]
        }.items()
        if v is not None
    }  # fmt: skip


def test_parameters_that_are_none_and_edges_that_nothing_explains(tmp_path: Path) -> None:
    adata = cells()
    net = ms.ARACNE(alpha=None, regulators=["g0"]).fit(adata)
    assert net.edges_["explained_by"].isna().all()
    ms.store_network(net, adata, key="all pairs")
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad").uns["all pairs"]
    assert back["edges"]["explained_by"].isna().all()
    assert len(back["edges"]) == len(net.edges_)
    assert back["params"]["tolerance"] == 0.1
    assert not {"alpha", "direction", "n_bootstraps", "test_"} & back["params"].keys()
    with pytest.warns(ms.MistructWarning, match="no pair is significant"):
        nothing = ms.ARACNE(alpha=1e-300).fit(adata)
    assert len(nothing.edges_) == 0
    ms.store_network(nothing, adata)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert list(back.uns["aracne"]["edges"].columns) == list(nothing.edges_.columns)
    assert back.varp["aracne_weight"].nnz == 0


def test_keys(tmp_path: Path) -> None:
    adata = cells()
    net, other = ms.ARACNE().fit(adata), ms.ARACNE(correction="none", tolerance=0).fit(adata)
    ms.store_network(net, adata, key="first")
    ms.store_network(other, adata)
    assert set(adata.uns) == {"first", "aracne"}
    ms.store_network(other, adata, key="first")
    assert (adata.varp["first_weight"] != adata.varp["aracne_weight"]).nnz == 0
    for key in ("", "a/b", 3):
        with pytest.raises(ms.ParameterError, match="key must be a name without '/', got"):
            ms.store_network(net, adata, key=key)  # type: ignore[arg-type]


def test_some_of_the_variables_and_more_than_these() -> None:
    adata = cells()
    net = ms.ARACNE().fit(adata[:, ["g5", "g2", "g7", "g1"]].to_df())
    ms.store_network(net, adata)
    assert np.array_equal(adata.varp["aracne_mi"].toarray(), matrix_of(net, adata, "mi"))
    # scanpy's own way to choose genes takes the network along.
    chosen = adata[:, ["g7", "g2"]].copy()
    assert np.array_equal(chosen.varp["aracne_mi"].toarray(), matrix_of(net, chosen, "mi"))


def test_what_is_refused_leaves_everything_as_it_was() -> None:
    def refused(error: type[Exception], message: str, net: Any, adata: Any) -> None:
        with pytest.raises(error, match=message):
            ms.store_network(net, adata)
        assert not hasattr(adata, "uns") or (not adata.uns and not adata.varp)

    adata = cells()
    net = fitted("aracne", adata)
    foreign = ms.ARACNE().fit(with_obs(adata).rename(columns={"g3": "G3", "g4": "other"}))
    message = "2 of 14 columns of the network are neither variables of the AnnData nor columns of "
    refused(ms.DataError, f"{message}its obs: 'other', 'G3'; did you mean 'g3'", foreign, adata)
    for wrong in (ms.ARACNE(), net.graph_, net.edges_):
        refused(ms.ParameterError, "net must be a fitted learner", wrong, adata)
    refused(ms.ParameterError, "adata must be an AnnData, got DataFrame", net, with_obs(adata))
    adata.var_names = ["g0", *adata.var_names[1:]]
    refused(ms.DataError, "'g0' stands 2 times", net, adata)


def test_anndata_is_not_imported_by_the_other_exports() -> None:
    script = (
        "import sys, mistruct as ms; ms.store_network, ms.write_network;"
        "print('anndata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
