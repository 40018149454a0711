"""The README, and the check that the built pages load nothing from other hosts."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import pytest

from tests.cli_helpers import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def offline() -> ModuleType:
    path = ROOT / "docs" / "_extensions" / "offline.py"
    spec = importlib.util.spec_from_file_location("offline", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(block, names)
    plt.close("all")
    assert type(names["model"]).__name__ == "DiscreteBayesianNetwork"


def test_the_readme_is_short_and_its_links_exist() -> None:
    assert len(README.splitlines()) < 100
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert "docs/images/tcga_brca.png" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<script src="//cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        '<img src="http://cdn.example/a.png">',
        "<style>@import 'https://cdn.example/a.css';</style>",
        '<p style="background: url(https://cdn.example/a.png)">',
    ],
)
def test_a_page_that_loads_from_another_host_is_found(
    offline: ModuleType, tmp_path: Path, page: str
) -> None:
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "page.html").write_text(page)
    (found,) = offline.loaded_from_elsewhere(tmp_path)
    assert re.fullmatch(r"guide.page\.html: (http:|https:|)//cdn\.example/a\.\w+", found)


def test_a_style_sheet_that_loads_from_another_host_is_found(
    offline: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example/a.woff2') }")
    assert offline.loaded_from_elsewhere(tmp_path) == ["a.css: https://fonts.example/a.woff2"]


def test_links_and_files_beside_a_page_are_no_loads(offline: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://pgmpy.org">pgmpy</a><script src="_static/a.js"></script>'
        '<link rel="canonical" href="https://docs.example/"><img src="data:image/png;base64,AA">'
        "<code>&lt;script src=&quot;https://cdn.example/a.js&quot;&gt;</code>"
    )
    (tmp_path / "a.css").write_text("p { background: url(a.png) }")
    assert offline.loaded_from_elsewhere(tmp_path) == []
