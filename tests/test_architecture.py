"""The floors of the house, read from the imports.

A module imports from floors below its own and from its own package, never upwards or sideways,
so that each floor can be understood, tested and replaced knowing only those below it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "_typing": -2,  # names of types
    "errors": -1,  # below everything, so that every floor may raise them
    "memory": -0.5,  # refuses what does not fit
    "kernels": 0,
    "data": 1,
    "executors": 0.5,
    "parallel": 1,
    "atomic": 0.5,
    "decompressed": 0.5,
    "locks": 0,
    "information": 2,
    "independence": 3,
    "scores": 3,
    "structure": 4,
    "features": 5,
    "neural": 5,
    "export": 5,
    "plot": 5,
    "page": 5.2,  # lays its networks out as pictures are
    "mistruct": 5.5,  # the public names, `import mistruct`: only the command stands above them
    "cli": 6,
    "__main__": 6.5,
}

KERNEL_IMPORTS = {"numpy", "numba", "llvmlite"} | sys.stdlib_module_names

MAX_LINES = 400

SOURCES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "mistruct").rglob("*.py"))

#: Classes that users derive their own from, so that nothing may ask for those of the package.
BASES = {"IndependenceTest", "Estimator"}


def imported_modules(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a file imports, also inside functions."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def unit_of(dotted: str) -> str:
    """The package or top-level module of mistruct that a dotted name below `mistruct` lies in."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "mistruct"


def floor_violations(path: str, source: str) -> list[str]:
    """What a file imports that does not lie below it."""
    parts = PurePosixPath(path).with_suffix("").parts
    own = "mistruct" if parts[1:] == ("__init__",) else parts[1]
    if own not in FLOORS:
        return [f"{path}: {own} stands on no floor; give it one in FLOORS"]
    found = []
    for line, dotted in imported_modules(path, ast.parse(source)):
        top = dotted.split(".")[0]
        if own == "kernels" and top not in KERNEL_IMPORTS | {"mistruct"}:
            found.append(f"{path}:{line}: kernels know numpy and numba only, not {top}")
        if top != "mistruct" or dotted == "mistruct.__version__":
            continue
        unit = unit_of(dotted)
        if unit == own:
            continue
        if own == "kernels":
            found.append(f"{path}:{line}: kernels import no other part of mistruct, not {unit}")
        elif FLOORS[unit] >= FLOORS[own]:
            found.append(
                f"{path}:{line}: {own} (floor {FLOORS[own]}) imports {unit} (floor {FLOORS[unit]})"
            )
    return found


def init_violations(path: str, source: str) -> list[str]:
    """What the ``__init__`` of a package does besides handing names on."""
    public_face = path == "mistruct/__init__.py"

    def hands_on(node: ast.stmt) -> bool:
        match node:
            case ast.Import() | ast.ImportFrom():
                return True
            case ast.Expr(value=ast.Constant(value=str())):
                return True
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return name == "__all__" or (public_face and name.startswith("_"))
            case ast.FunctionDef(name=name):
                return public_face and name in {"__getattr__", "__dir__"}
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=[]):
                return public_face and all(hands_on(n) for n in body)
        return False

    return [
        f"{path}:{node.lineno}: an __init__ only hands names on"
        for node in ast.parse(source).body
        if not hands_on(node)
    ]


def print_violations(path: str, source: str) -> list[str]:
    """Calls of ``print``; the command has ways of its own to speak."""
    return [
        f"{path}:{node.lineno}: library code never prints"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def length_violations(path: str, source: str) -> list[str]:
    """Files that hold more than one idea, judged by their length."""
    lines = source.count("\n")
    return [f"{path}: {lines} lines, at most {MAX_LINES}"] if lines > MAX_LINES else []


def name_of(node: ast.expr) -> str:
    """The last part of a dotted name, ``PlugIn`` of ``ms.PlugIn``; empty of anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def homes_of_concrete(sources: dict[str, str]) -> dict[str, set[str]]:
    """The files that define each class derived from a base in BASES, directly or not."""
    bases: dict[str, set[str]] = {}
    homes: dict[str, set[str]] = {}
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(name_of(b) for b in node.bases)
                homes.setdefault(node.name, set()).add(path)
    derived: set[str] = set()
    while more := {c for c in bases if bases[c] & (derived | BASES)} - derived - BASES:
        derived |= more
    return {name: homes[name] for name in derived}


def asked_classes(node: ast.AST) -> Iterator[str]:
    """The names of classes that an expression or a pattern asks whether something is one of."""
    match node:
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, asked]):
            yield from (name_of(n) for n in ast.walk(asked) if isinstance(n, ast.expr))
        case ast.MatchClass(cls=asked):
            yield name_of(asked)
        case ast.Compare(left=left, comparators=right):
            yield from map(name_of, (left, *right))  # type(x) is PlugIn


def class_violations(path: str, source: str) -> list[str]:
    """Questions for a concrete test or estimator, which a method of its base class would answer."""
    return [
        f"{path}: asks for the class {name}; give its base class a method"
        for node in ast.walk(ast.parse(source))
        for name in asked_classes(node)
        if path not in CONCRETE.get(name, {path})
    ]


def violations(path: str, source: str) -> list[str]:
    """Everything that a file of the package does against the rules of the house."""
    found = floor_violations(path, source) + print_violations(path, source)
    found += class_violations(path, source)
    if path.endswith("/__init__.py"):
        found += init_violations(path, source)
    return found + length_violations(path, source)


CONCRETE = homes_of_concrete({p: (ROOT / p).read_text(encoding="utf-8") for p in SOURCES})


def test_the_package_was_found() -> None:
    assert "mistruct/__init__.py" in SOURCES


def test_the_tests_and_estimators_were_found() -> None:
    assert CONCRETE["GTest"] == {"mistruct/independence/g_test.py"}
    assert CONCRETE["NeuralEstimator"] == {"mistruct/neural/estimator.py"}
    assert {"AutoTest", "CallableTest", "DSeparation", "PlugIn", "MixedKNN", "ByKinds"} <= set(
        CONCRETE
    )
    assert not BASES & set(CONCRETE)


def test_classes_are_found_through_those_between() -> None:
    sources = {"a.py": "class A(ms.Estimator): ...\nclass C: ...", "b.py": "class B(A): ..."}
    assert homes_of_concrete(sources) == {"A": {"a.py"}, "B": {"b.py"}}


@pytest.mark.parametrize("path", SOURCES)
def test_house_rules(path: str) -> None:
    assert violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mistruct/information/measures.py", "from mistruct.independence import g_test"),
        ("mistruct/information/measures.py", "import mistruct.structure.trees.chow_liu"),
        ("mistruct/information/measures.py", "from ..structure import ChowLiu"),
        ("mistruct/information/measures.py", "from .. import cli"),
        ("mistruct/information/measures.py", "from mistruct import plot"),
        ("mistruct/information/measures.py", "from mistruct import entropy"),
        ("mistruct/information/measures.py", "import mistruct as ms"),
        ("mistruct/information/measures.py", "def f():\n    from mistruct.cli import main"),
        ("mistruct/information/__init__.py", "from ..structure import ChowLiu"),
        ("mistruct/data/readers.py", "from mistruct.parallel import run_blocks"),
        ("mistruct/export/network_files.py", "from mistruct.plot import plot_network"),
        ("mistruct/kernels/counts/bitsets.py", "from mistruct.errors import DataError"),
        ("mistruct/kernels/counts/bitsets.py", "from mistruct import __getattr__"),
        ("mistruct/kernels/counts/bitsets.py", "import pandas"),
        ("mistruct/errors.py", "from mistruct.kernels import bitsets"),
        ("mistruct/helpers.py", ""),
        ("mistruct/data/__init__.py", "def f(): ..."),
        ("mistruct/data/__init__.py", "LIMIT = 3"),
        ("mistruct/data/__init__.py", "def __getattr__(name): ..."),
        ("mistruct/__init__.py", "def learn(): ..."),
        ("mistruct/__init__.py", "LIMIT = 3"),
        ("mistruct/data/dataset.py", "def f():\n    print('read')"),
        ("mistruct/data/dataset.py", "x = 1\n" * (MAX_LINES + 1)),
        ("mistruct/structure/causal/pc.py", "isinstance(test, GTest)"),
        ("mistruct/structure/causal/pc.py", "isinstance(test, (IndependenceTest, ms.GTest))"),
        ("mistruct/structure/causal/pc.py", "issubclass(kind, KSG | str)"),
        ("mistruct/structure/causal/pc.py", "type(estimator) is PlugIn"),
        (
            "mistruct/structure/causal/pc.py",
            "match estimator:\n    case PlugIn(correction=None): ...",
        ),
        ("mistruct/information/counts/binned.py", "isinstance(estimator, PlugIn)"),
    ],
)
def test_violations_are_seen(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mistruct/information/measures.py", "from mistruct.kernels.counts.bitsets import pack"),
        ("mistruct/information/measures.py", "from ..data import Dataset"),
        ("mistruct/information/measures.py", "from .names import resolve_estimator"),
        ("mistruct/information/measures.py", "from mistruct.information import names"),
        ("mistruct/information/measures.py", "from mistruct import parallel, __version__"),
        ("mistruct/information/measures.py", "from mistructure import anything"),
        ("mistruct/information/__init__.py", '"""Doc."""\nfrom .matrix import m\n__all__ = ["m"]'),
        (
            "mistruct/kernels/counts/bitsets.py",
            "import math\nimport numpy as np\nfrom . import pruning",
        ),
        ("mistruct/data/readers.py", "from mistruct.errors import DataError"),
        ("mistruct/plot.py", "def f():\n    import matplotlib.pyplot"),
        ("mistruct/cli/column_commands.py", "import mistruct as ms"),
        ("mistruct/structure/causal/pc.py", "isinstance(test, IndependenceTest)\nused == PlugIn()"),
        ("mistruct/structure/causal/pc.py", "match path:\n    case Path() | ms.Estimator(): ..."),
        ("mistruct/information/counts/plug_in.py", "isinstance(other, PlugIn)"),
        (
            "mistruct/__init__.py",
            '"""Doc."""\n__version__ = "1"\n_HOMES: dict = {}\nif TYPE_CHECKING:\n'
            "    from .plot import plot_network\ndef __getattr__(name): ...\ndef __dir__(): ...",
        ),
    ],
)
def test_what_the_rules_allow(path: str, source: str) -> None:
    assert violations(path, source) == []


def test_import_is_light() -> None:
    script = "import sys, mistruct; sys.stdout.write(' '.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"numba", "pandas", "sklearn", "matplotlib", "pgmpy", "scipy", "networkx"}
    assert heavy & set(run.stdout.split()) == set()


MAX_ROOMS = 25

#: Names of files that mean the same in every package: its base classes, and what it has by name.
SAME_EVERYWHERE = {"base", "names"}


def modules_of(paths: list[str]) -> dict[str, str]:
    """The path of each module by its dotted name."""
    return {
        ".".join(PurePosixPath(p).with_suffix("").parts): p
        for p in paths
        if not p.endswith("__init__.py")
    }


def import_graph(paths: list[str]) -> nx.DiGraph:
    """The modules that import one another when they are loaded or run, but not for types alone."""
    modules = modules_of(paths)
    graph = nx.DiGraph()
    for module, path in modules.items():
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        tree.body = [
            node
            for node in tree.body
            if not (isinstance(node, ast.If) and name_of(node.test) == "TYPE_CHECKING")
        ]
        for _, dotted in imported_modules(path, tree):
            found = dotted if dotted in modules else dotted.rpartition(".")[0]
            if found in modules:
                graph.add_edge(module, found)
    return graph


def circles(graph: nx.DiGraph) -> list[set[str]]:
    return [part for part in nx.strongly_connected_components(graph) if len(part) > 1]


def test_no_module_imports_itself_through_others() -> None:
    assert circles(import_graph(SOURCES)) == []


def test_no_room_of_a_floor_imports_itself_through_others() -> None:
    """Rooms are the folders of a package; what lies beside them is shared by all of them."""
    graph = nx.DiGraph()
    for a, b in import_graph(SOURCES).edges:
        rooms = [name.rpartition(".")[0] for name in (a, b)]
        if rooms[0] != rooms[1] and all(room.count(".") > 1 for room in rooms):
            graph.add_edge(*rooms)
    assert graph.has_edge("mistruct.structure.orders", "mistruct.structure.causal")
    assert circles(graph) == []


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    inside: dict[PurePosixPath, set[PurePosixPath]] = {}
    for path in map(PurePosixPath, SOURCES):
        own = path.parent if path.name == "__init__.py" else path
        inside.setdefault(own.parent, set()).add(own)
    assert PurePosixPath("mistruct/kernels/counts") in inside[PurePosixPath("mistruct/kernels")]
    assert {str(f): len(names) for f, names in inside.items() if len(names) > MAX_ROOMS} == {}


def test_a_name_means_one_thing() -> None:
    """Two files have one name only in rooms of one subject, or where all packages have it."""
    subjects: dict[str, list[str]] = {}
    for path in map(PurePosixPath, modules_of(SOURCES).values()):
        subjects.setdefault(path.stem, []).append(path.parent.name)
    assert len(subjects["ties"]) > 1
    assert {
        name: rooms
        for name, rooms in subjects.items()
        if name not in SAME_EVERYWHERE and len(rooms) > 1 and len(set(rooms)) > 1
    } == {}


def test_the_picture_of_the_house_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("house", ROOT / "docs" / "house.py")
    assert spec is not None and spec.loader is not None
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    assert house.stored_description() == house.description(), "run python docs/house.py"


def test_the_files_named_in_the_docs_exist() -> None:
    """Paths in backticks, as they are or below the package; a bare name may be anywhere."""
    names = {path.rpartition("/")[2] for path in SOURCES}
    named = [
        path
        for page in ("docs/architecture.md", "CONTRIBUTING.md")
        for path in re.findall(r"`([\w/]+\.py)`", (ROOT / page).read_text(encoding="utf-8"))
    ]
    assert len(named) > 50
    assert [
        path
        for path in named
        if not ((ROOT / path).exists() or f"mistruct/{path}" in SOURCES)
        and ("/" in path or path not in names)
    ] == []
