"""The public measures: the reference, the theorems, closed forms and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score

import mistruct as ms
from tests import reference as ref
from tests import strategies

NORMALIZERS = ("arithmetic", "geometric", "min", "max", "joint")
X, Y, PARITY = [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]


def category(codes: np.ndarray) -> pd.Series[Any]:
    """A column that is discrete however many states it has."""
    return pd.Series(pd.Categorical(codes.tolist()))


def block(columns: list[np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({f"b{i}": category(c) for i, c in enumerate(columns)})


def close(value: float | list[float]) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-8)


# Every measure and correction against the reference --------------------------------------------


@given(strategies.categorical_columns(n_columns=2), strategies.corrections)
@settings(max_examples=80, deadline=None)
def test_measures_of_a_pair(codes: np.ndarray, correction: str) -> None:
    x, y = codes.tolist()
    of_x, of_y = map(category, codes)
    assert ms.entropy(of_x, estimator=correction) == close(ref.entropy(x, correction))
    mi = ms.mutual_information(of_x, of_y, estimator=correction)
    assert mi == close(ref.mutual_information(x, y, correction))
    h_x, h_y = ref.entropy(x, correction), ref.entropy(y, correction)
    vi = ms.variation_of_information(of_x, of_y, estimator=correction)
    assert vi == close(h_x + h_y - 2 * ref.mutual_information(x, y, correction))


@given(strategies.conditioned_pairs(n_given=st.integers(1, 3)), strategies.corrections)
@settings(max_examples=80, deadline=None)
def test_measures_of_three(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]], correction: str
) -> None:
    x, y, z = drawn
    lists = x.tolist(), y.tolist(), [c.tolist() for c in z]
    of = category(x), category(y), block(z)
    cmi = ms.conditional_mutual_information(*of, estimator=correction)
    expected = ref.conditional_mutual_information(*lists, correction)
    assert cmi == close(expected)
    interaction = ms.interaction_information(*of, estimator=correction)
    assert interaction == close(expected - ref.mutual_information(*lists[:2], correction))


@pytest.mark.filterwarnings("ignore::mistruct.MistructWarning")
def test_interaction_information_of_columns_that_determine_each_other() -> None:
    x, constant = np.arange(60.0) ** 2, np.zeros(60)
    # I(x; y) and I(x; y | constant) are infinite, but the constant says nothing of either.
    for of in permutations([x, 2 * x, constant]):
        assert ms.interaction_information(*of) == 0.0


@given(strategies.categorical_columns(n_columns=st.integers(2, 4)), strategies.corrections)
@settings(max_examples=60, deadline=None)
def test_measures_of_a_table(codes: np.ndarray, correction: str) -> None:
    found = ms.total_correlation(block(list(codes)), estimator=correction)
    assert found == close(ref.total_correlation(codes.tolist(), correction))
    joint = ms.entropy(block(list(codes)), estimator=correction)
    # A block is one column whose states are the configurations that occur.
    assert joint == close(ref.entropy(list(zip(*codes.tolist(), strict=True)), correction))


@given(strategies.categorical_columns(n_columns=2))
@settings(max_examples=60, deadline=None)
def test_plug_in_measures_are_those_of_the_reference_and_scikit_learn(codes: np.ndarray) -> None:
    x, y = codes.tolist()
    of_x, of_y = map(category, codes)
    assert ms.variation_of_information(of_x, of_y) == close(ref.variation_of_information(x, y))
    assert ms.mutual_information(of_x, of_y) == close(mutual_info_score(x, y))
    for normalizer in NORMALIZERS:
        found = ms.normalized_mutual_information(of_x, of_y, normalizer=normalizer)  # type: ignore[arg-type]
        assert found == close(ref.normalized_mutual_information(x, y, normalizer))
    for normalizer in ("arithmetic", "geometric", "min", "max"):
        found = ms.normalized_mutual_information(of_x, of_y, normalizer=normalizer)  # type: ignore[arg-type]
        assert found == close(normalized_mutual_info_score(x, y, average_method=normalizer))


# Theorems --------------------------------------------------------------------------------------


@given(strategies.categorical_columns(n_columns=3), strategies.corrections, st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_what_must_not_matter(codes: np.ndarray, correction: str, seed: int) -> None:
    def measures(table: np.ndarray) -> list[float]:
        x, y, z = map(category, table)
        return [
            ms.mutual_information(x, y, estimator=correction),
            ms.conditional_mutual_information(x, y, z, estimator=correction),
            ms.total_correlation(block(list(table)), estimator=correction),
        ]

    rng = np.random.default_rng(seed)
    expected = measures(codes)
    shuffled = codes[:, rng.permutation(codes.shape[1])]
    assert measures(shuffled) == close(expected)
    relabelled = np.array([rng.permutation(int(c.max()) + 1)[c] for c in codes])
    assert measures(relabelled) == close(expected)
    swapped = measures(codes[[1, 0, 2]])
    assert swapped == close(expected)


@given(strategies.categorical_columns(n_columns=4))
@settings(max_examples=60, deadline=None)
def test_identities_of_the_plug_in(codes: np.ndarray) -> None:
    x, y, z, w = map(category, codes)
    mi, cmi = ms.mutual_information, ms.conditional_mutual_information
    both = block([codes[1], codes[2]])
    assert mi(x, both) == close(mi(x, z) + cmi(x, y, z))  # chain rule
    assert cmi(x, both, w) == close(cmi(x, z, w) + cmi(x, y, block([codes[2], codes[3]])))
    assert mi(x, x) == close(ms.entropy(x))
    assert mi(x, y) == close(ms.entropy(x) + ms.entropy(y) - ms.entropy(block([*codes[:2]])))
    assert mi(x, y) <= min(ms.entropy(x), ms.entropy(y)) + 1e-9
    assert mi(x, y) >= -1e-9
    assert cmi(x, y, z) >= -1e-9
    merged = category(codes[1] // 2)  # data processing
    assert mi(x, merged) <= mi(x, y) + 1e-9
    in_any_order = [ms.interaction_information(*a) for a in ((x, y, z), (z, x, y), (y, z, x))]
    assert in_any_order == close([in_any_order[0]] * 3)


@given(strategies.categorical_columns(n_columns=2), strategies.corrections)
@settings(max_examples=40, deadline=None)
def test_total_correlation_of_two_is_their_information(codes: np.ndarray, correction: str) -> None:
    x, y = map(category, codes)
    expected = ms.mutual_information(x, y, estimator=correction)
    assert ms.total_correlation(block(list(codes)), estimator=correction) == close(expected)


# Closed forms ----------------------------------------------------------------------------------


def test_parity() -> None:
    assert ms.mutual_information(X, PARITY) == 0.0
    assert ms.conditional_mutual_information(X, PARITY, Y) == pytest.approx(math.log(2))
    assert ms.interaction_information(X, Y, PARITY) == pytest.approx(math.log(2))
    assert ms.total_correlation(np.array([X, Y, PARITY]).T) == pytest.approx(math.log(2))


@pytest.mark.parametrize("n_states", [2, 5, 20])
@pytest.mark.parametrize("base", [None, 2, 10.0, math.e])
def test_uniform(n_states: int, base: float | None) -> None:
    x = np.repeat(np.arange(n_states), n_states)
    y = np.tile(np.arange(n_states), n_states)
    expected = math.log(n_states) / (1 if base is None else math.log(base))
    assert ms.entropy(x, base=base) == pytest.approx(expected)
    assert ms.entropy(np.array([x, y]).T, base=base) == pytest.approx(2 * expected)
    assert ms.mutual_information(x, y, base=base) == pytest.approx(0, abs=1e-12)
    assert ms.mutual_information(x, 3 - x, base=base) == pytest.approx(expected)
    assert ms.variation_of_information(x, y, base=base) == pytest.approx(2 * expected)


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
def test_a_constant_says_nothing(correction: str) -> None:
    constant, x = [1] * 9, [0, 1, 2] * 3
    assert ms.entropy(constant, estimator=correction) == 0.0
    assert ms.mutual_information(constant, x, estimator=correction) == pytest.approx(0, abs=1e-12)
    assert ms.conditional_mutual_information(x, constant, x, estimator=correction) == pytest.approx(
        0, abs=1e-12
    )


# Kinds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "estimator"),
    [
        ("dd", "plug-in"),
        ("cc", "copula-knn"),
        ("dc", "mixed-knn"),
        ("cd", "mixed-knn"),
        ("ddd", "plug-in"),
        ("ccc", "copula-knn"),
        ("ddc", "mixed-knn"),
        ("ccd", "mixed-knn"),
        ("dcd", "mixed-knn"),
    ],
)
def test_auto_goes_by_the_kinds(kinds: str, estimator: str) -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=120)
    columns: list[Any] = [common + rng.normal(size=120) for _ in kinds]
    columns = [
        c if kind == "c" else category(c > 0) for c, kind in zip(columns, kinds, strict=True)
    ]
    measures: dict[int, Any] = {2: ms.mutual_information, 3: ms.conditional_mutual_information}
    measure = measures[len(kinds)]
    found = measure(*columns)
    assert (found.estimator, found.n_samples) == (estimator, 120)
    assert found == measure(*columns, estimator=estimator)


def test_a_label_and_a_number_share_what_the_label_tells() -> None:
    # Each of two labels owns one half of the line, so that the number determines the label.
    x = np.random.default_rng(1).permutation(np.linspace(-1.0, 1.0, 400))
    label = np.where(x > 0, "right", "left")
    assert ms.mutual_information(label, x) == pytest.approx(math.log(2), abs=0.02)
    assert ms.mutual_information(label, x, base=2) == pytest.approx(1, abs=0.03)
    shuffled = np.random.default_rng(2).permutation(label)
    assert ms.mutual_information(shuffled, x) == pytest.approx(0, abs=0.05)
    # Given itself a label leaves nothing to tell.
    assert ms.conditional_mutual_information(label, x, label) == pytest.approx(0, abs=1e-9)


# What may be passed ----------------------------------------------------------------------------


def test_columns_and_blocks_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, 40), rng.integers(0, 4, (40, 2))
    text = np.array(["a", "b", "c"])[x]
    expected = ref.mutual_information(x.tolist(), list(map(tuple, y.tolist())))
    frame = pd.DataFrame(y, columns=["u", "v"])
    for of_x in (x, x.tolist(), text, pd.Series(text), pl.Series(x), x[:, np.newaxis], x == 0):
        for of_y in (y, y.tolist(), frame, pl.DataFrame(frame)):
            known = of_x is not None and np.asarray(of_x).dtype != bool
            found = ms.mutual_information(of_x, of_y)
            if known:
                assert found == close(expected)
            else:
                assert found < expected


def test_two_blocks_may_have_columns_of_one_name() -> None:
    rng = np.random.default_rng(0)
    before, after = (pd.DataFrame({"a": rng.integers(0, 3, 50)}) for _ in range(2))
    third = pd.DataFrame({"y0": rng.integers(0, 3, 50)})
    x, y, z = (f.to_numpy().ravel() for f in (before, after, third))
    assert ms.mutual_information(before, after) == close(ref.mutual_information(x, y))
    found = ms.conditional_mutual_information(third, y, before)
    assert found == close(ref.conditional_mutual_information(z, y, [x]))


def test_missing_entries_testwise_and_as_a_state() -> None:
    x = pd.Series(["a", None, "b", "b", "a", "b", None, "a"])
    y = pd.Series([0, 1, 1, None, 0, 1, 1, 1], dtype="Int64")
    known = x.notna() & y.notna()
    kept = x[known].tolist(), y[known].tolist()
    states = x.fillna("?").tolist(), y.astype(object).fillna("?").tolist()
    mi = ms.mutual_information
    assert mi(x, y, missing="testwise") == close(ref.mutual_information(*kept))
    assert mi(x, y, missing="state") == close(ref.mutual_information(*states))
    vi = ms.variation_of_information(x, y, missing="testwise")
    assert vi == close(ref.variation_of_information(*kept))
    z = pd.Series([0, 0, 1, 1, 0, None, 1, 1], dtype="Int64")
    three = known & z.notna()
    a, b, c = (v[three].tolist() for v in (x, y, z))
    found = ms.interaction_information(x, y, z, missing="testwise")
    assert found == close(ref.interaction_information(a, b, c))


# What is refused -------------------------------------------------------------------------------

CONTINUOUS = np.random.default_rng(0).random(4)

REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "lengths": (
        lambda: ms.mutual_information(X, [0, 1]),
        ms.DataError,
        r"^y has 2 rows, but x has 4; all must have the same number$",
    ),
    "continuous": (
        lambda: ms.mutual_information(X, CONTINUOUS, estimator="plug-in"),
        ms.DataError,
        r"needs discrete columns, but 1 of 2 are continuous \('y0'\); bin them with "
        r"mistruct.discretize",
    ),
    "continuous entropy": (
        lambda: ms.entropy(CONTINUOUS, estimator="plug-in"),
        ms.DataError,
        r"needs discrete columns, but 1 of 1 are continuous \('x0'\); bin them with "
        r"mistruct.discretize",
    ),
    "discrete for neighbours": (
        lambda: ms.mutual_information(X, CONTINUOUS, estimator="ksg"),
        ms.DataError,
        r"^estimator 'ksg' takes continuous columns, but discrete: 'x0'; use 'mixed-knn', which",
    ),
    "continuous, estimator named": (
        lambda: ms.conditional_mutual_information(X, Y, CONTINUOUS, estimator="nsb"),
        ms.DataError,
        r"needs discrete columns, but 1 of 3 are continuous \('z0'\); bin them with "
        r"mistruct.discretize",
    ),
    "continuous total correlation": (
        lambda: ms.total_correlation(np.array([X, CONTINUOUS]).T, estimator="plug-in"),
        ms.DataError,
        "needs discrete columns.*mistruct.discretize",
    ),
    "estimator": (
        lambda: ms.entropy(X, estimator="grasberger"),
        ms.ParameterError,
        r"^estimator must be one of 'auto', 'plug-in'.*got 'grasberger'; did you mean "
        r"'grassberger'\?$",
    ),
    "estimator's class": (
        lambda: ms.entropy(X, estimator=ms.PlugIn),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^estimator must be a name or an estimator such as PlugIn\(\), got <class",
    ),
    "estimator of another type": (
        lambda: ms.entropy(X, estimator=3),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^estimator must be a name or an estimator such as PlugIn\(\), got 3; an estimator of "
        r"your own derives from mistruct.Estimator$",
    ),
    "correction": (
        lambda: ms.PlugIn("miller"),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^correction must be one of None, 'miller-madow'.*got 'miller'",
    ),
    "base": (
        lambda: ms.entropy(X, base=1),
        ms.ParameterError,
        r"^base must be a number greater than 1, got 1$",
    ),
    "base nan": (
        lambda: ms.mutual_information(X, Y, base=math.nan),
        ms.ParameterError,
        r"^base must be a number greater than 1, got nan$",
    ),
    "base text": (
        lambda: ms.mutual_information(X, Y, base="2"),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^base must be a number greater than 1, got '2'$",
    ),
    "normalizer": (
        lambda: ms.normalized_mutual_information(X, Y, normalizer="average"),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^normalizer must be one of 'arithmetic', .*got 'average'",
    ),
    "missing": (
        lambda: ms.mutual_information(["a", None, "b", "b"], Y),
        ms.DataError,
        r"^1 entries are missing, in 'x0' \(1\); choose missing='testwise'",
    ),
    "missing, of a frame": (
        lambda: ms.mutual_information(X, pd.DataFrame({"age": ["a", None, "b", "b"]})),
        ms.DataError,
        r"""^1 entries are missing, in "y\['age'\]" \(1\);""",
    ),
    "missing policy": (
        lambda: ms.mutual_information(X, Y, missing="drop"),  # type: ignore[arg-type]
        ms.ParameterError,
        r"^missing must be one of 'raise', 'testwise', 'state', got 'drop'$",
    ),
    "no complete row": (
        lambda: ms.mutual_information(
            ["a", None, "b", None], [None, "c", None, "d"], missing="testwise"
        ),
        ms.DataError,
        r"^no row is complete in 'x0', 'y0'$",
    ),
    "no row": (lambda: ms.entropy([]), ms.DataError, r"shape \(0,\)"),
    "three dimensions": (
        lambda: ms.mutual_information(np.zeros((2, 2, 2), int), X),
        ms.DataError,
        r"shape \(2, 2, 2\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
