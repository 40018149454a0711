"""
A hidden batch with FCI
=======================

Half of the cells of a signalling network (Sachs et al. 2005) are given a batch effect on two
proteins, and the batch is then left out of the table. PC can only explain the new dependence by an
effect of one protein on the other. FCI says that neither causes the other.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mistruct as ms

BATCH = ["PKC", "pmek"]

cells = np.log(pd.read_csv("data/sachs.csv"))
batch = np.random.default_rng(0).random(len(cells)) < 0.5
shifted = cells.copy()
shifted[BATCH] += np.outer(batch, cells[BATCH].std())

# %%
# Without the batch, the two proteins are independent given others.
print(ms.FCI().fit(cells).why(*BATCH))

# %%
# With it, PC finds an edge between them, and its tests disagree on the direction.
print(ms.PC().fit(shifted).why(*BATCH))

# %%
# FCI puts an arrowhead at both ends. It does so for other edges too, as these cells have hidden
# causes of their own; ``p_arrow`` says how far the information of three columns agrees.
cause = ms.FCI().fit(shifted)
print(cause.why(*BATCH))
print(cause.edges_[["source", "target", "relation", "source_p_arrow", "target_p_arrow"]].round(2))

# %%
# Circles are open ends; edges with two arrowheads have a hidden common cause.
ms.plot_network(cause.graph_, target="PKC")
plt.show()
