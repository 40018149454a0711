"""
A gene network from single cells
================================

Eleven genes decide the fate of a myeloid progenitor cell (Krumsiek et al. 2011). The 640 cells of
this example were simulated with their model, on the way to four kinds of blood cell, so the network
that ARACNE learns can be compared with the true one.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd

import mistruct as ms

N_STRONGEST = 10

cells = pd.read_csv("data/krumsiek11.csv")
model = pd.read_csv("data/krumsiek11_edges.csv")
arcs = set(model.itertuples(index=False, name=None))
regulated = {frozenset(arc) for arc in arcs}  # in either direction
n_pairs = cells.shape[1] * (cells.shape[1] - 1) // 2

# %%
# Which pairs
# -----------
# An edge is correct if one of the two genes regulates the other in the model.
edges = ms.ARACNE().fit(cells).edges_.query("direct")
pairs = map(frozenset, zip(edges["source"], edges["target"], strict=True))
edges = edges.assign(correct=[pair in regulated for pair in pairs])
print(edges[["source", "target", "mi", "correct"]].round(3).to_string(index=False))

# %%
strongest, others = edges["correct"].head(N_STRONGEST), edges["correct"].iloc[N_STRONGEST:]
print(
    f"{strongest.sum()} of the {N_STRONGEST} strongest edges are in the model; "
    f"{N_STRONGEST * len(regulated) / n_pairs:.1f} are expected by chance.\n"
    f"{others.sum()} of the {len(others)} weaker edges are in the model.\n"
    f"{edges['correct'].sum()} of the {len(regulated)} pairs of the model are found."
)

# %%
# Which direction
# ---------------
# Mutual information has no direction. ``direction="hubs"`` guesses one, assuming that few genes
# regulate many.
graph = ms.ARACNE(direction="hubs").fit(cells).graph_
known = [arc for arc in graph.edges if frozenset(arc) in regulated]
either = sum((v, u) in arcs and (u, v) in arcs for u, v in known)
print(
    f"{sum(arc in arcs for arc in known)} of these {len(known)} have the direction of the model; "
    f"{either} of them are correct in either direction, because the genes regulate each other."
)
ms.plot_network(graph)
plt.show()

# %%
# Nearest neighbours
# ------------------
# Some of these genes rise and fall again along the way. The default estimator cannot see that;
# nearest neighbours can.
found = ms.ARACNE(estimator="ksg").fit(cells).graph_.edges
n_correct = sum(frozenset(edge) in regulated for edge in found)
print(f"With nearest neighbours, {n_correct} of {len(found)} edges are in the model.")
