"""Files as writers leave them, then broken: bytes flipped, cut, swapped, doubled or zeroed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms
from tests.hostile.calls import Broken

Rng = np.random.Generator

#: Formats whose end is marked, so that a part of one is none.
_CLOSED = {".graphml", ".gexf", ".gml", ".json", ".bif", ".parquet", ".safetensors"}


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
        case ".csv":
            frame.to_csv(path, index=False)
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


def _fit_in(folder: Path) -> Any:
    return ms.Bootstrap(ms.ChowLiu(0.05), 2, checkpoint=folder).fit(_table()).edges_


def _cpc() -> Any:
    return ms.DeepInfoMax(1, n_hidden=4, n_steps=5, batch_size=8)


#: For each suffix: what writes a file, and what reads it.
FORMATS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    **{
        s: (_write_table, lambda path: ms.read_table(path, missing="testwise"))
        for s in (".csv", ".parquet", ".feather", ".xlsx", ".h5ad")
    },
    **{
        s: (lambda path: ms.write_network(_graph().copy(), path), ms.read_network)
        for s in (".graphml", ".gexf", ".gml", ".json", ".sif", ".tsv")
    },
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
        return {p.name: p.read_bytes() for p in Path(folder).iterdir()}


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
    suffix, seed = name.split(":")
    rng = np.random.default_rng([int(seed), crc32(suffix.encode())])
    files, target = original(suffix), name_of(suffix)
    if suffix == ".bin" and rng.random() < 0.3:
        target = "checkpoint.json"
    kind, content = broken(files[target], rng)
    for other, whole in files.items():
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
    if suffix in _CLOSED and len(found) > len(_graph()):
        raise Broken(f"more nodes than there were: {sorted(found)}")
