"""Files of spreadsheets and statistics programs, written by the libraries that read them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data import as_dataset, read_table
from mistruct.errors import DataError, ParameterError
from tests.data.test_dataset import same

pyreadstat = pytest.importorskip("pyreadstat")


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.normal(50, 9, 30).round(1),
            "ward": rng.integers(1, 5, 30),
            "city": rng.choice(["Köln", "Bern"], 30),
        }
    )


def test_a_sheet(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        frame.to_excel(book, sheet_name="patients", index=False)
        frame.head(5).to_excel(book, sheet_name="a few", index=False)
    data = read_table(path)
    same(data, as_dataset(frame))
    assert [str(n) for n in data.notes] == [
        "sheet 'patients' of 2 is read ('patients', 'a few'); another: sheet='a few'"
    ]
    assert read_table(path, sheet="a few").n_samples == 5
    assert read_table(path, sheet=1).n_samples == 5
    with pytest.raises(ParameterError, match=r"^sheet: there is no sheet 'patient'; did you mean"):
        read_table(path, sheet="patient")


def test_what_a_sheet_has_around_its_table(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    wide = frame.assign(**{"Unnamed: 3": np.nan})
    pd.concat([wide.astype(object), pd.DataFrame([{}])]).to_excel(path, index=False)
    data = read_table(path)
    same(data, as_dataset(frame))
    assert [n.rule for n in data.notes] == ["empty"]
    marks = frame.astype({"age": object})
    marks.loc[3, "age"] = "?"
    marks.to_excel(path, index=False)
    data = read_table(path, missing="testwise")
    assert data.kinds["age"] == "continuous"
    assert data.n_missing["age"] == 1


def test_genes_as_rows_of_a_sheet(tmp_path: Path) -> None:
    genes = pd.DataFrame(
        {
            "gene": ["TP53", "MDM2", "EGFR"],
            "entrez": [7157, 4193, 1956],
            "description": ["p53", "its ligase", "a receptor"],
            **{f"S{i}": [i + 0.5, 2.5 * i, 1.5] for i in range(8)},
        }
    )
    genes.to_excel(tmp_path / "genes.xlsx", index=False)
    data = read_table(tmp_path / "genes.xlsx", transpose=True, drop=["S0", "EGFR"])
    assert data.names == ("TP53", "MDM2")
    assert data.values[0].tolist() == [i + 0.5 for i in range(1, 8)]
    assert [str(n) for n in data.notes] == [
        "'entrez', 'description' describe the variables and are left out"
    ]


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".zsav", ".xpt"])
def test_statistics_programs(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    match suffix:
        case ".dta":
            frame.to_stata(path, write_index=False, version=118)
        case ".xpt":
            frame = frame.replace("Köln", "Koeln")
            pyreadstat.write_xport(frame, str(path))
        case _:
            pyreadstat.write_sav(frame, str(path), compress=suffix == ".zsav")
    same(read_table(path), as_dataset(frame))


def test_labels_of_values(tmp_path: Path) -> None:
    """Labels of all values are states; labels of a few, such as of refusals, are not."""
    frame = pd.DataFrame({"sex": [1.0, 2, 2] * 10, "age": [61.0, 33.5, 999] * 10})
    labels = {"sex": {1.0: "male", 2.0: "female"}, "age": {999.0: "refused"}}
    pyreadstat.write_sav(frame, str(tmp_path / "t.sav"), variable_value_labels=labels)
    data = read_table(tmp_path / "t.sav", missing_marks=["refused"], missing="testwise")
    assert set(data.states["sex"]) == {"female", "male"}
    assert data.kinds["age"] == "continuous"
    assert data.n_missing["age"] == 10


def test_weka(tmp_path: Path) -> None:
    path = tmp_path / "t.arff"
    path.write_text(
        "@relation t\n@attribute grade {low, mid, high}\n@attribute x numeric\n@data\n"
        "mid,1.5\nlow,?\nhigh,2.5\nlow,0.5\n"
    )
    data = read_table(path, missing="testwise")
    assert data.states == {"grade": ("low", "mid", "high")}
    np.testing.assert_array_equal(data.values, [[1.5, np.nan, 2.5, 0.5]])


@pytest.mark.parametrize(
    ("suffix", "package"),
    [(".xlsx", "openpyxl"), (".sav", "pyreadstat"), (".sas7bdat", "pyreadstat")],
)
def test_an_extra_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value) == (
        f"{path}: {suffix} files need {package}, which is not installed; "
        'pip install "mistruct[files]"'
    )


@pytest.mark.parametrize("suffix", [".xlsx", ".dta", ".sav", ".sas7bdat", ".xpt", ".arff"])
def test_files_that_are_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"no such thing")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: cannot be read as {suffix}: ")


def test_the_raw_counts_of_an_anndata() -> None:
    anndata = pytest.importorskip("anndata")
    counts = pd.DataFrame([[0, 3], [5, 0], [1, 1]], index=list("abc"), columns=["g1", "g2"])
    cells = anndata.AnnData(counts.astype(float))
    with pytest.raises(ParameterError, match=r"^layer: this AnnData has no raw, got 'raw'$"):
        as_dataset(cells, layer="raw")
    cells.raw = cells.copy()
    cells.X = np.log1p(cells.X)
    data = as_dataset(cells, layer="raw")
    assert data.values.tolist() == [[0.0, 5.0, 1.0], [3.0, 0.0, 1.0]]
    assert ms.as_dataset(cells).values[0, 1] == np.log1p(5)


def test_genes_of_one_name_in_an_anndata() -> None:
    anndata = pytest.importorskip("anndata")
    cells = anndata.AnnData(np.array([[1.0, 2, 3], [4, 5, 7]]))
    cells.var_names = ["g", "h", "g"]
    assert as_dataset(cells, duplicates="sum").values.tolist() == [[4, 11], [2, 5]]
    assert as_dataset(cells, duplicates="mean").values.tolist() == [[2, 5.5], [2, 5]]
    assert as_dataset(cells, duplicates="first").values.tolist() == [[1, 4], [2, 5]]
