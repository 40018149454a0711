"""A table of categories: find its structure, and use it to predict one column.

The table is drawn from a network about car insurance, so that what is found can be held against
the truth. Naive Bayes takes the other columns as independent within each class; TAN learns how
they depend on each other there, and predicts better for it.
"""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

import networkx as nx
import numpy as np
from pgmpy.inference import VariableElimination

import mistruct as ms

# pgmpy brings well-known networks along as BIF files.
packed = files("pgmpy") / "utils" / "example_models" / "insurance.bif.gz"
Path("insurance.bif").write_bytes(gzip.decompress(packed.read_bytes()))
truth = ms.read_network("insurance.bif")
table = truth.simulate(4200, seed=1, show_progress=False).astype(str)
train, test = table[:4000], table[4000:]

# Structure: how many edges of the forest are edges of the network, whatever their direction?
forest = ms.ChowLiu(penalty="bic").fit(train)
real = {frozenset(edge) for edge in truth.edges}
found = sum(frozenset(edge) in real for edge in forest.graph_.edges)
print(f"{found} of {forest.graph_.number_of_edges()} edges of the forest are edges of the network")

# Prediction: is a driver careful?
target = "RiskAversion"
features = sorted(set(table) - {target})
naive = nx.DiGraph((target, feature) for feature in features)
tan = ms.TAN(target, penalty="bic").fit(train).graph_
for name, graph in [("naive Bayes", naive), ("TAN", tan)]:
    ask = VariableElimination(ms.to_bayesian_network(graph, train))
    guesses = [
        ask.map_query([target], evidence=case, show_progress=False)[target]
        for case in test[features].to_dict("records")
    ]
    share = np.mean(test[target] == guesses)
    print(f"{name:11} is right about {target} in {share:.0%} of {len(test)} new cases")
