"""Draw the picture of the package in `docs/architecture.md` from the imports of its files.

Run ``python docs/house.py`` after a change of the layout; it writes ``docs/images/house.svg``.
A test fails where the picture is out of date.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "house.svg"


def read_floors() -> dict[float, tuple[str, ...]]:
    """The packages and modules on each floor, from the bottom, as the tests have them."""
    source = (ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8")
    table = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS"
    )
    package = ROOT / "mistruct"
    floors: dict[float, list[str]] = {}
    for unit, floor in table.items():
        if floor >= 0 and ((package / unit).is_dir() or (package / f"{unit}.py").exists()):
            floors.setdefault(floor, []).append(unit)
    return {floor: tuple(floors[floor]) for floor in sorted(floors)}


NUMBERS, FLOORS = zip(*read_floors().items(), strict=True)

#: A colour for each subject that rooms on several floors have in common.
COLOURS = {
    "counts": "#cfe3f5",
    "g_test": "#cfe3f5",
    "neighbors": "#d5ecd4",
    "copula": "#fbe3c4",
    "gaussian": "#fbe3c4",
    "density": "#f7d4d4",
    "graphs": "#e2d7ef",
    "scores": "#f3efc0",
}
PLAIN = "#eeeeee"

#: Subjects from left to right, so that those of several floors stand above one another.
ORDER = (
    *("", "counts", "g_test", "copula", "gaussian", "density", "neighbors", "graphs"),
    *("trees", "networks", "resampling", "causal", "orders", "blanket", "scores"),
)

#: Packages and modules that all floors above import, to which no arrows are drawn.
COMMON = FLOORS[1]


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module, given the parts of its path below the package without the suffix."""
    return "/".join(parts[:-1]) or parts[0]


def read_rooms() -> tuple[Counter[str], set[tuple[str, str]]]:
    """The number of files in each room, and the pairs of rooms of which one imports the other."""
    package = ROOT / "mistruct"
    files: Counter[str] = Counter()
    arrows = set()
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__":
            continue
        room = room_of(parts)
        files[room] += 1
        tree = ast.parse(path.read_text(encoding="utf-8"))
        arrows |= {(room, other) for other in imported_rooms(tree, package) if other != room}
    return files, arrows


def imported_rooms(tree: ast.Module, package: Path) -> Iterator[str]:
    """The rooms that a file imports from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mistruct."):
            parts = tuple((node.module or "").split(".")[1:])
            is_package = package.joinpath(*parts).is_dir()
            yield "/".join(parts) if is_package else room_of(parts)


def floor_of(room: str) -> int | None:
    """The floor that a room is on; None of what lies beside the floors."""
    top = room.split("/")[0]
    return next((k for k, units in enumerate(FLOORS) if top in units), None)


def arrows_between_floors() -> list[tuple[str, str]]:
    """The imports between rooms of different floors that do not follow from others.

    An arrow from a to c is left out where a imports b and b imports c, directly or not, and where
    c is one of `COMMON`.
    """
    import networkx as nx

    files, arrows = read_rooms()
    graph = nx.DiGraph()
    graph.add_nodes_from(room for room in files if floor_of(room) is not None)
    graph.add_edges_from((a, b) for a, b in arrows if floor_of(a) != floor_of(b) is not None)
    graph.remove_nodes_from([r for r in graph if floor_of(r) is None or r in COMMON])
    return sorted(nx.transitive_reduction(graph).edges)


def description() -> str:
    """What the picture shows, as text that is stored in the picture."""
    files, _ = read_rooms()
    rooms = [f"{room} {n}" for room, n in sorted(files.items()) if floor_of(room) is not None]
    return "; ".join([*rooms, *(f"{a} > {b}" for a, b in arrows_between_floors())])


def stored_description() -> str:
    """The description in the picture that was drawn last."""
    found = re.search(
        r"<dc:description>(.*?)</dc:description>", PICTURE.read_text(encoding="utf-8"), re.S
    )
    return found[1].replace("&gt;", ">").strip() if found else ""


def place(subject: str) -> int:
    """Where a subject stands from left to right; a new one stands last."""
    return ORDER.index(subject) if subject in ORDER else len(ORDER)


def places(files: Counter[str]) -> dict[str, tuple[float, float, float]]:
    """Left end, lower end and width of the box of each room, in a house that is 100 wide."""
    result = {}
    for floor, units in enumerate(FLOORS):
        rooms = [r for unit in units for r in files if r.split("/")[0] == unit]
        rooms.sort(key=lambda r: (units.index(r.split("/")[0]), place(r.partition("/")[2]), r))
        gap = 1.2
        width = min(16.0, (88 - gap * (len(rooms) - 1)) / len(rooms))
        left = 12 + (88 - len(rooms) * width - gap * (len(rooms) - 1)) / 2
        for k, room in enumerate(rooms):
            result[room] = (left + k * (width + gap), floor * 13.0, width)
    return result


def draw() -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch

    files, _ = read_rooms()
    boxes = places(files)
    height = 6.0
    settings: dict[str, Any] = {"svg.hashsalt": "house", "svg.fonttype": "none", "font.size": 8}
    with plt.rc_context(settings):
        figure, ax = plt.subplots(figsize=(11, 9))
        for floor in range(len(FLOORS)):
            ax.axhspan(floor * 13 - 2, floor * 13 + 8, color="#f8f8f8", zorder=0)
            ax.text(1, floor * 13 + 3, f"floor {NUMBERS[floor]:g}", va="center", color="#666666")
        for a, b in arrows_between_floors():
            (x, y, w), (u, v, t) = boxes[a], boxes[b]
            ax.annotate(
                "",
                xy=(u + t / 2, v + height + 0.4),
                xytext=(x + w / 2, y - 0.4),
                arrowprops={"arrowstyle": "-|>", "color": "#555555", "lw": 0.6, "alpha": 0.7},
                zorder=1,
            )
        for room, (x, y, w) in boxes.items():
            top, _, subject = room.partition("/")
            ax.add_patch(
                FancyBboxPatch(
                    (x, y),
                    w,
                    height,
                    boxstyle="round,pad=0.3",
                    facecolor=COLOURS.get(subject or top, PLAIN),
                    edgecolor="#888888",
                    lw=0.8,
                    zorder=2,
                )
            )
            label = f"{top}/\n{subject}" if subject else top
            ax.text(x + w / 2, y + 3.7, label, ha="center", va="center", zorder=3)
            ax.text(
                x + w / 2,
                y + 0.7,
                f"{files[room]} files" if files[room] > 1 else "1 file",
                ha="center",
                va="center",
                fontsize=6.5,
                color="#666666",
                zorder=3,
            )
        ax.set(xlim=(0, 101), ylim=(-3, len(FLOORS) * 13 - 3))
        ax.axis("off")
        PICTURE.parent.mkdir(exist_ok=True)
        figure.savefig(
            PICTURE,
            bbox_inches="tight",
            metadata={"Date": None, "Description": description()},
        )
        plt.close(figure)


if __name__ == "__main__":
    draw()
