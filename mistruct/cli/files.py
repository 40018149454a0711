"""Output files of the commands: checks before the work, and atomic writing."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from mistruct.cli.folder_lock import TEMPORARY
from mistruct.cli.report import bins_of
from mistruct.cli.safe_csv import neutral
from mistruct.errors import DataError, ParameterError, check_count

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes

    from mistruct.data import Dataset
    from mistruct.export.regulatory_tables import Form
    from mistruct.structure import ARACNE

PAGE, RECORD = "network.html", "run.json"
_DOTS_PER_INCH = 150

# More pairs than this make a table that nothing opens, more edges a graph of gigabytes.
_MOST_ROWS = 2_000_000
_MOST_EDGES = 200_000
_MOST_DRAWN = 400

#: The tables for other tools.
TABLES: dict[str, str] = {
    "pyscenic": "adj.tsv",
    "aracne": "network.txt",
    "viper": "regulon.tsv",
    "decoupler": "net.tsv",
}
_LIBRARIES = ("numpy", "scipy", "numba", "pandas", "networkx", "pgmpy", "matplotlib")


def check_folder(option: str, path: Path) -> None:
    """Raise an error before the work if a folder cannot be written or made; makes nothing."""
    existing = next(p for p in (path, *path.absolute().parents) if os.path.lexists(p))
    if not existing.is_dir():
        raise DataError(f"{option}: cannot make the folder {str(path)!r}: {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DataError(f"{option}: the folder {str(existing)!r} is not writable")


def check_file(option: str, path: Path, suffixes: Sequence[str]) -> None:
    """Raise an error before the work if a file cannot be written."""
    if path.suffix.lower() not in suffixes:
        raise ParameterError(f"{option} must end in {' or '.join(suffixes)}, got {str(path)!r}")
    if not path.parent.is_dir():
        raise DataError(f"{option}: there is no folder {str(path.parent)!r}")
    check_folder(option, path.parent)


def check_bootstraps(bootstraps: int | None, checkpoint: Path | None) -> None:
    """Raise an error unless the options of bootstraps fit together and the folder can be used."""
    if bootstraps is not None:
        check_count("--bootstraps", bootstraps)
    elif checkpoint is not None:
        raise ParameterError("--checkpoint needs --bootstraps, as it keeps those")
    if checkpoint is not None:
        check_folder("--checkpoint", checkpoint)


@contextmanager
def together(folder: Path) -> Iterator[Path]:
    """Context manager: a temporary folder whose files move to `folder` if the block succeeds.

    What an earlier run wrote and this one does not goes, so that all files are of one run. If the
    block does not end well, `folder` is as it was, and not there if it was not. The record of a run
    goes first and comes last, so that where there is one, it is of all files.
    """
    new = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            temporary = TemporaryDirectory(prefix=TEMPORARY, dir=folder)
        except OSError as error:
            reason = f"cannot write to {str(folder)!r}: {error.strerror}"
            raise DataError(f"--output: {reason}") from error
        with temporary as place:
            yield Path(place)
            files = list(Path(place).iterdir())
            for file in files:
                if (folder / file.name).is_dir():
                    raise DataError(f"--output: {str(folder / file.name)!r} is a folder")
            earlier = _recorded(folder / RECORD)
            (folder / RECORD).unlink(missing_ok=True)
            for name in earlier - {file.name for file in files}:
                if (folder / name).is_file():
                    (folder / name).unlink()
            for file in sorted(files, key=lambda file: file.name == RECORD):
                os.replace(file, folder / file.name)
    except BaseException:
        for made in new:
            with suppress(OSError):
                made.rmdir()
        raise


def _recorded(record: Path) -> set[str]:
    """Names of the files that an earlier run recorded."""
    try:
        names = json.loads(record.read_text(encoding="utf-8"))["files"]
        return {name for name in names if Path(name).name == name}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # no record of ours


def write_text(path: Path, text: str) -> None:
    """Write text without changing its line ends."""
    write_both(path, text, None, None)


def save_picture(axes: Axes, path: Path) -> None:
    """Write the figure of `axes` in the format given by the suffix."""
    write_both(None, "", path, lambda: axes)


def write_both(
    output: Path | None, text: str, plot: Path | None, draw: Callable[[], Axes] | None
) -> list[str]:
    """Write a text, a picture or both: neither appears before both are ready. What was written."""
    from mistruct.atomic import replacing

    with ExitStack() as ready:
        if output is not None:
            temporary = ready.enter_context(replacing(output))
            temporary.write_text(text, encoding="utf-8", newline="")
        if plot is not None and draw is not None:
            temporary = ready.enter_context(replacing(plot))
            figure = draw().get_figure(root=True)
            assert figure is not None
            # The temporary file has a suffix of its own.
            figure.savefig(temporary, dpi=_DOTS_PER_INCH, format=plot.suffix[1:].lower())
    return [str(path) for path in (output, plot) if path is not None]


def write_page(network: Any, table: Dataset, target: str | None, folder: Path) -> str:
    """Write the page of a fitted learner; returns the name of the file."""
    import mistruct as ms

    ms.explore(network, table, target=target).save(folder / PAGE)
    return PAGE


def write_gene_network(
    net: ARACNE,
    edges: pd.DataFrame,
    folder: Path,
    target: str | None,
    tools: Sequence[str],
    *,
    safe_csv: bool,
) -> list[str]:
    """Write the files of a fitted gene network; returns their names, with what they leave out."""
    import mistruct as ms

    files, graph = ["edges.csv"], None
    chosen = net.edges_
    if len(chosen) > _MOST_ROWS:
        chosen, files = edges, [f"edges.csv (the network's {len(edges):,})"]
    chosen = neutral(chosen) if safe_csv else chosen
    write_text(folder / "edges.csv", chosen.to_csv(index=False))
    if len(edges) <= _MOST_EDGES:
        graph = net.graph_
        ms.write_network(graph, folder / "network.graphml")
        files.append("network.graphml")
    for tool in dict.fromkeys(tools):
        ms.write_regulatory_network(net, folder / TABLES[tool], cast("Form", tool))
        files.append(TABLES[tool])
    if graph is not None:
        picture, drawn = draw(graph, target, "weight")
        save_picture(picture, folder / "network.png")
        files.append(drawn)
    return files


def draw(graph: nx.Graph, target: str | None, by: str) -> tuple[Axes, str]:
    """Draw a network, or its most important edges; returns the picture and its description.

    There are as many edges as a picture can show, and two opposite arcs are one.
    """
    import mistruct as ms

    drawn, name = graph, "network.png"
    edges = list(graph.to_undirected(as_view=True).edges(data=by))
    if len(edges) > _MOST_DRAWN:
        edges.sort(key=lambda e: (target not in e[:2], -e[2], *sorted(e[:2])))
        kept = [e[:2] for e in edges[:_MOST_DRAWN]]
        drawn = graph.edge_subgraph([*kept, *((b, a) for a, b in kept)]).copy()
        name = f"network.png ({_MOST_DRAWN:,} edges)"
        if target is not None:
            drawn.add_node(target)
    return ms.plot_network(drawn, target=target), name


def run_record(
    command: str,
    parameters: dict[str, Any],
    table: Dataset,
    binned: Dataset,
    edges: pd.DataFrame,
    seconds: dict[str, float],
    folder: Path,
    **more: Any,
) -> str:
    """The record of a run as JSON: its parameters, table, versions, times and files."""
    from mistruct import __version__

    record = {
        "command": command,
        "parameters": parameters,
        **more,
        "data": {
            "n_samples": table.n_samples,
            "n_variables": table.n_variables,
            "n_missing": sum(table.n_missing.values()),
            "kinds": dict(table.kinds),
            "n_bins": bins_of(table, binned),
            "notes": [note.in_command() for note in table.notes],
        },
        "n_edges": len(edges),
        "files": sorted(file.name for file in folder.iterdir()),
        "versions": {
            "mistruct": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "seconds": {**seconds, "total": round(sum(seconds.values()), 3)},
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
