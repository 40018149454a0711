"""Which columns tell whether a customer leaves: a generated table whose truth is known.

Churn depends on the age of the account, on late payments and on calls to the service, and on
whether the tariff fits the use: small users on the large tariff leave, and large users on the small
one, while neither tariff nor use tells anything alone. Beside them stand the tenure in days,
which repeats the months, and columns of noise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import mistruct as ms


def churn_table(n_customers: int = 3000, seed: int = 0) -> pd.DataFrame:
    """The table, with the answer in its column ``churn``."""
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


def main(folder: str = "out") -> None:
    """Rank the columns, and write the table, the ranking and its picture into a folder."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    table = churn_table()
    table.to_csv(out / "churn.csv", index=False)
    ranking = ms.rank_features(table, "churn")
    print(ranking.round(4).to_string(index=False))
    ranking.to_csv(out / "ranking.csv", index=False)
    ms.plot_ranking(ranking).figure.savefig(out / "ranking.png", dpi=120)


if __name__ == "__main__":
    main()
