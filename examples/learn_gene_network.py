"""
From a table to a fitted model
==============================

This example learns a Chow-Liu forest from the expression of 200 genes and the subtype of 220 breast
tumours, draws it, writes it for other programs, and asks the fitted model what the expression of
one gene says about the subtype.
"""

# %%
# Read the table
# --------------
# The genes are floating-point numbers, so they are continuous; the subtype is text, so it is
# discrete.
from __future__ import annotations

import matplotlib.pyplot as plt
from pgmpy.inference import VariableElimination

import mistruct as ms

table = ms.read_table("data/tcga_brca.csv")
print(table)

# %%
# Learn a forest
# --------------
# The Bonferroni correction accounts for all 20,100 pairs.
forest = ms.ChowLiu(alpha=0.01, correction="bonferroni").fit(table)
print(forest.edges_.head())

# %%
# Draw it
# -------
# The plot consists of matplotlib axes, which you can change and save at any size.
ms.plot_network(forest.graph_, target="subtype")
plt.show()

# %%
# Explore it
# ----------
# A page answers why two genes are joined, or not. This one is live: click an edge, or drag a node.
ms.explore(forest, table, target="subtype", title="Genes of breast tumours")

# %%
# Write it
# --------
# Cytoscape and Gephi read GraphML, which keeps the evidence on the edges.
ms.write_network(forest.graph_, "tcga_brca.graphml")

# %%
# Query the model
# ---------------
# In a model with a discrete subtype the genes must be discrete too, so each is cut into quantiles.
# The names of the states give the limits.
binned = ms.discretize(table)
model = ms.to_bayesian_network(forest.graph_, binned, root="subtype")
inference = VariableElimination(model)
edge = forest.edges_.query("source == 'subtype' or target == 'subtype'").iloc[0]
gene = edge["source"] if edge["target"] == "subtype" else edge["target"]
for state in binned.states[gene]:
    answer = inference.query(["subtype"], evidence={gene: state}, show_progress=False)
    shares = zip(answer.state_names["subtype"], answer.values, strict=True)
    print(f"{gene} {state:12}", "  ".join(f"{name} {share:.2f}" for name, share in shares))
