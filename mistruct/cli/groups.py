"""Groups of options as dataclasses, for commands that share them.

Typer makes an option of each parameter of a function. `grouped` lets a parameter stand for a whole
dataclass: on the command line it is its fields, in the function the filled dataclass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Any, get_type_hints

import typer


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each dataclass parameter of a command by its fields, for Typer."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            parameters += _options(groups[name])
        else:
            parameters.append(
                parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            )

    @wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{f.name: given.pop(f.name) for f in fields(group)})
        command(**given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def given_in(context: typer.Context) -> set[str]:
    """Names of the parameters that were given on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def as_record(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a command for the record of the run: groups as fields, paths as text."""
    record: dict[str, Any] = {}
    for name, value in parameters.items():
        record |= asdict(value) if is_dataclass(value) else {name: value}  # type: ignore[arg-type]
    return {name: str(v) if isinstance(v, Path) else v for name, v in record.items()}


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, kind, default=default, annotation=hints[name])
        for name, default in vars(group()).items()
    ]
