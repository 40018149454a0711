"""Learners on packed tables: the same results as in memory, to the last bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.information.copula import gram, score_correlations
from mistruct.structure import rank_products
from mistruct.structure.orders.copies import copies_of
from mistruct.structure.ranked_edges import signs

N = 3000


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram, "_FEWEST_ROWS", 256)
    monkeypatch.setattr(gram, "_MOST_ROWS", 256)
    monkeypatch.setattr(rank_products, "_MOST_ROWS", 256)


def numbers() -> pd.DataFrame:
    """Continuous columns, with ties, of heavy tails, constant."""
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, N))
    few = np.where(rng.random(N) < 0.9, 0.0, z + x)
    return pd.DataFrame(
        {
            "few": few,
            "none": np.full(N, 1.5),
            "rounded": (x + y).round(1),
            "turned": y / 2 - x,
            "x": x,
            "y": y**3,
            "z": z - few,
        }
    )


def states() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    a, b, c = rng.integers(0, 3, (3, N))
    flip = rng.random((3, N)) < 0.3
    return pd.DataFrame(
        {
            "a": a,
            "b": np.where(flip[0], b, a),
            "c": np.where(flip[1], c, (a + b) % 3),
            "two": np.where(flip[2], 0, b > 0).astype(int),
            "word": np.array(["x", "y", "z"])[c],
        }
    )


def mixed() -> pd.DataFrame:
    table = pd.concat([numbers().drop(columns="none"), states()], axis=1)
    return table.assign(x=table["x"] + table["a"])


TABLES = {"numbers": numbers, "states": states, "mixed": mixed}


@pytest.fixture
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ms.Dataset, ms.Dataset]:
    """A table in memory and on disk."""
    table = TABLES[request.param]()
    data = ms.as_dataset(table[sorted(table)])
    ms.pack_table(data, tmp_path / "t.mistruct")
    return data, ms.read_table(tmp_path / "t.mistruct")


LEARNERS = {
    "ChowLiu": ms.ChowLiu(estimator="copula"),
    "PC": ms.PC(test="copula"),
    "ARACNE": ms.ARACNE(estimator="copula"),
    "BOSS": ms.BOSS(score="gaussian-bic"),
}


@pytest.mark.parametrize("both", ["numbers", "mixed"], indirect=True)
@pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS.keys())
def test_the_copula_finds_the_same_on_disk(learner: Any, both: Any) -> None:
    in_memory, on_disk = both
    expected = learner.fit(in_memory).edges_
    assert len(expected)
    pd.testing.assert_frame_equal(learner.fit(on_disk).edges_, expected, check_exact=True)


OTHERS = {
    "TAN": (ms.TAN("two"), ("states", "mixed")),
    "MarkovBlanket": (ms.MarkovBlanket("x"), ("numbers", "mixed")),
    "MarkovBlanket of states": (ms.MarkovBlanket("c"), ("states", "mixed")),
    "Bootstrap": (ms.Bootstrap(ms.PC(test="copula"), n_resamples=3), ("numbers",)),
    "Bootstrap of a tree": (ms.Bootstrap(ms.ChowLiu(), n_resamples=3), ("states", "mixed")),
    "ARACNE": (ms.ARACNE(estimator="copula", n_bootstraps=3), ("numbers",)),
    "CLR": (ms.CLR(estimator="copula"), ("numbers",)),
    "MRNET": (ms.MRNET(estimator="copula"), ("numbers",)),
    "ChordalNetwork": (ms.ChordalNetwork(), ("numbers", "states")),
    "FCI": (ms.FCI(test="copula"), ("numbers",)),
}


@pytest.mark.parametrize(
    ("learner", "both"),
    [(learner, t) for learner, tables in OTHERS.values() for t in tables],
    ids=[f"{name}-{t}" for name, (_, tables) in OTHERS.items() for t in tables],
    indirect=["both"],
)
def test_others_find_the_same_on_disk(learner: Any, both: Any) -> None:
    in_memory, on_disk = both
    expected = learner.fit(in_memory).edges_
    assert len(expected)
    pd.testing.assert_frame_equal(learner.fit(on_disk).edges_, expected, check_exact=True)


@pytest.mark.parametrize(
    ("both", "target"), [("numbers", "x"), ("states", "c"), ("mixed", "two")], indirect=["both"]
)
def test_features_are_ranked_the_same_on_disk(both: Any, target: str) -> None:
    in_memory, on_disk = both
    expected = ms.rank_features(in_memory, target)
    pd.testing.assert_frame_equal(ms.rank_features(on_disk, target), expected, check_exact=True)


def test_selectors_choose_the_same_of_what_is_on_disk(tmp_path: Path) -> None:
    table = mixed()
    on_disk = ms.pack_table(table, tmp_path / "t.mistruct").to_pandas()
    for selector in (ms.InformationSelector(), ms.MarkovBlanketSelector()):
        found = [
            selector.fit(t[sorted(t)].drop(columns="two"), t["two"])
            .get_feature_names_out()
            .tolist()
            for t in (table.astype({"a": "category"}), on_disk)
        ]
        assert found[0] == found[1]
        assert found[0]


@pytest.mark.parametrize("both", ["numbers", "states"], indirect=True)
def test_models_are_fitted_the_same_on_disk(both: Any) -> None:
    in_memory, on_disk = both
    graph = ms.ChowLiu(estimator="copula" if in_memory.continuous else "auto").fit(in_memory).graph_
    fitted = [ms.to_bayesian_network(graph, data) for data in (in_memory, on_disk)]
    for node in graph:
        first, second = (model.get_cpds(node) for model in fitted)
        if in_memory.continuous:
            np.testing.assert_array_equal(first.beta, second.beta)
            assert first.std == second.std
        else:
            np.testing.assert_array_equal(first.values, second.values)


@pytest.mark.parametrize(
    ("rows", "columns"), [(["x"], None), (None, ["few", "z"]), (["z", "x"], ["x", "y"])]
)
def test_parts_of_the_matrix_are_the_same_on_disk(
    rows: Any, columns: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_correlations, "_COLUMNS_AT_ONCE", 2)
    data = ms.as_dataset(numbers().drop(columns="none"))
    on_disk = ms.pack_table(data, tmp_path / "t.mistruct")
    part = {"estimator": "copula", "rows": rows, "columns": columns}
    found, expected = (ms.mutual_information_matrix(d, **part) for d in (on_disk, data))
    pd.testing.assert_frame_equal(found, expected.loc[found.index, found.columns], check_exact=True)
    whole = ms.mutual_information_matrix(data, estimator="copula")
    np.testing.assert_allclose(found, whole.loc[found.index, found.columns], atol=1e-12)


@pytest.mark.parametrize("bits", [20, 5])
@pytest.mark.parametrize("both", ["numbers", "mixed"], indirect=True)
def test_signs_are_those_in_memory(bits: int, both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_products, "_BITS_OF_A_RANK", bits)
    in_memory, on_disk = both
    pairs = np.triu_indices(in_memory.n_variables, 1)
    found = signs(on_disk, *pairs)
    assert {-1, 1} <= set(found.tolist())
    np.testing.assert_array_equal(found, signs(in_memory, *pairs))


def test_copies_are_found_on_disk(tmp_path: Path) -> None:
    table = numbers().assign(back=lambda t: -(t["x"] ** 3), same=lambda t: np.exp(t["few"]))
    table["gap"] = table["y"].where(table["x"] > -2)
    table["gap2"] = 2 * table["gap"]
    data = ms.as_dataset(table[sorted(table)], missing="testwise")
    names = data.names
    expected = {"x": "back", "same": "few", "gap2": "gap"}
    on_disk = ms.pack_table(data, tmp_path / "t.mistruct")
    for found in (copies_of(data), copies_of(on_disk)):
        assert {names[a]: names[b] for a, b in found.items()} == expected


_UNDER_A_LIMIT = """
import resource, sys
import numpy as np
import mistruct as ms
from mistruct.data.packed import rank_writer
from mistruct.information.blocks import normal_scores

learners = [
    ms.ChowLiu(estimator="copula"),
    ms.PC(test="copula"),
    ms.ARACNE(estimator="copula"),
    ms.BOSS(score="gaussian-bic"),
]
data = ms.read_table(sys.argv[1])
warm = ms.as_dataset(np.random.default_rng(0).normal(size=(70_000, 3)).cumsum(axis=1))
for learner in learners:  # compiles, and starts threads
    learner.fit(warm)
del warm
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    normal_scores(data.values)
except MemoryError:
    print("refused")
for learner in learners:
    print(len(learner.fit(data).edges_))
rank_writer._RUN, rank_writer._STEP, rank_writer._MERGED = 1 << 16, 256, 1 << 16
import subprocess
import sys
from pathlib import Path
found = rank_writer.write_ranks(
    *(Path(sys.argv[1], name) for name in ("values.bin", "again.bin")),
    *data.values.shape,
    rank_writer.Progress(Path(sys.argv[1])),
)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1_000_000, 8)).cumsum(axis=1)
    path = tmp_path / "t.mistruct"
    ms.pack_table(values, path)
    limit = 48_000_000
    assert limit < values.nbytes
    command = [sys.executable, "-c", _UNDER_A_LIMIT, str(path), str(limit)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["refused", "7", "7", "28", "7"]
    # The same ranks by a sort in a hundred times as many runs.
    assert (path / "again.bin").read_bytes() == (path / "ranks.bin").read_bytes()
