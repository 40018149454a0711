"""Files as writers leave them, then broken: bytes flipped, cut, swapped, doubled or zeroed.

Beside them bombs: small files that stand for very large tables.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms
from tests.hostile.calls import Broken

Rng = np.random.Generator

#: Formats that declare nodes by using them.
_BY_USE = (".dagitty", ".dot")

#: Formats whose end is marked, so that a part of one is none.
_CLOSED = {
    ".graphml", ".gexf", ".gml", ".json", ".bif", ".parquet", ".safetensors", *_BY_USE,
    ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst", ".csv.zip", ".mistruct",
}  # fmt: skip


def _table(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, n)
    return pd.DataFrame(
        {"a": a, "b": (a + rng.integers(0, 2, n)) % 3, "c": a + rng.normal(size=n), "d": a == 1}
    )


@cache
def _graph() -> nx.Graph:
    return ms.PC(alpha=0.2).fit(_table()).graph_


def _write_table(path: Path) -> None:
    frame = _table()
    match path.suffix:
        case ".csv" | ".gz" | ".bz2" | ".xz" | ".zip":
            frame.to_csv(path, index=False)
        case ".zst":
            import pyarrow

            with pyarrow.output_stream(str(path), compression="zstd") as file:
                file.write(frame.to_csv(index=False).encode())
        case ".dta":
            frame.to_stata(path, write_index=False)
        case ".sav" | ".xpt":
            import pyreadstat

            write = pyreadstat.write_sav if path.suffix == ".sav" else pyreadstat.write_xport
            write(frame.astype({"d": int}), str(path))
        case ".arff":
            rows = frame[["a", "c"]].to_csv(index=False, header=False)
            kinds = "@attribute a {0,1,2}\n@attribute c numeric\n"
            path.write_text(f"@relation r\n{kinds}@data\n{rows}")
        case ".mistruct":
            ms.pack_table(frame, path)
        case ".parquet":
            frame.to_parquet(path)
        case ".feather":
            frame.to_feather(path)
        case ".xlsx":
            frame.to_excel(path, index=False)
        case ".h5ad":
            from anndata import AnnData

            AnnData(frame[["a", "b", "c"]].astype("f4").rename(index=str)).write_h5ad(path)


def _write_knowledge(path: Path) -> None:
    path.write_text('required = [["a", "b"]]\nforbidden = [["c", "a"]]\ntiers = [["a"], ["b"]]\n')


def _dagitty(path: Path) -> None:
    edges = " ".join(f'"{a}" -> "{b}"' for a, b in (("a", "b"), ("b", "c"), ("a", "d")))
    path.write_text(f"dag {{ a [exposure] b [outcome] c d {edges} }}")


def _unpacked(path: Path) -> Any:
    """A packed table, each entry compared with its checksum."""
    found = ms.read_table(path, missing="testwise", verify=True).to_pandas()
    if not found.equals(ms.as_dataset(_table(), missing="testwise").to_pandas()):
        raise Broken("another table is read than was packed")
    return found


def _fit_in(folder: Path) -> Any:
    return ms.Bootstrap(ms.ChowLiu(0.05), 2, checkpoint=folder).fit(_table()).edges_


def _cpc() -> Any:
    return ms.DeepInfoMax(1, n_hidden=4, n_steps=5, batch_size=8)


#: For each suffix: what writes a file, and what reads it.
FORMATS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    **{
        s: (_write_table, lambda path: ms.read_table(path, missing="testwise"))
        for s in (
            ".csv",
            ".parquet",
            ".feather",
            ".xlsx",
            ".h5ad",
            ".csv.gz",
            ".csv.bz2",
            ".csv.xz",
            ".csv.zst",
            ".csv.zip",
            ".dta",
            ".sav",
            ".xpt",
            ".arff",
        )
    },
    ".mistruct": (_write_table, _unpacked),
    **{
        s: (lambda path: ms.write_network(_graph().copy(), path), ms.read_network)
        for s in (".graphml", ".gexf", ".gml", ".json", ".sif", ".tsv", ".dot", ".tetrad")
    },
    ".dagitty": (_dagitty, ms.read_network),
    ".bif": (
        lambda path: ms.write_network(
            ms.to_bayesian_network(nx.Graph([("a", "b"), ("a", "d")]), _table()), path
        ),
        ms.read_network,
    ),
    ".toml": (_write_knowledge, ms.read_knowledge),
    ".bin": (lambda path: _fit_in(path.parent), lambda path: _fit_in(path.parent)),
}
if find_spec("torch") and find_spec("safetensors"):
    FORMATS[".safetensors"] = (
        lambda path: _cpc().fit(_table()[["a", "b", "c"]]).save(path),
        ms.DeepInfoMax.load,
    )


def name_of(suffix: str) -> str:
    return "replicate-0001.bin" if suffix == ".bin" else f"file{suffix}"


@cache
def original(suffix: str) -> dict[str, bytes]:
    """The files of a format, as they are written."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        FORMATS[suffix][0](Path(folder, name_of(suffix)))
        files = [p for p in sorted(Path(folder).rglob("*")) if p.is_file()]
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def broken(content: bytes, rng: Rng) -> tuple[str, bytes]:
    """How a file is broken, and what is left of it."""
    data = bytearray(content)
    a, b = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    match kind := str(rng.choice(["flip", "cut", "swap", "double", "zero", "insert", "digits"])):
        case "flip":
            for at in rng.integers(0, len(data), int(rng.choice([1, 1, 4, 32]))):
                data[at] ^= 1 << int(rng.integers(8))
        case "cut":
            del data[a:]
        case "swap":
            half = (b - a) // 2
            data[a : a + half], data[b - half : b] = data[b - half : b], data[a : a + half]
        case "double":
            data[b:b] = data[a:b]
        case "zero":
            data[a : min(b, a + 64)] = bytes(min(b, a + 64) - a)
        case "insert":
            data[a:a] = rng.bytes(int(rng.integers(1, 20)))
        case "digits":  # a length or a count that is another
            places = [i for i, c in enumerate(data) if 48 <= c <= 57]
            if places:
                data[int(rng.choice(places))] = 48 + int(rng.integers(10))
    return kind, bytes(data)


def read_broken(name: str, folder: Path) -> Any:
    """Read a broken file: what is in it, unless it is refused."""
    suffix, seed = name.split(":", 1)
    if not seed.isdecimal():
        ms.read_table(seed)
        raise Broken(f"{Path(seed).stat().st_size:,} bytes have been unpacked")
    rng = np.random.default_rng([int(seed), crc32(suffix.encode())])
    files, target = original(suffix), name_of(suffix)
    if suffix == ".bin" and rng.random() < 0.3:
        target = "checkpoint.json"
    if suffix == ".mistruct":
        target = str(rng.choice(list(files)))
    kind, content = broken(files[target], rng)
    for other, whole in files.items():
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_bytes(content if other == target else whole)
    found = FORMATS[suffix][1](folder / name_of(suffix))
    if isinstance(found, nx.Graph):
        check_network(found, suffix)
    cut = kind == "cut" and content.strip() != files[target].strip()
    if cut and suffix in _CLOSED:
        raise Broken(f"a part of {len(content)} bytes is read as if it were whole")
    if suffix == ".bin" and not found.equals(_fit_in(folder)):
        raise Broken("a damaged replicate has been taken")
    return type(found).__name__


def check_network(found: nx.Graph, suffix: str) -> None:
    """No node that the file does not declare, and none that is no name."""
    if not all(isinstance(v, str) for v in found):
        raise Broken(f"nodes that are no names: {list(found)}")
    if suffix in _CLOSED and suffix not in _BY_USE and len(found) > len(_graph()):
        raise Broken(f"more nodes than there were: {sorted(found)}")


# A bomb: what is packed in each, many times over.
_FILLING = b"1,2\n" * 250_000


def _zipped(path: Path, name: str, times: int, mode: Literal["w", "a"] = "w") -> None:
    with zipfile.ZipFile(path, mode, zipfile.ZIP_DEFLATED) as file, file.open(name, "w") as to:
        for _ in range(times):
            to.write(_FILLING)


def _workbook(path: Path) -> None:
    """A sheet whose text is long, within a workbook that is one otherwise."""
    _table().to_excel(path, index=False)
    _zipped(path, "xl/comments1.xml", 200, "a")


def _zstandard(path: Path) -> None:
    import pyarrow

    with pyarrow.output_stream(str(path), compression="zstd") as to:
        for _ in range(400):
            to.write(_FILLING)


def _parquet(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    part = pa.table({"a": np.zeros(1_000_000, dtype=np.int64)})
    with parquet.ParquetWriter(path, part.schema) as writer:
        for _ in range(200):
            writer.write_table(part)


def _cells(path: Path) -> None:
    """Cells of which none is written."""
    import h5py

    _write_table(path)
    with h5py.File(path, "r+") as file:
        attributes = dict(file["X"].attrs)
        del file["X"]
        file.create_dataset("X", (100_000, 10_000), "f4", chunks=(1000, 1000))
        file["X"].attrs.update(attributes)


#: What writes a small file that stands for more than a gigabyte, or a share of it.
BOMBS: dict[str, Callable[[Path], Any]] = {
    ".csv.gz": lambda path: path.write_bytes(gzip.compress(_FILLING) * 400),
    ".csv.bz2": lambda path: path.write_bytes(bz2.compress(_FILLING) * 400),
    ".csv.xz": lambda path: path.write_bytes(lzma.compress(_FILLING) * 400),
    ".csv.zst": _zstandard,
    ".csv.zip": lambda path: _zipped(path, "file.csv", 400),
    ".xlsx": _workbook,
    ".parquet": _parquet,
    ".h5ad": _cells,
}
