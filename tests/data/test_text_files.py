"""Delimited text as it is found: how it is written, what is left out, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mistruct as ms
from mistruct.data import read_table
from mistruct.errors import DataError, ParameterError

Write = Callable[..., Path]
ROWS = "a,b,c\n" + "".join(f"{i % 3 + 1}.5,{i % 2},{'xyz'[i % 3]}\n" for i in range(12))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.fixture(params=["pyarrow", "pandas"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "pandas":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    return str(request.param)


def notes(data: ms.Dataset) -> list[str]:
    return [str(n) for n in data.notes]


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def zstd(text: str) -> bytes:
    return pa.compress(text.encode(), "zstd", asbytes=True)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip", ".zst"])
def test_compressed(write: Write, parser: str, suffix: str) -> None:
    if suffix == ".zst" and parser == "pandas":
        path = write(b"", "t.csv.zst")
        assert refused(path).startswith(".csv.zst files need pyarrow, which is not installed")
        return
    content = {
        ".gz": lambda: gzip.compress(ROWS.encode()),
        ".bz2": lambda: bz2.compress(ROWS.encode()),
        ".xz": lambda: lzma.compress(ROWS.encode()),
        ".zip": lambda: zipped(**{"inner.csv": ROWS, "__MACOSX/x": "no"}),
        ".zst": lambda: zstd(ROWS),
    }[suffix]()
    plain = read_table(write(ROWS))
    data = read_table(write(content, f"t.csv{suffix}"))
    assert data.kinds == plain.kinds == {"a": "continuous", "b": "discrete", "c": "discrete"}
    np.testing.assert_array_equal(data.values, plain.values)


def test_an_archive_of_two_files(write: Write) -> None:
    path = write(zipped(a="x", b="y"), "t.csv.zip")
    assert refused(path) == "the archive holds 2 files (a, b) instead of one table"


@pytest.mark.parametrize(
    ("text", "name", "options", "said"),
    [
        (ROWS.replace(",", ";"), "t.csv", {}, ["fields are separated by semicolons"]),
        (ROWS.replace(",", "\t"), "t.csv", {}, ["fields are separated by tabs"]),
        (ROWS.replace(",", "|"), "t.csv", {}, ["fields are separated by bars"]),
        (ROWS, "t.txt", {}, ["fields are separated by commas"]),
        (ROWS.replace(",", "   "), "t.txt", {}, ["fields are separated by blanks"]),
        (ROWS.replace(",", "~"), "t.csv", {"separator": "~"}, []),
        (ROWS.replace(",", ";").replace(".", ","), "t.csv", {}, [
            "fields are separated by semicolons", "numbers are written with a decimal comma",
        ]),
        (ROWS.replace(",", ";").replace(".", ","), "t.csv", {"separator": ";", "decimal": ","}, []),
        ("# one\n#two\n" + ROWS, "t.csv", {}, ["2 lines that begin with '#' left out"]),
        ("#a,b,c\n1.5,0,2\n" + ROWS.replace("x", "0").partition("\n")[2], "t.csv", {}, []),
        ("% x\n" + ROWS, "t.csv", {"comment": "%"}, ["1 line that begins with '%' left out"]),
        ("#a,b,c\n" + ROWS.partition("\n")[2], "t.csv", {}, []),
        ("# one\n" + ROWS + "# end\n", "t.csv", {}, ["2 lines that begin with '#' left out"]),
        (ROWS.replace("\n", "\r"), "t.csv", {}, []),
        ("\n\n" + ROWS, "t.csv", {}, []),
        ("'a','b','c'\n" + ROWS.partition("\n")[2], "t.csv", {}, []),
    ],
)  # fmt: skip
def test_how_text_is_written(
    write: Write, text: str, name: str, options: dict[str, Any], said: list[str]
) -> None:
    data = read_table(write(text, name), **options)
    assert data.names == ("a", "b", "c")
    assert data.values[0, -3:].tolist() == [1.5, 2.5, 3.5]
    assert [n.partition(";")[0] for n in notes(data)] == said


def test_a_row_of_units(write: Write) -> None:
    text = "age,dose,sex\nyears,mg,-\n50.5,1.25,f\n61.5,2.5,m\n70.5,1.5,f\n"
    data = read_table(write(text))
    assert data.values.tolist() == [[50.5, 61.5, 70.5], [1.25, 2.5, 1.5]]
    assert data.states == {"sex": ("f", "m")}
    assert notes(data) == ["row 1 is left out: it holds units ('years' of 'age', 'mg' of 'dose')"]
    one = "age,sex\nyears,f\n50.5,m\n61.5,f\n70.5,m\n"
    assert read_table(write(one), missing="testwise").states["sex"] == ("f", "m")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (['"1,234"', '"22,040"', "999"], [1234, 22040, 999]),
        (["12%", "7.5 %", "100%"], [12, 7.5, 100]),
        (["$5", "$1200", "$7.25"], [5, 1200, 7.25]),
        (["5 €", "12 €", "7.5 €"], [5, 12, 7.5]),
        (['"1,5"', '"2,25"', "3"], [1.5, 2.25, 3]),
    ],
)
def test_numbers_in_a_form_of_their_own(
    write: Write, values: list[str], numbers: list[float]
) -> None:
    text = "a,b\n" + "".join(f"{v},{i}.5\n" for i, v in enumerate(values * 4))
    data = read_table(write(text), kinds={"a": "continuous"})
    assert data.values[0].tolist() == numbers * 4
    assert data.notes[0].rule == "number format"


def test_a_point_is_no_decimal_mark_where_a_comma_is(write: Write) -> None:
    text = "a;b;c\n1.234;0,5;x\n22.040;1,5;y\n999;2,5;x\n"
    data = read_table(write(text), kinds={"a": "continuous"})
    assert data.values.tolist() == [[1234, 22040, 999], [0.5, 1.5, 2.5]]
    assert data.notes[2].words == (
        "'a' is read as numbers: 2 are written with thousands and a decimal comma, as '1.234'",
    )


def test_thousands_are_no_decimal_commas(write: Write) -> None:
    text = "a\tb\n22,040\tx\n5,120\ty\n999\tx\n"
    data = read_table(write(text, "t.tsv"), kinds={"a": "continuous"})
    assert data.values.tolist() == [[22040, 5120, 999]]
    assert [n.rule for n in data.notes] == ["number format"]


def test_only_ends_of_lines_end_lines(write: Write) -> None:
    """Other characters that Unicode takes for ends of lines stand in names and values."""
    text = "a\x85b,c\u2028d\r\nx\u2029y,1.5\r\nz\x0bw,2.5\r\nx\u2029y,3.5\r\n"
    data = read_table(write(text))
    assert data.names == ("a\x85b", "c\u2028d")
    assert data.states["a\x85b"] == ("x\u2029y", "z\x0bw")


def test_codes_with_0x_are_words(write: Write) -> None:
    data = read_table(write("a,b\n0x1A,1.5\n0x2B,2.5\n0x1A,3.5\n"))
    assert data.states == {"a": ("0x1A", "0x2B")}


def test_numbers_that_do_not_agree(write: Write) -> None:
    text = "a,b\n" + "".join(f"{i}.25,{i}.5\n" for i in range(20)) + "12%,1\n$4,2\n"
    assert refused(write(text)) == (
        "column 'a' is no column of numbers: 20 of 22 values are, but '12%', '$4' in rows 21, 22 "
        "are not; correct them, take them as missing with missing_marks=['12%', '$4'], or, if all "
        "values are names of categories, declare kinds={'a': 'discrete'}"
    )


def test_marks_that_are_asked_for(write: Write) -> None:
    path = write("a,b,c\n-9,x,1.5\n2,NA,\n3,-9,-9\n2,?,NA\n" + "2,x,1.5\n3,y,2.5\n" * 4)
    data = read_table(path, missing_marks=[-9, "NA"], missing="testwise")
    assert data.states == {"a": (2, 3), "b": ("?", "x", "y")}
    assert data.n_missing == {"a": 1, "b": 2, "c": 3}
    assert [(n.examples, n.columns, n.count) for n in data.notes] == [
        (("-9",), ("a", "b", "c"), 3),
        (("NA",), ("b", "c"), 2),
    ]


def test_leading_zeros(write: Write) -> None:
    text = "zip,n,x\n" + "01067,1,0.5\n50667,2,-0.25\n80331,1,1.5\n" * 5
    data = read_table(write(text))
    assert data.states["zip"] == ("01067", "50667", "80331")
    assert data.kinds["x"] == "continuous"
    numbers = read_table(write(text), kinds={"zip": "continuous"})
    assert numbers.values[0, :3].tolist() == [1067, 50667, 80331]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig"])
def test_encodings(write: Write, encoding: str) -> None:
    text = ROWS.replace("x", "Köln")
    path = write(text.encode(encoding))
    asked = {"encoding": encoding} if encoding in ("latin-1", "cp1252") else {}
    assert read_table(path, **asked).states["c"] == ("Köln", "y", "z")
    if asked:
        assert "is not UTF-8 text (byte 0xf6)" in refused(path)
    with pytest.raises(ParameterError, match=r"^encoding: unknown encoding: klingon"):
        read_table(path, encoding="klingon")


def test_rows_and_columns_without_anything(write: Write) -> None:
    data = read_table(write("a,b,,\n1.5,x,,\n,,,\n2.5,y,,\n,,,\n"))
    assert data.names == ("a", "b")
    assert data.n_samples == 2
    assert notes(data) == [
        "2 empty columns without a name left out",
        "2 empty rows left out (rows 2, 4)",
    ]
    assert refused(write("a,b\n,\n,\n")) == "all rows are empty"


def test_a_header_that_is_one_short(write: Write) -> None:
    data = read_table(write("a,b\nr,1.5,2\ns,2.5,2\n"))
    assert data.index is not None
    assert data.index.tolist() == ["r", "s"]
    assert notes(data) == ["the header is one name short, so the first field of each row names it"]
    twice = refused(write("a,b\nr,1.5,2\nr,2.5,2\n"))
    assert twice.startswith("the header has one name fewer than the rows have fields")
    shifted = refused(write("a,b\n1.5,2,\n2.5,2,x\n"))
    assert shifted.startswith("the header has one name fewer") or "rows" in shifted


@pytest.mark.parametrize(
    ("text", "options", "names"),
    [
        ("0,1,2\n5.5,1,2\n6.5,2,1\n", {}, ("0", "1", "2")),
        ("7157,1956,2064\n5.5,1.5,2.5\n6.5,2.5,1.5\n", {}, ("7157", "1956", "2064")),
        ("5.5,1,2\n6.5,2,1\n", {"header": False}, ("x0", "x1", "x2")),
        ("5,1,2\n6.5,2,1\n4.5,1,1\n", {"header": True}, ("5", "1", "2")),
    ],
)
def test_names_that_are_numbers(
    write: Write, text: str, options: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert read_table(write(text), **options).names == names


def test_genes_with_one_name(write: Write) -> None:
    text = "gene,S1,S2,S3\nTP53,1.5,2.5,3.5\nMDM2,1,2.5,3\nTP53,2.5,3.5,5.5\n"
    path = write(text)
    assert refused(path, transpose=True) == (
        "column names must differ, but 'TP53' stands 2 times; take their sum, their mean or the "
        "first with duplicates='sum', 'mean' or 'first'"
    )
    for how, expected in (("sum", [4, 6, 9]), ("mean", [2, 3, 4.5]), ("first", [1.5, 2.5, 3.5])):
        kinds: Any = {"*": "continuous"}
        data = read_table(path, transpose=True, duplicates=how, kinds=kinds)  # type: ignore[arg-type]
        assert data.names == ("TP53", "MDM2")
        assert data.values[0].tolist() == expected


def test_marks_in_a_table_that_is_turned(write: Write) -> None:
    data = read_table(
        write("gene,S1,S2,S3\ng1,1.5,NA,3.5\ng2,0.5,2.5,-\n"), transpose=True, missing="testwise"
    )
    np.testing.assert_array_equal(data.values, [[1.5, np.nan, 3.5], [0.5, 2.5, np.nan]])
    assert {n.examples[0]: n.count for n in data.notes} == {"NA": 1, "-": 1}


def test_options_of_text_belong_to_text(tmp_path: Path, write: Write) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"separator": ",,"}, "separator must be one character"),
        ({"decimal": "x"}, "decimal must be '.' or ',', got 'x'"),
        ({"decimal": ",", "separator": ","}, "decimal and separator must differ, got ',' twice"),
        ({"sheet": "a"}, "sheet is not for .csv files, got 'a'"),
        ({"drop": ["d*"]}, r"drop: there is no column like 'd\*'"),
        ({"duplicates": "max"}, "duplicates must be one of 'sum', 'mean', 'first', got 'max'"),
    ]
    for options, message in wrong:
        with pytest.raises(ParameterError, match=f"^{message}"):
            read_table(write(ROWS), **options)
    with pytest.raises(ParameterError, match=r"^decimal is not for .parquet files, got ','"):
        read_table(write("", "t.parquet"), decimal=",")


def test_patterns_leave_columns_out(write: Write) -> None:
    text = "id_a,id_b,x,y\n" + "".join(f"k{i},,{i}.5,{i % 2}\n" for i in range(30))
    assert read_table(write(text), drop=["id_*"]).names == ("x", "y")


def test_every_column_names_the_rows(write: Write) -> None:
    text = "a,b\n" + "".join(f"k{i},n{i}\n" for i in range(30))
    assert refused(write(text)).startswith("columns 'a', 'b' (text with 30 distinct values")


def test_pandas_writes_and_reads_the_same(write: Write) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 4)), columns=list("abcd"))
    data = read_table(write(frame.to_csv(index=False)))
    np.testing.assert_array_equal(data.values, frame.to_numpy().T)
