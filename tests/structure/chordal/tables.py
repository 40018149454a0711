"""Random tables whose columns depend on some of those before them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def names_of(n_columns: int) -> list[str]:
    return [f"c{i}" for i in range(n_columns)]


def random_states(rng: np.random.Generator, n_columns: int, n_samples: int) -> pd.DataFrame:
    """Two or three states a column, which depend on up to three columns."""
    n_states = rng.integers(2, 4, size=n_columns)
    rows = np.zeros((n_columns, n_samples), dtype=int)
    for i in range(n_columns):
        n_parents = min(i, int(rng.integers(0, 4)))
        key = np.zeros(n_samples, dtype=int)
        for parent in rng.choice(i, size=n_parents, replace=False) if n_parents else ():
            key = key * n_states[parent] + rows[parent]
        probabilities = rng.dirichlet(np.full(n_states[i], 0.5), size=key.max() + 1)
        ends = probabilities.cumsum(axis=1)[key]
        rows[i] = np.minimum(
            (rng.random(n_samples)[:, np.newaxis] > ends).sum(axis=1), n_states[i] - 1
        )
    return pd.DataFrame(dict(zip(names_of(n_columns), rows, strict=True))).astype("category")


def random_numbers(rng: np.random.Generator, n_columns: int, n_samples: int) -> pd.DataFrame:
    """Normal columns, which depend on most of those before them."""
    weights = np.tril(rng.normal(size=(n_columns,) * 2), -1)
    weights *= rng.random((n_columns,) * 2) < 0.6
    rows = (weights + np.eye(n_columns)) @ rng.normal(size=(n_columns, n_samples))
    return pd.DataFrame(dict(zip(names_of(n_columns), rows, strict=True)))
