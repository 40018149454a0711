"""Rows that are drawn, and checkpoints: killed, resumed, shared, refused, damaged."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.resampling.replicates import draw_rows
from tests.structure.genomes import expression, genome

N = 8
MANIFEST = "checkpoint.json"


def genes(seed: int = 0, n_genes: int = 15, n_samples: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return expression(rng, genome(rng, n_genes, regulators=0.3), n_samples)


def aracne(folder: Path | None = None, n: int = N, **parameters: Any) -> ms.ARACNE:
    return ms.ARACNE(n_bootstraps=n, checkpoint=folder, **parameters)


def chow_liu(folder: Path | None = None, n: int = N, **parameters: Any) -> ms.Bootstrap:
    return ms.Bootstrap(ms.ChowLiu(**parameters), n_resamples=n, checkpoint=folder)


MAKERS = {"aracne": aracne, "chow-liu": chow_liu}
makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def csv(learner: Any, table: Any) -> str:
    """Edges to the last bit."""
    return str(learner.fit(table).edges_.to_csv())


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def finished(n: int) -> list[str]:
    return [MANIFEST, *(f"replicate-{b:04}.bin" for b in range(n))]


# Rows -------------------------------------------------------------------------------------------


def test_rows_are_drawn_without_replacement_and_evenly():
    drawn = np.array([draw_rows(50, 3, b) for b in range(2000)])
    assert drawn.dtype == bool
    assert (drawn.sum(axis=1) == round(0.632 * 50)).all()
    # Each row is in 64 percent of 2000 replicates: 1280, with a standard deviation of 21.5.
    assert np.abs(drawn.sum(axis=0) - 1280).max() < 5 * 21.5
    # Whether one row is drawn says next to nothing about another: -1/49 is what a fixed size does.
    correlations = np.corrcoef(drawn.T)[np.triu_indices(50, 1)]
    assert correlations.mean() == pytest.approx(-1 / 49, abs=0.005)


def test_rows_depend_on_the_seed_and_the_number_of_the_replicate():
    drawn = {
        (s, b): draw_rows(40, s, b).tobytes() for s, b in itertools.product(range(4), range(9))
    }
    assert len(set(drawn.values())) == 36
    for (seed, b), rows in drawn.items():
        assert draw_rows(40, seed, b).tobytes() == rows


@makers
def test_order_of_columns_and_threads_change_nothing(make, monkeypatch):
    table = genes()
    monkeypatch.setenv("MISTRUCT_NUM_THREADS", "1")
    expected = csv(make(), table)
    monkeypatch.setenv("MISTRUCT_NUM_THREADS", "2")
    assert csv(make(), table) == expected
    turned = table[np.random.default_rng(1).permutation(table.columns)]
    learner = make()
    assert csv(learner, turned) == expected
    assert list(learner.graph_) == list(turned)


def test_the_seed_matters_and_none_is_fresh():
    table = genes()
    assert csv(aracne(seed=1), table) != csv(aracne(seed=2), table)
    assert csv(aracne(seed=None), table) != csv(aracne(seed=None), table)


@makers
@pytest.mark.filterwarnings("ignore:the information between")  # of the ranks of six rows
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_too_few_rows(make):
    with pytest.raises(ms.DataError, match="need 10 rows or more to draw from, got 9"):
        make().fit(genes(n_samples=9))
    make().fit(genes(n_samples=10))


# Kill and resume --------------------------------------------------------------------------------

SCRIPT = """
import os, signal, sys
from pathlib import Path

sys.path.insert(0, ".")
from mistruct import atomic
from tests.structure.resampling.test_replicates import MAKERS, csv, genes

name, folder, moment, at = sys.argv[1:]
rename, calls = os.replace, 0

def die_on_the_way(temporary, target):
    global calls
    calls += Path(target).parent == Path(os.path.realpath(folder))  # not numba's, of compiled code
    if calls == int(at):
        if moment == "half":
            os.truncate(temporary, os.path.getsize(temporary) // 2)
        if moment == "after":
            rename(temporary, target)
        os.kill(os.getpid(), signal.SIGKILL)
    rename(temporary, target)

atomic.os.replace = die_on_the_way
sys.stdout.write(csv(MAKERS[name](Path(folder)), genes()))
"""


def start(name: str, folder: Path, moment: str = "never", at: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, name, str(folder), moment, str(at)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def output(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return out


# The first file is the manifest.
@pytest.mark.parametrize(
    ("name", "moment", "at", "left"),
    [("aracne", "half", 1, 0), ("aracne", "before", 4, 3), ("chow-liu", "after", 3, 3)],
)
def test_killed_while_a_file_is_written(name, moment, at, left, tmp_path):
    table, make = genes(), MAKERS[name]
    process = start(name, tmp_path, moment, at)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    there = files(tmp_path)
    assert [f for f in there if not f.startswith(".")] == finished(N)[:left]
    assert len(there) == left + (moment != "after")
    assert csv(make(tmp_path), table) == csv(make(), table)
    assert files(tmp_path) == finished(N)


def test_killed_again_and_again(tmp_path):
    expected = csv(aracne(), genes())
    rng = np.random.default_rng(0)
    for enough in sorted(rng.choice(np.arange(1, N), 2, replace=False)):
        process = start("aracne", tmp_path)
        while process.poll() is None and len(list(tmp_path.glob("replicate-*.bin"))) < enough:
            time.sleep(0.001)
        process.kill()
        process.communicate()
    assert output(start("aracne", tmp_path)) == expected


def test_two_processes_in_one_folder(tmp_path):
    both = [start("aracne", tmp_path) for _ in range(2)]
    expected = csv(aracne(), genes())
    assert [output(process) for process in both] == [expected, expected]
    assert files(tmp_path) == finished(N)


@makers
def test_interrupted_by_an_error(make, tmp_path, monkeypatch):
    table = genes()
    draw = "mistruct.structure.resampling.replicates.draw_rows"

    def interrupted(n_samples: int, entropy: int, b: int, *more: Any) -> Any:
        if b == 3:
            raise KeyboardInterrupt
        return draw_rows(n_samples, entropy, b, *more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(draw, interrupted)
        make(tmp_path).fit(table)
    assert files(tmp_path) == finished(3)

    def only_the_rest(n_samples: int, entropy: int, b: int, *more: Any) -> Any:
        assert b >= 3
        return draw_rows(n_samples, entropy, b, *more)

    monkeypatch.setattr(draw, only_the_rest)
    found = csv(make(tmp_path), table)
    monkeypatch.undo()
    assert found == csv(make(), table)


@makers
def test_more_and_fewer_go_on_from_a_checkpoint(make, tmp_path):
    table = genes()
    for n in (3, 7, 5):
        assert csv(make(tmp_path, n), table) == csv(make(None, n), table)
    assert files(tmp_path) == finished(7)


def test_the_folder_is_made_and_other_files_stay(tmp_path):
    folder = tmp_path / "new" / "folder"
    aracne(folder).fit(genes())
    (folder / ".notes.1.tmp").write_text("mine")
    (folder / "notes").write_text("mine")
    aracne(str(folder)).fit(genes())
    assert files(folder) == [".notes.1.tmp", *finished(N)[:1], "notes", *finished(N)[1:]]


def test_the_folder_is_listed_once_for_all_replicates(tmp_path, monkeypatch):
    listed = []
    of_folder = os.listdir
    monkeypatch.setattr(os, "listdir", lambda f: listed.append(f) or of_folder(f))
    counts = []
    for n in (3, 9):
        listed.clear()
        aracne(tmp_path / str(n), n).fit(genes())
        counts.append(len(listed))
    assert counts[0] == counts[1]


def test_what_killed_runs_have_left_is_removed_in_the_end(tmp_path):
    aracne(tmp_path, 3).fit(genes())
    left = tmp_path / ".replicate-0001.bin.0123abcd.tmp"
    left.write_text("half")
    aracne(tmp_path, 3).fit(genes())
    assert files(tmp_path) == finished(3)


# Refused ----------------------------------------------------------------------------------------


def other_value(table: pd.DataFrame) -> Any:
    return table.replace(table.iloc[3, 4], table.iloc[3, 4] + 1e-12)


OTHER_DATA = {
    "value": other_value,
    "rows": lambda t: t.iloc[:-1],
    "columns": lambda t: t.iloc[:, :-1],
    "name": lambda t: t.rename(columns={t.columns[2]: "new"}),
    "kind": lambda t: t.assign(**{t.columns[0]: (t[t.columns[0]] > 0)}),
    "policy": lambda t: ms.as_dataset(t, missing="testwise"),
}


@makers
@pytest.mark.parametrize("change", OTHER_DATA)
def test_other_data(make, change, tmp_path):
    make(tmp_path).fit(genes())
    with pytest.raises(ms.DataError) as raised:
        make(tmp_path).fit(OTHER_DATA[change](genes()))
    message = str(raised.value)
    assert message.startswith(f"checkpoint {str(tmp_path)!r} is of another run: data was '60 rows")
    assert message.endswith("; take another folder")
    assert message.count("digest") == 2


def test_states_are_data_too(tmp_path):
    table = genes() > 0
    names = list(table)
    chow_liu(tmp_path).fit(table)
    swapped = table.assign(**{names[0]: np.where(table[names[0]], "yes", "no")})
    with pytest.raises(ms.DataError, match="data was '60 rows, 15 columns"):
        chow_liu(tmp_path).fit(swapped)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"alpha": 0.01}, "alpha was 0.05 and is 0.01"),
        ({"alpha": None, "tolerance": 0.2}, "alpha was 0.05 and is None; tolerance was 0.1 and is"),
        ({"regulators": ["g03"]}, r"regulators was None and is \['g03'\]"),
        ({"estimator": "ksg"}, r"estimator was 'GaussianCopula\(.*\)' and is 'KSG\("),
        ({"test": ms.CopulaTest()}, r"test was None and is 'CopulaTest\("),
    ],
)
def test_other_parameters(parameters, message, tmp_path):
    aracne(tmp_path).fit(genes())
    with pytest.raises(ms.ParameterError, match=message):
        aracne(tmp_path, **parameters).fit(genes())


@pytest.mark.parametrize("learner", [ms.ChowLiu(), ms.ARACNE()], ids=["chow-liu", "aracne"])
def test_other_seeds_of_bootstrap(learner, tmp_path):
    bootstrap = ms.Bootstrap(learner, 3, checkpoint=tmp_path).fit(genes())
    with pytest.raises(ms.ParameterError, match="run: seed was 0 and is 1; take"):
        clone(bootstrap).set_params(seed=1).fit(genes())
    clone(bootstrap).set_params(seed=np.int64(0)).fit(genes())


def test_other_learners(tmp_path):
    aracne(tmp_path).fit(genes())
    with pytest.raises(ms.ParameterError, match="algorithm was 'aracne' and is 'clr'"):
        ms.CLR(n_bootstraps=N, checkpoint=tmp_path).fit(genes())
    with pytest.raises(ms.ParameterError, match="learner was None and is 'ARACNE'"):
        ms.Bootstrap(ms.ARACNE(), checkpoint=tmp_path).fit(genes())
    chow_liu(tmp_path / "b").fit(genes())
    with pytest.raises(ms.ParameterError, match="penalty was None and is 'bic'"):
        chow_liu(tmp_path / "b", penalty="bic").fit(genes())


@pytest.mark.parametrize("item", ["format", "mistruct", "numpy"])
def test_other_versions(item, tmp_path):
    aracne(tmp_path).fit(genes())
    manifest = tmp_path / MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), item: "0"}))
    with pytest.raises(ms.ParameterError, match=f"{item} was '0' and is "):
        aracne(tmp_path).fit(genes())


def test_a_file_of_regulators_may_move_but_not_change(tmp_path):
    table, folder = genes(), tmp_path / "kept"
    for name, text in {"a": "g03\ng05\n", "b": "g05\ng03\n", "c": "g05\ng04\n"}.items():
        (tmp_path / name).write_text(text)
    for make in (aracne, lambda f, **p: ms.Bootstrap(ms.ARACNE(**p), 3, checkpoint=f / "b")):
        expected = csv(make(folder, regulators=tmp_path / "a"), table)
        assert csv(make(folder, regulators=tmp_path / "b"), table) == expected
        with pytest.raises(ms.ParameterError, match="regulators was"):
            make(folder, regulators=tmp_path / "c").fit(table)


def test_what_does_not_change_replicates_may_change(tmp_path):
    table = genes()
    learner = ms.Bootstrap(ms.ChowLiu(), 6, threshold=0.3, checkpoint=tmp_path).fit(table)
    again = clone(learner).set_params(threshold=0.9).fit(table)
    pd.testing.assert_frame_equal(again.edges_, learner.edges_)
    assert again.graph_.number_of_edges() < learner.graph_.number_of_edges()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bootstraps": 0}, "n_bootstraps must be a whole number of at least 1, got 0"),
        ({"n_bootstraps": True}, "n_bootstraps must be a whole number of at least 1, got True"),
        ({"n_bootstraps": 5, "seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"n_bootstraps": 5, "checkpoint": 3}, "checkpoint must be the path of a folder, got 3"),
        ({"checkpoint": "x"}, "it needs n_bootstraps, got n_bootstraps=None"),
        ({"n_bootstraps": 5, "checkpoint": "x", "seed": None}, "checkpoint needs a seed, so"),
        (
            {"n_bootstraps": 5, "checkpoint": "x", "test": ms.KNNTest(seed=None)},
            r"checkpoint needs seeds, so that a run can go on, got test=KNNTest\(.*seed=None",
        ),
    ],
)
def test_parameters_that_do_not_fit(parameters, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ms.ParameterError, match=message):
        ms.MRNET(**parameters).fit(genes())
    assert files(tmp_path) == []


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ms.DataError, match=r"file' cannot be used: .*exists"):
        aracne(tmp_path / "file").fit(genes())
    aracne(tmp_path / "a").fit(genes())
    (tmp_path / "a" / MANIFEST).unlink()
    with pytest.raises(ms.DataError, match=f"a' has replicates but no {MANIFEST}"):
        aracne(tmp_path / "a").fit(genes())
    for damaged in ('{"format": 1', "[1, 2]", ""):
        (tmp_path / "a" / MANIFEST).write_text(damaged)
        with pytest.raises(ms.DataError, match=f"a {MANIFEST} that is damaged"):
            aracne(tmp_path / "a").fit(genes())


# Damaged ----------------------------------------------------------------------------------------


def flip(contents: bytes, at: int) -> bytes:
    return contents[:at] + bytes([contents[at] ^ 1]) + contents[at + 1 :]


DAMAGE = {
    "empty": lambda c: b"",
    "half": lambda c: c[: len(c) // 2],
    "a bit of the digest": lambda c: flip(c, 3),
    "a bit in the middle": lambda c: flip(c, len(c) // 2),
    "the last byte": lambda c: c[:-1],
    "something else": lambda c: b"PK" + b"\0" * 200,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_made_again(damage, tmp_path):
    expected = csv(aracne(tmp_path), genes())
    path = tmp_path / "replicate-0003.bin"
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    with pytest.warns(ms.MistructWarning, match=r"replicate-0003\.bin' is damaged"):
        assert csv(aracne(tmp_path), genes()) == expected
    assert path.read_bytes() == whole


def test_replicates_of_others_are_not_taken(tmp_path):
    table, (own, other) = genes(), (tmp_path / "own", tmp_path / "other")
    expected = csv(aracne(own), table)
    aracne(other, seed=1).fit(table)
    # As two that start at once could leave it, and then files in a wrong place.
    moves = [(other / "replicate-0002.bin", 2), (own / "replicate-0005.bin", 4)]
    for source, b in moves:
        (own / f"replicate-{b:04}.bin").write_bytes(source.read_bytes())
    with pytest.warns(ms.MistructWarning) as warned:
        assert csv(aracne(own), table) == expected
    assert len(warned) == 2
