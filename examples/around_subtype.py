"""
The Markov blanket of a disease label
=====================================

The Markov blanket of a column is the set of columns that makes it independent of all others. This
example finds the blanket of the subtype of breast cancer among 200 genes. PC would learn the causal
graph of all genes; :class:`mistruct.MarkovBlanket` searches only around one column.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt

import mistruct as ms

LABEL = "subtype"
N_RESAMPLES = 20

table = ms.read_table("data/tcga_brca.csv")
around = ms.MarkovBlanket(LABEL).fit(table)

# %%
# The members, and how stable they are
# ------------------------------------
# Samples of the tumours show how often each gene would be found in other data.
members = around.members_.set_index("column")
print(f"{len(members)} of {table.n_variables - 1} genes are in the Markov blanket of {LABEL}:")
edges = ms.Bootstrap(around, N_RESAMPLES, seed=0).fit(table).edges_
edges = edges[(edges["source"] == LABEL) | (edges["target"] == LABEL)]
gene = edges["source"].where(edges["target"] == LABEL, edges["target"])
support = edges.set_index(gene)["support"]
for name, member in members.iterrows():
    role = member["role"] + (f" through {member['through']}" if member["through"] else "")
    print(f"  {name:8} {member['mi']:.2f} nats, {role}, in {support.get(name, 0):.0%} of samples")

# %%
# Genes of one biological process can replace each other, so the gene that is found varies between
# samples.
#
# Why other genes are not members
# -------------------------------
separations = around.separations_.sort_values("mi")
strongest = separations[separations["separating_set"].astype(bool)].tail(4)
for name in strongest["target"]:
    print(around.why(name))

# %%
ms.plot_network(around.graph_, target=LABEL)
plt.show()
