"""
Which columns predict churn
===========================

This example generates a table of customers in which the causes of churn are known, and ranks the
columns by what they say about it.

Churn depends on the age of the account, on late payments, on calls to the service, and on whether
the tariff fits the use: small users on the large tariff leave, and large users on the small one.
Neither the tariff nor the use says anything alone. The tenure in days repeats the months, and the
other columns are noise.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mistruct as ms


def churn_table(n_customers: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Generate the table; its column ``churn`` is the target."""
    rng = np.random.default_rng(seed)
    days = np.round(rng.gamma(2.0, 550.0, n_customers))
    months = days / 30.4
    payments = rng.choice(["on time", "late", "missed"], n_customers, p=[0.7, 0.2, 0.1])
    calls = rng.poisson(1.5, n_customers)
    heavy, large = rng.integers(0, 2, (2, n_customers)).astype(bool)
    late = np.select([payments == "late", payments == "missed"], [1.0, 2.2], 0.0)
    logit = -2.6 - 0.03 * (months - 36) + late + 0.45 * calls + 2.4 * (heavy != large)
    return pd.DataFrame(
        {
            "account_months": months,
            "tenure_days": days,
            "payments": payments,
            "service_calls": calls,
            "heavy_user": heavy,
            "large_tariff": large,
            "region": rng.choice(["north", "east", "south", "west"], n_customers),
            "last_digit": rng.integers(0, 10, n_customers),
            "satisfaction": rng.normal(size=n_customers),
            "churn": np.where(rng.random(n_customers) < 1 / (1 + np.exp(-logit)), "left", "stayed"),
        }
    )


# %%
# The ranking
# -----------
# ``chosen`` is the order in which the columns were selected. The tariff and the use are chosen for
# their complementarity: together they say much more than each alone. The tenure in days is not
# chosen, because all that it says is redundant with the months.
if __name__ == "__main__":
    ranking = ms.rank_features(churn_table(), "churn")
    print(ranking.round(4).to_string(index=False))
    ms.plot_ranking(ranking)
    plt.show()
