"""
Modules of genes
================

This example groups 200 genes of 220 breast tumours into modules that vary together. Only the
expression is used: cross-validation chooses the number of modules, and the subtype of the tumours
is compared with the modules afterwards.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
from sklearn.model_selection import KFold, cross_val_score

import mistruct as ms

NUMBERS = [4, 8, 12, 16]

table = ms.read_table("data/tcga_brca.csv").to_pandas()
subtype = table.pop("subtype")

# %%
# How many modules
# ----------------
# The score is the dependence that a model explains in tumours that it was not fitted to. The
# smallest model within one standard error of the best is chosen.
folds = KFold(5, shuffle=True, random_state=0)
scores = {n: cross_val_score(ms.CorrelationExplanation(n), table, cv=folds) for n in NUMBERS}
for n, values in scores.items():
    print(f"{n:2} modules: {values.mean():.1f} nats")
best = max(scores.values(), key=lambda values: values.mean())
enough = best.mean() - best.std(ddof=1) / len(best) ** 0.5
n_modules = min(n for n, values in scores.items() if values.mean() >= enough)

# %%
# The modules, and their information about the subtype
# ----------------------------------------------------
model = ms.CorrelationExplanation(n_modules).fit(table)
factors = model.transform(table)
print(f"{n_modules} modules explain {model.total_correlation_:.1f} nats:")
print("module    nats  genes  nats on subtype  strongest genes")
for j, name in enumerate(model.get_feature_names_out()):
    genes = sorted(model.graph_[name], key=lambda g: -model.graph_.edges[name, g]["mi"])
    mi = ms.mutual_information(factors[:, j], subtype)
    print(f"{name:9} {model.tcs_[j]:4.1f} {len(genes):6} {mi:16.2f}  {', '.join(genes[:6])}")

# %%
ms.plot_network(model.graph_)
plt.show()
