"""Explanations of the edges of a finished run, by the method that learned them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.cli.run_folder import Run
    from mistruct.structure.reasons import Reasons


class ByTests:
    """Explanations of PC, by the tests that separated pairs."""

    def why(self, run: Run, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""
        from mistruct.structure.causal.evidence import explain

        return explain(x, y, run.names, run.edges, run.part("separations.csv"), run.required)

    def reasons(self, run: Run, most: int) -> Reasons:
        """Reasons for all edges, and for at most `most` absent pairs."""
        from mistruct.structure.causal.evidence import reasons

        return reasons(run.edges, run.part("separations.csv"), run.required, most)


class AroundTarget(ByTests):
    """Explanations of a Markov blanket, with the roles of its members."""

    def why(self, run: Run, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""
        from mistruct.structure.blanket.blanket_tables import role_in_words

        text, target = super().why(run, x, y), run.asked["target"]
        if target in (x, y):
            other = y if x == target else x
            text += role_in_words(target, other, run.part("members.csv"))
        return text

    def reasons(self, run: Run, most: int) -> Reasons:
        """Reasons for all edges, and for at most `most` absent pairs."""
        from mistruct.structure.blanket.blanket_tables import with_roles

        found = super().reasons(run, most)
        return with_roles(found, run.asked["target"], run.part("members.csv"))


class ByScore:
    """Explanations of BOSS, by the score of each edge."""

    def why(self, run: Run, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""
        from mistruct.structure.orders.additions import explain_by_score

        additions, copies = run.part("additions.csv"), run.record.get("copies", {})
        return explain_by_score(x, y, run.names, run.edges, additions, run.required, copies)

    def reasons(self, run: Run, most: int) -> Reasons:
        """Reasons for all edges, and for at most `most` absent pairs."""
        from mistruct.structure.orders.additions import reasons_by_score

        additions, copies = run.part("additions.csv"), run.record.get("copies", {})
        return reasons_by_score(run.edges, additions, run.required, copies, most)


class InForest:
    """Explanations of a Chow-Liu forest, by paths and by the rule for edges."""

    def why(self, run: Run, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""
        import networkx as nx

        from mistruct.structure.reasons import adjacent, not_adjacent, on_the_way, too_weak

        for row in rows_of(x, y, run.edges):
            return adjacent(x, y, row)
        forest = nx.from_pandas_edgelist(run.edges)
        if {x, y} <= set(forest) and nx.has_path(forest, x, y):
            return not_adjacent(x, y, on_the_way(nx.shortest_path(forest, x, y)))
        return not_adjacent(x, y, too_weak(self._rule(run)))

    def reasons(self, run: Run, most: int) -> Reasons:
        """Reasons for all edges, and for at most `most` absent pairs."""
        from mistruct.structure.reasons import forest_reasons

        return forest_reasons(run.edges, self._rule(run), most)

    @staticmethod
    def _rule(run: Run) -> str:
        return f"{run.asked['penalty']} penalty" if run.asked["penalty"] else run.level


class InGeneNetwork:
    """Explanations of ARACNE, by significance and by third columns."""

    def why(self, run: Run, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""
        from mistruct.structure.reasons import adjacent, not_adjacent, not_chosen, not_significant

        rows = rows_of(x, y, run.edges)
        if rows and (run.graph.has_edge(x, y) or run.graph.has_edge(y, x)):
            return adjacent(x, y, rows[0])
        if rows:
            return not_adjacent(x, y, not_chosen(rows[0], run.level, run.asked["bootstraps"]))
        return not_adjacent(x, y, not_significant(run.level, bool(run.asked["regulators"])))

    def reasons(self, run: Run, most: int) -> Reasons:
        """Reasons for all edges, and for at most `most` absent pairs."""
        from mistruct.structure.reasons import network_reasons

        among, n_samples = bool(run.asked["regulators"]), run.asked["bootstraps"]
        return network_reasons(run.edges, run.graph, run.level, among, n_samples, most)


_EXPLAINED: dict[str, Any] = {
    "pc": ByTests(),
    "markov-blanket": AroundTarget(),
    "boss": ByScore(),
    "chow-liu": InForest(),
    "aracne": InGeneNetwork(),
}


def explained(run: Run) -> Any:
    """The explanations of the method of a run."""
    return _EXPLAINED[run.asked.get("method", run.record["command"])]


def rows_of(x: str, y: str, table: pd.DataFrame) -> list[Any]:
    """The rows of a table that join a pair, in either direction."""
    of_pair = table[table["source"].isin([x, y]) & table["target"].isin([x, y])]
    return list(of_pair.itertuples())
