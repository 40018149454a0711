"""A process that reads broken files, with little memory."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.hostile.files import read_broken
from tests.hostile.worker import judge, serve

_MEMORY = 1 << 30

# What reads them is loaded before the memory is limited.
for _library in ("anndata", "openpyxl", "pyarrow.parquet", "pyreadstat"):
    if find_spec(_library.partition(".")[0]):
        import_module(_library)


def judge_file(_: str, of: str, folder: Path) -> tuple[str, str]:
    """The verdict on a broken file."""
    return judge(lambda _: read_broken(of, folder), None)


if __name__ == "__main__":
    serve(judge_file, _MEMORY)
