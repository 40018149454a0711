"""XML files without a document type, which GraphML and GEXF do not need.

A document type may declare entities: such as stand for each other, so that a small file grows to
gigabytes, or for other files. Expat reads no other files by itself, and has a limit for growth
since version 2.4.1; but Python takes the Expat of the system, whichever that is.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from mistruct.errors import DataError


class _RootElement(Exception):
    pass


def check_no_doctype(path: Path) -> None:
    """Raise DataError where an XML file declares a document type, which comes before its root."""

    def refuse(name: str, *_: Any) -> NoReturn:
        raise DataError(
            f"it declares the document type {name!r}, whose entities could grow without end or "
            "stand for other files; remove the line with <!DOCTYPE"
        )

    def stop(*_: Any) -> NoReturn:
        raise _RootElement

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    # What is no XML is refused by its reader.
    with path.open("rb") as file, suppress(_RootElement, expat.ExpatError):
        parser.ParseFile(file)
