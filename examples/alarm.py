"""From a table of patients to a model that answers questions: the ALARM network, learned again.

The network says how 37 quantities of a monitored patient depend on each other (Beinlich et al.
1989). A table is drawn from it, PC learns the graph from the table, and a model is fitted to the
graph, which pgmpy then asks.
"""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

from pgmpy.inference import VariableElimination

import mistruct as ms

# pgmpy brings well-known networks along as BIF files.
packed = files("pgmpy") / "utils" / "example_models" / "alarm.bif.gz"
Path("alarm.bif").write_bytes(gzip.decompress(packed.read_bytes()))
truth = ms.read_network("alarm.bif")
table = truth.simulate(2000, seed=1, show_progress=False).astype(str)

# Learn. What no data can tell, both graphs leave open, so the comparison is fair.
cause = ms.PC(alpha=0.01).fit(table)
found = ms.compare(cause.graph_, truth)
print(
    f"{found.n_common} of {found.n_true} edges found, {found.n_learned - found.n_common} besides; "
    f"arrows are right in {found.arrowhead_precision:.0%}"
)
print(cause.why("CVP", "LVEDVOLUME"))
print(cause.why("CVP", "PCWP"))
ms.plot_comparison(cause.graph_, truth).figure.savefig("alarm.png", dpi=100)

# Fit and ask: has this patient too little blood, before and after something is measured?
model = ms.to_bayesian_network(cause.dag_, table)
for name, asked in (("truth", truth), ("learned", model)):
    ask = VariableElimination(asked)
    for evidence in ({}, {"CVP": "HIGH"}, {"CVP": "HIGH", "STROKEVOLUME": "LOW"}):
        answer = ask.query(["HYPOVOLEMIA"], evidence=evidence, show_progress=False)
        chance = answer.get_value(HYPOVOLEMIA="TRUE")
        given = ", ".join(f"{k} {v}" for k, v in evidence.items()) or "nothing"
        print(f"{name:8} given {given:26} {chance:.2f}")
