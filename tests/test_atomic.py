"""Files are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mistruct.atomic import replacing
from mistruct.errors import DataError


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent == tmp_path
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_all_as_it_was(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("old")
    with pytest.raises(error), replacing(target) as temporary:
        temporary.write_text("ne")
        raise error
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_what_is_on_disk_is_written_before_the_name(tmp_path: Path, monkeypatch) -> None:
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append("contents"))
    rename = os.replace
    monkeypatch.setattr(os, "replace", lambda *a: (done.append("name"), rename(*a)))
    with replacing(tmp_path / "notes.txt") as temporary:
        temporary.write_text("new")
    assert done == ["contents", "name"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with replacing(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("name", ["", "missing/notes.txt"])
def test_where_nothing_can_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write"), replacing(tmp_path / name):
        raise AssertionError("not reached")


def test_a_temporary_file_that_is_gone(tmp_path: Path) -> None:
    message = r"cannot write .*notes\.txt': No such file"
    with pytest.raises(DataError, match=message), replacing(tmp_path / "notes.txt") as file:
        file.unlink(missing_ok=True)
