"""The command that packs a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.groups import grouped
from mistruct.cli.options import Columns, Data, Kinds, KindsFile, Source
from mistruct.cli.report import show_notes, show_table
from mistruct.cli.table_options import arguments, read
from mistruct.cli.terminal import Steps

# What is asked of the table as a whole, for which it is read whole.
_WHOLE = ("index", "transpose", "layer", "obs", "sheet", "duplicates")


@app.command()
@grouped
def pack(
    data: Data,
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Folder to write, which ends in .mistruct.")
    ],
    kind: Kinds = [],  # noqa: B006
    kinds: KindsFile = None,
    *,
    source: Source,
) -> None:
    """Pack a table of any size for the other commands.

    They open the packed table without reading it. Files and folders of Parquet, Feather and Arrow
    and files of text are read in parts, others whole.
    """
    columns = Columns(kind=kind, kinds=kinds, missing="testwise")
    with Steps()("pack", f"packing {data}"):
        import mistruct as ms

        options = arguments(source, columns)
        if any(options[name] for name in _WHOLE):
            table = ms.pack_table(read(data, source, columns, all_notes=True), output)
        else:
            options = {k: v for k, v in options.items() if k not in _WHOLE}
            table = ms.pack_table(data, output, **options)
            show_notes(table.notes, all_notes=True)
    show_table(output, table)
    typer.echo(f"written: {output}")
