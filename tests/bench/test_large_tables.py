"""Tables that stay on disk: time, and peak memory of a process of its own.

`ROWS` of the environment says how many millions of rows the long ones have; 100 take 13 GB of disk
for columns of states, and 10 take 10 GB for continuous columns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import mistruct as ms
from mistruct.data.dialects import TextOptions
from mistruct.data.missing_marks import Marks
from mistruct.data.packed.text_source import TextSource
from tests.bench.conftest import Beside
from tests.structure.sampled_networks import sample_network

MILLIONS = int(os.environ.get("ROWS", "10"))
N_COLUMNS = 100
N_CONTINUOUS = 50

_IN_A_PROCESS = """
import json, resource, sys, time
import mistruct as ms
path, packed, work = sys.argv[1:]
few = ms.as_dataset([[0, 1, 2], [1, 1, 0], [0, 2, 1], [2, 0, 0]] * 9)
ms.ChowLiu().fit(few)  # compiles
if "copula" in work:
    few = ms.as_dataset([[0.5, 1, 2.5], [1.5, 1.25, 0], [0.25, 2, 1], [2, 0.125, 0]] * 9)
    ms.PC(test="copula").fit(few)
    ms.ChowLiu(estimator="copula").fit(few)
start, before = time.perf_counter(), time.process_time()
if work == "pack":
    ms.pack_table(path, packed)
elif work == "matrix":
    ms.mutual_information_matrix(ms.read_table(packed))
elif work == "tree":
    ms.ChowLiu().fit(ms.read_table(packed))
elif work == "copula matrix":
    ms.mutual_information_matrix(ms.read_table(packed), estimator="copula")
elif work == "copula tree":
    ms.ChowLiu(estimator="copula").fit(ms.read_table(packed))
elif work == "copula PC":
    ms.PC(test="copula").fit(ms.read_table(packed))
elif work == "PC":
    ms.PC().fit(few)
    start, before = time.perf_counter(), time.process_time()
    ms.PC().fit(ms.read_table(packed))
elif work == "corrcoef":
    import numpy as np
    import pyarrow.parquet
    columns = pyarrow.parquet.read_table(path)
    values = np.empty((columns.num_columns, columns.num_rows))
    for row, column in zip(values, columns.itercolumns()):
        row[:] = column.to_numpy()
    del columns, column
    start, before = time.perf_counter(), time.process_time()
    np.corrcoef(values)
else:
    ms.read_table(packed)
seconds, of_processor = time.perf_counter() - start, time.process_time() - before
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([seconds, of_processor, used.ru_maxrss / 1e6]))
"""


def _chain(rows: int) -> pa.Table:
    """Columns of 3 states, each a noisy copy of the one before."""
    rng = np.random.default_rng(1)
    columns = [rng.integers(0, 3, rows, dtype=np.int8)]
    while len(columns) < N_COLUMNS:
        new = rng.integers(0, 3, rows, dtype=np.int8)
        columns.append(np.where(rng.random(rows) < 0.35, new, columns[-1]))
    return pa.table({f"v{i:03d}": c for i, c in enumerate(columns)})


def _measured(path: Path, packed: Path, work: str) -> tuple[float, str, float]:
    """Seconds, processor time and memory in words, and gigabytes at the peak."""
    command = [sys.executable, "-c", _IN_A_PROCESS, str(path), str(packed), work]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, of_processor, gigabytes = json.loads(run.stdout)
    used = f"{of_processor:.1f} s of processor, peak memory {gigabytes:.2f} GB"
    return seconds, used, gigabytes


@pytest.mark.long
def test_pack_and_learn(tmp_path: Path, record: Callable[..., None]) -> None:
    path, packed = tmp_path / "t.parquet", tmp_path / "t.mistruct"
    million = _chain(1_000_000)
    with pa.parquet.ParquetWriter(path, million.schema) as writer:
        for _ in range(MILLIONS):
            writer.write_table(million)
    size = f"{N_COLUMNS} columns x {MILLIONS},000,000 rows x 3 states"
    for work, what, most in (
        ("pack", "pack a Parquet file", 2.0),
        ("open", "open it", 0.5),
        ("matrix", "matrix of information from disk", 3.0),
        ("tree", "Chow-Liu tree from disk", 3.0),
    ):
        seconds, used, gigabytes = _measured(path, packed, work)
        record(f"{what}, {size}, {used}", seconds, "", None, None)
        assert gigabytes < most


def _factors(rows: int, seed: int) -> pa.Table:
    """Continuous columns, each of which follows two before it, as by chance."""
    rng = np.random.default_rng(seed)
    columns: list[Any] = []
    for i in range(N_CONTINUOUS):
        before = [columns[(7 * i + 3) % i], columns[(5 * i + 1) % i]] if i else []
        columns.append(0.6 * sum(before, np.zeros(rows)) + rng.normal(size=rows))
    return pa.table({f"v{i:02d}": c for i, c in enumerate(columns)})


@pytest.mark.long
def test_pack_and_learn_of_continuous_columns(tmp_path: Path, record: Callable[..., None]) -> None:
    path, packed = tmp_path / "t.parquet", tmp_path / "t.mistruct"
    with pa.parquet.ParquetWriter(path, _factors(1, 0).schema) as writer:
        for part in range(MILLIONS):
            writer.write_table(_factors(1_000_000, part))
    size = f"{N_CONTINUOUS} continuous columns x {MILLIONS},000,000 rows"
    for work, what, most in (
        ("pack", "pack a Parquet file", 2.0),
        ("copula matrix", "matrix of copula information from disk", 1.0),
        ("copula tree", "Chow-Liu tree (copula) from disk", 1.0),
        ("copula PC", "PC (copula) from disk", 1.5),
        ("corrcoef", "numpy.corrcoef of the table in memory", None),
    ):
        seconds, used, gigabytes = _measured(path, packed, work)
        record(f"{what}, {size}, {used}", seconds, "", None, None)
        assert most is None or gigabytes < most


@pytest.mark.long
def test_pack_and_pc_of_alarm(tmp_path: Path, record: Callable[..., None]) -> None:
    path, packed = tmp_path / "t.parquet", tmp_path / "t.mistruct"
    parts = (sample_network("alarm", 1_000_000, part).astype("int8") for part in range(MILLIONS))
    first = pa.Table.from_pandas(next(parts))
    with pa.parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(pa.Table.from_pandas(part))
    for work, what, most in (
        ("pack", "pack a Parquet file", 2.0),
        ("PC", "PC with its defaults from disk", 4.0),
    ):
        seconds, used, gigabytes = _measured(path, packed, work)
        record(f"{what}, alarm x {MILLIONS},000,000 rows, {used}", seconds, "", None, None)
        assert gigabytes < most


@pytest.mark.long
def test_pc_from_disk(tmp_path: Path, beside: Beside) -> None:
    table = sample_network("alarm", 1_000_000, 0)
    data = ms.as_dataset(table)
    ms.pack_table(data, tmp_path / "t.mistruct")
    packed = ms.read_table(tmp_path / "t.mistruct")
    found: dict[str, Any] = {}
    ratio = beside(
        "PC, alarm x 1,000,000 rows, from disk",
        lambda: found.update(disk=ms.PC().fit(packed).edges_),
        "from memory",
        lambda: found.update(memory=ms.PC().fit(data).edges_),
        rounds=1,
    )
    pd.testing.assert_frame_equal(found["disk"], found["memory"])
    assert ratio > 0.8


def test_a_stream_of_text_beside_pandas(tmp_path: Path, beside: Beside) -> None:
    path = tmp_path / "t.csv"
    table = _chain(200_000).to_pandas().astype({f"v{i:03d}": float for i in range(10)})
    table.iloc[:, :10] += np.random.default_rng(0).normal(size=(len(table), 10)).round(4)
    table.to_csv(path, index=False)

    def stream() -> None:
        source = TextSource(path, ".csv", Marks(), TextOptions())
        assert sum(b.n_rows for b in source.batches(source.names)) == len(table)

    ratio = beside(
        "stream of CSV, 100 columns x 200,000 rows",
        stream,
        "pandas.read_csv",
        lambda: pd.read_csv(path),
        rounds=3,
    )
    assert ratio > 0.9
