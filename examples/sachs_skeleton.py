"""What a tree recovers of a known signalling network.

Eleven proteins were measured in 7466 single cells (Sachs et al. 2005). The consensus network has
18 edges among them; a tree has ten, so it can find ten at most.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import mistruct as ms

DATA = Path(__file__).parent / "data"

# Many of these relations rise and fall again, so a correlation, and with it the copula, would miss
# some; nearest neighbours see any form. With neither a level of significance nor a penalty, ChowLiu
# gives the full tree.
intensity = pd.read_csv(DATA / "sachs.csv")
tree = ms.ChowLiu(estimator="ksg").fit(intensity)

consensus = pd.read_csv(DATA / "sachs_edges.csv")
known = {frozenset(edge) for edge in consensus.itertuples(index=False)}
edges = tree.edges_.assign(
    known=[frozenset(e) in known for e in zip(tree.edges_.source, tree.edges_.target, strict=True)]
)
print(edges[["source", "target", "mi", "known"]].round(3).to_string(index=False))

n_pairs = intensity.shape[1] * (intensity.shape[1] - 1) // 2
by_chance = len(edges) * len(known) / n_pairs
print(
    f"\n{edges.known.sum()} of the tree's {len(edges)} edges are in the consensus; "
    f"{by_chance:.1f} would be by chance"
)

# The picture: what was found of the consensus.
ax = ms.plot_network(tree.graph_, target="praf")
ax.figure.savefig("sachs_tree.png", dpi=100)
