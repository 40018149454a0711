"""The marks of a network: edges, labels, legend and caption."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import networkx as nx

from mistruct.plot.canvas import text_extents
from mistruct.plot.layout import Array, density

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart with every common form of colour blindness, and in grey:
# the target, its neighbours, their neighbours, everything else.
COLOURS = ("#D55E00", "#E69F00", "#56B4E9", "#BBBBBB")
PLAIN = "#0072B2"
EDGE = "#8C8C8C"
EDGE_ALPHA = 0.7

TARGET_TYPE = 1.35  # times the others
WIDTHS = (0.5, 4.0)  # of edges, points
LEGEND_ROW = 15.0  # points


def draw_edges(
    ax: Axes, graph: nx.Graph, ends: dict[Hashable, Any], steps: dict[Hashable, int]
) -> Any:
    """Draw all edges, the strongest on top; returns the scale of widths, None without mi."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import ArrowStyle, FancyArrowPatch

    known = [mi for *_, mi in graph.edges(data="mi") if math.isfinite(mi)]
    strongest = max(known, default=0.0)
    thickest = WIDTHS[1] / math.sqrt(density(graph))

    def width(mi: float) -> float:
        if strongest <= 0 or math.isnan(mi):
            return WIDTHS[0] if known else 1.0
        return WIDTHS[0] + (thickest - WIDTHS[0]) * min(max(mi / strongest, 0.0), 1.0)

    def importance(edge: Any) -> tuple[float, float]:
        u, v, evidence = edge
        return -min(steps.get(u, 3), steps.get(v, 3)), width(evidence["mi"])

    lines, line_widths, line_colours, patterns = [], [], [], []
    for u, v, evidence in sorted(graph.edges(data=True), key=importance):
        near = min(steps.get(u, 3), steps.get(v, 3))
        colour = COLOURS[near] if near < 2 else EDGE
        tail, head = (v, u) if evidence["head"] == u else (u, v)
        thick = width(evidence["mi"])
        if evidence["head"] is None:
            lines.append([ends[tail][0], ends[head][0]])
            line_widths.append(thick)
            line_colours.append(colour)
            patterns.append((0, (3.0, 1.5)) if evidence["contested"] else "-")
            continue
        ax.add_patch(
            FancyArrowPatch(
                ends[tail][0],
                ends[head][0],
                arrowstyle=ArrowStyle.Simple(
                    head_length=6 + thick, head_width=4 + 1.5 * thick, tail_width=thick
                ),
                shrinkA=ends[tail][1],
                shrinkB=ends[head][1],
                mutation_scale=1.0,
                linewidth=0.0,
                color=colour,
                alpha=EDGE_ALPHA,
                zorder=2,
            )
        )
    ax.add_collection(
        LineCollection(
            lines,
            linewidths=line_widths,
            colors=line_colours,
            linestyles=patterns or "-",
            alpha=EDGE_ALPHA,
            zorder=1,
        )
    )
    return (width, strongest) if strongest > 0 else None


def draw_label(ax: Axes, name: str, centre: Array, size: float, step: int) -> None:
    """Draw a label, with a halo that keeps it readable where it crosses edges."""
    from matplotlib.patheffects import withStroke

    halo = withStroke(linewidth=2.0, foreground=ax.figure.get_facecolor(), alpha=0.8)
    ax.text(
        centre[0],
        centre[1],
        name,
        fontsize=size * TARGET_TYPE if step == 0 else size,
        fontweight="bold" if step == 0 else "normal",
        ha="center",
        va="center",
        parse_math=False,  # a name may hold a dollar sign
        usetex=False,
        zorder=5 - step / 4,
        path_effects=[halo],
    ).set_in_layout(False)


def legend_rows(widths: Any, steps: Any) -> list[list[Any]]:
    """Rows of the legend of colours and widths."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    rows = []
    if steps:
        meaning = ("target", "neighbours", "their neighbours", "others")
        rows.append(
            [
                Line2D([], [], marker="o", linestyle="", color=colour, label=label)
                for colour, label in zip(COLOURS, meaning, strict=True)
            ]
        )
    if widths is not None:
        of, strongest = widths
        ticks = [t for t in MaxNLocator(4).tick_values(0, strongest) if 0 < t <= strongest]
        lines = [
            Line2D([], [], linewidth=of(t), color=EDGE, alpha=EDGE_ALPHA, label=f"{t:g}")
            for t in ticks
        ]
        title = Line2D([], [], linestyle="", label="mutual information (nats):")
        rows.append([title, *lines])
    return rows


def draw_legend(ax: Axes, width: float, strip: float, rows: Any, note: str, **options: Any) -> None:
    """Explain marks in rows of the strip below the network, with a caption."""
    from matplotlib.legend import Legend

    size = min(8.0, max(width / 45, 4.0))
    for i, handles in enumerate(rows):
        row = Legend(
            ax,
            handles,
            [str(handle.get_label()) for handle in handles],
            loc="center left",
            bbox_to_anchor=(0.0, LEGEND_ROW * (len(rows) - i + 0.5) - strip),
            bbox_transform=ax.transData,
            ncols=len(handles),
            fontsize=size,
            frameon=False,
            borderpad=0.0,
            borderaxespad=0.0,
            handletextpad=0.5,
            columnspacing=1.2,
            **options,
        )
        # A layout engine would shrink the axes for what sticks out, and so make it stick out more.
        row.set_in_layout(False)
        ax.add_artist(row)
    # A caption that is too wide for the page is set in smaller type.
    needed = float(text_extents([note])[0, 0])
    size = min(size, width / max(needed, 1.0))
    ax.text(0.0, LEGEND_ROW / 2 - strip, note, fontsize=size, va="center").set_in_layout(False)


def caption(links: nx.Graph, shown: nx.Graph, n_labelled: int) -> str:
    """Caption: the numbers of nodes and edges, and of those not shown."""
    head = f"{counted(len(links), 'variable')}, {counted(links.number_of_edges(), 'edge')}"
    n_contested = sum(contested for *_, contested in links.edges(data="contested"))
    head += f"; dashed: {n_contested:,} with a contested direction" if n_contested else ""
    return head + not_shown(links, shown, n_labelled)


def not_shown(links: nx.Graph, shown: nx.Graph, n_labelled: int) -> str:
    """Text on what is not shown; empty if all is shown."""
    note = ""
    if len(links) > len(shown):
        note += f"; not drawn: {counted(len(links) - len(shown), 'variable')} without an edge"
    if len(shown) > n_labelled:
        note += f"; without a label: {counted(len(shown) - n_labelled, 'variable')}"
    return note


def counted(n: int, what: str) -> str:
    """A number with its noun: ``1 edge``, ``2,000 edges``."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
