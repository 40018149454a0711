"""The command that packs a table."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from mistruct.cli.app import app
from mistruct.cli.groups import grouped
from mistruct.cli.options import Columns, Data, Kinds, KindsFile, Source
from mistruct.cli.report import show_cost, show_notes, show_table
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
    step = Steps()
    with step("read", f"reading {data}"):
        import mistruct as ms
        from mistruct.data.dialects import TextOptions
        from mistruct.data.packed.pack_cost import cost_of_table, pack_cost
        from mistruct.data.packed.pack_table import check_target
        from mistruct.structure.cost import LIBRARIES, Cost

        check_target(output)
        options = arguments(source, columns)
        text = TextOptions(**{f.name: options[f.name] for f in fields(TextOptions)})
        cost, held = None, None
        if not any(options[name] for name in _WHOLE):
            cost = pack_cost(data, text, options["drop"], options["missing_marks"])
        if cost is None:
            held = read(data, source, columns, all_notes=True)
            cost = cost_of_table(held)
        cost = cost._replace(n_bytes=LIBRARIES + cost.n_bytes)
        show_cost(Cost(**cost._asdict()).advised(packs=False))
    with step("pack", f"packing {data}"):
        if held is not None:
            table = ms.pack_table(held, output)
        else:
            options = {k: v for k, v in options.items() if k not in _WHOLE}
            table = ms.pack_table(data, output, **options)
            show_notes(table.notes, all_notes=True)
    show_table(output, table)
    typer.echo(f"written: {output}")
