"""Scores of a column given its parents."""

from mistruct.scores.base import Families, Score
from mistruct.scores.discrete import BIC, QNML, BDeu
from mistruct.scores.gaussian import GaussianBIC

__all__ = ["BIC", "QNML", "BDeu", "Families", "GaussianBIC", "Score"]
