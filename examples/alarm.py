"""
The ALARM network: learn, compare, query
========================================

The ALARM network describes how 37 quantities of a monitored patient depend on each other (Beinlich
et al. 1989). This example samples a table from it, learns a causal graph from the table with PC,
compares the graph with the true network, and fits a model that answers questions.
"""

# %%
# Sample a table from the true network
# ------------------------------------
# pgmpy ships well-known networks as compressed BIF files.
from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
from pgmpy.inference import VariableElimination

import mistruct as ms

packed = files("pgmpy") / "utils" / "example_models" / "alarm.bif.gz"
with TemporaryDirectory() as folder:
    path = Path(folder) / "alarm.bif"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    truth = ms.read_network(path)
table = truth.simulate(2000, seed=1, show_progress=False).astype(str)

# %%
# Learn the graph and compare it with the truth
# ---------------------------------------------
# :func:`mistruct.compare` counts an edge as directed only where data can tell its direction.
cause = ms.PC(alpha=0.01).fit(table)
found = ms.compare(cause.graph_, truth)
print(
    f"{found.n_common} of {found.n_true} edges found, "
    f"{found.n_learned - found.n_common} false edges; "
    f"{found.arrowhead_precision:.0%} of the arrowheads are correct"
)

# %%
# ``why`` returns the evidence for or against an edge.
print(cause.why("CVP", "LVEDVOLUME"))
print(cause.why("CVP", "PCWP"))

# %%
# So does a page, which can be saved and mailed. This one is live: click an edge, or two quantities
# without one.
ms.explore(cause, table, title="ALARM")

# %%
ms.plot_comparison(cause.graph_, truth)
plt.show()

# %%
# Fit a model and query it
# ------------------------
# How probable is it that the patient has too little blood (hypovolemia), before and after two
# measurements? The learned model is compared with the true one.
model = ms.to_bayesian_network(cause.dag_, table)
for name, network in (("truth", truth), ("learned", model)):
    inference = VariableElimination(network)
    for evidence in ({}, {"CVP": "HIGH"}, {"CVP": "HIGH", "STROKEVOLUME": "LOW"}):
        answer = inference.query(["HYPOVOLEMIA"], evidence=evidence, show_progress=False)
        probability = answer.get_value(HYPOVOLEMIA="TRUE")
        given = ", ".join(f"{k} {v}" for k, v in evidence.items()) or "nothing"
        print(f"{name:8} given {given:26} {probability:.2f}")
