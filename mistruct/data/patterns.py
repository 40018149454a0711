"""Patterns of column names with the wildcards ``*`` and ``?``, as in a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mistruct.errors import ParameterError, Setting, nearest_names


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern."""
    like = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(like, name, re.DOTALL) is not None


def by_pattern(parameter: str, pattern: str, names: Sequence[str]) -> list[str]:
    """Names that a pattern matches; only itself if it is a name.

    Raises
    ------
    ParameterError
        There is none.

    Examples
    --------
    >>> by_pattern("drop", "id_*", ["id_a", "id_b", "age"])
    ['id_a', 'id_b']
    """
    if pattern in names:
        return [pattern]
    if isinstance(pattern, str) and any(sign in pattern for sign in "*?"):
        if matched := [n for n in names if matches(pattern, n)]:
            return matched
        raise ParameterError(Setting(parameter), f": there is no column like {pattern!r}")
    raise no_column(parameter, pattern, names)


def no_column(parameter: str, name: object, names: Iterable[str]) -> ParameterError:
    """The error for a requested column that does not exist."""
    hint = nearest_names(name, names)
    return ParameterError(Setting(parameter), f": there is no column {name!r}{hint}")
