"""
A categorical table: structure and classification
=================================================

This example samples a table from a network about car insurance, so that the result can be compared
with the truth. It learns a forest, and then predicts one column with naive Bayes and with a
tree-augmented naive Bayes (TAN). Naive Bayes assumes that the other columns are independent within
each class; TAN learns a tree of dependences among them.
"""

# %%
from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from pgmpy.inference import VariableElimination

import mistruct as ms

# pgmpy ships well-known networks as compressed BIF files.
packed = files("pgmpy") / "utils" / "example_models" / "insurance.bif.gz"
with TemporaryDirectory() as folder:
    path = Path(folder) / "insurance.bif"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    truth = ms.read_network(path)
table = truth.simulate(4200, seed=1, show_progress=False).astype(str)
train, test = table[:4000], table[4000:]

# %%
# A forest of the strongest edges
# -------------------------------
# Edges are compared without their directions, because a forest has none.
forest = ms.ChowLiu(penalty="bic").fit(train)
true_edges = {frozenset(edge) for edge in truth.edges}
n_found = sum(frozenset(edge) in true_edges for edge in forest.graph_.edges)
print(f"{n_found} of {forest.graph_.number_of_edges()} edges of the forest are in the true network")
ms.plot_network(forest.graph_, target="RiskAversion")
plt.show()

# %%
# Classification: is a driver careful?
# ------------------------------------
target = "RiskAversion"
features = sorted(set(table) - {target})
naive = nx.DiGraph((target, feature) for feature in features)
tan = ms.TAN(target, penalty="bic").fit(train).graph_
for name, graph in [("naive Bayes", naive), ("TAN", tan)]:
    inference = VariableElimination(ms.to_bayesian_network(graph, train))
    predicted = [
        inference.map_query([target], evidence=row, show_progress=False)[target]
        for row in test[features].to_dict("records")
    ]
    accuracy = np.mean(test[target] == predicted)
    print(f"{name:11} accuracy {accuracy:.0%} on {len(test)} new rows")
