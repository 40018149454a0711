"""Modules of genes in breast tumours: which vary together, and which of them tell the subtype.

Nothing but the expression of 200 genes in 220 tumours goes in. How many modules there are is
decided by tumours that were not fitted; the subtype is only looked at afterwards.
"""

from __future__ import annotations

from pathlib import Path

from sklearn.model_selection import KFold, cross_val_score

import mistruct as ms

DATA = Path(__file__).parent / "data" / "tcga_brca.csv"
NUMBERS = [2, 4, 8, 12, 16]

table = ms.read_table(DATA).to_pandas()
subtype = table.pop("subtype")

folds = KFold(5, shuffle=True, random_state=0)
print("dependence that is found in tumours that were not fitted:")
found = {}
for n in NUMBERS:
    found[n] = cross_val_score(ms.CorrelationExplanation(n), table, cv=folds)
    print(f"  {n:2} modules: {found[n].mean():.1f} nats")
# The fewest that are as good as the best, but for the error of a mean of five folds.
best = max(found.values(), key=lambda scores: scores.mean())
enough = best.mean() - best.std(ddof=1) / len(best) ** 0.5
n_modules = min(n for n, scores in found.items() if scores.mean() >= enough)

model = ms.CorrelationExplanation(n_modules).fit(table)
factors = model.transform(table)
print(f"\n{n_modules} modules, by what they explain:")
print("module    nats  genes  nats on subtype  strongest genes")
for j, name in enumerate(model.get_feature_names_out()):
    genes = sorted(model.graph_[name], key=lambda g: -model.graph_.edges[name, g]["mi"])
    told = ms.mutual_information(factors[:, j], subtype)
    print(f"{name:9} {model.tcs_[j]:4.1f} {len(genes):6} {told:16.2f}  {', '.join(genes[:6])}")
print(f"\nAll together: {model.total_correlation_:.1f} nats.")

ax = ms.plot_network(model.graph_)
ax.figure.savefig("gene_modules.png", dpi=110)
