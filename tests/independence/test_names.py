"""The public function: what it returns, what must not matter, and what it refuses."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, f_oneway

import mistruct as ms
from mistruct.independence.names import TESTS, resolve_test
from tests import reference as ref
from tests import strategies
from tests.information.test_measures import category
from tests.kernels.g_test.test_g_statistic import cochran_and_williams
from tests.reference_continuous import normal_scores


def _frame(codes: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({f"c{i}": category(c) for i, c in enumerate(codes)})


def _sparse(seed: int, n_samples: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.integers(0, 4, (n_samples, 5)), columns=list("abcde"))


@given(strategies.conditioned_pairs(n_rows=st.integers(1, 150), n_given=st.integers(0, 2)))
@settings(max_examples=80, deadline=None)
def test_the_result_is_the_reference(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]],
) -> None:
    x, y, z = drawn
    frame = _frame(np.array([x, y, *z]))
    names = list(frame)
    result = ms.independence_test(frame, "c0", "c1", given=names[2:])
    statistic, dof, _ = ref.g_test(x.tolist(), y.tolist(), [c.tolist() for c in z])
    assert (result.x, result.y, result.z) == ("c0", "c1", tuple(names[2:]))
    assert result.statistic == pytest.approx(statistic, rel=1e-9, abs=1e-9)
    assert result.dof == dof
    assert result.n_samples == x.size
    cmi = ref.conditional_mutual_information(x.tolist(), y.tolist(), [c.tolist() for c in z])
    assert result.mi == pytest.approx(cmi, rel=1e-9, abs=1e-9)
    assert result.testable == (dof > 0)
    allowed, williams = cochran_and_williams(x, y, z)
    if dof == 0:
        assert math.isnan(result.p_value)
        assert result.method == "g, untestable"
    elif allowed:
        assert result.p_value == pytest.approx(chi2.sf(statistic / williams, dof), rel=1e-6)
        assert result.method == "g, chi-square"
    else:
        assert 0 < result.p_value <= 1
        assert result.method in ("g, moments", "g, exact")


def test_the_result_is_a_frozen_record_of_plain_values() -> None:
    result = ms.independence_test(_sparse(0), "a", "b", ["c"])
    types = [type(v) for v in dataclasses.astuple(result)]
    assert types == [str, str, tuple, float, float, int, float, int, str, bool]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.p_value = 0.0  # type: ignore[misc]


# What must not matter --------------------------------------------------------------------------


def _numbers(result: ms.TestResult) -> tuple[Any, ...]:
    return dataclasses.astuple(dataclasses.replace(result, x="", y="", z=()))


@pytest.mark.parametrize("n_samples", [40, 4000])
@pytest.mark.parametrize("seed", range(5))
def test_orders_do_not_matter_at_all(seed: int, n_samples: int) -> None:
    frame = _sparse(seed, n_samples)
    frame["f"] = pd.Categorical(range(n_samples))  # more states, so wider codes
    result = ms.independence_test(frame, "a", "b", ["c", "d"])
    assert result.method == ("g, moments" if n_samples == 40 else "g, chi-square")
    expected = _numbers(result)
    assert _numbers(ms.independence_test(frame, "b", "a", ["c", "d"])) == expected
    assert _numbers(ms.independence_test(frame, "a", "b", ["d", "c"])) == expected
    assert _numbers(ms.independence_test(frame[list("dbca")], "b", "a", ["d", "c"])) == expected
    assert _numbers(ms.independence_test(frame[list("fabcd")], "a", "b", list("cd"))) == expected
    polars = pl.DataFrame(frame[list("abcd")])
    assert _numbers(ms.independence_test(polars, "a", "b", list("cd"))) == expected


@pytest.mark.parametrize("n_samples", [40, 4000])
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter_at_all(seed: int, n_samples: int) -> None:
    frame = _sparse(seed, n_samples)
    shuffled = frame.sample(frac=1, random_state=seed)
    one, two = (ms.independence_test(f, "a", "b", ["c", "d"]) for f in (frame, shuffled))
    assert one == two


def test_seeds() -> None:
    frame = _sparse(1)

    def p_value(seed: int | None, sparse: Any = "permutation") -> float:
        test = ms.GTest(seed=seed, sparse=sparse)
        return ms.independence_test(frame, "a", "b", test=test).p_value

    assert p_value(1) == p_value(1) != p_value(2)
    assert (
        p_value(0)
        == ms.independence_test(frame, "a", "b", test=ms.GTest(sparse="permutation")).p_value
    )
    assert len({p_value(None) for _ in range(5)}) > 1
    # Nothing is drawn where nothing is permuted.
    assert len({p_value(seed, "moments") for seed in (None, None, 0, 1)}) == 1


def test_a_name_is_an_instance_with_a_seed() -> None:
    frame = _sparse(2)
    results = [ms.independence_test(frame, "a", "b", test=t) for t in ("auto", "g", ms.GTest())]
    assert results[0] == results[1] == results[2]
    assert resolve_test("g") == ms.GTest()
    assert resolve_test("g", 5) == ms.GTest(seed=5)
    assert resolve_test("copula", 5) == ms.CopulaTest()  # it draws nothing
    assert resolve_test("auto") == ms.AutoTest()
    assert resolve_test("auto", 5) == ms.AutoTest(ms.GTest(seed=5), ms.CopulaTest())
    for name in TESTS:
        assert resolve_test(name).name == name
    test = ms.GTest(n_permutations=199)
    assert resolve_test(test, 5) is test


# Kinds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "z", "method"),
    [
        ("a", "b", [], "g, moments"),
        ("a", "b", ["c"], "g, moments"),
        ("u", "v", [], "copula"),
        ("u", "v", ["w"], "copula"),
        ("a", "u", [], "copula"),
        ("u", "a", ["v"], "copula, products of residuals"),
        ("a", "b", ["u"], "copula, products of residuals"),
        ("a", "b", ["c", "u"], "copula, products of residuals"),
    ],
)
def test_auto_goes_by_the_kinds_of_x_y_and_z(x: str, y: str, z: list[str], method: str) -> None:
    values = np.random.default_rng(7).normal(size=(3, 40))
    frame = _sparse(7).assign(**dict(zip("uvw", values, strict=True)))
    result = ms.independence_test(frame, x, y, z)
    assert result.method == method
    test = ms.GTest() if method.startswith("g") else ms.CopulaTest()
    assert result == ms.independence_test(frame, x, y, z, test=test)
    # What else is in the table is no matter.
    assert result == ms.independence_test(frame[[x, y, *z]], x, y, z)
    chosen = ms.AutoTest(ms.GTest(n_permutations=199, seed=3))
    expected = ms.GTest(n_permutations=199, seed=3) if method.startswith("g") else "copula"
    assert ms.independence_test(frame, x, y, z, test=chosen) == ms.independence_test(
        frame, x, y, z, test=expected
    )


def test_a_discrete_and_a_continuous_column_are_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(8)
    group = rng.choice(["u", "v", "w"], 90)
    frame = pd.DataFrame(
        {"group": group, "size": np.exp(rng.normal(size=90) + 0.4 * (group > "u"))}
    )
    scores = normal_scores(frame["size"].to_numpy())
    expected = f_oneway(*(scores[group == g] for g in "uvw")).pvalue
    for pair in (("group", "size"), ("size", "group")):
        result = ms.independence_test(frame, *pair)
        assert result.p_value == pytest.approx(expected, rel=1e-9)
        assert (result.dof, result.n_samples, result.testable) == (2, 90, True)


@pytest.mark.parametrize("middle", ["continuous", "discrete"])
def test_what_lies_between_two_columns_takes_their_dependence_away(middle: str) -> None:
    # x - z - y, where one end is continuous and the other one discrete.
    rng = np.random.default_rng(9)
    z = rng.normal(size=800) if middle == "continuous" else rng.integers(0, 3, 800) - 1.0
    x = z + rng.normal(size=800)
    y = np.where(z + rng.normal(size=800) > 0, "up", "down")
    frame = pd.DataFrame({"x": x, "y": y, "z": z if middle == "continuous" else z.astype(int)})
    assert ms.as_dataset(frame).kinds["z"] == middle
    assert ms.independence_test(frame, "x", "y").p_value < 1e-12
    assert ms.independence_test(frame, "x", "z", ["y"]).p_value < 1e-12
    assert ms.independence_test(frame, "y", "z", ["x"]).p_value < 1e-12
    assert ms.independence_test(frame, "x", "y", ["z"]).p_value > 0.01


# Where the sample cannot speak -----------------------------------------------------------------


def test_a_constant_column_is_not_testable() -> None:
    frame = _sparse(3).assign(k=0)
    for x, y, z in (("a", "k", []), ("k", "a", []), ("a", "k", ["b"])):
        result = ms.independence_test(frame, x, y, z)
        assert not result.testable
        assert math.isnan(result.p_value)
        assert (result.dof, result.n_samples) == (0, 40)
        assert result.mi == pytest.approx(0, abs=1e-12)
    given = ms.independence_test(frame, "a", "b", ["k"])
    marginal = ms.independence_test(frame, "a", "b")
    assert given.testable
    assert given.statistic == marginal.statistic


def test_where_z_determines_x_there_is_nothing_to_test() -> None:
    frame = _sparse(4)
    frame["z"] = 3 - frame["a"]
    result = ms.independence_test(frame, "a", "b", ["z"])
    assert (result.testable, result.dof) == (False, 0)
    assert result.statistic == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("wide", [False, True])
def test_a_stratum_in_which_x_or_y_is_always_missing_does_not_count(wide: bool) -> None:
    rng = np.random.default_rng(0)
    z = np.repeat(["u", "v"], 150)
    x, y = (rng.integers(0, 2, 300).astype(str).astype(object) for _ in range(2))
    if wide:  # too many cells for a dense table
        z = np.concatenate([z[:150], rng.permutation(np.arange(150) % 60).astype(str)])
        extra = rng.permutation(np.arange(300) % 70).astype(str)
        x = np.where(np.arange(300) < 150, x, extra)
    x[150:] = None
    frame = pd.DataFrame({"x": x, "y": y, "z": z})
    result = ms.independence_test(ms.as_dataset(frame, missing="testwise"), "x", "y", ["z"])
    expected = ms.independence_test(frame[:150], "x", "y")
    assert (result.dof, result.n_samples) == (1, 150)
    assert result.p_value == pytest.approx(expected.p_value)


def test_missing_entries_are_left_out_test_by_test() -> None:
    frame = _sparse(5, 300).astype(object)
    frame = frame.mask(np.random.default_rng(1).random(frame.shape) < 0.2, None)
    data = ms.as_dataset(frame, missing="testwise")
    for x, y, z in (("a", "b", []), ("a", "b", ["c"]), ("d", "e", ["a", "b"])):
        complete = frame[[x, y, *z]].dropna()
        result = ms.independence_test(data, x, y, z)
        columns = [complete[c].tolist() for c in (x, y, *z)]
        statistic, dof, _ = ref.g_test(columns[0], columns[1], columns[2:])
        assert result.n_samples == len(complete)
        assert result.statistic == pytest.approx(statistic)
        assert result.dof == dof
        assert result.mi == pytest.approx(statistic / 2 / len(complete))


def test_no_complete_row() -> None:
    frame = pd.DataFrame({"a": ["u", "v", None, None], "b": [None, None, "u", "v"], "c": [*"uvuv"]})
    data = ms.as_dataset(frame, missing="testwise")
    for z in ([], ["c"]):
        result = ms.independence_test(data, "a", "b", z)
        assert (result.testable, result.n_samples, result.dof) == (False, 0, 0)


# What is refused -------------------------------------------------------------------------------

FRAME = _sparse(0).rename(columns={"a": "ESR1", "b": "GATA3"})
MIXED = FRAME.assign(age=np.random.default_rng(0).random(40))

REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "unknown x": (
        lambda: ms.independence_test(FRAME, "ESR2", "c"),
        ms.ParameterError,
        r"^x, y and given: there is no column 'ESR2'; did you mean 'ESR1'\?$",
    ),
    "unknown given": (
        lambda: ms.independence_test(FRAME, "ESR1", "c", ["gata3"]),
        ms.ParameterError,
        r"there is no column 'gata3'; did you mean 'GATA3'\?$",
    ),
    "a column twice": (
        lambda: ms.independence_test(FRAME, "c", "c"),
        ms.ParameterError,
        r"^x, y and given must be different columns, got c, c$",
    ),
    "a column twice in given": (
        lambda: ms.independence_test(FRAME, "c", "d", ["e", "e"]),
        ms.ParameterError,
        r"^x, y and given must be different columns, got c, d, e, e$",
    ),
    "x in given": (
        lambda: ms.independence_test(FRAME, "c", "d", ["c"]),
        ms.ParameterError,
        r"^x, y and given must be different columns",
    ),
    "given a string": (
        lambda: ms.independence_test(FRAME, "c", "d", "ESR1"),
        ms.ParameterError,
        r"^given must be a list of column names, got 'ESR1'$",
    ),
    "given None": (
        lambda: ms.independence_test(FRAME, "c", "d", None),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^given must be a list of column names, got None$",
    ),
    "continuous": (
        lambda: ms.independence_test(MIXED, "age", "d", test="g"),
        ms.DataError,
        r"^test 'g' needs discrete columns, but 1 of 2 are continuous \('age'\); "
        r"bin them with mistruct.discretize",
    ),
    "continuous given": (
        lambda: ms.independence_test(MIXED, "c", "d", ["age"], test="g"),
        ms.DataError,
        r"^test 'g' needs discrete columns, but 1 of 3 are continuous \('age'\); ",
    ),
    "test": (
        lambda: ms.independence_test(FRAME, "c", "d", test="chi2"),
        ms.ParameterError,
        r"^test must be one of 'auto', 'g', 'copula', 'knn', 'hybrid', got 'chi2'$",
    ),
    "test's class": (
        lambda: ms.independence_test(FRAME, "c", "d", test=ms.GTest),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^test must be a name or a test such as GTest\(\), got <class",
    ),
    "n_permutations": (
        lambda: ms.GTest(n_permutations=10),
        ms.ParameterError,
        r"^n_permutations must be a whole number of at least 99, got 10$",
    ),
    "seed": (
        lambda: ms.GTest(seed=-1),
        ms.ParameterError,
        r"^seed must be a whole number of at least 0, got -1$",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_a_continuous_column_elsewhere_is_no_matter() -> None:
    assert ms.independence_test(MIXED, "c", "d") == ms.independence_test(FRAME, "c", "d")
