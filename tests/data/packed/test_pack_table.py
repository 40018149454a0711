"""Packed tables: the same as the ordinary door makes, from every source and in any portions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

import mistruct as ms
from mistruct.data.packed import arrow_source, row_writer, text_source, two_passes
from mistruct.errors import DataError, ParameterError
from mistruct.information.counts.packing import pack, packed_columns


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of a few rows, so that small tables come in many."""
    monkeypatch.setattr(text_source, "_BLOCK", 700)
    monkeypatch.setattr(arrow_source, "_ROWS", 97)
    monkeypatch.setattr(two_passes, "_ROWS", 97)
    monkeypatch.setattr(row_writer, "_FEWEST_ROWS", 256)
    monkeypatch.setattr(row_writer, "_MOST_ROWS", 256)


def every_kind(n: int = 1111) -> pd.DataFrame:
    """Columns of each kind and rule, with gaps in some."""
    rng = np.random.default_rng(7)
    gap = rng.random(n) < 0.1
    return pd.DataFrame(
        {
            "codes": rng.integers(-1, 3, n),
            "words": rng.choice(["x", "y", "NA", "zz"], n),
            "fractions": np.where(gap, np.nan, rng.normal(size=n)),
            "truth": rng.random(n) < 0.4,
            "gappy truth": pd.array(rng.random(n) < 0.4, dtype="boolean"),
            "level": pd.Categorical(
                rng.choice(["lo", "mid", "hi"], n), ["lo", "mid", "hi"], ordered=True
            ),
            "patient_id": np.arange(n) * 3 % n,
            "row": np.arange(1, n + 1),
            "reads": rng.poisson(6, n),
            "many": rng.integers(0, 500, n),
            "wide": rng.integers(0, 3, n) * 10**9,
            "gappy": np.where(gap, np.nan, rng.integers(0, 4, n)),
            **{f"item_{i}": rng.integers(1, 6, n) for i in range(8)},
            "n_times": rng.integers(0, 4, n),
        }
    ).assign(**{"gappy truth": lambda t: t["gappy truth"].mask(gap)})


def same(packed: ms.Dataset, read: ms.Dataset) -> None:
    """Equal columns, in the order of their names, kinds, states, reasons and notes."""
    assert list(packed.names) == sorted(read.names)
    for name in read.names:
        assert packed.kinds[name] == read.kinds[name], name
        assert packed.states.get(name) == read.states.get(name)
        assert packed.why[name] == read.why[name]
        np.testing.assert_array_equal(packed.column(name).values, read.column(name).values)
    assert dict(packed.n_missing) == dict(read.n_missing)
    assert packed.inferred == read.inferred
    assert packed.notes == read.notes


def as_file(frame: pd.DataFrame, path: Path) -> Path:
    match path.suffix:
        case ".parquet":
            frame.to_parquet(path, row_group_size=300)
        case ".feather":
            frame.to_feather(path)
        case _:
            frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("weights", [None, "n_times"])
@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ".csv.gz"])
def test_a_file_is_packed_as_it_is_read(suffix: str, weights: str | None, tmp_path: Path) -> None:
    path = as_file(every_kind(), tmp_path / f"t{suffix}")
    packed = ms.pack_table(path, tmp_path / "t.mistruct", weights=weights)
    read = ms.read_table(path, missing="testwise", weights=weights)
    assert read.notes and set(read.kinds.values()) == {"discrete", "ordinal", "continuous"}
    same(packed, read)
    same(ms.read_table(tmp_path / "t.mistruct", missing="testwise", verify=True), read)


TEXT = {
    "numbers that become text": "a,b\n" + "1,x\n" * 300 + "01,y\n" * 2,
    "marks in one block": "a,b\n" + "1.5,x\n2,y\n" * 200 + "?,z\nNA,\n" + "2.5,x\n" * 200,
    "a mark that is a word": "a,b\n" + ".,1\n" * 200 + "x,2\n" * 99,
    "thousands": "a,b\n" + '"1,000",1\n"2,345",2\n900,1\n' * 100,
    "blanks": "a,b\n" + "x ,1\nx,2\n y,1\n" * 100,
    "empty rows": "a,b\n" + "x,1\ny,2\n,\n" * 150,
    "line breaks in quotes": "a,b\n" + '"x\ny",1\n"""q""",2\nz,1\n' * 150,
    "semicolons and decimal commas": "a;b;c\n" + "1,5;x;1\n2,25;y;2\n" * 150,
    "blanks between": "a b c\n" + "1   x 0.5\n2 y   0.25\n" * 150,
    "comments": "# by us\na,b\n" + "1,x\n2,y\n" * 150,
    "truth": "a,b\n" + "True,1\nfalse,2\n" * 150 + ",1\n" * 3,
    "an empty part": "a,b\n" + ",1\n" * 200 + "0.5,2\n0.25,1\n" * 100,
    "umlauts": "a,b\n" + "Köln,1\nBern,2\n" * 150,
}


@pytest.mark.parametrize("text", TEXT.values(), ids=TEXT.keys())
def test_text_in_blocks_is_read_as_a_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(text, encoding="utf-8")
    same(ms.pack_table(path, tmp_path / "t.mistruct"), ms.read_table(path, missing="testwise"))


def test_the_options_are_those_of_the_door(tmp_path: Path) -> None:
    path = as_file(every_kind(), tmp_path / "t.csv")
    options: dict[str, Any] = {
        "kinds": {"item_*": "continuous", "fractions": "discrete", "many": "discrete"},
        "drop": ["n_*"],
        "missing_marks": [-1, "zz"],
    }
    packed = ms.pack_table(path, tmp_path / "t.mistruct", **options)
    same(packed, ms.read_table(path, missing="testwise", **options))


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    frame = every_kind()
    (tmp_path / "parts").mkdir()
    for i, rows in enumerate((slice(0, 400), slice(400, None))):
        as_file(frame[rows], tmp_path / "parts" / f"part-{i}.parquet")
    whole = as_file(frame.reset_index(drop=True), tmp_path / "whole.parquet")
    same(
        ms.pack_table(tmp_path / "parts", tmp_path / "t.mistruct"),
        ms.read_table(whole, missing="testwise"),
    )


Stream = Callable[[pa.Table], Any]
STREAMS: dict[str, Stream] = {
    "reader": lambda table: pa.RecordBatchReader.from_batches(table.schema, table.to_batches(97)),
    "lazy frame": lambda table: pl.from_arrow(table).lazy(),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_is_packed_as_its_table(stream: Stream, tmp_path: Path) -> None:
    frame = every_kind().drop(columns=["patient_id", "row", "level"])
    table = pa.Table.from_pandas(frame)
    packed = ms.pack_table(stream(table), tmp_path / "t.mistruct")
    same(packed, ms.as_dataset(table, missing="testwise"))
    assert [p.name for p in tmp_path.iterdir()] == ["t.mistruct"]


def test_a_table_in_memory_is_packed_as_it_is(tmp_path: Path) -> None:
    data = ms.as_dataset(every_kind().drop(columns=["patient_id", "row"]), missing="testwise")
    same(ms.pack_table(data, tmp_path / "t.mistruct"), data)


def test_what_is_packed_on_disk_is_what_is_packed_in_memory(tmp_path: Path) -> None:
    data = ms.pack_table(as_file(every_kind(), tmp_path / "t.parquet"), tmp_path / "t.mistruct")
    whole = [n for n in data.discrete if not data.n_missing[n]]
    state = ms.read_table(tmp_path / "t.mistruct", missing="state", drop=list(data.continuous))
    for table in (data, data.select(whole[::-1]), data.select(whole[2:5]), state):
        found, made = packed_columns(table), pack(table.codes, table.n_states)
        assert found.complete == made.complete
        assert found.words.base is data.stored.words.base or table is state  # type: ignore[union-attr]
        np.testing.assert_array_equal(found.n_packed, made.n_packed)
        for a, b, n in zip(found.first_word, made.first_word, made.n_packed, strict=True):
            np.testing.assert_array_equal(found.words[a : a + n], made.words[b : b + n])
    read = ms.read_table(tmp_path / "t.parquet", missing="state", drop=list(data.continuous))
    assert state.states == {n: read.states[n] for n in state.names}
    assert not any(state.n_missing.values())


def test_missing_entries_are_refused_when_opened(tmp_path: Path) -> None:
    ms.pack_table(as_file(every_kind(), tmp_path / "t.parquet"), tmp_path / "t.mistruct")
    with pytest.raises(DataError, match=r"t\.mistruct: \d+ entries are missing"):
        ms.read_table(tmp_path / "t.mistruct")
    with pytest.raises(DataError, match="column 'fractions' is continuous and has"):
        ms.read_table(tmp_path / "t.mistruct", missing="state")
    with pytest.raises(ParameterError, match=r"kinds is for tables that are not packed yet"):
        ms.read_table(tmp_path / "t.mistruct", kinds={"codes": "continuous"})


def test_learners_take_it_as_it_is(tmp_path: Path) -> None:
    frame = every_kind().drop(columns=["row", "patient_id", "gappy", "gappy truth", "fractions"])
    frame["echo"] = frame["codes"].where(frame["truth"], 0)
    frame["double"] = frame["many"] + 100 * frame["codes"]
    data = ms.as_dataset(frame)
    ms.pack_table(data, tmp_path / "t.mistruct")
    packed = ms.read_table(tmp_path / "t.mistruct")
    for learner in (ms.ChowLiu(), ms.PC(), ms.ARACNE()):
        pd.testing.assert_frame_equal(learner.fit(packed).edges_, learner.fit(data).edges_)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "t.mistruct"
    ms.pack_table(pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1, 1, 1] * 25}), path)
    return path


def test_a_table_cut_short_is_refused(broken: Path) -> None:
    file = broken / "codes.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"codes\.bin has 199 bytes instead of 200"):
        ms.read_table(broken)
    file.unlink()
    with pytest.raises(DataError, match=r"codes\.bin is missing"):
        ms.read_table(broken)


@pytest.mark.parametrize("version", [1, 9])
def test_a_table_of_another_version_is_refused(broken: Path, version: int) -> None:
    header = broken / "header.json"
    text = header.read_text("utf-8").replace('"version": 2', f'"version": {version}')
    header.write_text(text, "utf-8")
    with pytest.raises(DataError, match=rf"has version {version}, and .* reads version 2"):
        ms.read_table(broken)


def test_a_changed_header_is_refused(broken: Path) -> None:
    header = broken / "header.json"
    text = header.read_text("utf-8")
    header.write_text(text.replace('\\"kinds\\": {\\"a\\"', '\\"kinds\\": {\\"c\\"'), "utf-8")
    assert header.read_text("utf-8") != text
    with pytest.raises(DataError, match=r"header\.json has been changed"):
        ms.read_table(broken)
    header.write_text(text[:50], "utf-8")
    with pytest.raises(DataError, match=r"header\.json is cut short"):
        ms.read_table(broken)


@pytest.mark.parametrize("name", ["codes.bin", "bitsets.bin"])
def test_changed_entries_are_found_when_asked_for(broken: Path, name: str) -> None:
    content = bytearray((broken / name).read_bytes())
    content[3] ^= 1
    (broken / name).write_bytes(content)
    ms.read_table(broken)
    with pytest.raises(DataError, match=f"{name} has been changed in row 1"):
        ms.read_table(broken, verify=True)


def test_a_pack_that_fails_leaves_what_was_there(broken: Path) -> None:
    before = {p.name: p.read_bytes() for p in broken.iterdir()}
    bad = broken.with_name("bad.csv")
    bad.write_text("a,b\n1,2\n1\n" + "1,2\n" * 500, encoding="utf-8")
    with pytest.raises(DataError, match="line 3 has 1 field"):
        ms.pack_table(bad, broken)
    assert {p.name: p.read_bytes() for p in broken.iterdir()} == before
    assert sorted(p.name for p in broken.parent.iterdir()) == ["bad.csv", "t.mistruct"]
    parquet = as_file(every_kind(), broken.with_name("t.parquet"))
    with pytest.raises(ParameterError, match=r"separator is not for \.parquet files, got ';'"):
        ms.pack_table(parquet, broken, separator=";")
    with pytest.raises(ParameterError, match=r"path must end in \.mistruct"):
        ms.pack_table(bad, broken.with_suffix(".packed"))


def test_a_packed_table_is_packed_again_without_some_columns(broken: Path) -> None:
    data = ms.as_dataset(
        every_kind(), kinds={"patient_id": "continuous", "row": "continuous"}, missing="testwise"
    )
    ms.pack_table(data, broken)
    fewer = ms.pack_table(broken, broken, drop=["item_*", "row"])
    same(fewer, data.select([n for n in data.names if n != "row" and "item" not in n]))


def test_a_full_disk_is_told_before(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_writer.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(DataError, match=r"GB are free on its disk"):
        ms.pack_table(pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1, 1, 1] * 25}), broken)


def test_numbers_of_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are counted: continuous all the same, and row numbers are known as such."""
    monkeypatch.setattr("mistruct.data.packed.number_tally.MOST_NUMBERS", 300)
    frame = every_kind().drop(columns=["patient_id"])
    packed = ms.pack_table(as_file(frame, tmp_path / "t.parquet"), tmp_path / "t.mistruct")
    assert "row" not in packed.names
    assert packed.kinds["many"] == "continuous"
    assert packed.why["many"].startswith("whole numbers, more than 300 distinct")
    np.testing.assert_array_equal(packed.values[packed.row("many")], frame["many"])
    with pytest.raises(DataError, match="declared discrete and has more than 300"):
        ms.pack_table(tmp_path / "t.parquet", tmp_path / "t.mistruct", kinds={"many": "discrete"})


def test_other_processes_get_the_path_of_a_table_and_not_its_rows(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, (5000, 4)), columns=list("abcd")).astype("category")
    frame.loc[7, "b"] = np.nan
    ms.pack_table(frame, tmp_path / "t.mistruct")
    opened = ms.read_table(tmp_path / "t.mistruct", missing="state").select(["c", "b"])
    sent = pickle.dumps(opened)
    assert len(sent) < 5000  # of 10,000 entries
    received = pickle.loads(sent)
    assert received.on_disk is not None
    assert (received.names, received.missing) == (("c", "b"), "state")
    np.testing.assert_array_equal(received.codes, opened.codes)
    assert received.states == opened.states
    ms.pack_table(frame.iloc[::-1].assign(d=0), tmp_path / "t2.mistruct")
    (tmp_path / "t.mistruct").rename(tmp_path / "old.mistruct")
    (tmp_path / "t2.mistruct").rename(tmp_path / "t.mistruct")
    with pytest.raises(ms.DataError, match="is another one than before"):
        pickle.loads(sent)


def test_states_that_json_has_no_word_for_are_refused(tmp_path):
    frame = pd.DataFrame(
        {"a": [0, 1] * 5, "when": pd.to_datetime(["2020-01-01", "2021-01-01"] * 5)}
    )
    frame["when"] = frame["when"].astype("category")
    with pytest.raises(ms.DataError, match="column 'when' has states of type Timestamp"):
        ms.pack_table(frame, tmp_path / "t.mistruct")
    assert not list(tmp_path.iterdir())
