"""The scores by name."""

from __future__ import annotations

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.scores.base import Score
from mistruct.scores.discrete import BIC, QNML, BDeu
from mistruct.scores.gaussian import GaussianBIC

#: Each name stands for its score with default parameters.
SCORES: dict[str, type[Score]] = {
    "bic": BIC,
    "bdeu": BDeu,
    "qnml": QNML,
    "gaussian-bic": GaussianBIC,
}

#: Equivalent sample sizes for columns that are nearly functions of others up to columns that are
#: nearly independent; how good each choice is, "PC or BOSS?" in the user guide shows.
AVERAGED_SIZES = (1.0, 4.0, 16.0, 64.0, 256.0)


def resolve_score(score: str | Score, data: Dataset) -> Score:
    """Resolve a score, by name or instance; ``auto`` depends on the kinds of the columns."""
    if isinstance(score, str):
        check_choice("score", score, ("auto", *SCORES))
        if score == "auto":
            numbers = data.by_order.continuous
            return GaussianBIC(gamma=1.0) if numbers else BDeu(AVERAGED_SIZES, gamma=2.0)
        return SCORES[score]()
    if isinstance(score, type) or not hasattr(score, "families"):
        raise ParameterError(f"score must be a name or a score such as BIC(), got {score!r}")
    return score
