"""Which genes make the subtype of breast cancer independent of all others: its Markov blanket.

PC would learn the causal graph of all genes. Where one column matters, only what surrounds it is
searched; samples of the tumours say how much of that would be found in others.
"""

from __future__ import annotations

from pathlib import Path

import mistruct as ms

DATA = Path(__file__).parent / "data" / "tcga_brca.csv"
LABEL = "subtype"
SAMPLES = 20

table = ms.read_table(DATA)
around = ms.MarkovBlanket(LABEL).fit(table)
members = around.members_.set_index("column")
print(f"{len(members)} of {table.n_variables - 1} genes are in the Markov blanket of {LABEL}:")
sampled = ms.Bootstrap(around, SAMPLES, seed=0).fit(table).edges_
ties = sampled[(sampled["source"] == LABEL) | (sampled["target"] == LABEL)]
gene = ties["source"].where(ties["target"] == LABEL, ties["target"])
support = ties.set_index(gene)["support"]
for name, member in members.iterrows():
    role = member["role"] + (f" through {member['through']}" if member["through"] else "")
    print(f"  {name:8} {member['mi']:.2f} nats, {role}, in {support.get(name, 0):.0%} of samples")

print("\nWhy are others not?")
separations = around.separations_.sort_values("mi")
strongest = separations[separations["separating_set"].astype(bool)].tail(4)
for name in strongest["target"]:
    print(f"  {around.why(name)}")
print(
    "\nThe genes of one process stand in for each other, so which of them is found varies with the "
    "tumours."
)
ms.plot_network(around.graph_, target=LABEL).figure.savefig("around_subtype.png", dpi=110)
