"""The figures and the table of a page, as documents of Bokeh without data; scripts fill them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_ID = re.compile(r"p\d+")


def documents(n_networks: int, numbers: Sequence[str]) -> dict[str, Any]:
    """The documents of a page, each as `bokeh.embed.json_item` has it, with ids of their own.

    Parameters
    ----------
    n_networks : int
        One or two figures, side by side.
    numbers : sequence of str
        The numbers of an edge, which become columns of the table.
    """
    from bokeh.embed import json_item
    from bokeh.layouts import row

    figures = _figures(n_networks)
    models = {
        "network": row(*figures, sizing_mode="stretch_both"),
        "table": _table(numbers),
        "pair": _pair(),
    }
    items = {place: json_item(model) for place, model in models.items()}
    return {place: _with_own_ids(item, place) for place, item in items.items()}


def _source(name: str, columns: str) -> Any:
    """An empty source of data, which the scripts of the page fill."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({c: [] for c in columns.split()}, name=name)


def _figures(n: int) -> list[Any]:
    """Figures that share nodes, labels and ranges, each with edges of its own."""
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    nodes = _source("nodes", "i x y size fill name")
    labels = _source("labels", "x y text")
    marked = _source("marked", "x y size line")
    # Both figures look at one place; scripts give it the aspect of the page.
    ranges: dict[str, Any] = {"x_range": Range1d(), "y_range": Range1d()}
    figures: list[Any] = []
    for k in range(n):
        plot = figure(
            name=f"figure{k}",
            tools=[],
            sizing_mode="stretch_both",
            toolbar_location="above",
            lod_threshold=None,
            outline_line_color=None,
            background_fill_color=None,
            border_fill_color=None,
            **ranges,
        )
        plot.axis.visible = False
        plot.grid.visible = False
        plot.toolbar.logo = None
        # Else it is as wide as its tools, and the last of them go into a menu.
        plot.toolbar.styles = {"position": "absolute", "right": "0", "min-width": "22em"}
        _draw_edges(plot, k)
        _add_tools(plot, k, _draw_nodes(plot, nodes, marked, labels))
        figures.append(plot)
    return figures


def _draw_edges(plot: Any, k: int) -> None:
    """Draw the edges of network k, the marks at their ends, and a strong line along chosen ones."""
    ends = {"x0": "x0", "y0": "y0", "x1": "x1", "y1": "y1"}
    edges = _source(f"edges{k}", "x0 y0 x1 y1 width line dash")
    looks = {"line_width": "width", "line_color": "line", "line_dash": "dash"}
    plot.segment(**ends, source=edges, **looks, line_alpha=0.75, name=f"lines{k}")
    # What is drawn of many edges while they move: fine lines, all of one colour as one path.
    fine = _source(f"paths{k}", "xs ys line")
    plot.multi_line(
        "xs", "ys", source=fine, line_color="line", line_alpha=0.75, visible=False, name=f"fine{k}"
    )
    heads = _source(f"heads{k}", "x y angle size marker fill line")
    strong = _source(f"strong{k}", "x0 y0 x1 y1")
    plot.segment(**ends, source=strong, line_width=6, line_color="#E69F00", line_alpha=0.7)
    plot.scatter(
        "x",
        "y",
        size="size",
        angle="angle",
        marker="marker",
        source=heads,
        fill_color="fill",
        line_color="line",
        line_width=1.5,
        name=f"marks{k}",
    )


def _draw_nodes(plot: Any, nodes: Any, marked: Any, labels: Any) -> Any:
    """Draw the nodes with their names, and rings around the marked ones."""
    plot.scatter(
        "x", "y", size="size", source=marked, fill_color=None, line_color="line", line_width=3
    )
    dots = plot.scatter(
        "x", "y", size="size", source=nodes, fill_color="fill", line_color="#FFFFFF", line_width=1
    )
    dots.nonselection_glyph = None
    dots.selection_glyph = dots.glyph.clone(line_color="#D55E00", line_width=3)
    plot.text(
        "x",
        "y",
        text="text",
        source=labels,
        text_font_size="11px",
        text_baseline="bottom",
        text_align="center",
        y_offset=-8,
        text_color="#222222",
        name="names",
    )
    return dots


def _add_tools(plot: Any, k: int, dots: Any) -> None:
    """Let a reader pan, zoom and choose nodes."""
    from bokeh.models import (
        BoxSelectTool,
        BoxZoomTool,
        LassoSelectTool,
        PanTool,
        ResetTool,
        WheelZoomTool,
    )

    pan, wheel = PanTool(name=f"pan{k}"), WheelZoomTool()
    plot.add_tools(
        pan,
        wheel,
        BoxZoomTool(match_aspect=True),
        BoxSelectTool(renderers=[dots]),
        LassoSelectTool(renderers=[dots]),
        ResetTool(),
    )
    plot.toolbar.active_drag = pan
    plot.toolbar.active_scroll = wheel


def _table(numbers: Sequence[str]) -> Any:
    """The table of edges."""
    from bokeh.models import ColumnDataSource, InlineStyleSheet
    from bokeh.models.widgets.tables import (
        DataTable,
        ScientificFormatter,
        StringFormatter,
        TableColumn,
    )

    digits = ScientificFormatter(precision=3, power_limit_high=5, power_limit_low=-3)
    columns = [
        TableColumn(field=f, title=f, formatter=StringFormatter())
        for f in ("source", "edge", "target")
    ]
    columns += [TableColumn(field=f, title=f, formatter=digits) for f in numbers]
    source = ColumnDataSource(
        {c: [] for c in ("e", "source", "edge", "target", *numbers)}, name="rows"
    )
    style = InlineStyleSheet(
        css=".slick-row, .slick-header-column { color: var(--ink) !important; "
        "background: var(--paper) !important; } "
        ".slick-cell, .bk-cell-select { background: inherit !important; "
        "border-color: var(--line) !important; } "
        ".slick-cell.selected { background: var(--chosen) !important; }"
    )
    return DataTable(
        source=source,
        columns=columns,
        sizing_mode="stretch_both",
        index_position=None,
        selectable="checkbox",
        reorderable=False,
        name="table",
        stylesheets=[style],
    )


def _pair() -> Any:
    """The picture of one pair of columns."""
    from bokeh.models import ColumnDataSource, HoverTool, Range1d
    from bokeh.plotting import figure

    plot = figure(
        name="of_pair",
        x_range=Range1d(),
        y_range=Range1d(),
        tools=[],
        toolbar_location=None,
        sizing_mode="stretch_both",
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    cells = ColumnDataSource(
        {c: [] for c in ("left", "right", "bottom", "top", "fill", "about")}, name="cells"
    )
    boxes = ColumnDataSource(
        {c: [] for c in ("left", "right", "bottom", "top", "about")}, name="boxes"
    )
    whiskers = ColumnDataSource({c: [] for c in ("x0", "y0", "x1", "y1")}, name="whiskers")
    points = ColumnDataSource({c: [] for c in ("x", "y")}, name="points")
    quads: list[Any] = [
        plot.quad(
            "left", "right", "top", "bottom", source=cells, fill_color="fill", line_color=None
        ),
        plot.quad(
            "left",
            "right",
            "top",
            "bottom",
            source=boxes,
            fill_color="#56B4E9",
            line_color="#0072B2",
        ),
    ]
    plot.segment("x0", "y0", "x1", "y1", source=whiskers, line_color="#0072B2", line_width=2)
    plot.scatter(
        "x", "y", source=points, size=4, fill_color="#0072B2", fill_alpha=0.5, line_color=None
    )
    plot.add_tools(HoverTool(renderers=quads, tooltips=[("", "@about")]))
    plot.grid.visible = False
    plot.xaxis.name, plot.yaxis.name = "across", "up"
    return plot


def _with_own_ids(item: Any, prefix: str) -> Any:
    """The item with ids in the order of their appearance, which do not depend on earlier models."""
    ids: dict[str, str] = {}

    def named(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: named(v, k) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [named(v) for v in value]
        if key in ("id", "root_id") and isinstance(value, str) and _ID.fullmatch(value):
            return ids.setdefault(value, f"{prefix}{len(ids)}")
        return value

    return named(item)
