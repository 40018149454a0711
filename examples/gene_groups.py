"""
Groups of genes as nodes
========================

In this example each node is a group of genes. The genes of five groups, named after the process
that they are known for, are taken jointly, and so is the subtype of breast cancer. The Gaussian
copula estimates the mutual information between groups; Chow-Liu and ARACNE then work on the matrix
of groups as they do on single columns.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

import mistruct as ms

GROUPS = {
    "cell cycle": ["ASPM", "CCNA2", "E2F1", "GINS2", "NCAPG2", "ASF1B", "WDR76", "RBL1"],
    "immune cells": ["CSF1R", "C1QB", "LYN", "NCF4", "DOCK8", "APBB1IP", "IRF5", "LRRC25"],
    "interferon": ["IFIT3", "SAMD9L", "IFIH1", "EIF2AK2", "PLSCR1", "IFITM2"],
    "stroma": ["COL15A1", "COL6A1", "POSTN", "CTSK", "CCDC80", "TAGLN", "CXCL12", "BOC"],
    "epithelium": ["KRT8", "DSG2", "PROM2", "PVRL4", "TTC39A", "BSPRY"],
    "subtype": ["subtype"],
}

table = ms.read_table("data/tcga_brca.csv")
matrix = ms.mutual_information_matrix(table, groups=GROUPS, estimator="copula")
print(matrix.where(np.isfinite(matrix)).round(2).to_string(na_rep=""))
ms.plot_information_matrix(matrix)
plt.show()

# %%
# What chance gives
# -----------------
# The groups are shuffled against each other, while the genes of a group stay together. The largest
# value that remains is the threshold.
shuffled = table.to_pandas()
rng = np.random.default_rng(0)
for genes in GROUPS.values():
    shuffled[genes] = shuffled[genes].to_numpy()[rng.permutation(len(shuffled))]
null = ms.mutual_information_matrix(shuffled, groups=GROUPS, estimator="copula")
threshold = np.max(null.to_numpy()[np.triu_indices(len(GROUPS), 1)])
print(f"largest mutual information between shuffled groups: {threshold:.2f} nats")

# %%
# The maximum-weight spanning tree
# --------------------------------
tree = ms.chow_liu_tree(matrix)
for a, b, mi in sorted(tree.edges(data="mi"), key=lambda edge: -edge[2]):
    print(f"{a} -- {b}  {mi:.2f}")

# %%
# The edges that no third group explains
# --------------------------------------
direct = ms.aracne_network(matrix, threshold=threshold)
for a, b, mi in sorted(direct.edges(data="mi"), key=lambda edge: -edge[2]):
    print(f"{a} -- {b}  {mi:.2f}")
ms.plot_network(direct, target="subtype")
plt.show()
