"""A table of all kinds of columns, for estimators of continuous ones."""

from __future__ import annotations

import numpy as np
import pandas as pd


def mixed_frame(n: int, holes: float, seed: int) -> pd.DataFrame:
    """A number, one that depends on it, two classes, whole numbers with ties, and noise."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": a + rng.normal(size=n),
            "c": np.where(a + rng.normal(size=n) > 0, "high", "low"),
            "d": np.round(a**2 + rng.normal(size=n)),
            "e": rng.choice(["u", "v", "w"], n),
        }
    )
    return frame.mask(np.random.default_rng(seed + 1).random(frame.shape) < holes)
