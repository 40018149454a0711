"""What single cells tell of the network that regulates them, where that network is known.

Eleven genes decide what becomes of a myeloid progenitor (Krumsiek et al. 2011). Their model, as
equations, was run until 640 cells were on their way to four kinds of blood cell; here we look at
these cells and try to find the model again.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import mistruct as ms

DATA = Path(__file__).parent / "data"
STRONGEST = 10

cells = pd.read_csv(DATA / "krumsiek11.csv")
model = pd.read_csv(DATA / "krumsiek11_edges.csv")
arcs = set(model.itertuples(index=False, name=None))
regulated = {frozenset(arc) for arc in arcs}  # whichever way
n_pairs = cells.shape[1] * (cells.shape[1] - 1) // 2

# Which pairs? An edge counts as right if one of the two regulates the other in the model.
edges = ms.ARACNE().fit(cells).edges_.query("direct")
pairs = map(frozenset, zip(edges["source"], edges["target"], strict=True))
edges = edges.assign(right=[pair in regulated for pair in pairs])
print(edges[["source", "target", "mi", "right"]].round(3).to_string(index=False))
strongest, others = edges["right"].head(STRONGEST), edges["right"].iloc[STRONGEST:]
print(
    f"\nOf the {STRONGEST} strongest edges {strongest.sum()} are in the model; "
    f"{STRONGEST * len(regulated) / n_pairs:.1f} would be by chance. Of the {len(others)} weaker "
    f"ones {others.sum()} are. So {edges['right'].sum()} of the {len(regulated)} pairs of the "
    "model are found."
)

# Which way? Information has no direction; hubs are a guess that few genes have many targets.
graph = ms.ARACNE(direction="hubs").fit(cells).graph_
known = [arc for arc in graph.edges if frozenset(arc) in regulated]
either = sum((v, u) in arcs and (u, v) in arcs for u, v in known)
print(
    f"Of these {len(known)}, {sum(arc in arcs for arc in known)} point the way of the model; "
    f"{either} of these are right either way, as both genes regulate each other."
)

# Most of these genes switch on or off, some rise and fall again: nearest neighbours see that too.
every = ms.ARACNE(estimator="ksg").fit(cells).graph_.edges
n_right = sum(frozenset(edge) in regulated for edge in every)
print(f"With nearest neighbours, {n_right} of {len(every)} edges are in the model.")

ax = ms.plot_network(graph)
ax.figure.savefig("single_cells.png", dpi=100)
