"""Estimators of entropy, mutual information and conditional mutual information from tables."""

from mistruct.information.base import Estimator
from mistruct.information.clusterings import (
    normalized_mutual_information,
    variation_of_information,
)
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.counts.binned import Binned
from mistruct.information.counts.partition import AdaptivePartition
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.density.kde import KDE
from mistruct.information.diagnose import diagnose
from mistruct.information.estimate import Estimate
from mistruct.information.matrix import mutual_information_matrix
from mistruct.information.measures import (
    conditional_mutual_information,
    entropy,
    mutual_information,
)
from mistruct.information.multivariate import interaction_information, total_correlation
from mistruct.information.neighbors.knn import KSG, MixedKNN

__all__ = [
    "KDE",
    "KSG",
    "AdaptivePartition",
    "Binned",
    "CopulaKNN",
    "Estimate",
    "Estimator",
    "GaussianCopula",
    "MixedKNN",
    "PlugIn",
    "conditional_mutual_information",
    "diagnose",
    "entropy",
    "interaction_information",
    "mutual_information",
    "mutual_information_matrix",
    "normalized_mutual_information",
    "total_correlation",
    "variation_of_information",
]
