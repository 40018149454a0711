"""The tests by name, and the public function that runs one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from mistruct.data.dataset import as_dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import IndependenceTest
from mistruct.independence.callable_test import CallableTest
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.hybrid_test import HybridTest
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.protocol import TestResult

#: Each name makes its test with default parameters and a seed.
TESTS: dict[str, Callable[[int], IndependenceTest]] = {
    "auto": lambda seed: AutoTest(GTest(seed=seed)),
    "g": lambda seed: GTest(seed=seed),
    "copula": lambda _: CopulaTest(),
    "knn": lambda seed: KNNTest(seed=seed),
    "hybrid": lambda seed: HybridTest(AutoTest(GTest(seed=seed)), KNNTest(seed=seed)),
}


def resolve_test(test: str | IndependenceTest, seed: int = 0) -> IndependenceTest:
    """Resolve a test given by name, with the seed of its permutations, or as an instance."""
    if isinstance(test, str):
        check_choice("test", test, tuple(TESTS))
        return TESTS[test](seed)
    if not isinstance(test, IndependenceTest):
        raise ParameterError(
            f"test must be a name or a test such as GTest(), got {test!r}; a test of your own "
            "derives from mistruct.IndependenceTest"
        )
    return test


def resolve_or_call(test: str | IndependenceTest | Callable[..., float]) -> IndependenceTest:
    """Resolve a test given by name, as an instance, or as a function that returns p-values."""
    if callable(test) and not isinstance(test, type):
        return CallableTest(test)
    return resolve_test(test)  # type: ignore[arg-type]


def independence_test(
    data: Any,
    x: Hashable,
    y: Hashable,
    given: Sequence[Hashable] = (),
    *,
    test: str | IndependenceTest = "auto",
) -> TestResult:
    """Test whether two columns are independent given others.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table.
    x, y : column names
        The columns tested.
    given : sequence of column names
        The conditioning set z; empty for marginal independence.
    test : {"auto", "g", "copula", "knn", "hybrid"} or a test
        ``auto`` is ``g`` where x, y and z are all discrete, else ``copula``.

    Returns
    -------
    TestResult
        With the statistic, p-value, degrees of freedom, I(x; y | z) in nats and the number of
        rows used. Where x or y is constant within every stratum of z, `testable` is False and
        the p-value NaN.

    Raises
    ------
    DataError
        The table is not fit, or the test does not take the kind of a column.
    ParameterError
        A name is not a column, or stands twice among x, y and z.

    Examples
    --------
    A cause a of both b and c makes them dependent, and its own value takes that away:

    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame(
    ...     [(a, b, c) for a in (0, 1) for b in (a, a, a, 1 - a) for c in (a, a, a, 1 - a)] * 9,
    ...     columns=["a", "b", "c"],
    ... )
    >>> ms.independence_test(table, "b", "c").p_value < 1e-4
    True
    >>> ms.independence_test(table, "b", "c", given=["a"]).p_value
    1.0
    """
    table = as_dataset(data)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ParameterError(f"given must be a list of column names, got {given!r}")
    named = table.check_names("x, y and given", (x, y, *given))
    if len(set(named)) < len(named):
        raise ParameterError(f"x, y and given must be different columns, got {', '.join(named)}")
    table = table.select(named)
    pairs = np.array([[0, 1]], dtype=np.int64)
    batch = resolve_test(test).test_pairs(table, pairs, tuple(range(2, len(named))))
    return batch.result(0, named[0], named[1], named[2:])
