"""What does a family earn: scores of a column given its parents."""

from mistruct.scores.discrete import BIC, QNML, BDeu
from mistruct.scores.gaussian import GaussianBIC
from mistruct.scores.score import Families, Score

__all__ = ["BIC", "QNML", "BDeu", "Families", "GaussianBIC", "Score"]
