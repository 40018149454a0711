"""Groups of genes as nodes: what processes in breast tumours share and tell of the subtype.

Five groups, named after what their genes are known for, are each taken jointly, and so is the
subtype. The copula reads their mutual information off 220 tumours; a tree and a network are made
of it as Chow and Liu and ARACNE do for single columns.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mistruct as ms

DATA = Path(__file__).parent / "data" / "tcga_brca.csv"
GROUPS = {
    "cell cycle": ["ASPM", "CCNA2", "E2F1", "GINS2", "NCAPG2", "ASF1B", "WDR76", "RBL1"],
    "immune cells": ["CSF1R", "C1QB", "LYN", "NCF4", "DOCK8", "APBB1IP", "IRF5", "LRRC25"],
    "interferon": ["IFIT3", "SAMD9L", "IFIH1", "EIF2AK2", "PLSCR1", "IFITM2"],
    "stroma": ["COL15A1", "COL6A1", "POSTN", "CTSK", "CCDC80", "TAGLN", "CXCL12", "BOC"],
    "epithelium": ["KRT8", "DSG2", "PROM2", "PVRL4", "TTC39A", "BSPRY"],
    "subtype": ["subtype"],
}

table = ms.read_table(DATA)
matrix = ms.mutual_information_matrix(table, groups=GROUPS, estimator="copula")
print("mutual information in nats, by the copula:")
print(matrix.where(np.isfinite(matrix)).round(2).to_string(na_rep=""))

shuffled = table.to_pandas()
rng = np.random.default_rng(0)
for genes in GROUPS.values():
    shuffled[genes] = shuffled[genes].to_numpy()[rng.permutation(len(shuffled))]
null = ms.mutual_information_matrix(shuffled, groups=GROUPS, estimator="copula")
largest = np.max(null.to_numpy()[np.triu_indices(len(GROUPS), 1)])
print(f"\nthe largest of groups that are shuffled against each other: {largest:.2f}")

tree = ms.chow_liu_tree(matrix)
print("\nthe strongest tree:")
for a, b, mi in sorted(tree.edges(data="mi"), key=lambda edge: -edge[2]):
    print(f"  {a} -- {b}  {mi:.2f}")
ms.plot_network(tree, target="subtype").figure.savefig("gene_groups.png")

direct = ms.aracne_network(matrix, threshold=largest)
print("\nwhat no third group explains, and is more than chance:")
for a, b, mi in sorted(direct.edges(data="mi"), key=lambda edge: -edge[2]):
    print(f"  {a} -- {b}  {mi:.2f}")
