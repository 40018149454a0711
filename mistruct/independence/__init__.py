"""Is it zero: tests of conditional independence."""

from mistruct.independence.g_test import GTest
from mistruct.independence.protocol import TestResult
from mistruct.independence.testing import independence_test

__all__ = ["GTest", "TestResult", "independence_test"]
