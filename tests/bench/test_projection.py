"""What one projection tells of a target in rows held out, beside LDA and PLS.

`pytest -s tests/bench/test_projection.py` prints the table of docs/guide/features.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold

import mistruct as ms

N_ROWS, N_COLUMNS = 1000, 10


def table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Ten columns, mixed by a rotation, of which one direction differs between two classes."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, N_ROWS)
    x = rng.normal(size=(N_ROWS, N_COLUMNS))
    if name == "means":
        x[:, 0] += np.where(y, 1.5, 0)
    elif name == "spread":
        x[:, 0] *= np.where(y, 3.0, 1.0)
    else:
        modes = 0.95 * rng.choice([-1, 1], N_ROWS) + np.sqrt(1 - 0.95**2) * rng.normal(size=N_ROWS)
        x[:, 0] = np.where(y, modes, x[:, 0])
    return x @ ortho_group.rvs(N_COLUMNS, random_state=0), y


@pytest.mark.parametrize("name", ["means", "spread", "shape"])
def test_beside_linear_methods(name: str, request: pytest.FixtureRequest) -> None:
    x, y = table(name)
    methods: dict[str, Any] = {
        "projection": ms.InformationProjection(n_folds=0),
        "LDA": LinearDiscriminantAnalysis(n_components=1),
        "PLS": PLSRegression(1),
    }
    nats = dict.fromkeys(methods, 0.0)
    for fitted, rest in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        for method, model in methods.items():
            z = model.fit(x[fitted], y[fitted]).transform(x[rest])
            nats[method] += ms.mutual_information(z[:, 0], y[rest].astype(str)) / 5
    shown = " | ".join(f"{value:.3f}" for value in nats.values())
    plugins: Any = request.config.pluginmanager
    plugins.getplugin("terminalreporter").write_line(f"| {name} | {shown} |")
    if name == "means":
        assert nats["projection"] > 0.8 * nats["LDA"]
    else:
        assert nats["projection"] > 0.08
        assert max(nats["LDA"], nats["PLS"]) < 0.5 * nats["projection"]
