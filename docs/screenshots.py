"""Draw the pictures of pages in docs/images: `python docs/screenshots.py` (extra browser)."""

from __future__ import annotations

import gzip
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

import mistruct as ms

DOCS = Path(__file__).parent


def sampled_alarm(folder: Path) -> tuple[ms.Dataset, ms.Dataset]:
    """Few rows of the ALARM network, and many."""
    packed = files("pgmpy") / "utils" / "example_models" / "alarm.bif.gz"
    (folder / "alarm.bif").write_bytes(gzip.decompress(packed.read_bytes()))
    rows = ms.read_network(folder / "alarm.bif").simulate(2000, seed=1, show_progress=False)
    rows = rows.astype(str)
    return ms.as_dataset(rows[:300]), ms.as_dataset(rows)


def take(browser: Browser, page: ms.NetworkPage, file: Path, address: str, scheme: str) -> None:
    """Write the page to a file, open it at an address, and take its picture."""
    page.save(file)
    size = {"width": 1280, "height": 760}
    opened = browser.new_page(viewport=size, color_scheme=scheme)
    opened.goto(file.as_uri() + address)
    opened.wait_for_selector("html[data-ready=yes]", state="attached")
    opened.wait_for_timeout(1000)
    opened.screenshot(path=DOCS / "images" / file.with_suffix(".png").name)
    opened.close()


def main() -> None:
    """Take the three pictures."""
    genes = ms.read_table(DOCS.parent / "examples" / "data" / "tcga_brca.csv")
    forest = ms.ChowLiu(alpha=0.01).fit(genes)
    with TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        few, many = sampled_alarm(folder)
        first, second = ms.PC(alpha=0.01).fit(few), ms.PC(alpha=0.01).fit(many)
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        of_genes = ms.explore(forest, genes, target="subtype", title="Genes of breast tumours")
        take(browser, of_genes, folder / "explore_genes.html", "#colour=module", "dark")
        alarm = ms.explore(second, many, title="ALARM")
        asked = "#why=HISTORY&why=LVFAILURE"
        take(browser, alarm, folder / "explore.html", asked, "light")
        both = ms.explore([first, second], many, title="ALARM from 300 rows and from 2,000")
        take(browser, both, folder / "explore_two.html", "", "light")


if __name__ == "__main__":
    main()
