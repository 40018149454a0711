"""The methods of `mistruct learn`: their options, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mistruct.cli.options import CorrectionName, EstimatorName
from mistruct.cli.report import counted, whole_duration
from mistruct.cli.report_networks import (
    show_blanket,
    show_causal_graph,
    show_chordal_network,
    show_forest,
    show_scored_graph,
)
from mistruct.errors import ParameterError, check_count, check_fraction

if TYPE_CHECKING:
    from mistruct.data import Dataset
    from mistruct.independence.base import IndependenceTest
    from mistruct.structure import BOSS, FCI, PC, ChordalNetwork, ChowLiu, MarkovBlanket
    from mistruct.structure.causal.search_cost import SearchCost
    from mistruct.structure.cost import Cost
    from mistruct.structure.knowledge import Knowledge

Method = Literal["pc", "fci", "boss", "chow-liu", "chordal", "markov-blanket"]
MethodOption = Annotated[
    Method | None,
    typer.Option(
        help="pc: candidate causal graph by tests; fci: such a graph where causes may be hidden; "
        "boss: as pc, but by a score; chow-liu: strongest tree; chordal: Markov network; "
        "markov-blanket: causal graph around --target. Default: boss or pc, whichever was nearer "
        "the truth on sampled networks of such columns and rows, if it is quick; otherwise "
        "chow-liu."
    ),
]
Level = Annotated[
    float | None,
    typer.Option(
        metavar="LEVEL",
        help="Significance level of an edge; default 0.01, and 0.3 for fci from boss.",
    ),
]

# Longest search that `learn` chooses by itself.
_MOST_SECONDS = 60.0
# With fewer rows, hardly any conditional test can tell dependence from chance.
_FEWEST_ROWS = 100

# Least number of rows, in all and per column, from which BOSS is on average nearer the
# truth than PC by default; the table is in the guide, under "PC or BOSS?".
_FEWEST_FOR_BOSS = {"discrete": (200, 0.0), "continuous": (100, 1.5), "mixed": (200, 3.0)}


@dataclass(frozen=True)
class Asked:
    """The options of `learn` that several methods share."""

    alpha: float | None
    test: IndependenceTest
    seed: int
    target: str | None
    by_tests: ForPC

    @property
    def level(self) -> float:
        """The level of an edge, if the method has none of its own."""
        return 0.01 if self.alpha is None else self.alpha

    @property
    def knowledge(self) -> Path | None:
        """The file of what is known."""
        return self.by_tests.knowledge


class _ByTests:
    """Base class of the methods that search by tests, PC and FCI."""

    def show(self, learner: PC | FCI, table: Dataset) -> None:
        """Print a summary of the result."""
        show_causal_graph(learner)


@dataclass(frozen=True)
class ForPC(_ByTests):
    """Options of PC, which FCI takes as well."""

    max_conditioning: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="pc, fci: size of the largest conditioning set; default: what a minute allows.",
        ),
    ] = None
    orientation: Annotated[
        Literal["majority", "standard", "conservative"],
        typer.Option(help="pc, fci: which of the separating sets decide on the direction."),
    ] = "majority"
    fdr: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="pc, fci: also bound the expected share of false edges."
        ),
    ] = None
    determinism: Annotated[
        Literal["informative", "textbook"],
        typer.Option(
            help="pc, fci: whether a set that determines a column separates it from all others "
            "(textbook) or only if it makes the column redundant."
        ),
    ] = "informative"
    knowledge: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="pc, fci, boss, chordal: file of known edges and tiers, .toml or .csv.",
        ),
    ] = None

    def check(self, alpha: float | None) -> None:
        """Raise ParameterError if an option is invalid."""
        if self.max_conditioning is not None:
            check_count("--max-conditioning", self.max_conditioning, least=0)
        if self.fdr is not None:
            check_fraction("--fdr", self.fdr)

    def learner(self, asked: Asked) -> PC:
        """The learner PC with these options."""
        import mistruct as ms

        options = vars(self) | {"knowledge": _known(asked)}
        return ms.PC(asked.level, asked.test, **options)


@dataclass(frozen=True)
class ForFCI(_ByTests):
    """Options of FCI beside those of PC."""

    start: Annotated[
        Literal["auto", "boss", "pc"],
        typer.Option(
            help="fci: start from the graph of a score, boss, or from all pairs, pc; auto: boss "
            "where the test, the options and the size of the table allow."
        ),
    ] = "auto"

    fast: Annotated[
        bool,
        typer.Option(
            "--fast/--all-sets",
            help="fci: separate columns by their neighbours only, or by all columns that hidden "
            "causes can make necessary.",
        ),
    ] = True

    def check(self, alpha: float | None) -> None:
        """Do nothing, as either is valid."""

    def learner(self, asked: Asked) -> FCI:
        """The learner FCI with these options."""
        import mistruct as ms

        options = vars(asked.by_tests) | vars(self) | {"knowledge": _known(asked)}
        return ms.FCI(asked.alpha, asked.test, **options)


@dataclass(frozen=True)
class ForBOSS:
    """Options of BOSS alone."""

    score: Annotated[
        Literal["auto", "bic", "bdeu", "qnml", "gaussian-bic"],
        typer.Option(help="boss: score of a graph."),
    ] = "auto"
    max_parents: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", help="boss: largest number of parents of a column; default: no limit."
        ),
    ] = None
    restarts: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="boss: number of restarts of the search; default: 10 where a column is "
            "continuous and there are at most 500, otherwise 0.",
        ),
    ] = None

    def check(self, alpha: float | None) -> None:
        """Raise ParameterError if an option is invalid."""
        if self.restarts is not None:
            check_count("--restarts", self.restarts, least=0)
        if self.max_parents is not None:
            check_count("--max-parents", self.max_parents)

    def learner(self, asked: Asked) -> BOSS:
        """The learner BOSS with these options."""
        import mistruct as ms

        return ms.BOSS(
            self.score,
            n_restarts=self.restarts,
            max_parents=self.max_parents,
            knowledge=_known(asked),
            seed=asked.seed,
        )

    def show(self, learner: BOSS, table: Dataset) -> None:
        """Print a summary of the result."""
        show_scored_graph(learner)


@dataclass(frozen=True)
class ForChowLiu:
    """Options of Chow-Liu alone."""

    correction: Annotated[
        CorrectionName,
        typer.Option(
            help="chow-liu: what alpha bounds: the probability of any false edge (bonferroni), the "
            "expected share of false edges (bh), or the error of each edge (none)."
        ),
    ] = "bonferroni"
    penalty: Annotated[
        Literal["bic", "aic"] | None,
        typer.Option(
            help="chow-liu: keep the edges that improve this criterion, instead of alpha."
        ),
    ] = None
    estimator: Annotated[
        EstimatorName, typer.Option(help="chow-liu: estimator of mutual information.")
    ] = "auto"

    def check(self, alpha: float | None) -> None:
        """Raise ParameterError if an option is invalid."""
        if self.penalty and alpha is not None:
            both = "--alpha and --penalty are two rules for one thing"
            raise ParameterError(f"{both}; give one of them")

    def learner(self, asked: Asked) -> ChowLiu:
        """The learner ChowLiu with these options."""
        import mistruct as ms

        level = None if self.penalty else asked.level
        return ms.ChowLiu(
            level,
            correction=self.correction,
            penalty=self.penalty,
            estimator=self.estimator,
            test=asked.test,
        )

    def show(self, learner: ChowLiu, table: Dataset) -> None:
        """Print a summary of the result."""
        show_forest(learner, table)


@dataclass(frozen=True)
class ForChordal:
    """Options of chordal networks alone."""

    criterion: Annotated[
        Literal["auto", "bdeu", "bic", "alpha"],
        typer.Option(
            help="chordal: choose edges by a score, bdeu of columns of states or bic, or as long "
            "as the probability of any false edge is at most alpha; auto: a score."
        ),
    ] = "auto"
    max_clique: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", help="chordal: largest number of columns in a clique; 2: a forest."
        ),
    ] = None

    def check(self, alpha: float | None) -> None:
        """Raise ParameterError if an option is invalid."""
        if self.max_clique is not None:
            check_count("--max-clique", self.max_clique, least=2)

    def learner(self, asked: Asked) -> ChordalNetwork:
        """The learner ChordalNetwork with these options."""
        import mistruct as ms

        options = vars(self) | {"alpha": asked.level, "knowledge": _known(asked)}
        return ms.ChordalNetwork(**options)

    def show(self, learner: ChordalNetwork, table: Dataset) -> None:
        """Print a summary of the result."""
        show_chordal_network(learner)


@dataclass(frozen=True)
class ForMarkovBlanket:
    """The Markov blanket, which has no options of its own."""

    def check(self, alpha: float | None) -> None:
        """Do nothing, as there are no options."""

    def learner(self, asked: Asked) -> MarkovBlanket:
        """The learner MarkovBlanket for the target."""
        import mistruct as ms

        return ms.MarkovBlanket(str(asked.target), asked.level, asked.test)

    def show(self, learner: MarkovBlanket, table: Dataset) -> None:
        """Print a summary of the result."""
        show_blanket(learner)


def _known(asked: Asked) -> Knowledge | None:
    import mistruct as ms

    return None if asked.knowledge is None else ms.read_knowledge(asked.knowledge)


def choose_method(
    table: Dataset, cost_of: Callable[[Method], Any], given: Collection[str]
) -> tuple[Method, str]:
    """Choose a method for a table and give the reason; uses constants, never a clock.

    BOSS if it was nearer the truth on sampled networks, takes no more than a minute and no
    option of tests is `given`. Otherwise PC, which bounds its conditioning sets by itself,
    unless sets of one column take too long. A tree cannot use knowledge.
    """
    if table.n_samples < _FEWEST_ROWS and "knowledge" not in given:
        rows = counted(table.n_samples, "row")
        few = f"{rows} are fewer than the {_FEWEST_ROWS} that pc wants"
        return "chow-liu", f"{few}; it takes about {whole_duration(cost_of('chow-liu').seconds)}"
    by_tests = {"alpha", "test"} & set(given)
    if not by_tests and _is_nearer(table):
        boss = cost_of("boss")
        if boss.seconds <= _MOST_SECONDS:
            nearer = "was nearer the truth than pc on sampled networks of such columns and rows"
            return "boss", f"it takes about {whole_duration(boss.seconds)}, and {nearer}"
    pc: SearchCost = cost_of("pc")
    all_sets = float(pc.seconds_by_size.sum()) + pc.seconds_of_votes
    whole = whole_duration(all_sets)
    if all_sets <= _MOST_SECONDS:
        return "pc", f"it takes about {whole}"
    if pc.seconds_by_size[:2].sum() <= _MOST_SECONDS or "knowledge" in given:
        return "pc", f"with sets as large as a minute allows; all would take about {whole}"
    tree = whole_duration(cost_of("chow-liu").seconds)
    return "chow-liu", f"it takes about {tree}, pc would take about {whole}"


def with_bootstraps(
    cost: Cost, learner: Any, table: Dataset, n: int | None, checkpoint: Path | None
) -> Cost:
    """The cost of learning, and then from as many samples of the rows as there are asked for."""
    if n is None:
        return cost
    import mistruct as ms

    samples = ms.Bootstrap(learner, n, checkpoint=checkpoint).cost(table)
    return replace(samples, seconds=samples.seconds + cost.seconds)


def _is_nearer(table: Dataset) -> bool:
    """Whether BOSS was nearer the truth than PC on sampled networks of such columns and rows."""
    seen = table.by_order
    kind = "mixed" if seen.discrete and seen.continuous else "continuous"
    fewest, for_each = _FEWEST_FOR_BOSS["discrete" if not seen.continuous else kind]
    return table.n_samples >= max(fewest, for_each * table.n_variables)
