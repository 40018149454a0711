"""How much: estimates of information."""

from mistruct.information.discrete import PlugIn
from mistruct.information.matrix import mutual_information_matrix
from mistruct.information.measures import (
    conditional_mutual_information,
    entropy,
    interaction_information,
    mutual_information,
    normalized_mutual_information,
    total_correlation,
    variation_of_information,
)

__all__ = [
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
