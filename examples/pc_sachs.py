"""What PC recovers of a known signalling network, by a fast test and by one that sees any form.

Eleven proteins were measured in 7466 single cells (Sachs et al. 2005). The consensus network has
18 arrows among them, some of which are signals that these cells do not show.
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms

DATA = Path(__file__).parent / "data"
SAMPLES = 10
FEW = 300

# Intensities are skewed, and products of effects: take logarithms.
cells = np.log(pd.read_csv(DATA / "sachs.csv"))
truth = nx.from_pandas_edgelist(pd.read_csv(DATA / "sachs_edges.csv"), create_using=nx.DiGraph)


def show(name: str, graph: nx.DiGraph) -> None:
    """How near a graph is to the consensus."""
    found = ms.compare(graph, truth)
    print(
        f"{name:30} {found.n_learned:5} edges, {found.n_common:2} of {found.n_true} found, "
        f"precision {found.skeleton_precision:.2f}, distance {found.shd}"
    )


# All cells: every edge with its evidence, and how many samples of the cells agree on it.
cause = ms.PC(alpha=0.01).fit(cells)
stable = ms.Bootstrap(ms.PC(alpha=0.01), n_resamples=SAMPLES).fit(cells)
support = {
    frozenset(e[:2]): e[2] for e in stable.edges_[["source", "target", "support"]].to_numpy()
}
pairs = [frozenset(e) for e in cause.edges_[["source", "target"]].to_numpy()]
edges = cause.edges_[["source", "target", "orientation", "mi"]].assign(
    support=[support.get(pair, 0.0) for pair in pairs],
    known=[pair in set(map(frozenset, truth.edges)) for pair in pairs],
)
print(edges.round(3).to_string(index=False))
print()
for pair in (("praf", "pmek"), ("praf", "p44/42")):
    print(cause.why(*pair))
print()
show("copula, all cells", cause.graph_)

# Some relations rise and fall again. Nearest neighbours see these too, but take a hundred times as
# long, so both get few cells and small sets.
few = cells.sample(FEW, random_state=0)
by_neighbours = ms.KNNTest(n_permutations=99)
for name, test in (("copula", "copula"), ("nearest neighbours", by_neighbours)):
    learned = ms.PC(alpha=0.01, test=test, max_conditioning=1).fit(few)
    show(f"{name}, {FEW} cells", learned.graph_)

ax = ms.plot_comparison(cause.graph_, truth)
ax.set_title("PC with the copula test beside the consensus network")
ax.figure.savefig("pc_sachs.png", dpi=100)
