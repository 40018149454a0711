"""
Genes linked directly to a disease label
========================================

Most genes share information with the subtype of breast cancer, many of them only through other
genes. In this example the label is a node of a gene network: ARACNE asks for each gene whether
another gene explains its dependence on the label, and bootstraps show how stable the answer is.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd

import mistruct as ms

LABEL = "subtype"
N_BOOTSTRAPS = 100
STABLE = 0.9


def edges_of_label(edges: pd.DataFrame) -> pd.DataFrame:
    """Select the pairs of the label with a gene, indexed by the name of the gene."""
    pairs = edges[(edges["source"] == LABEL) | (edges["target"] == LABEL)]
    gene = pairs["source"].where(pairs["target"] == LABEL, pairs["target"])
    return pairs.set_index(gene.rename("gene")).sort_values("mi", ascending=False)


table = ms.read_table("data/tcga_brca.csv")

# %%
# All tumours: direct and indirect genes
# --------------------------------------
found = edges_of_label(ms.ARACNE().fit(table).edges_)
direct, indirect = found[found["direct"]], found[~found["direct"]]
print(f"{len(found)} of {table.n_variables - 1} genes share information with the {LABEL}:")
print(f"{len(direct)} directly, {len(indirect)} only through other genes. The strongest of these:")
for gene, edge in indirect.head(8).iterrows():
    print(f"  {gene:8} {edge['mi']:.2f} nats, through {edge['explained_by']}")

# %%
# Bootstraps: which direct genes are stable
# -----------------------------------------
# ``support`` is the share of the samples in which no other gene explains the pair. None of this
# shows what causes what.
net = ms.ARACNE(n_bootstraps=N_BOOTSTRAPS).fit(table)
support = edges_of_label(net.edges_)["support"].reindex(direct.index, fill_value=0.0)
stable = direct.assign(support=support)[support >= STABLE]
print(f"{len(stable)} of the {len(direct)} are direct in at least {STABLE:.0%} of the samples:")
for gene, edge in stable.iterrows():
    print(f"  {gene:8} {edge['mi']:.2f} nats, in {edge['support']:.0%}")

# %%
# The stable edges within two steps of the label
# ----------------------------------------------
kept = [e for e in net.graph_.edges if net.graph_.edges[e]["support"] >= STABLE]
graph = net.graph_.edge_subgraph(kept)
near = {LABEL, *graph[LABEL]}
graph = graph.subgraph(near.union(*(graph[gene] for gene in near)))
ms.plot_network(graph, target=LABEL)
plt.show()
