"""Every public function and command, as a call on one table, with what its answer promises."""

from __future__ import annotations

import io
import math
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms
from mistruct.cli import main


class Broken(AssertionError):
    """An answer that breaks a promise."""


class Skipped(Exception):
    """A call that this table has no arguments for."""


@dataclass
class Case:
    """A table with a folder to write to."""

    data: Any
    folder: Path

    @cached_property
    def dataset(self) -> ms.Dataset:
        return ms.as_dataset(self.data, missing="testwise")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return self.dataset.names

    def column(self, i: int) -> Any:
        """A column as it is stored, where columns can be had."""
        data = self.data
        if isinstance(data, pd.DataFrame):
            if data.shape[1] == 0:
                raise Skipped
            return data.iloc[:, i % data.shape[1]]
        if hasattr(data, "column_names"):
            return data.column(i % data.num_columns)
        if hasattr(data, "get_column") and hasattr(data, "columns"):
            return data[data.columns[i % len(data.columns)]]
        if len(getattr(data, "shape", ())) == 2 and hasattr(data, "dtype") and data.shape[1]:
            return data[:, i % data.shape[1]]
        if isinstance(data, (list, tuple)) and data and isinstance(data[0], (list, tuple)):
            return [row[i % len(row)] if row else None for row in data]
        return data

    @property
    def target(self) -> Any:
        """The first column, without a name that the table has too, in one dimension."""
        column = self.column(0)
        if isinstance(column, pd.Series):
            return column.rename(None)
        if isinstance(column, np.matrix):
            return np.asarray(column).ravel()
        return column.alias("") if hasattr(column, "alias") else column

    @cached_property
    def file(self) -> str:
        """The table as a file."""
        if isinstance(self.data, Path):
            return str(self.data)
        try:
            frame = self.data if isinstance(self.data, pd.DataFrame) else pd.DataFrame(self.data)
            text = frame.to_csv(index=False)
        except Exception:  # what pandas cannot hold has no file
            raise Skipped from None
        path = self.folder / "table.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return str(path)

    @cached_property
    def graph(self) -> nx.Graph:
        return ms.ChowLiu().fit(self.dataset).graph_


Call = Callable[[Case], Any]
CALLS: dict[str, Call] = {}

ESTIMATORS = (
    "auto", "plug-in", "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb", "copula",
    "ksg", "mixed-knn", "copula-knn", "kde", "adaptive-partition", "binned",
)  # fmt: skip
TESTS = ("auto", "g", "copula", "knn", "hybrid")


def number(value: float) -> Any:
    """A number."""
    if math.isnan(value):
        raise Broken("NaN where a number is promised")
    return float(value)


def held(make: Callable[[], Any], ends: Callable[[Any], Any]) -> Any:
    """An answer whose estimates are within their intervals, or that warns of it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ms.MistructWarning)
        answer = make()
    mi, low, high = (np.asarray(e, dtype=float) for e in ends(answer))
    outside = (np.maximum(mi, 0.0) < low) | (np.maximum(mi, 0.0) > high)
    if outside.any() and not any("outside the interval" in str(w.message) for w in said):
        raise Broken(f"{mi[outside]} outside of [{low[outside]}, {high[outside]}]")
    return answer


def matrix(frame: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Numbers, but where gaps leave too few rows."""
    if frame.isna().to_numpy().any() and not sum(case.dataset.n_missing.values()):
        raise Broken("NaN in a matrix of a table without gaps")
    return frame


def network(learner: Any, case: Case) -> Any:
    """All columns as nodes, and an estimate for each edge."""
    if set(learner.graph_) != set(case.names) and not hasattr(learner, "blanket_"):
        raise Broken("the nodes are not the columns")
    if learner.edges_["mi"].isna().any() and not sum(case.dataset.n_missing.values()):
        raise Broken("mi is NaN in edges_")
    if isinstance(learner, ms.TAN) and learner.edges_[["mi", "p_value"]].isna().to_numpy().any():
        raise Broken("NaN in the edges of a tree, which are those that can be tested")
    return learner.edges_


def finite(values: Any) -> Any:
    """Numbers without NaN and infinities."""
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        raise Broken("an array of numbers holds NaN or infinities")
    return values


def verdict_of_test(result: ms.TestResult) -> Any:
    """A p-value, or what says that there is none."""
    if result.testable == math.isnan(result.p_value):
        raise Broken(f"testable is {result.testable} with the p-value {result.p_value}")
    if not math.isnan(result.p_value) and not 0 <= result.p_value <= 1:
        raise Broken(f"the p-value {result.p_value}")
    return result.p_value, result.testable


def enter(name: str, call: Call) -> None:
    CALLS[name] = call


enter("as_dataset", lambda c: ms.as_dataset(c.data))
enter("as_dataset testwise", lambda c: ms.as_dataset(c.data, missing="testwise"))
enter("as_dataset state", lambda c: ms.as_dataset(c.data, missing="state"))
enter("as_dataset weights", lambda c: ms.as_dataset(c.data, weights="weight"))
enter("summary", lambda c: c.dataset.summary())
enter("to_pandas", lambda c: c.dataset.to_pandas())
for _kind in ("discrete", "ordinal", "continuous"):
    enter(
        f"kinds {_kind}",
        lambda c, k=_kind: ms.as_dataset(c.data, missing="testwise", kinds={c.names[0]: k}),
    )
for _method in ("quantile", "equal-width", "bayesian-blocks"):
    enter(f"discretize {_method}", lambda c, m=_method: ms.discretize(c.dataset, m))
enter("discretize mdl", lambda c: ms.discretize(c.dataset, "mdl", target=c.names[0]))

for _name in ESTIMATORS:
    enter(
        f"entropy {_name}",
        lambda c, e=_name: number(ms.entropy(c.column(0), estimator=e, missing="testwise")),
    )
    enter(
        f"mutual_information {_name}",
        lambda c, e=_name: number(
            ms.mutual_information(c.column(0), c.column(2), estimator=e, missing="testwise")
        ),
    )
    enter(
        f"confidence {_name}",
        lambda c, e=_name: number(
            held(
                lambda: ms.mutual_information(
                    c.column(2), c.column(3), estimator=e, missing="testwise", confidence=0.9
                ),
                lambda a: (np.array([a]), [a.interval[0]], [a.interval[1]]),
            )
        ),
    )
    enter(
        f"conditional_mutual_information {_name}",
        lambda c, e=_name: number(
            ms.conditional_mutual_information(
                c.column(1), c.column(2), c.column(3), estimator=e, missing="testwise"
            )
        ),
    )
    enter(
        f"mutual_information_matrix {_name}",
        lambda c, e=_name: matrix(ms.mutual_information_matrix(c.dataset, estimator=e), c),
    )
enter(
    "block",
    lambda c: number(ms.mutual_information(c.data, c.column(0), missing="testwise")),
)
enter("total_correlation", lambda c: number(ms.total_correlation(c.dataset)))
enter(
    "interaction_information",
    lambda c: number(
        ms.interaction_information(c.column(0), c.column(1), c.column(2), missing="testwise")
    ),
)
enter("diagnose", lambda c: ms.diagnose(c.column(2), c.column(3), missing="testwise"))
enter(
    "normalized_mutual_information",
    lambda c: number(
        ms.normalized_mutual_information(c.column(0), c.column(1), missing="testwise")
    ),
)
enter(
    "variation_of_information",
    lambda c: number(ms.variation_of_information(c.column(0), c.column(1), missing="testwise")),
)
enter("compare_clusterings", lambda c: ms.compare_clusterings(c.column(0), c.column(1)).ari)

for _name in TESTS:
    enter(
        f"independence_test {_name}",
        lambda c, t=_name: verdict_of_test(
            ms.independence_test(c.dataset, c.names[0], c.names[-1], test=t)
        ),
    )
    enter(
        f"independence_test given {_name}",
        lambda c, t=_name: verdict_of_test(
            ms.independence_test(c.dataset, c.names[0], c.names[-1], c.names[1:3], test=t)
        ),
    )

_LEARNERS: dict[str, Callable[[Case], Any]] = {
    "ChowLiu": lambda c: ms.ChowLiu(0.05),
    "ChowLiu bic": lambda c: ms.ChowLiu(penalty="bic"),
    "TAN": lambda c: ms.TAN(c.names[0]),
    "ARACNE": lambda c: ms.ARACNE(),
    "ARACNE bootstraps": lambda c: ms.ARACNE(n_bootstraps=3),
    "CLR": lambda c: ms.CLR(),
    "MRNET": lambda c: ms.MRNET(),
    "PC": lambda c: ms.PC(),
    "PC hybrid": lambda c: ms.PC(test="hybrid", max_conditioning=1),
    "BOSS": lambda c: ms.BOSS(n_restarts=1),
    "FCI": lambda c: ms.FCI(),
    "ChordalNetwork": lambda c: ms.ChordalNetwork(),
    "MarkovBlanket": lambda c: ms.MarkovBlanket(c.names[0]),
    "Bootstrap": lambda c: ms.Bootstrap(ms.ChowLiu(0.05), 3),
}
for _name, _make in _LEARNERS.items():
    enter(_name, lambda c, make=_make: network(make(c).fit(c.dataset), c))
enter("ChowLiu of the table", lambda c: ms.ChowLiu(0.05).fit(c.data).edges_)
enter("PC of the table", lambda c: ms.PC().fit(c.data).edges_)

for _name in ("auto", "bic", "bdeu", "qnml", "gaussian-bic"):
    enter(f"score {_name}", lambda c, s=_name: number(ms.score(c.graph, c.dataset, s)))
enter("compare", lambda c: ms.compare(c.graph, c.graph).shd)
enter(
    "DifferentialNetwork",
    lambda c: (
        ms.DifferentialNetwork(ms.ChowLiu(0.05), c.names[0], n_permutations=9, n_resamples=2)
        .fit(c.dataset)
        .edges_
    ),
)
enter("check_graph", lambda c: ms.check_graph(c.graph, c.dataset, n_permutations=9).verdict)
enter("adjustment_set", lambda c: ms.adjustment_set(c.graph, *c.names[:2]).columns)


def _packed(case: Case) -> Any:
    path = case.folder / "table.mistruct"
    ms.pack_table(case.data, path)
    return ms.read_table(path, missing="testwise").kinds


enter("pack_table", _packed)


def _ranking(case: Case) -> Any:
    ranking = held(
        lambda: ms.rank_features(case.dataset, case.names[0]),
        lambda r: (r["mi"], r["low"], r["high"]),
    )
    if ranking["mi"].isna().any() and not sum(case.dataset.n_missing.values()):
        raise Broken("mi is NaN in a ranking")
    for name, p in zip(ranking["feature"], ranking["p_value"], strict=True):
        result = ms.independence_test(case.dataset, name, case.names[0])
        if result.testable == math.isnan(p):
            raise Broken(f"testable is {result.testable} with the p-value {p} of {name!r}")
    return ranking


enter("rank_features", _ranking)
enter("plot_ranking", lambda c: _drawn(ms.plot_ranking(ms.rank_features(c.dataset, c.names[0]))))


def _selected(selector: Any, case: Case) -> Any:
    selector.fit(case.data, case.target)
    return selector.get_support()


enter("InformationSelector", lambda c: _selected(ms.InformationSelector(missing="testwise"), c))
enter("MarkovBlanketSelector", lambda c: _selected(ms.MarkovBlanketSelector(missing="testwise"), c))
enter(
    "InformationProjection",
    lambda c: finite(ms.InformationProjection().fit(c.data, c.target).transform(c.data)),
)
enter(
    "CorrelationExplanation",
    lambda c: finite(ms.CorrelationExplanation(1, missing="centre").fit(c.data).transform(c.data)),
)


def _parameters(model: Any) -> Any:
    tables = [
        cpd.values if hasattr(cpd, "values") else [*np.ravel(cpd.beta), cpd.std]
        for cpd in model.get_cpds()
    ]
    for table in tables:
        finite(table)
    return len(tables)


enter("to_bayesian_network", lambda c: _parameters(ms.to_bayesian_network(c.graph, c.dataset)))
enter(
    "to_markov_network",
    lambda c: [finite(f.values) for f in ms.to_markov_network(c.graph, c.dataset).factors] and None,
)


def _round_trip(case: Case, suffix: str) -> Any:
    path = case.folder / f"network{suffix}"
    ms.write_network(case.graph, path)
    back = ms.read_network(path)
    if set(back) != set(case.graph) or {frozenset(e) for e in back.edges} != {
        frozenset(e) for e in case.graph.edges
    }:
        raise Broken(f"other names are read than written: {sorted(set(back) ^ set(case.graph))}")
    return back.number_of_edges()


for _suffix in (".graphml", ".gexf", ".gml", ".json", ".csv", ".tsv", ".sif"):
    enter(f"write_network {_suffix}", lambda c, s=_suffix: _round_trip(c, s))
enter("write_network .dot", lambda c: ms.write_network(c.graph, c.folder / "network.dot"))


def _bif(case: Case) -> Any:
    model = ms.to_bayesian_network(case.graph, case.dataset)
    path = case.folder / "model.bif"
    ms.write_network(model, path)
    back = ms.read_network(path)
    for node in model.nodes:
        if node not in back or back.states[node] != model.states[node]:
            raise Broken(f"{node!r} comes back otherwise")
        if not np.array_equal(back.get_cpds(node).values, model.get_cpds(node).values):
            raise Broken(f"the table of {node!r} comes back otherwise")
    return len(back)


enter("write_network .bif", _bif)
for _form, _suffix in (
    ("pyscenic", ".tsv"),
    ("aracne", ".txt"),
    ("viper", ".csv"),
    ("decoupler", ".csv"),
):
    enter(
        f"write_regulatory_network {_form}",
        lambda c, f=_form, s=_suffix: ms.write_regulatory_network(
            ms.CLR().fit(c.dataset), c.folder / f"net{s}", f
        ),
    )


def _drawn(axes: Any) -> None:
    axes.get_figure(root=True).savefig(io.BytesIO(), dpi=50, format="png")


enter("plot_network", lambda c: _drawn(ms.plot_network(c.graph)))
enter("plot_comparison", lambda c: _drawn(ms.plot_comparison(c.graph, c.graph)))
enter(
    "plot_information_matrix",
    lambda c: _drawn(ms.plot_information_matrix(ms.mutual_information_matrix(c.dataset))),
)
enter(
    "plot_contingency_table",
    lambda c: _drawn(
        ms.plot_contingency_table(ms.compare_clusterings(c.column(0), c.column(1)).table)
    ),
)
enter("chow_liu_tree", lambda c: ms.chow_liu_tree(ms.mutual_information_matrix(c.dataset)))
enter("aracne_network", lambda c: ms.aracne_network(ms.mutual_information_matrix(c.dataset)))
enter(
    "explore",
    lambda c: ms.explore(ms.PC().fit(c.dataset), c.dataset).save(c.folder / "network.html"),
)
enter("Knowledge", lambda c: ms.PC(knowledge=ms.Knowledge(tiers=[c.names])).fit(c.dataset).edges_)


def _store(case: Case) -> Any:
    from anndata import AnnData

    frame = case.dataset.to_pandas()
    adata = AnnData(np.zeros((len(frame), len(case.names))))
    adata.var_names = list(case.names)
    ms.store_network(ms.ChowLiu().fit(case.dataset), adata)


enter("store_network", _store)


def command(*arguments: object) -> str:
    """Run the command: what it prints, if it ends well or refuses in one line.

    What it says on standard error is said there again.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(a) for a in arguments])
        except SystemExit as end:
            code = end.code
    sys.stderr.write(err.getvalue())
    said = [line for line in err.getvalue().splitlines() if "mistruct: warning" not in line]
    errors = [line for line in said if line.startswith("mistruct: error: ")]
    if code == 2 and len(errors) == 1 and said[-1] == errors[0]:
        raise ms.DataError(errors[0])
    if code != 0 or errors:
        raise Broken(f"exit code {code} with {err.getvalue()!r}")
    return out.getvalue()


GAPS = ("--missing", "testwise")
enter("$ describe", lambda c: command("describe", c.file) and None)
enter("$ mi", lambda c: command("mi", c.file, c.names[0], c.names[-1], *GAPS) and None)
enter("$ test", lambda c: command("test", c.file, c.names[0], c.names[-1], *GAPS) and None)
enter(
    "$ matrix",
    lambda c: (
        command(
            "matrix", c.file, "--output", c.folder / "m.csv", "--plot", c.folder / "m.png", *GAPS
        )
        and None
    ),
)
enter("$ rank", lambda c: command("rank", c.file, "--target", c.names[0], *GAPS) and None)
enter("$ compare", lambda c: command("compare", c.file, c.names[0], c.names[1], *GAPS) and None)


def _run(case: Case, *arguments: object) -> None:
    output = case.folder / "out"
    command(*arguments, "--output", output, *GAPS)
    pair = sorted(case.names)[:2]
    command("why", output, *pair)
    command("page", output)


enter("$ learn", lambda c: _run(c, "learn", c.file))
enter("$ learn pc", lambda c: _run(c, "learn", c.file, "--method", "pc"))
enter("$ learn boss", lambda c: _run(c, "learn", c.file, "--method", "boss"))
enter("$ learn chow-liu", lambda c: _run(c, "learn", c.file, "--method", "chow-liu"))
enter(
    "$ learn markov-blanket",
    lambda c: _run(c, "learn", c.file, "--method", "markov-blanket", "--target", c.names[0]),
)
enter(
    "$ aracne",
    lambda c: _run(c, "aracne", c.file, *(a for t in ("viper", "pyscenic") for a in ("--for", t))),
)

#: Functions of the package that are no calls on a table: what they take is made elsewhere.
ELSEWHERE = {"executor", "read_table", "read_network", "read_knowledge"}
