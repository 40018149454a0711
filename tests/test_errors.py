"""The checks of single parameters, and the family of errors."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mistruct.errors import (
    DataError,
    MistructError,
    MistructWarning,
    ParameterError,
    Setting,
    check_choice,
    check_count,
    check_fraction,
    nearest_names,
)


def test_advice_is_spelled_for_python_and_for_the_command() -> None:
    spellings = [
        (Setting("drop", ["a b", "c"]), "drop=['a b', 'c']", "--drop 'a b' --drop c"),
        (
            Setting("kinds", {"z p": "discrete"}),
            "kinds={'z p': 'discrete'}",
            "--kind 'z p=discrete'",
        ),
        (Setting("missing_marks", [""]), "missing_marks=['']", "--missing-mark ''"),
        (Setting("header", False), "header=False", "--no-header"),
        (Setting("transpose", True), "transpose=True", "--transpose"),
        (Setting("drop", ["a"], "as_dataset"), "drop=['a'] of as_dataset", "--drop a"),
        (Setting("separator"), "separator", "--separator"),
        (Setting("missing", "testwise"), "missing='testwise'", "--missing testwise"),
    ]
    for setting, python, command in spellings:
        error = DataError("no: ", setting, "!")
        assert str(error) == f"no: {python}!"
        assert error.in_command() == f"no: {command}!"
        assert error.advice == (setting,)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert DataError("plain").advice == ()
    assert str(MistructError()) == ""


def test_the_family() -> None:
    for error in (DataError, ParameterError):
        assert issubclass(error, MistructError)
        assert issubclass(error, ValueError)
    assert issubclass(MistructWarning, UserWarning)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("subtpye", ["subtype", "age"], "; did you mean 'subtype'?"),
        ("SUBTYPE", ["subtype", "age"], "; did you mean 'subtype'?"),
        ("esr1", ["ESR1", "ESR2", "TP53"], "; did you mean 'ESR1', 'ESR2'?"),
        (12, [11, 12, 13, "x"], "; did you mean '12'?"),
        ("zzz", ["subtype"], ""),
        ("a", [], ""),
        (None, ["none"], "; did you mean 'none'?"),
    ],
)
def test_nearest_names(name: object, known: list[object], expected: str) -> None:
    assert nearest_names(name, known) == expected


def test_at_most_three_names_are_offered() -> None:
    assert nearest_names("gene", [f"gene{i}" for i in range(9)]).count("'gene") == 3


@pytest.mark.parametrize("value", ["bic", None, 1])
def test_a_choice(value: object) -> None:
    check_choice("penalty", value, ("bic", None, 1))


@pytest.mark.parametrize("value", ["BIC", "", 1.0, True, 0, ["bic"], np.zeros(2), np.nan])
def test_not_a_choice(value: object) -> None:
    with pytest.raises(ParameterError, match=r"^penalty must be one of 'bic', None, 1, got "):
        check_choice("penalty", value, ("bic", None, 1))


def test_a_wrong_choice_offers_the_nearest() -> None:
    message = r"^estimator must be one of 'nsb', 'plug-in', got 'plugin'; did you mean 'plug-in'\?$"
    with pytest.raises(ParameterError, match=message):
        check_choice("estimator", "plugin", ("nsb", "plug-in"))


@pytest.mark.parametrize("value", [0.5, 1e-300, 1 - 1e-16, np.float32(0.1)])
def test_a_fraction(value: float) -> None:
    check_fraction("alpha", value)


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, -0.1, np.nan, np.inf, True, "0.5", None, [0.1]])
def test_not_a_fraction(value: object) -> None:
    with pytest.raises(ParameterError, match=r"^alpha must be a number between 0 and 1, got "):
        check_fraction("alpha", value)


@pytest.mark.parametrize("value", [3, 10**30, np.int8(4)])
def test_a_count(value: int) -> None:
    check_count("n_permutations", value, least=3)


@pytest.mark.parametrize("value", [2, -1, 3.0, True, "3", None, np.nan])
def test_not_a_count(value: object) -> None:
    message = r"^n_permutations must be a whole number of at least 3, got "
    with pytest.raises(ParameterError, match=message):
        check_count("n_permutations", value, least=3)
