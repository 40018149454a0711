"""The method that is asked of `mistruct learn`, and the check that its options go together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from mistruct.cli.methods import ForBOSS, ForChordal, ForChowLiu, ForFCI, ForPC, Method
from mistruct.errors import ParameterError

_OPTIONS: dict[Method, Any] = {
    "pc": ForPC,
    "fci": ForFCI,
    "boss": ForBOSS,
    "chow-liu": ForChowLiu,
    "chordal": ForChordal,
}

#: Methods that take the options of others.
TAKES: dict[Method, tuple[Method, ...]] = {"fci": ("fci", "pc")}


def requested_method(
    methods: Mapping[Method, Any],
    method: Method | None,
    given: Collection[str],
    alpha: float | None,
    target: str | None,
) -> Method | None:
    """Check the options of all methods, and return the requested method, if there is one.

    Raises
    ------
    ParameterError
        An option is invalid, or is not an option of the requested method.
    """
    for options in methods.values():
        options.check(alpha)
    chosen = method_of(method, given)
    if chosen == "markov-blanket" and target is None:
        raise ParameterError("--method markov-blanket wants the column it is to surround: --target")
    _refuse_tests(chosen, sorted({"alpha", "test"} & set(given)), methods)
    return chosen


def _refuse_tests(
    chosen: Method | None, given: Collection[str], methods: Mapping[Method, Any]
) -> None:
    """Raise ParameterError if options of tests are given to a method that does not use them."""
    for option in given:
        if chosen == "boss":
            raise ParameterError(f"--{option} is for tests, and --method boss goes by its --score")
        if chosen == "chordal" and option == "test":
            raise ParameterError(
                "--test has no effect with --method chordal, whose test goes by the kind of columns"
            )
        if chosen == "chordal" and (criterion := methods[chosen].criterion) != "alpha":
            raise ParameterError(f"--alpha is for --criterion alpha, got --criterion {criterion}")


def method_of(method: Method | None, given: Collection[str]) -> Method | None:
    """The requested method, by its name or by one of its own options; None if neither is given.

    Raises
    ------
    ParameterError
        An option belongs to another method.
    """
    asked: dict[str, Method] = {f"--method {method}": method} if method else {}
    for of, group in _OPTIONS.items():
        own = [f.name for f in fields(group) if f.name in given]
        asked |= {f"--{name.replace('_', '-')}": of for name in own if name != "knowledge"}
    first = next(iter(asked), "")
    if "fci" in asked.values() and asked[first] == "pc" and not method:
        first = next(option for option, of in asked.items() if of == "fci")
    if "knowledge" in given and asked.get(first) not in (None, "boss", "chordal"):
        asked["--knowledge"] = "pc"  # boss and chordal take it as well
    for option, of in asked.items():
        if of not in TAKES.get(asked[first], (asked[first],)):
            other = f"got {first}" if method else f"and {first} of {asked[first]}; give one of them"
            raise ParameterError(f"{option} is an option of {of}, {other}")
    return asked.get(first)
