"""How near neural estimates come to the truth: the staircase of correlated Gaussians.

20 columns and 20 more, of which each is correlated with its partner so that all share 2, 4, 6, 8 or
10 nats; the same cubed; and the same cubed and then mixed by a rotation, where no longer any
transform of single columns makes them Gaussian. 64,000 rows, so that the pairs of Q are many.
`pytest -s tests/bench/test_neural.py --long` prints the table of docs/guide/neural.md and draws
its picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import ortho_group

import mistruct as ms

pytest.importorskip("torch")

N_SAMPLES, N_COLUMNS = 64_000, 20
LEVELS = (2, 4, 6, 8, 10)
FORMS = ("gaussian", "cubed", "rotated")
# The cubed have the normal scores of the others, so that one bound is enough to show that.
CASES = [
    ("smile", "cubed"),
    *((bound, form) for bound in ("smile", "infonce", "mine", "nwj") for form in FORMS[::2]),
]

Found = dict[tuple[str, str, int], ms.NeuralEstimate]


def blocks(nats: float, form: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    # I = -d/2 log(1 - rho^2)
    rho = np.sqrt(1 - np.exp(-2 * nats / N_COLUMNS))
    x, noise = rng.normal(size=(2, N_SAMPLES, N_COLUMNS))
    y = rho * x + np.sqrt(1 - rho**2) * noise
    if form != "gaussian":
        y = y**3
    if form == "rotated":
        y = y @ ortho_group.rvs(N_COLUMNS, random_state=0)
    return x, y


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    results: Found = {}
    yield results
    picture = tmp_path_factory.getbasetemp() / "staircase.png"
    draw(results, picture)
    print(f"\n{picture}")  # noqa: T201


@pytest.mark.long
@pytest.mark.parametrize("nats", LEVELS)
@pytest.mark.parametrize(("bound", "form"), CASES)
@pytest.mark.filterwarnings("ignore::mistruct.MistructWarning")
def test_the_staircase(bound: Any, form: str, nats: int, found: Found) -> None:
    x, y = blocks(nats, form)
    estimate = ms.NeuralEstimator(bound, n_seeds=5).evaluate(x, y)
    copula = ms.mutual_information(x, y, estimator="copula")
    found[bound, form, nats] = estimate
    print(  # noqa: T201
        f"\n| {bound} | {form} | {nats} | {estimate.nats:.2f} | {estimate.spread:.3f} | "
        f"{copula:.2f} | {estimate.n_steps} |"
    )
    if bound == "smile" and form != "rotated" and nats <= 8:
        assert estimate.nats == pytest.approx(nats, rel=0.1)
    assert estimate.nats < 1.1 * nats
    if bound == "infonce":
        assert estimate.nats < np.log(256)


def draw(found: Found, path: Path) -> None:
    figure, axes = plt.subplots(1, len(FORMS), figsize=(11, 3.8), sharey=True, layout="tight")
    for ax, form in zip(axes, FORMS, strict=True):
        ax.plot(LEVELS, LEVELS, color="0.6", label="truth")
        for bound in [b for b, f in CASES if f == form]:
            points = [(i, e) for (b, f, i), e in found.items() if (b, f) == (bound, form)]
            ax.errorbar(
                [i for i, _ in points],
                [e.nats for _, e in points],
                [e.spread for _, e in points],
                marker="o",
                capsize=3,
                label=bound,
            )
        ax.set(title=form, xlabel="truth, nats", xticks=LEVELS)
    axes[0].set_ylabel("found, nats; bars: spread of seeds")
    axes[0].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)
