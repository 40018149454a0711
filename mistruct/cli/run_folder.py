"""The folder of a finished run of `learn` or `aracne`: its record, tables and network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistruct.cli.safe_csv import as_it_was
from mistruct.errors import DataError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from mistruct.structure.knowledge import Knowledge

_NUMBERS = (
    *("mi", "p_value", "cmi", "gain", "loss", "reverse_loss"),
    *("source_p_arrow", "target_p_arrow"),
)

# Columns of tables that hold several names, as JSON.
TUPLES = ["separating_set", "source_forced_by", "target_forced_by"]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    folder : Path
    record : dict
        The contents of run.json.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def asked(self) -> dict[str, Any]:
        """Parameters of the run."""
        parameters: dict[str, Any] = self.record["parameters"]
        return parameters

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.record["data"]["kinds"])

    @property
    def knowledge(self) -> Knowledge:
        """Prior knowledge."""
        import mistruct as ms

        return ms.Knowledge(**(self.record.get("knowledge") or {}))

    @property
    def required(self) -> list[tuple[str, str]]:
        """Edges that prior knowledge required."""
        return list(self.knowledge.required)

    @property
    def level(self) -> str:
        """Rule of significance of the edges, in words."""
        return f"alpha {self.asked['alpha']}, {self.asked['correction']}"

    @cached_property
    def edges(self) -> pd.DataFrame:
        """Table of the edges."""
        return self.part("edges.csv")

    @cached_property
    def graph(self) -> nx.Graph:
        """The network."""
        import mistruct as ms

        return ms.read_network(_part(self.folder, "network.graphml"))

    def part(self, name: str) -> pd.DataFrame:
        """Read a table of a run, with names unchanged and sets as tuples."""
        import pandas as pd

        path = _part(self.folder, name)
        try:
            table = pd.read_csv(
                path,
                dtype=dict.fromkeys(("source", "target", "column", "through"), str),
                keep_default_na=False,  # a column may be called NA
                na_values={number: [""] for number in _NUMBERS},
                float_precision="round_trip",
            )
            for name in table.columns.intersection(TUPLES):
                columns = [tuple(json.loads(text)) for text in table[name]]
                table[name] = pd.Series(columns, dtype=object)
            return as_it_was(table) if self.asked.get("safe_csv") else table
        except (ValueError, TypeError) as error:
            raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def read_run(folder: Path) -> Run:
    """Read the record of the run that wrote a folder."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {str(folder)!r}")
    path = _part(folder, "run.json")
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = run["command"] in ("learn", "aracne") and bool(run["data"]["kinds"])
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise DataError(f"{str(path)!r} is not the record of a run of learn or aracne")
    return Run(folder, run)


def _part(folder: Path, name: str) -> Path:
    """Path of a file of a run; DataError if it is missing."""
    if not (folder / name).is_file():
        raise DataError(f"{str(folder)!r} is no run of learn or aracne: it has no {name}")
    return folder / name
