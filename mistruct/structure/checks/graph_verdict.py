"""Record of the evidence in a table against a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class GraphCheck:
    """Evidence in a table against a graph.

    Attributes
    ----------
    kind : {"DAG", "CPDAG", "PAG", "Markov network"}
        What the graph is.
    tests : pandas.DataFrame
        The independences that the graph implies and their tests: x, y, given (tuple of columns),
        mi (nats, given the columns of `given`), p_value (NaN where the data cannot tell),
        p_adjusted (for all tests) and n_samples.
    violations : pandas.DataFrame
        Those that fail, the most information first, with `explained_by`: the ends of the edge that
        would explain it, (source, target) where it has a direction.
    needless : pandas.DataFrame
        The edges that the data do not need, the weakest first: source, target, given (the columns
        given which the two are independent), mi, p_value, p_adjusted (for all edges), n_samples.
    p_value : float
        The share of graphs with permuted names that violate as small a share of independences; NaN
        without permutations, or where the graph implies nothing.
    alpha : float
        The level of all of these.
    test : str
        The test of independence.
    """

    kind: str
    tests: pd.DataFrame
    violations: pd.DataFrame
    needless: pd.DataFrame
    p_value: float
    alpha: float
    test: str

    @property
    def refuted(self) -> bool:
        """Whether any implied independence fails."""
        return len(self.violations) > 0

    @property
    def missing(self) -> list[tuple[str, str]]:
        """The edges that would explain the violations, the strongest first."""
        return list(dict.fromkeys(self.violations["explained_by"]))

    @property
    def verdict(self) -> str:
        """The result in one line."""
        n_tests = int(self.tests["p_value"].notna().sum())
        if n_tests == 0:
            said = f"not testable: the {self.kind} implies no independence that the data can test"
        elif not self.refuted:
            said = f"not refuted: all {n_tests:,} implied independences hold"
            said += f" (false discovery rate {self.alpha:g})"
        else:
            said = f"refuted: {len(self.violations):,} of {n_tests:,} implied independences fail"
            said += f" (false discovery rate {self.alpha:g}), explained by "
            n = len(self.missing)
            said += "a missing edge " if n == 1 else f"{n} missing edges, first "
            said += self.edge(*self.missing[0])
        if n := len(self.needless):
            said += "; 1 edge not needed, " if n == 1 else f"; {n} edges not needed, first "
            said += self.edge(*self.needless.loc[0, ["source", "target"]])
        if self.p_value == self.p_value:
            better = self.p_value <= self.alpha
            said += f"; {'' if better else 'no '}better than with permuted names"
            said += f" (p = {self.p_value:.2g})"
        return said

    def __repr__(self) -> str:
        lines = [f"GraphCheck of a {self.kind}, test {self.test}", f"  {self.verdict}"]
        for title, table in (("violations", self.violations), ("needless edges", self.needless)):
            if len(table):
                shown = table.head(5).drop(columns=["p_value", "n_samples"])
                text = shown.to_string(index=False, float_format=lambda value: f"{value:.2g}")
                lines += [f"{title} ({len(table):,})", *(f"  {row}" for row in text.split("\n"))]
        return "\n".join(lines)

    def edge(self, u: str, v: str) -> str:
        """An edge in words; it has a direction if the graph is a DAG."""
        return f"{u!r} {'->' if self.kind == 'DAG' else '-'} {v!r}"
