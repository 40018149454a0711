"""
Genes that change partners between subtypes
===========================================

Two subtypes of breast cancer have different gene networks. This example asks which pairs of genes
are related differently in luminal A and basal tumours, and which genes are in most of these pairs.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt

import mistruct as ms

table = ms.read_table("data/tcga_brca.csv")
net = ms.DifferentialNetwork(ms.ARACNE(), "subtype", levels=["LumA", "Basal"], n_resamples=10)
net.fit(table)

# %%
# Pairs that differ
# -----------------
# The test compares ranks within each subtype, so a gene that is merely higher in one does not
# count.
edges = net.edges_
differing = edges[edges["differs"]]
print(f"{len(differing)} of 19,900 pairs differ at a false discovery rate of {net.alpha:.0%}")
columns = ["source", "target", "q_value", "correlation[LumA]", "correlation[Basal]", "change"]
print(differing[columns].head(8).to_string(index=False, float_format="{:.2g}".format))

# %%
# Genes that change partners
# --------------------------
ends = [*differing["source"], *differing["target"]]
for gene in sorted(set(ends), key=lambda g: (-ends.count(g), g))[:8]:
    print(f"{gene:8} is in {ends.count(gene)} pairs that differ")

# %%
# The networks of both subtypes in one picture: the edges among the genes of the pairs that differ
# most.
genes = set(differing.head(40)[["source", "target"]].to_numpy().ravel())
luminal, basal = (net.graphs_[level].subgraph(genes) for level in net.levels_)
ms.plot_comparison(basal, luminal, names=("Basal", "LumA"))
plt.show()
