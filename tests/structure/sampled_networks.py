"""Tables to learn from: samples of known networks and of random trees."""

from __future__ import annotations

import gzip
import itertools
import re
from importlib import resources
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from tests import reference

Edges = set[frozenset[str]]


def _bif(name: str) -> str:
    packed = resources.files("pgmpy") / "utils" / "example_models" / f"{name}.bif.gz"
    return gzip.decompress(packed.read_bytes()).decode()


def network(name: str) -> Any:
    """One of the networks that pgmpy ships."""
    from pgmpy.readwrite import BIFReader

    return BIFReader(string=_bif(name)).get_model()


def network_graph(name: str) -> nx.DiGraph:
    """The DAG of `network`, without reading its tables, which takes most of the time."""
    text = _bif(name)
    dag = nx.DiGraph()
    dag.add_nodes_from(re.findall(r"^variable\s+(\S+)", text, re.MULTILINE))
    for family in re.findall(r"^probability\s*\((.*?)\)", text, re.MULTILINE):
        child, *parents = re.split(r"[\s,|]+", family.strip())
        dag.add_edges_from((parent, child) for parent in parents)
    return dag


def sample_network(name: str, n_samples: int, seed: int) -> pd.DataFrame:
    """A forward sample of one of the networks that pgmpy ships."""
    model = network(name)
    rng = np.random.default_rng(seed)
    codes: dict[str, Any] = {}
    for node in nx.topological_sort(model):
        cpd = model.get_cpds(node)
        parents = tuple(codes[parent] for parent in cpd.variables[1:])
        # values[state, parent states...]; the state is the number of cumulated bounds passed.
        bounds = np.cumsum(cpd.values, axis=0)[(slice(None), *parents)]
        bounds = bounds.reshape(len(bounds), -1)
        codes[node] = (rng.random(n_samples) > bounds[:-1]).sum(axis=0)
    return pd.DataFrame({node: codes[node] for node in sorted(codes)})


def sample_tree(
    rng: np.random.Generator, n_variables: int, n_samples: int, n_states: int = 3
) -> tuple[pd.DataFrame, Edges]:
    """A random tree over columns of random names, each mostly a relabelling of its parent."""
    names = [f"v{k}" for k in rng.permutation(n_variables)]
    columns = [rng.integers(0, n_states, n_samples)]
    edges: Edges = set()
    for k in range(1, n_variables):
        parent = int(rng.integers(k))
        noise = rng.integers(0, n_states, n_samples)
        follows = rng.random(n_samples) < 0.6
        columns.append(np.where(follows, rng.permutation(n_states)[columns[parent]], noise))
        edges.add(frozenset((names[k], names[parent])))
    return pd.DataFrame(dict(zip(names, columns, strict=True))), edges


def mi_matrix(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The reference's mutual information of each pair of columns, in the order of names."""
    return {
        (a, b): reference.mutual_information(table[a].tolist(), table[b].tolist())
        for a, b in itertools.combinations(sorted(table), 2)
    }


def maximum_tree(weights: dict[tuple[str, str], float]) -> nx.Graph:
    """The maximum spanning forest by networkx."""
    graph = nx.Graph()
    graph.add_edges_from((a, b, {"weight": w}) for (a, b), w in weights.items())
    return nx.maximum_spanning_tree(graph)


def undirected(graph: nx.Graph | nx.DiGraph) -> Edges:
    """The pairs that a graph joins."""
    return {frozenset(edge) for edge in graph.edges}
