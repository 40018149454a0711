"""Is it zero: tests of conditional independence."""

from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.d_separation import DSeparation
from mistruct.independence.g_test import GTest
from mistruct.independence.hybrid_test import HybridTest
from mistruct.independence.names import independence_test
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.protocol import TestBatch, TestResult

__all__ = [
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
]
