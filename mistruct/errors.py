"""Exceptions and warnings of mistruct, and checks of single parameters.

Every message names the column or parameter, the rule it broke and the value it had. Advice in it
is a :class:`Setting`, which Python and the command spell each in their own way.
"""

from __future__ import annotations

import difflib
import math
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

# A name, path or value so long that nobody reads it.
_LONG = re.compile(r"(\S{240})\S{60,}(\S{40})")

_OPTIONS = {
    "kinds": "--kind",
    "missing_marks": "--missing-mark",
    "n_bins": "--bins",
    "n_permutations": "--permutations",
    "n_features": "--features",
    "n_edges": "--edges",
}


@dataclass(frozen=True)
class Setting:
    """A parameter with a value, or its name alone where the value is None.

    `of` is the function that has it, where another one may have been called.

    Examples
    --------
    >>> keep = Setting("kinds", {"zip": "discrete"})
    >>> keep.in_python(), keep.in_command()
    ("kinds={'zip': 'discrete'}", '--kind zip=discrete')
    """

    parameter: str
    value: Any = None
    of: str = ""

    def in_python(self) -> str:
        """Keyword argument of a function."""
        of = f" of {self.of}" if self.of else ""
        return (self.parameter if self.value is None else f"{self.parameter}={self.value!r}") + of

    def in_command(self) -> str:
        """Option of the command, quoted for a shell."""
        name = _OPTIONS.get(self.parameter, f"--{self.parameter.replace('_', '-')}")
        if self.value is None or self.value is True:
            return name
        if self.value is False:
            return f"--no-{name[2:]}"
        if isinstance(self.value, Mapping):
            values = [f"{key}={value}" for key, value in self.value.items()]
        else:
            values = [self.value] if isinstance(self.value, str) else list(self.value)
        return " ".join(f"{name} {shlex.quote(str(v))}" for v in values)


class Either(NamedTuple):
    """Words for Python, and other words for the command."""

    python: str
    command: str

    def in_python(self) -> str:
        """The words for Python."""
        return self.python

    def in_command(self) -> str:
        """The words for the command."""
        return self.command


#: A sentence, whose settings are spelled where it is shown.
Words = tuple[str | Setting | Either, ...]


def spelled(words: Iterable[Any], *, command: bool = False) -> str:
    """Spell out a sentence, with its settings as in Python or as in the command."""
    text = "".join(
        (w.in_command() if command else w.in_python())
        if isinstance(w, (Setting, Either))
        else str(w)
        for w in words
    )
    text = _LONG.sub(r"\1...\2", text)
    if text.isprintable():
        return text
    # What a broken file holds must not steer a terminal.
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


class _Worded(Exception):
    """Base class of errors and warnings whose arguments are the parts of a message."""

    def __str__(self) -> str:
        return spelled(self.args)

    @property
    def advice(self) -> tuple[Setting, ...]:
        """The settings that the message names."""
        return tuple(w for w in self.args if isinstance(w, Setting))

    def in_command(self) -> str:
        """The message, with its settings as options of the command."""
        return spelled(self.args, command=True)


class MistructError(_Worded):
    """Base class of the errors of mistruct; the arguments are the parts of the message."""


class DataError(MistructError, ValueError):
    """A table, file or graph that mistruct cannot work with."""


class TooFewRowsError(DataError):
    """Fewer complete rows than a quantity needs; a pair of a matrix is NaN instead."""


class ParameterError(MistructError, ValueError):
    """A parameter outside its rule."""


class MissingExtraError(MistructError, ImportError):
    """A missing optional package; the message says how to install it."""


class MistructWarning(_Worded, UserWarning):
    """A result that is returned, but that a careful user should look at."""


def nearest_names(name: object, known: Iterable[object]) -> str:
    """``"; did you mean 'a', 'b'?"`` with the names nearest to `name`, or an empty string."""
    spelled = {str(k).casefold(): str(k) for k in known}
    close = difflib.get_close_matches(str(name).casefold(), spelled, n=3, cutoff=0.6)
    return f"; did you mean {', '.join(repr(spelled[c]) for c in close)}?" if close else ""


def check_choice(parameter: str | Setting | Either, value: Any, choices: Collection[Any]) -> None:
    """Raise ParameterError unless `value` is one of `choices`."""
    if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
        listed = ", ".join(repr(c) for c in choices)
        hint = nearest_names(value, choices) if isinstance(value, str) else ""
        raise ParameterError(parameter, f" must be one of {listed}, got {value!r}{hint}")


def shortened(value: object, most: int = 80) -> str:
    """Representation of a value for a message: on one line, and shortened to fit it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def check_unicode(what: str, text: str) -> None:
    """Raise DataError where `text` holds half of a character, which no file can hold.

    Such lone surrogates come from files that were read in the wrong encoding.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{what} must be Unicode, but {shortened(text)} holds the lone surrogate "
            f"{text[error.start]!r}; rename it, or read the file in its own encoding"
        ) from None


def check_fraction(parameter: str | Setting | Either, value: Any) -> None:
    """Raise ParameterError unless `value` is a number strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ParameterError(parameter, f" must be a number between 0 and 1, got {value!r}")


def check_count(parameter: str | Setting | Either, value: Any, *, least: int = 1) -> None:
    """Raise ParameterError unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ParameterError(
            parameter, f" must be a whole number of at least {least}, got {value!r}"
        )


def check_positive(parameter: str | Setting | Either, value: Any) -> None:
    """Raise ParameterError unless `value` is a finite number greater than 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise ParameterError(parameter, f" must be a number greater than 0, got {value!r}")


def check_not_negative(parameter: str | Setting | Either, value: Any) -> None:
    """Raise ParameterError unless `value` is a finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise ParameterError(parameter, f" must be a number of at least 0, got {value!r}")
