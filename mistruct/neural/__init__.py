"""Estimates by neural networks, with the extra ``pip install "mistruct[neural]"``.

`bounds` holds the variational bounds as plain functions of a score matrix. Importing this package
does not import torch; what needs it says how to get it where it is not installed.
"""

from mistruct.neural.estimator import NeuralEstimate, NeuralEstimator

__all__ = ["NeuralEstimate", "NeuralEstimator"]
