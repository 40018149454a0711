"""
A signalling network with PC
============================

Eleven proteins were measured in 7466 single cells (Sachs et al. 2005). The consensus network has 18
directed edges, some of which carry signals that these cells do not show. This example compares what
PC finds with two tests of independence: the fast copula test, and a nearest-neighbour test that
detects any form of dependence.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms

N_RESAMPLES = 10
N_FEW = 300

# The intensities are skewed, and effects multiply, so take logarithms.
cells = np.log(pd.read_csv("data/sachs.csv"))
truth = nx.from_pandas_edgelist(pd.read_csv("data/sachs_edges.csv"), create_using=nx.DiGraph)

# %%
# All cells, with the copula test
# -------------------------------
# ``support`` is the share of samples of the cells in which the edge is found; ``known`` marks the
# edges of the consensus network.
cause = ms.PC(alpha=0.01).fit(cells)
stable = ms.Bootstrap(ms.PC(alpha=0.01), n_resamples=N_RESAMPLES).fit(cells)
support = {
    frozenset(e[:2]): e[2] for e in stable.edges_[["source", "target", "support"]].to_numpy()
}
pairs = [frozenset(e) for e in cause.edges_[["source", "target"]].to_numpy()]
edges = cause.edges_[["source", "target", "orientation", "mi"]].assign(
    support=[support.get(pair, 0.0) for pair in pairs],
    known=[pair in set(map(frozenset, truth.edges)) for pair in pairs],
)
print(edges.round(3).to_string(index=False))

# %%
# ``why`` returns the evidence for or against an edge.
print(cause.why("praf", "pmek"))
print(cause.why("praf", "p44/42"))

# %%
ax = ms.plot_comparison(cause.graph_, truth)
ax.set_title("PC with the copula test, and the consensus network")
plt.show()


# %%
# Two tests on few cells
# ----------------------
# Some relations rise and fall, which only the nearest-neighbour test detects. It takes about a
# hundred times as long, so both tests get few cells and small conditioning sets.
def report(name: str, graph: nx.DiGraph) -> None:
    """Print the distance of a graph from the consensus network."""
    found = ms.compare(graph, truth)
    print(
        f"{name:30} {found.n_learned:3} edges, {found.n_common:2} of {found.n_true} found, "
        f"precision {found.skeleton_precision:.2f}, distance {found.shd}"
    )


report("copula, all cells", cause.graph_)
few = cells.sample(N_FEW, random_state=0)
neighbours = ms.KNNTest(n_permutations=99)
for name, test in (("copula", "copula"), ("nearest neighbours", neighbours)):
    learned = ms.PC(alpha=0.01, test=test, max_conditioning=1).fit(few)
    report(f"{name}, {N_FEW} cells", learned.graph_)
