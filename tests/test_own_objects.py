"""A test and an estimator that somebody brings along go through all that takes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import betainc
from scipy.stats import beta, norm, pearsonr

import mistruct as ms
from mistruct.cli.report_networks import (
    show_blanket,
    show_causal_graph,
    show_forest,
    show_gene_network,
    show_why,
)
from mistruct.independence.pair_nulls import ByTest, column_class, reference

NAMES = list("abcd")
CHAIN = [("a", "b"), ("b", "c"), ("c", "d")]
N = 300


class FisherZ(ms.IndependenceTest):
    """Partial correlation by the inverse of the correlation matrix, with Fisher's transform."""

    def test_pairs(self, data: ms.Dataset, pairs: Any, given: Sequence[int] = ()) -> ms.TestBatch:
        inverse = [np.linalg.inv(np.corrcoef(data.values[[*pair, *given]])) for pair in pairs]
        r = np.array([-m[0, 1] / np.sqrt(m[0, 0] * m[1, 1]) for m in inverse])
        z = np.arctanh(r) * np.sqrt(data.n_samples - len(given) - 3)
        p_value = 2 * norm.sf(np.abs(z))
        return ms.TestBatch.of(
            p_value, n_samples=data.n_samples, statistic=z, mi=-np.log1p(-(r**2)) / 2
        )

    def __repr__(self) -> str:
        return "FisherZ()"


@dataclass(frozen=True)
class LogDet(ms.Estimator):
    """The information of columns that are jointly normal, from determinants."""

    def information(
        self, data: ms.Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        def log_det(*names: str) -> float:
            values = data.values[[data.row(name) for name in names]]
            return float(np.linalg.slogdet(np.atleast_2d(np.cov(values)))[1]) if names else 0.0

        of_xy = log_det(*x, *y, *z) + log_det(*z)
        return (log_det(*x, *z) + log_det(*y, *z) - of_xy) / 2


@dataclass(frozen=True)
class ExactLogDet(LogDet):
    """The same, which knows that r^2 of independent normal columns has a beta distribution."""

    name: str = "exact"

    def null(self, data: ms.Dataset, x: str, y: str) -> Any:
        @dataclass(frozen=True)
        class Beta:
            n: int

            def p_values(self, statistics: Any) -> Any:
                return betainc((self.n - 2) / 2, 0.5, np.exp(-2 * np.maximum(statistics, 0.0)))

        return Beta(data.n_samples)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The chain a - b - c - d of normal columns."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=N)]
    for _ in NAMES[1:]:
        columns.append(columns[-1] + rng.normal(size=N))
    return pd.DataFrame(dict(zip(NAMES, columns, strict=True)))


def correlation(table: pd.DataFrame, x: str, y: str, given: Sequence[str] = ()) -> float:
    """Of what linear regression on other columns leaves of both."""
    design = np.column_stack([np.ones(len(table)), table[list(given)]])
    left = [table[c] - design @ np.linalg.lstsq(design, table[c])[0] for c in (x, y)]
    return float(np.corrcoef(*left)[0, 1])


def p_of_fisher(table: pd.DataFrame, x: str, y: str, given: Sequence[str] = ()) -> float:
    z = np.arctanh(correlation(table, x, y, given)) * np.sqrt(len(table) - len(given) - 3)
    return float(2 * norm.sf(abs(z)))


def nats_of(table: pd.DataFrame, x: str, y: str, given: Sequence[str] = ()) -> float:
    return float(-0.5 * np.log1p(-(correlation(table, x, y, given) ** 2)))


def joined(edges: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted(tuple(sorted(p)) for p in zip(edges["source"], edges["target"], strict=True))


def assert_evidence(table: pd.DataFrame, edges: pd.DataFrame, p_of: Any) -> None:
    for edge in edges.itertuples():
        assert edge.mi == pytest.approx(nats_of(table, edge.source, edge.target), rel=1e-9)
        assert edge.p_value == pytest.approx(p_of(table, edge.source, edge.target), rel=1e-6)


# A test ----------------------------------------------------------------------------------------


def test_a_single_question(table: pd.DataFrame) -> None:
    found = ms.independence_test(table, "a", "d", given=["b", "c"], test=FisherZ())
    assert found.p_value == pytest.approx(p_of_fisher(table, "a", "d", "bc"), rel=1e-9)


def test_pc_and_why(table: pd.DataFrame, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    cause = ms.PC(alpha=0.01, test=FisherZ()).fit(table)
    assert joined(cause.edges_) == CHAIN
    for row in cause.separations_.itertuples():
        expected = p_of_fisher(table, row.source, row.target, row.separating_set)
        assert row.p_value == pytest.approx(expected, rel=1e-6)
        assert row.p_value > 0.01
    (removed,) = (r for r in cause.separations_.itertuples() if {r.source, r.target} == {"a", "c"})
    assert removed.separating_set == ("b",)
    assert cause.why("a", "c") == (
        "'a' and 'c' are not adjacent: removed at depth 1: independent given b, "
        f"p = {p_of_fisher(table, 'a', 'c', 'b'):.2g}"
    )
    show_causal_graph(cause)
    show_why(tmp_path, cause, None)
    said = capsys.readouterr().out
    assert said.startswith("PC graph: 3 edges (3 undirected) of 6 pairs, alpha 0.01; ")
    assert "tests by FisherZ\n" in said
    assert cause.graph_.graph["parameters"]["test"] == "FisherZ()"


def test_the_markov_blanket_and_why(
    table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    around = ms.MarkovBlanket("b", alpha=0.01, test=FisherZ(), max_pairs=0).fit(table)
    assert sorted(around.blanket_) == ["a", "c"]
    assert around.why("d").startswith(
        f"'b' and 'd' are not adjacent: removed at depth 1: independent given c, "
        f"p = {p_of_fisher(table, 'b', 'd', 'c'):.2g}"
    )
    show_blanket(around)
    said = capsys.readouterr().out
    assert said.startswith("Markov blanket of b: 2 of 3 other columns (alpha 0.01, bh), by FisherZ")


# An estimator ----------------------------------------------------------------------------------


def test_measures(table: pd.DataFrame) -> None:
    of = {"estimator": LogDet()}
    found = ms.mutual_information(table["a"], table["b"], confidence=0.95, **of)
    assert found == pytest.approx(nats_of(table, "a", "b"), rel=1e-9)
    assert found.estimator == "LogDet"
    low, high = found.interval
    assert 0 < low < np.log(2) / 2 < high < 1  # y = x + e, both of variance 1
    given = ms.conditional_mutual_information(table["a"], table["c"], table["b"], **of)
    assert given == pytest.approx(nats_of(table, "a", "c", "b"), rel=1e-7)
    total = -0.5 * np.linalg.slogdet(table.corr())[1]
    assert ms.total_correlation(table, **of) == pytest.approx(total, rel=1e-9)
    with pytest.raises(ms.ParameterError, match=r"^estimator 'LogDet' measures dependence, not"):
        ms.entropy(table["a"], **of)


def test_the_matrix(table: pd.DataFrame) -> None:
    matrix = ms.mutual_information_matrix(table, estimator=LogDet())
    assert matrix.attrs["estimator"] == "LogDet"
    for x, y in combinations(NAMES, 2):
        assert matrix.loc[x, y] == matrix.loc[y, x]
        assert matrix.loc[x, y] == pytest.approx(nats_of(table, x, y), rel=1e-9)


@pytest.mark.parametrize("test", ["auto", FisherZ()], ids=["null", "test"])
def test_aracne(table: pd.DataFrame, capsys: pytest.CaptureFixture[str], test: Any) -> None:
    net = ms.ARACNE(estimator=LogDet(), test=test).fit(table)
    assert joined(net.edges_[net.edges_["direct"]]) == CHAIN
    for edge in net.edges_.itertuples():
        assert edge.mi == pytest.approx(nats_of(table, edge.source, edge.target), rel=1e-9)
        assert edge.p_value < 0.05
        if test != "auto":
            expected = p_of_fisher(table, edge.source, edge.target)
            assert edge.p_value == pytest.approx(expected, rel=1e-6)
    show_gene_network(net, len(net.graph_.edges), None)
    by = "the null distribution" if test == "auto" else "FisherZ"
    assert f"mi by LogDet, p-values by {by}\n" in capsys.readouterr().out


def test_aracne_with_an_estimator_that_knows_its_null(table: pd.DataFrame) -> None:
    wide = table.assign(e=table["a"] ** 2)
    net = ms.ARACNE(alpha=None, estimator=ExactLogDet()).fit(wide)
    assert len(net.edges_) == 10
    assert_evidence(wide, net.edges_, lambda t, x, y: pearsonr(t[x], t[y]).pvalue)


def test_its_null_is_in_doubt_where_both_columns_are_mostly_zero() -> None:
    """Then the test that it names by default, of neighbours, has to confirm it."""
    rng = np.random.default_rng(1)
    smooth, counts = rng.normal(size=(N, 2)), rng.poisson(0.1, size=(N, 2)).astype(float)
    frame = pd.DataFrame(np.hstack([smooth, counts]), columns=list("stuv"))
    data = ms.as_dataset(frame, kinds={"*": "continuous"})
    classes = [column_class(ExactLogDet(), data, name) for name in "stuv"]
    assert classes[0] == classes[1] != classes[2] == classes[3]
    for pair, check in {"st": None, "su": None, "uv": ByTest(ms.KNNTest())}.items():
        held = reference(ExactLogDet(), data, *pair)
        assert held.check == check
        assert held.null.p_values(-0.5 * np.log(0.9)) == pytest.approx(
            beta.sf(0.1, 0.5, (N - 2) / 2), rel=1e-9
        )


# Both ------------------------------------------------------------------------------------------


def test_a_forest(table: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    forest = ms.ChowLiu(alpha=0.01, estimator=LogDet(), test=FisherZ()).fit(table)
    assert joined(forest.edges_) == CHAIN
    assert_evidence(table, forest.edges_, p_of_fisher)
    show_forest(forest, ms.as_dataset(table))
    said = capsys.readouterr().out
    assert said.startswith("Chow-Liu forest: 3 edges (alpha 0.01, bonferroni, 6 pairs); ")
    assert said.endswith("mi by LogDet, p-values by FisherZ\n")


@pytest.mark.parametrize(
    "learner",
    [
        ms.ChowLiu(alpha=0.01, estimator=LogDet(), test=FisherZ()),
        ms.PC(alpha=0.01, test=FisherZ()),
    ],
    ids=["forest", "pc"],
)
def test_a_bootstrap_goes_on(table: pd.DataFrame, learner: Any, tmp_path: Any) -> None:
    stable = ms.Bootstrap(learner, n_resamples=4, checkpoint=tmp_path).fit(table)
    assert sorted(map(tuple, map(sorted, stable.graph_.to_undirected().edges))) == CHAIN
    assert stable.edges_["support"].tolist()[:3] == [1.0] * 3
    again = ms.Bootstrap(learner, n_resamples=4, checkpoint=tmp_path).fit(table)
    pd.testing.assert_frame_equal(again.edges_, stable.edges_)


# What is refused -------------------------------------------------------------------------------


class Stranger:
    def information(self, *_: Any) -> float:
        return 0.0


@dataclass
class Unhashable(ms.Estimator):
    n_bins: int = 3

    def information(self, data: ms.Dataset, x: Any, y: Any, z: Any = ()) -> float:
        return 0.0


def test_what_does_not_derive_from_the_base_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(
        ms.ParameterError, match=r"such as PlugIn\(\).* derives from mistruct.Estim"
    ):
        ms.mutual_information_matrix(table, estimator=Stranger())  # type: ignore[arg-type]
    with pytest.raises(ms.ParameterError, match=r"such as PlugIn\(\), got <class .*Estimator$"):
        ms.ChowLiu(estimator=LogDet).fit(table)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"abstract method '?information"):
        ms.Estimator()  # type: ignore[abstract]


def test_what_has_no_hash_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ms.ParameterError, match=r"hashable, got Unhashable\(n_bins=3\); make its"):
        ms.ARACNE(estimator=Unhashable()).fit(table)


def test_ordinal_columns_are_seen_by_their_order(table: pd.DataFrame) -> None:
    """Objects that know values only need not know that there is a third kind."""
    ranks = table[NAMES].apply(lambda c: pd.cut(c, 5, labels=False))
    ordinal, numbers = (ms.as_dataset(ranks, kinds={"*": k}) for k in ("ordinal", "continuous"))
    learners: list[Any] = [
        ms.PC(test=FisherZ()),
        ms.ChowLiu(estimator=LogDet(), test=FisherZ()),
        ms.ARACNE(estimator=ExactLogDet()),
    ]
    for learner in learners:
        expected = learner.fit(numbers).edges_.copy()
        pd.testing.assert_frame_equal(learner.fit(ordinal).edges_, expected)
