"""
A graph put to the test
=======================

Somebody has drawn a graph of what causes what, and there is a table. This example asks three
questions: do the rows refute the graph, what should be changed in it, and, if it is right, what has
to be adjusted for to estimate an effect. The table is generated, so the answers are known.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
from pgmpy.base import DAG
from pgmpy.prediction import NaiveAdjustmentRegressor

import mistruct as ms

EFFECT = -1.5  # of a unit of the drug on the pressure of the blood


def patients(n: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Generate the table: who is older gets more of the drug, and so does who has high risk."""
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, n)
    smoking = rng.random(n) < 0.3
    risk = 0.05 * age + 1.5 * smoking + rng.normal(size=n)
    drug = 0.6 * risk + rng.normal(size=n)
    salt = rng.normal(size=n)
    pressure = 100 + EFFECT * drug + 0.4 * age + 4 * smoking + 2 * salt + rng.normal(0, 3, n)
    visits = 0.5 * pressure + 2 * drug + rng.normal(0, 5, n)
    return pd.DataFrame(
        {"age": age, "smoking": smoking, "risk": risk, "drug": drug, "salt": salt}
        | {"pressure": pressure, "visits": visits}
    )


table = patients()

# %%
# Is it refuted?
# --------------
# The graph that was drawn forgets that smoking raises the pressure by itself, and has an edge from
# salt to the visits that is not needed.
drawn = nx.DiGraph(
    [
        ("age", "risk"),
        ("smoking", "risk"),
        ("risk", "drug"),
        ("age", "pressure"),
        ("drug", "pressure"),
        ("salt", "pressure"),
        ("pressure", "visits"),
        ("drug", "visits"),
        ("salt", "visits"),
    ]
)
print(ms.check_graph(drawn, table))

# %%
# With both changes the rows have nothing against it.
better = drawn.copy()
better.add_edge("smoking", "pressure")
better.remove_edge("salt", "visits")
print(ms.check_graph(better, table))
ms.plot_network(better, target="pressure")
plt.show()

# %%
# What to adjust for
# ------------------
# Age and smoking act on the drug through the risk, and on the pressure. Any set that blocks these
# paths will do; the optimal one, the other causes of the pressure, gives the most exact estimate.
# The visits are an effect of both, and must stay out.
optimal = ms.adjustment_set(better, "drug", "pressure")
smallest = ms.adjustment_set(better, "drug", "pressure", kind="smallest")
print(optimal)
print(smallest)

# %%
# If nobody has asked about smoking and risk, no set is valid, and the reason names the path.
print(ms.adjustment_set(better, "drug", "pressure", hidden=["smoking", "risk"]).reason)

# %%
# The effect
# ----------
# pgmpy takes the set as the role ``adjustment`` of a graph, and fits any regressor of scikit-learn.
# dowhy takes the graph as GML, ``"\n".join(nx.generate_gml(better))``.
model = DAG(better.edges, roles={"exposures": "drug", "outcomes": "pressure"})
estimates = {}
for name, columns in {"none": (), "smallest": smallest.columns, "optimal": optimal.columns}.items():
    adjusted = model.with_role("adjustment", set(columns)) if columns else model
    for seed in range(40):
        sample = patients(300, seed + 1).astype(float)
        fitted = NaiveAdjustmentRegressor(adjusted).fit(
            sample[["drug", *columns]], sample["pressure"]
        )
        estimates.setdefault(name, []).append(fitted.estimator_.coef_[0])
for name, values in estimates.items():
    print(f"{name:9} {np.mean(values):6.2f} +- {np.std(values):.2f} (true: {EFFECT})")
