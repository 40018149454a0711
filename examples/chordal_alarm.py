"""
ALARM as a Markov network
=========================

A Markov network says which quantities of a monitored patient are independent of each other given
all others, without directions. This example learns one with chordal cycles only from a table that
is sampled from the ALARM network (Beinlich et al. 1989), compares it with the true one, and asks it
questions.
"""

# %%
# Sample a table from the true network
# ------------------------------------
# Its Markov network is the moral graph: parents of one column are joined too, since knowing the
# child makes them depend on each other.
from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import networkx as nx
from pgmpy.inference import VariableElimination

import mistruct as ms

packed = files("pgmpy") / "utils" / "example_models" / "alarm.bif.gz"
with TemporaryDirectory() as folder:
    path = Path(folder) / "alarm.bif"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    truth = ms.read_network(path)
moral = nx.moral_graph(truth)
table = truth.simulate(5000, seed=1, show_progress=False).astype(str)

# %%
# Learn the network and compare it with the truth
# -----------------------------------------------
net = ms.ChordalNetwork().fit(table)
found = ms.compare(net.graph_, moral)
print(
    f"{found.n_common} of {found.n_true} edges of the moral graph found "
    f"and {found.n_learned - found.n_common} that it does not have; treewidth {net.treewidth_}"
)

# %%
# The moral graph has cycles without chords, and each needs a chord here; so some of the edges that
# are not in it are chords, and some that are in it were worth less than their price.
print(f"the moral graph is chordal: {nx.is_chordal(moral)}")
print(net.why("CVP", "LVEDVOLUME"))
print(net.why("CVP", "HRBP"))

# %%
ms.plot_comparison(net.graph_, moral)
plt.show()

# %%
# How well it describes rows that it has not seen
# -----------------------------------------------
# In nats per row, beside the best tree. The true network is the bound for all of them.
unseen = truth.simulate(5000, seed=2, show_progress=False).astype(str)
for name, learner in (
    ("tree", ms.ChordalNetwork(max_clique=2)),
    ("cliques of 3", ms.ChordalNetwork(max_clique=3)),
    ("no limit", net),
):
    learner.fit(table)
    print(f"{name:13} {learner.log_likelihood(unseen) / len(unseen):.3f}")

# %%
# Ask it
# ------
# The cliques form a tree, so that exact answers cost no more than the largest table of a clique.
# ``dag_`` is a DAG of the same distributions.
model = ms.to_bayesian_network(net.dag_, table)
for name, network in (("truth", truth), ("learned", model)):
    inference = VariableElimination(network)
    for evidence in ({}, {"CVP": "HIGH"}, {"CVP": "HIGH", "STROKEVOLUME": "LOW"}):
        answer = inference.query(["HYPOVOLEMIA"], evidence=evidence, show_progress=False)
        probability = answer.get_value(HYPOVOLEMIA="TRUE")
        given = ", ".join(f"{k} {v}" for k, v in evidence.items()) or "nothing"
        print(f"{name:8} given {given:26} {probability:.2f}")
