"""Estimates and embeddings by networks, with the extra ``pip install "mistruct[neural]"``.

`bounds` holds the variational bounds as plain functions of a score matrix. Importing this package
does not import torch; what needs it says how to get it where it is not installed.
"""

from mistruct.neural.deep_info_max import DeepInfoMax
from mistruct.neural.estimator import NeuralEstimate, NeuralEstimator
from mistruct.neural.predictive_coding import ContrastivePredictiveCoding

__all__ = ["ContrastivePredictiveCoding", "DeepInfoMax", "NeuralEstimate", "NeuralEstimator"]
