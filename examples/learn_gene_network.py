"""From 220 tumours to a gene network around the subtype of breast cancer.

Reads the table, learns a Chow-Liu forest, draws it, exports it, and asks the fitted model what the
expression of one gene says about the subtype.
"""

from __future__ import annotations

from pathlib import Path

from pgmpy.inference import VariableElimination

import mistruct as ms

DATA = Path(__file__).parent / "data" / "tcga_brca.csv"

# Read. Genes are floating-point numbers, so they are continuous; the subtype is text, so discrete.
table = ms.read_table(DATA)
print(table)

# Learn. An edge has to hold up against all 20,100 pairs.
forest = ms.ChowLiu(alpha=0.01, correction="bonferroni").fit(table)
print(forest.edges_.head())

# Draw. The picture belongs to matplotlib: change it, or save it at any size.
ax = ms.plot_network(forest.graph_, target="subtype")
ax.figure.savefig("tcga_brca.png", dpi=80)

# Export. Cytoscape and Gephi read GraphML, and keep the evidence on the edges.
ms.write_network(forest.graph_, "tcga_brca.graphml")

# Ask. The model is pgmpy's, so everything that pgmpy can do with it can be done. Beside a discrete
# subtype its genes must be discrete too: each is cut into quantiles, and the states say where.
binned = ms.discretize(table)
model = ms.to_bayesian_network(forest.graph_, binned, root="subtype")
ask = VariableElimination(model)
gene = forest.edges_.query("source == 'subtype' or target == 'subtype'").iloc[0]
gene = gene["source"] if gene["target"] == "subtype" else gene["target"]
for state in binned.states[gene]:
    answer = ask.query(["subtype"], evidence={gene: state}, show_progress=False)
    shares = zip(answer.state_names["subtype"], answer.values, strict=True)
    print(f"{gene} {state:12}", "  ".join(f"{name} {share:.2f}" for name, share in shares))
