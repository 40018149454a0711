"""Structure of probabilistic graphical models from tables, by mutual information.

A table goes in, a networkx graph with the evidence on every edge comes out; from there to a fitted
pgmpy model, to files for other tools, or to a picture. Everything public is in this namespace, and
is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistruct.data import Dataset as Dataset
    from mistruct.data import Note as Note
    from mistruct.data import as_dataset as as_dataset
    from mistruct.data import discretize as discretize
    from mistruct.data import read_table as read_table
    from mistruct.errors import DataError as DataError
    from mistruct.errors import MistructError as MistructError
    from mistruct.errors import MistructWarning as MistructWarning
    from mistruct.errors import ParameterError as ParameterError
    from mistruct.export import read_network as read_network
    from mistruct.export import store_network as store_network
    from mistruct.export import to_bayesian_network as to_bayesian_network
    from mistruct.export import to_markov_network as to_markov_network
    from mistruct.export import write_network as write_network
    from mistruct.export import write_regulatory_network as write_regulatory_network
    from mistruct.features import ClusteringComparison as ClusteringComparison
    from mistruct.features import CorrelationExplanation as CorrelationExplanation
    from mistruct.features import InformationProjection as InformationProjection
    from mistruct.features import InformationSelector as InformationSelector
    from mistruct.features import MarkovBlanketSelector as MarkovBlanketSelector
    from mistruct.features import compare_clusterings as compare_clusterings
    from mistruct.features import rank_features as rank_features
    from mistruct.independence import AutoTest as AutoTest
    from mistruct.independence import CopulaTest as CopulaTest
    from mistruct.independence import DSeparation as DSeparation
    from mistruct.independence import GTest as GTest
    from mistruct.independence import HybridTest as HybridTest
    from mistruct.independence import IndependenceTest as IndependenceTest
    from mistruct.independence import KNNTest as KNNTest
    from mistruct.independence import TestBatch as TestBatch
    from mistruct.independence import TestResult as TestResult
    from mistruct.independence import independence_test as independence_test
    from mistruct.information import KDE as KDE
    from mistruct.information import KSG as KSG
    from mistruct.information import AdaptivePartition as AdaptivePartition
    from mistruct.information import Binned as Binned
    from mistruct.information import CopulaKNN as CopulaKNN
    from mistruct.information import Estimate as Estimate
    from mistruct.information import Estimator as Estimator
    from mistruct.information import GaussianCopula as GaussianCopula
    from mistruct.information import MixedKNN as MixedKNN
    from mistruct.information import PlugIn as PlugIn
    from mistruct.information import (
        conditional_mutual_information as conditional_mutual_information,
    )
    from mistruct.information import diagnose as diagnose
    from mistruct.information import entropy as entropy
    from mistruct.information import interaction_information as interaction_information
    from mistruct.information import mutual_information as mutual_information
    from mistruct.information import mutual_information_matrix as mutual_information_matrix
    from mistruct.information import normalized_mutual_information as normalized_mutual_information
    from mistruct.information import total_correlation as total_correlation
    from mistruct.information import variation_of_information as variation_of_information
    from mistruct.neural import ContrastivePredictiveCoding as ContrastivePredictiveCoding
    from mistruct.neural import DeepInfoMax as DeepInfoMax
    from mistruct.neural import NeuralEstimate as NeuralEstimate
    from mistruct.neural import NeuralEstimator as NeuralEstimator
    from mistruct.page import NetworkPage as NetworkPage
    from mistruct.page import explore as explore
    from mistruct.plot import plot_comparison as plot_comparison
    from mistruct.plot import plot_contingency_table as plot_contingency_table
    from mistruct.plot import plot_information_matrix as plot_information_matrix
    from mistruct.plot import plot_network as plot_network
    from mistruct.plot import plot_ranking as plot_ranking
    from mistruct.scores import BIC as BIC
    from mistruct.scores import QNML as QNML
    from mistruct.scores import BDeu as BDeu
    from mistruct.scores import Families as Families
    from mistruct.scores import GaussianBIC as GaussianBIC
    from mistruct.scores import Score as Score
    from mistruct.structure import ARACNE as ARACNE
    from mistruct.structure import BOSS as BOSS
    from mistruct.structure import CLR as CLR
    from mistruct.structure import MRNET as MRNET
    from mistruct.structure import PC as PC
    from mistruct.structure import TAN as TAN
    from mistruct.structure import Bootstrap as Bootstrap
    from mistruct.structure import ChowLiu as ChowLiu
    from mistruct.structure import Comparison as Comparison
    from mistruct.structure import DifferentialNetwork as DifferentialNetwork
    from mistruct.structure import Knowledge as Knowledge
    from mistruct.structure import MarkovBlanket as MarkovBlanket
    from mistruct.structure import aracne_network as aracne_network
    from mistruct.structure import chow_liu_tree as chow_liu_tree
    from mistruct.structure import compare as compare
    from mistruct.structure import read_knowledge as read_knowledge
    from mistruct.structure import score as score

__version__ = "0.1.0"

_PUBLIC = {
    "mistruct.data": ("Dataset", "Note", "as_dataset", "discretize", "read_table"),
    "mistruct.information": (
        "AdaptivePartition",
        "Binned",
        "CopulaKNN",
        "Estimate",
        "Estimator",
        "GaussianCopula",
        "KDE",
        "KSG",
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
    ),
    "mistruct.independence": (
        "AutoTest",
        "CopulaTest",
        "DSeparation",
        "GTest",
        "HybridTest",
        "IndependenceTest",
        "KNNTest",
        "TestBatch",
        "TestResult",
        "independence_test",
    ),
    "mistruct.scores": ("BIC", "BDeu", "Families", "GaussianBIC", "QNML", "Score"),
    "mistruct.structure": (
        "ARACNE",
        "BOSS",
        "Bootstrap",
        "CLR",
        "ChowLiu",
        "Comparison",
        "DifferentialNetwork",
        "Knowledge",
        "MarkovBlanket",
        "MRNET",
        "PC",
        "TAN",
        "aracne_network",
        "chow_liu_tree",
        "compare",
        "read_knowledge",
        "score",
    ),
    "mistruct.features": (
        "ClusteringComparison",
        "CorrelationExplanation",
        "InformationProjection",
        "InformationSelector",
        "MarkovBlanketSelector",
        "compare_clusterings",
        "rank_features",
    ),
    "mistruct.export": (
        "read_network",
        "store_network",
        "to_bayesian_network",
        "to_markov_network",
        "write_network",
        "write_regulatory_network",
    ),
    "mistruct.neural": (
        "ContrastivePredictiveCoding",
        "DeepInfoMax",
        "NeuralEstimate",
        "NeuralEstimator",
    ),
    "mistruct.page": ("NetworkPage", "explore"),
    "mistruct.plot": (
        "plot_comparison",
        "plot_contingency_table",
        "plot_information_matrix",
        "plot_network",
        "plot_ranking",
    ),
    "mistruct.errors": ("DataError", "MistructError", "MistructWarning", "ParameterError"),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mistruct' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
