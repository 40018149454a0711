"""Features: selection for a target, projection, and comparison of clusterings."""

from mistruct.features.blanket_selector import MarkovBlanketSelector
from mistruct.features.clustering_comparison import ClusteringComparison, compare_clusterings
from mistruct.features.correlation_explanation import CorrelationExplanation
from mistruct.features.feature_ranking import rank_features
from mistruct.features.projection import InformationProjection
from mistruct.features.selector import InformationSelector

__all__ = [
    "ClusteringComparison",
    "CorrelationExplanation",
    "InformationProjection",
    "InformationSelector",
    "MarkovBlanketSelector",
    "compare_clusterings",
    "rank_features",
]
