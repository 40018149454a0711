"""How much: estimates of information between columns, from tables."""

from mistruct.information.clusterings import (
    normalized_mutual_information,
    variation_of_information,
)
from mistruct.information.copula import GaussianCopula
from mistruct.information.discrete import PlugIn
from mistruct.information.estimate import Estimate
from mistruct.information.knn import KSG, MixedKNN
from mistruct.information.matrix import mutual_information_matrix
from mistruct.information.measures import (
    conditional_mutual_information,
    entropy,
    mutual_information,
)
from mistruct.information.multivariate import interaction_information, total_correlation

__all__ = [
    "KSG",
    "Estimate",
    "GaussianCopula",
    "MixedKNN",
    "PlugIn",
    "conditional_mutual_information",
    "entropy",
    "interaction_information",
    "mutual_information",
    "mutual_information_matrix",
    "normalized_mutual_information",
    "total_correlation",
    "variation_of_information",
]
