"""Bootstrap: how often a learner finds each edge and direction in samples of the rows.

An edge that a learner finds in one table may rest on a few rows. Friedman, Goldszmidt and Wyner
(1999) learn from many samples of the rows and ask in how many of them an edge is found; those that
are in most make the consensus. The rows are drawn as `replicates` says.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from sklearn.base import clone

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_count
from mistruct.structure.cost import Cost
from mistruct.structure.end_marks import ARROW, CIRCLE, KIND, TAIL, is_pag
from mistruct.structure.learner import StructureLearner, describe
from mistruct.structure.ranked_edges import count_samples
from mistruct.structure.regulators import find_regulators
from mistruct.structure.resampling.replicates import (
    SHARE,
    Arrays,
    Folder,
    Work,
    check_replicates,
    cost_of_replicates,
    run_replicates,
)

_ENDS = ["first", "second"]

_FORWARD, _BACKWARD, _BOTH = 1, -1, 0

# Of graphs with marks: those at the first and at the second column.
_WAY_OF = {marks: way for way, marks in enumerate(product((ARROW, TAIL, CIRCLE), repeat=2))}

_PAIRED = (
    ("source", "target"),
    ("forward", "backward"),
    ("source_arrow", "target_arrow"),
    ("source_tail", "target_tail"),
)

# How columns are called in the table of an edge that is read the other way round.
TURNED = {**dict(_PAIRED), **{b: a for a, b in _PAIRED}}


class Bootstrap(StructureLearner):
    """Consensus of the graphs that a learner finds in many samples of the rows.

    Parameters
    ----------
    learner : learner
        Any of mistruct's; it is cloned, not fitted.
    n_resamples : int
        Number of samples, whose rows are drawn without replacement.
    seed : int or None
        Of the rows that are drawn; None draws afresh.
    threshold : float
        Share of the resamples that must hold an edge of the consensus; greater than 0, at most 1.
    checkpoint : path, optional
        Folder that keeps each finished resample, so that a run which was ended at any moment goes
        on from there, also to more resamples, with the same result. It must be of the same
        table, learner and seed.
    n_rows : int, optional
        Number of rows of each sample, such as that of a smaller table to compare with; default:
        63.2 percent of the rows.

    Attributes
    ----------
    graph_ : networkx.Graph or networkx.DiGraph
        The consensus, with the evidence as edge attributes. A DiGraph if the learner's is: an edge
        has the direction that it has in more than half of the resamples that hold it, otherwise
        it is undirected, as two opposite arcs.
    edges_ : pandas.DataFrame
        All edges that some resample holds, the largest `support` first: source, target, mi (nats),
        p_value, n_samples, support, and for directed graphs forward, backward and undirected, for
        the graphs of :class:`FCI` the shares of marks in their place. See Notes.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        The table has fewer than 10 rows, the learner does not take it, or the checkpoint is of
        another table or cannot be written.
    ParameterError
        A parameter breaks its rule, or the checkpoint was made with others.

    Warns
    -----
    MistructWarning
        A file of the checkpoint is damaged; it is made again.

    Notes
    -----
    `support` is the share of the resamples whose graph joins the two columns, in any direction. It
    is the sum of `forward`, the share with an arc from source to target, `backward` and
    `undirected`; rows are so turned that `forward` is not less than `backward`. With :class:`FCI`
    `source_arrow`, `source_tail`, `target_arrow` and `target_tail` are the shares of the resamples
    with such a mark, and `latent` that with arrowheads at both ends; rows are so turned that
    `target_arrow` is not less than `source_arrow`. The consensus has a mark where more than half
    of the resamples that hold the edge have it, else a circle.

    `mi` is the mean over the resamples that hold the edge. `p_value` is twice the median of those
    of the learner over all resamples, at most 1, where a resample without the edge counts as
    p = 1: it is a p-value of what the learner tests, whatever the dependence between resamples
    (Meinshausen, Meier and Bühlmann 2009, with gamma = 1/2), and is 1 for support of less than
    half. It is not corrected for the number of pairs. `n_samples` is the number of rows of the
    table that are complete in both columns.

    Rows are not repeated, as a bootstrap proper would do, since estimators by neighbours or ranks
    and p-values take a repeated row for evidence. So each resample is a smaller table, in which
    weak edges are missed more often. Support says how stable an edge is, not how likely it is
    true: what a learner errs in the table, it mostly errs in its resamples too. A consensus of
    acyclic graphs may have cycles, and of trees may be no tree.

    An estimator or test of your own needs a `repr` that says its parameters, since that is how a
    checkpoint knows it again.

    References
    ----------
    Friedman, Goldszmidt and Wyner (1999), "Data analysis with Bayesian networks: a bootstrap
    approach", UAI.
    Meinshausen, Meier and Bühlmann (2009), "p-values for high-dimensional regression", Journal of
    the American Statistical Association 104, eq. 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> a, other = rng.normal(size=(2, 200))
    >>> table = pd.DataFrame({"a": a, "b": a + rng.normal(size=200), "other": other})
    >>> stable = ms.Bootstrap(ms.ChowLiu(alpha=0.05), n_resamples=20).fit(table)
    >>> list(stable.graph_.edges)
    [('a', 'b')]
    >>> float(stable.graph_.edges["a", "b"]["support"])
    1.0
    """

    algorithm = "bootstrap"

    def __init__(
        self,
        learner: StructureLearner,
        n_resamples: int = 100,
        *,
        seed: int | None = 0,
        threshold: float = 0.5,
        checkpoint: Folder | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.learner = learner
        self.n_resamples = n_resamples
        self.seed = seed
        self.threshold = threshold
        self.checkpoint = checkpoint
        self.n_rows = n_rows

    @property
    def directed(self) -> bool:  # type: ignore[override]  # it is that of the learner
        """Whether `graph_` has arcs."""
        return self.learner.directed

    @property
    def marked(self) -> bool:  # type: ignore[override]
        """Whether arcs of `graph_` have marks."""
        return self.learner.marked

    def _check_parameters(self) -> None:
        if not isinstance(self.learner, StructureLearner):
            raise ParameterError(f"learner must be a learner of structure, got {self.learner!r}")
        check_count("n_resamples", self.n_resamples)
        if self.n_rows is not None:
            check_count("n_rows", self.n_rows, least=10)
        check_replicates("n_resamples", self.n_resamples, self.seed, self.checkpoint)
        share = self.threshold
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
            raise ParameterError(
                f"threshold must be a number greater than 0 and at most 1, got {share!r}"
            )

    def _cost(self, data: Dataset) -> Cost:
        of_one: Cost = clone(self.learner)._cost(data)
        share = SHARE if self.n_rows is None else min(1.0, self.n_rows / data.n_samples)
        n_times = self.n_resamples * share
        kept = self.checkpoint is not None
        return cost_of_replicates(of_one, data, self.n_resamples, n_times=n_times, checkpoint=kept)

    def _sent(self, data: Dataset) -> Iterator[Any]:
        yield Work.of(self._resample(data), data, self.seed, self.n_rows)

    def _resample(self, data: Dataset) -> _Resample:
        """The work of one replicate, which is done with each sample."""
        learner = clone(self.learner)
        if getattr(learner, "regulators", None) is not None:
            # Once, as a file could change in between.
            learner.regulators = list(find_regulators(learner.regulators, data.names))
        return _Resample(learner, {name: i for i, name in enumerate(data.names)})

    def _learn(self, data: Dataset) -> pd.DataFrame:
        if self.n_rows is not None and self.n_rows > data.n_samples:
            raise ParameterError(
                f"n_rows must be at most the {data.n_samples} rows of the table, got {self.n_rows}"
            )
        resample = self._resample(data)
        learner = resample.learner
        used = learner.get_params(deep=False).items()
        made_with = {"learner": type(learner).__name__}
        made_with |= {f"learner__{name}": describe(value) for name, value in used}
        if self.n_rows is not None:
            made_with["n_rows"] = str(self.n_rows)
        resamples = run_replicates(
            resample, data, self.n_resamples, self.seed, made_with, self.checkpoint, self.n_rows
        )
        return _counted(list(resamples), data, self._shares)

    def _shares(self, found: pd.DataFrame, n: int) -> dict[str, Any]:
        """The shares of directions, or of marks, among n resamples."""
        said = {}
        if self.marked:
            for place, side in enumerate(("source", "target")):
                for mark in (ARROW, TAIL):
                    said[f"{side}_{mark}"] = [w for m, w in _WAY_OF.items() if m[place] == mark]
            said["latent"] = [_WAY_OF[ARROW, ARROW]]
        elif self.directed:
            said = {"forward": [_FORWARD], "backward": [_BACKWARD], "undirected": [_BOTH]}
        by = [found[end] for end in _ENDS]
        return {
            name: found["way"].isin(ways).groupby(by).sum().to_numpy() / n
            for name, ways in said.items()
        }

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.Graph | nx.DiGraph:
        edges = edges[edges["support"] >= self.threshold]
        if self.marked:
            return _marked_by_majority(super()._graph(nodes, edges))
        if self.directed:
            open_ = edges[edges["forward"] <= edges["support"] / 2]
            edges = pd.concat([edges, open_.rename(columns=TURNED)])
        return super()._graph(nodes, edges)

    def _used(self) -> dict[str, Any]:
        used: dict[str, Any] = self.get_params(deep=False)
        del used["checkpoint"]  # where a resample is kept does not change it
        return used

    def _seed(self) -> int | None:
        return self.seed


@dataclass(frozen=True)
class _Resample:
    """Fit of the learner to a sample of the rows."""

    learner: StructureLearner
    position: dict[str, int]

    def __call__(self, sample: Dataset) -> Arrays:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "no pair is significant")
            return _found(clone(self.learner).fit(sample).graph_, self.position)


def _marked_by_majority(graph: nx.DiGraph) -> nx.DiGraph:
    """Edges as two opposite arcs, with the marks of more than half of the resamples with them."""
    graph.graph["kind"] = KIND
    for u, v, evidence in list(graph.edges(data=True)):
        of_ends = {
            side: {m: evidence.pop(f"{side}_{m}") for m in (ARROW, TAIL)}
            for side in ("source", "target")
        }
        for side, arc in (("source", (v, u)), ("target", (u, v))):
            most = [m for m, share in of_ends[side].items() if share > evidence["support"] / 2]
            graph.add_edge(
                *arc, **{**evidence, **of_ends[side], "mark": most[0] if most else CIRCLE}
            )
    return graph


def _found(graph: nx.Graph | nx.DiGraph, position: dict[str, int]) -> Arrays:
    """Pairs joined by a graph, the lower position first, with directions and evidence."""
    pairs: dict[tuple[int, int], tuple[int, float, float]] = {}
    for source, target, evidence in graph.edges(data=True):
        i, j = position[source], position[target]
        way = (_FORWARD if i < j else _BACKWARD) if graph.is_directed() else _BOTH
        pair = (min(i, j), max(i, j))
        if pair in pairs:
            way = _BOTH
        if is_pag(graph):
            low, high = sorted((source, target), key=position.__getitem__)
            marks = graph.edges[high, low]["mark"], graph.edges[low, high]["mark"]
            way = _WAY_OF[marks]
        # If a test was impossible, there is no evidence against independence.
        p_value = 1.0 if np.isnan(evidence["p_value"]) else evidence["p_value"]
        pairs[pair] = way, evidence["mi"], p_value
    ends = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    ways, mi, p_values = zip(*(pairs[p] for p in sorted(pairs)), strict=True) if pairs else [()] * 3
    return {
        "first": ends[:, 0],
        "second": ends[:, 1],
        "way": np.array(ways, dtype=np.int8),
        "mi": np.array(mi, dtype=np.float64),
        "p_value": np.array(p_values, dtype=np.float64),
    }


def _counted(
    resamples: list[Arrays],
    data: Dataset,
    shares_of: Callable[[pd.DataFrame, int], dict[str, Any]],
) -> pd.DataFrame:
    """Table of the edges with their frequencies."""
    found = pd.concat([pd.DataFrame(r) for r in resamples], ignore_index=True)
    found = found.sort_values([*_ENDS, "p_value"], ignore_index=True)
    pairs = found.groupby(_ENDS)
    count = pairs.size().to_numpy()
    # The median of all p-values, with p-value 1 in samples without the edge.
    n, middle = len(resamples), (len(resamples) + 1) // 2
    place = np.minimum(np.cumsum(count) - count + middle, len(found)) - 1
    p_value = np.where(count >= middle, 2 * found["p_value"].to_numpy()[place], 1.0)
    source, target = (pairs[end].first().to_numpy() for end in _ENDS)
    columns = {
        "mi": pairs["mi"].mean().to_numpy(),
        "p_value": np.minimum(p_value, 1.0),
        "n_samples": count_samples(data, source, target),
        "support": count / n,
    }
    shares = shares_of(found, n)
    if shares:
        heads = ("forward", "backward") if "forward" in shares else ("target_arrow", "source_arrow")
        turned = shares[heads[1]] > shares[heads[0]]
        source, target = np.where(turned, target, source), np.where(turned, source, target)
        columns |= {k: np.where(turned, shares[TURNED.get(k, k)], v) for k, v in shares.items()}
    names = np.array(data.names, dtype=object)
    edges = pd.DataFrame({"source": names[source], "target": names[target], **columns})
    by = ["support", "mi", "source", "target"]
    return edges.sort_values(by, ascending=[False, False, True, True], ignore_index=True)
