"""How far estimates of continuous information are from the truth, on the benchmark's 40 tasks.

Estimators are designed on `TUNING`; the errors on `BENCHMARK` are only ever reported.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_t

from mistruct.data.dataset import as_dataset
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.neighbors.knn import KSG
from tests.bench.accuracy_tasks import BENCHMARK, TUNING, Task, additive_noise, dense

N_SAMPLES, SEEDS = 2000, range(5)

ESTIMATORS = {
    "copula-knn": CopulaKNN(),
    "copula": GaussianCopula(),
    "ksg": KSG(),
    "ksg, raw values": KSG(normal_scores=False),
}

#: The mean absolute error, in nats, that each may have on the benchmark; 0.10 is the goal.
LIMITS = {"copula-knn": 0.06, "copula": 0.18, "ksg": 0.26, "ksg, raw values": 0.27}


@pytest.fixture
def write(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Write a line to the terminal, whatever is captured."""
    return request.config.pluginmanager.getplugin("terminalreporter").write_line


def errors(tasks: list[Task]) -> pd.DataFrame:
    """Absolute errors in nats: a row for each task and seed, a column for each estimator."""
    rows = []
    for i, task in enumerate(tasks):
        for seed in SEEDS:
            x, y = task.sample(np.random.default_rng([seed, i]), N_SAMPLES)
            data = as_dataset(np.hstack([x, y]))
            of_x, of_y = data.names[: x.shape[1]], data.names[x.shape[1] :]
            row = {
                name: abs(estimator.information(data, of_x, of_y) - task.nats)
                for name, estimator in ESTIMATORS.items()
            }
            rows.append({"family": task.family, "task": task.name, **row})
    return pd.DataFrame(rows)


@pytest.mark.long
@pytest.mark.parametrize(("name", "tasks"), [("tuning", TUNING), ("benchmark", BENCHMARK)])
def test_mean_absolute_error(name: str, tasks: list[Task], write: Callable[[str], None]) -> None:
    found = errors(tasks)
    of_families = found.groupby("family")[list(ESTIMATORS)].mean()
    of_families["tasks"] = found.groupby("family")["task"].nunique()
    overall = found[list(ESTIMATORS)].mean()
    write("")
    write(f"mean absolute error in nats, {name}, n={N_SAMPLES}, {len(SEEDS)} seeds")
    for line in of_families.round(3).to_string().splitlines():
        write(line)
    write(f"all {len(tasks)}: {overall.round(4).to_dict()}")
    if name == "benchmark":
        for estimator, limit in LIMITS.items():
            assert overall[estimator] < limit


def test_no_task_is_tuned_on_and_judged_by() -> None:
    assert len(BENCHMARK) == len(TUNING) == 40
    assert not {t.name for t in BENCHMARK} & {t.name for t in TUNING}


@pytest.mark.parametrize("task", BENCHMARK + TUNING, ids=lambda task: task.name)
def test_tasks_have_their_shape(task: Task) -> None:
    x, y = task.sample(np.random.default_rng(0), 20)
    assert (x.shape, y.shape) == ((20, task.dims[0]), (20, task.dims[1]))
    assert np.isfinite(x).all() and np.isfinite(y).all()


def test_information_of_student_blocks() -> None:
    """Against the mean log density ratio of a large sample."""
    task = dense(2, 3, 0.4, 3)
    shape = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    xy = np.hstack(task.sample(np.random.default_rng(0), 200_000))
    parts = (slice(0, 2), slice(2, 5), slice(0, 5))
    of_x, of_y, of_both = (
        multivariate_t(shape=shape[part, part], df=3).logpdf(xy[:, part]) for part in parts
    )
    ratios = of_both - of_x - of_y
    assert abs(ratios.mean() - task.nats) < 3 * ratios.std() / np.sqrt(len(ratios))


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 0.75])
def test_information_of_additive_noise(epsilon: float) -> None:
    """h(y) less h(noise), with the density of y on a grid."""
    y = np.linspace(-epsilon, 1 + epsilon, 1_000_001)[1:-1]
    density = (np.minimum(y + epsilon, 1) - np.maximum(y - epsilon, 0)) / (2 * epsilon)
    entropy = -np.sum(density * np.log(density)) * (y[1] - y[0])
    assert additive_noise(epsilon).nats == pytest.approx(entropy - np.log(2 * epsilon), abs=1e-4)
