"""The result of `mistruct learn`: its network, tables, model and picture, and its files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mistruct.cli.files import draw, run_record, save_picture, write_page, write_text
from mistruct.cli.report import show_bins
from mistruct.cli.report_networks import show_edges, show_neighbours, show_why
from mistruct.cli.run_folder import TUPLES
from mistruct.cli.safe_csv import neutral
from mistruct.errors import DataError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes

    from mistruct.data import Dataset

# Tables of the learners, beside that of the edges.
_TABLES = ("separations", "triples", "members", "additions")

# What else `why` needs of a learner, in the record of the run.
_RECORDED = ("copies", "groups")


class Learned:
    """Result of `learn` for a table.

    Parameters
    ----------
    learner : StructureLearner
        Fitted to `learnt`.
    table : Dataset
        The table as it was read.
    learnt : Dataset
        The table with the columns binned that are to be.
    target : str or None
    """

    model: Any
    binned: Dataset
    _constant: list[str]
    _lacking: str
    _picture: Axes
    _drawn: str

    def __init__(self, learner: Any, table: Dataset, learnt: Dataset, target: str | None) -> None:
        self.learner, self.table, self.learnt, self.target = learner, table, learnt, target
        self.graph = learner.graph_
        self.tables = {"edges.csv": learner.edges_}
        for name in _TABLES:
            if hasattr(learner, f"{name}_"):
                self.tables[f"{name}.csv"] = getattr(learner, f"{name}_")

    def sample(self, n: int, seed: int, checkpoint: Path | None) -> None:
        """Add the shares of `n` samples of the rows with each edge."""
        import mistruct as ms

        sampled = ms.Bootstrap(self.learner, n, seed=seed, checkpoint=checkpoint).fit(self.learnt)
        self.tables["edges.csv"] = _with_support(self.graph, self.learner.edges_, sampled.edges_)
        self.tables["bootstraps.csv"] = sampled.edges_

    def fit_model(self, n_bins: int | None) -> None:
        """Fit a Bayesian network, to the table with all columns binned."""
        import mistruct as ms

        self.binned = ms.discretize(self.learnt.select(self.graph), n_bins=n_bins)
        dag = getattr(self.learner, "dag_", self.graph)
        structure, self._constant = _varying(dag, self.binned)
        self.model, self._lacking = _model(structure, self.binned, self.target)

    def draw(self) -> None:
        """Draw the network."""
        self._picture, self._drawn = draw(self.graph, self.target, "mi")

    def write(self, folder: Path, *, page: bool, safe_csv: bool) -> None:
        """Write the network, its tables, its picture, its page and its model."""
        import mistruct as ms

        ms.write_network(self.graph, folder / "network.graphml")
        for name, rows in self.tables.items():
            write_text(folder / name, _csv(neutral(rows) if safe_csv else rows))
        save_picture(self._picture, folder / "network.png")
        if page:
            self._drawn += f", {write_page(self.learner, self.table, self.target, folder)}"
        if self.model is not None:
            ms.write_network(self.model, folder / "model.bif")

    def write_record(
        self, parameters: dict[str, Any], seconds: dict[str, float], folder: Path
    ) -> None:
        """Write the record of the run."""
        knowledge = getattr(self.learner, "knowledge", None)
        more: dict[str, Any] = {"knowledge": None if knowledge is None else asdict(knowledge)}
        for name in _RECORDED:
            if hasattr(self.learner, f"{name}_"):
                more[name] = getattr(self.learner, f"{name}_")
        edges = self.tables["edges.csv"]
        record = run_record(
            "learn", parameters, self.table, self.binned, edges, seconds, folder, **more
        )
        write_text(folder / "run.json", record)

    def show(self, output: Path) -> None:
        """Print the edges, and the files in `output`."""
        edges = self.tables["edges.csv"]
        show_edges(edges)
        if self.target is not None and "members.csv" not in self.tables:
            show_neighbours(edges, self.target)
        files = ["network.graphml", *self.tables, self._drawn]
        files += ["model.bif", "run.json"] if self.model else ["run.json"]
        typer.echo(f"\nwritten to {output}: {', '.join(files)}")
        if self.model is None:
            typer.echo(f"no model.bif: {self._lacking}")
        else:
            if self.learnt.continuous:
                why = "for model.bif, whose tables hold discrete columns only"
                show_bins(self.learnt, self.binned, "quantile", why)
            if self._constant:
                typer.echo(f"not in model.bif, since constant: {', '.join(self._constant)}")
        if hasattr(self.learner, "why"):
            show_why(output, self.learner, self.target)


def _varying(graph: nx.Graph, data: Dataset) -> tuple[nx.Graph, list[str]]:
    """Split off constant columns without edges, which some readers of models reject."""
    constant = [n for n in graph if len(data.states[n]) == 1 and not graph.degree(n)]
    if not constant or len(constant) == len(graph):
        return graph, []
    return graph.subgraph([n for n in graph if n not in constant]).copy(), constant


def _model(graph: nx.Graph, data: Dataset, target: str | None) -> tuple[Any, str]:
    """Fit a Bayesian network; returns None and the reason if that is impossible."""
    import mistruct as ms

    root = target if target in graph and not graph.is_directed() else None
    try:
        return ms.to_bayesian_network(graph, data, root=root), ""
    except DataError as error:
        return None, str(error)


def _with_support(graph: nx.Graph, edges: pd.DataFrame, sampled: pd.DataFrame) -> pd.DataFrame:
    """Add the shares of bootstrap samples with each edge to the table and the graph."""
    import pandas as pd

    from mistruct.structure.resampling.bootstrap import TURNED

    ends = ["source", "target"]
    shares = pd.concat([sampled, sampled.rename(columns=TURNED)]).set_index(ends)
    kept = ["support", *TURNED, "undirected", "latent"]
    shares = shares[[name for name in shares if name in kept]]

    def of(pairs: Any) -> pd.DataFrame:
        index = pd.MultiIndex.from_tuples(list(pairs), names=ends)
        return shares.reindex(index, fill_value=0.0)

    for arc, evidence in zip(graph.edges, of(graph.edges).to_dict("records"), strict=True):
        graph.edges[arc].update(evidence)
    pairs = edges[ends].itertuples(index=False, name=None)
    return edges.join(of(pairs).reset_index(drop=True))


def _csv(table: pd.DataFrame) -> str:
    """A table as CSV text, with sets of columns as JSON lists."""
    for name in table.columns.intersection(TUPLES):
        texts = [json.dumps(columns, ensure_ascii=False) for columns in table[name]]
        table = table.assign(**{name: texts})
    return table.to_csv(index=False)
