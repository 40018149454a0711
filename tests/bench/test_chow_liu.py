"""From a table to a Chow-Liu tree, beside others that learn the same tree."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mistruct as ms
from tests.bench.conftest import Beside
from tests.bench.test_matrix import size, table_of
from tests.structure.sampled_networks import sample_tree

N_VARIABLES, N_SAMPLES, N_STATES = 1000, 10_000, 3


def test_beside_pomegranate(beside: Beside) -> None:
    torch = pytest.importorskip("torch")
    networks = pytest.importorskip("pomegranate.bayesian_network")
    table = table_of(N_VARIABLES, N_SAMPLES, N_STATES)
    values = torch.tensor(table.to_numpy().astype(np.int64))
    ratio = beside(
        f"Chow-Liu tree, {size(N_VARIABLES, N_SAMPLES, N_STATES)}, from a DataFrame",
        lambda: ms.ChowLiu().fit(table).graph_,
        "pomegranate, structure only",
        # What BayesianNetwork(algorithm="chow-liu").fit calls before it fits the tables.
        lambda: networks._learn_structure(values, algorithm="chow-liu"),
        peer_rounds=1,
    )
    assert ratio >= 50


def test_beside_pgmpy(beside: Beside) -> None:
    search = pytest.importorskip("pgmpy.estimators").TreeSearch
    table, _ = sample_tree(np.random.default_rng(0), N_VARIABLES, N_SAMPLES, N_STATES)
    few = table.iloc[:, :15].astype("category")
    ratio = beside(
        f"Chow-Liu tree, {size(N_VARIABLES, N_SAMPLES, N_STATES)}, from a DataFrame",
        lambda: ms.ChowLiu().fit(table).graph_,
        "pgmpy TreeSearch, from 105 pairs",
        lambda: search(few, root_node=few.columns[0], n_jobs=1).estimate(show_progress=False),
        peer_rounds=2,
        scale=N_VARIABLES * (N_VARIABLES - 1) / 2 / 105,
    )
    assert ratio >= 50


def test_a_dataset_beside_a_product_of_one_hot_columns(beside: Beside) -> None:
    """Reading the DataFrame is most of the work above, so here it is done."""
    data = ms.as_dataset(table_of(N_VARIABLES, N_SAMPLES, N_STATES))
    one_hot = np.concatenate([data.codes == s for s in range(N_STATES)]).astype(np.float32)
    ratio = beside(
        f"Chow-Liu tree, {size(N_VARIABLES, N_SAMPLES, N_STATES)}, from a Dataset",
        lambda: ms.ChowLiu().fit(data).graph_,
        "one-hot float32 BLAS product",
        lambda: np.dot(one_hot, one_hot.T),
        rounds=10,
    )
    assert ratio >= 1


TWENTY_THOUSAND = """
import resource, sys, time
import numpy as np
import mistruct as ms

codes = np.random.default_rng(0).integers(0, 3, (500, 20_000), dtype=np.uint8)
data = ms.as_dataset(codes)
start = time.perf_counter()
learner = ms.ChowLiu(alpha=0.01).fit(data)
unit = 1 if sys.platform == "darwin" else 1024
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
"""


@pytest.mark.long
def test_twenty_thousand_columns_stay_within_one_matrix(record) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWENTY_THOUSAND], check=True, capture_output=True, text=True
    )
    elapsed, peak = (float(word) for word in done.stdout.split())
    matrix = 8 * 20_000**2
    record(
        f"Chow-Liu forest, {size(20_000, 500, 3)}, peak memory {peak / 2**30:.1f} GiB",
        elapsed,
        f"one matrix of floats is {matrix / 2**30:.1f} GiB",
        None,
        None,
    )
    assert peak < 1.5 * matrix
