"""Which genes are tied to the subtype of breast cancer, and which only through others.

The subtype is a node among the genes. ARACNE asks of each gene that shares information with it
whether another gene explains that; many samples of the tumours then say how stable the answer is.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import mistruct as ms

DATA = Path(__file__).parent / "data" / "tcga_brca.csv"
LABEL = "subtype"
SAMPLES = 100
STABLE = 0.9


def ties(edges: pd.DataFrame) -> pd.DataFrame:
    """The pairs of the label with a gene, by the name of the gene."""
    pairs = edges[(edges["source"] == LABEL) | (edges["target"] == LABEL)]
    gene = pairs["source"].where(pairs["target"] == LABEL, pairs["target"])
    return pairs.set_index(gene.rename("gene")).sort_values("mi", ascending=False)


table = ms.read_table(DATA)
n_genes = table.n_variables - 1

# All 220 tumours: what is significant, and what another gene explains.
found = ties(ms.ARACNE().fit(table).edges_)
direct, indirect = found[found["direct"]], found[~found["direct"]]
print(f"{len(found)} of {n_genes} genes share information with the {LABEL}:")
print(f"{len(direct)} by themselves, {len(indirect)} only through others. The strongest of these:")
for gene, tie in indirect.head(8).iterrows():
    print(f"  {gene:8} {tie['mi']:.2f} nats, through {tie['explained_by']}")

# Many samples of the tumours: in how many is a gene tied to the label by itself?
net = ms.ARACNE(n_bootstraps=SAMPLES).fit(table)
support = ties(net.edges_)["support"].reindex(direct.index, fill_value=0.0)
stable = direct.assign(support=support)[support >= STABLE]
print(f"\n{len(stable)} of the {len(direct)} are so in {STABLE:.0%} of {SAMPLES} samples or more:")
for gene, tie in stable.iterrows():
    print(f"  {gene:8} {tie['mi']:.2f} nats, in {tie['support']:.0%}")
print(
    f"The other {len(direct) - len(stable)} come and go with the tumours that are drawn. None of "
    "this says what causes what."
)

# The picture: the stable edges within two steps of the label.
kept = [e for e in net.graph_.edges if net.graph_.edges[e]["support"] >= STABLE]
graph = net.graph_.edge_subgraph(kept)
near = {LABEL, *graph[LABEL]}
graph = graph.subgraph(near.union(*(graph[gene] for gene in near)))
ax = ms.plot_network(graph, target=LABEL)
ax.figure.savefig("gene_disease_network.png", dpi=110)
