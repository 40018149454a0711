"""What mistruct raises and warns, and the checks of single parameters.

Every message names the column or parameter, the rule it broke and the value it had.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import Any


class MistructError(Exception):
    """Base class of every error that mistruct raises on purpose."""


class DataError(MistructError, ValueError):
    """A table, file or graph that mistruct cannot work with."""


class TooFewRowsError(DataError):
    """Fewer complete rows than a quantity needs; a pair of a matrix is NaN instead."""


class ParameterError(MistructError, ValueError):
    """A parameter outside its rule."""


class MissingExtraError(MistructError, ImportError):
    """Something that needs a package which is not installed; the message says how to get it."""


class MistructWarning(UserWarning):
    """A result that is returned, but that a careful user should look at."""


def nearest_names(name: object, known: Iterable[object]) -> str:
    """``"; did you mean 'a', 'b'?"`` with the names nearest to `name`, or an empty string."""
    spelled = {str(k).casefold(): str(k) for k in known}
    close = difflib.get_close_matches(str(name).casefold(), spelled, n=3, cutoff=0.6)
    return f"; did you mean {', '.join(repr(spelled[c]) for c in close)}?" if close else ""


def check_choice(parameter: str, value: Any, choices: Collection[Any]) -> None:
    """Raise ParameterError unless `value` is one of `choices`."""
    if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
        listed = ", ".join(repr(c) for c in choices)
        hint = nearest_names(value, choices) if isinstance(value, str) else ""
        raise ParameterError(f"{parameter} must be one of {listed}, got {value!r}{hint}")


def check_fraction(parameter: str, value: Any) -> None:
    """Raise ParameterError unless `value` is a number strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ParameterError(f"{parameter} must be a number between 0 and 1, got {value!r}")


def check_count(parameter: str, value: Any, *, least: int = 1) -> None:
    """Raise ParameterError unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ParameterError(
            f"{parameter} must be a whole number of at least {least}, got {value!r}"
        )


def check_positive(parameter: str, value: Any) -> None:
    """Raise ParameterError unless `value` is a finite number greater than 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise ParameterError(f"{parameter} must be a number greater than 0, got {value!r}")
