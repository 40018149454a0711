"""Files: what each format gives, and the one error for each way in which a file is broken."""

from __future__ import annotations

import gzip
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse

from mistruct.data import as_dataset, read_table
from mistruct.errors import DataError, ParameterError
from tests.data.test_dataset import same

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import anndata

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return writer


def refused(path: Path, message: str, **options: Any) -> None:
    """Reading fails with one error, which begins with the path and hides what raised it."""
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    assert str(caught.value) == f"{path}: {message}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def index_of(data: Any) -> list[Any] | None:
    return None if data.index is None else data.index.tolist()


TABLE = "city,n,x,ok\nRome,1,0.5,True\nBern,2,1.5,False\nRome,1,2.5,False\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TABLE),
        ("T.CSV", TABLE),
        ("t.tsv", TABLE.replace(",", "\t")),
        ("t.txt", TABLE.replace(",", "\t")),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("t.tsv.gz", gzip.compress(TABLE.replace(",", "\t").encode(), mtime=0)),
        ("t.csv", TABLE.replace("\n", "\r\n")),
        ("t.csv", "\n" + TABLE.replace("\n", "\n\n") + "   \n"),
        ("t.csv", b"\xef\xbb\xbf" + TABLE.encode()),
    ],
)
def test_text(write: Write, name: str, content: str | bytes) -> None:
    path = write(content, name)
    data = read_table(path)
    assert data.kinds == {"city": "discrete", "n": "discrete", "x": "continuous", "ok": "discrete"}
    assert data.states == {"city": ("Bern", "Rome"), "n": (1, 2), "ok": (False, True)}
    assert data.codes.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert data.values.tolist() == [[0.5, 1.5, 2.5]]
    assert data.index is None
    same(read_table(str(path)), data)


def test_kinds_and_missing_are_handed_on(write: Write) -> None:
    path = write("a,b\nx,1\n,2\n")
    data = read_table(path, kinds={"b": "continuous"}, missing="state")
    assert data.states == {"a": ("x", "missing")}
    assert data.continuous == ("b",)
    refused(
        path,
        "1 entries are missing, in 'a' (1); choose missing='testwise' (each quantity "
        "uses the rows complete for its own variables) or missing='state' (missing is a state of "
        "its own; discrete columns only)",
    )
    with pytest.raises(ParameterError, match=r"^kinds: there is no column 'c'$"):
        read_table(path, kinds={"c": "discrete"})


def test_whole_numbers_with_gaps_stay_whole(write: Write) -> None:
    text = "a,b,c,d,e\n1,1.0,,x,9007199254740993\n,,2,,\n3,2.0,1.5,y,9007199254740992\n"
    data = read_table(write(text), missing="testwise")
    # 1 and 1.0 are one number, and floats hold no whole numbers above 2 ** 53.
    assert data.kinds == {
        "a": "discrete",
        "b": "discrete",
        "c": "continuous",
        "d": "discrete",
        "e": "continuous",
    }
    assert data.states["a"] == (1, 3)
    assert data.states["b"] == (1, 2)
    assert data.codes[0].tolist() == [0, 2, 1]
    many = "a,b\n" + "\n".join(f"{i},1" for i in range(21)) + "\n,1\n"
    assert read_table(write(many), missing="testwise").kinds["a"] == "continuous"


def test_marks_of_missing(write: Write) -> None:
    data = read_table(write("a,b\nNA,1\nx,1\nnull,1\nnone,1\nNaN,1\n"), missing="testwise")
    assert data.states["a"] == ("none", "x")
    assert data.n_missing["a"] == 3
    assert [(n.rule, n.examples, n.count, n.rows) for n in data.notes] == [
        ("missing mark", ("NA",), 1, (1,)),
        ("missing mark", ("null",), 1, (3,)),
        ("missing mark", ("NaN",), 1, (5,)),
    ]


def test_names_of_the_rows(write: Write) -> None:
    assert index_of(read_table(write(",a,b\nr,1,2\ns,3,4\n"))) == ["r", "s"]  # as pandas writes
    assert index_of(read_table(write("a,b\nr,1,2\ns,3,4\n"))) == ["r", "s"]  # as R writes
    data = read_table(write(",id,a,b\n0,r,1,2\n1,s,3,4\n"), index="id")
    assert data.names == ("a", "b")
    assert index_of(data) == ["r", "s"]
    assert data.to_pandas().index.name == "id"
    path = write("sample,a,b\nr,1,2\ns,3,4\n")
    assert index_of(read_table(path, index="sample")) == ["r", "s"]
    for transpose in (False, True):
        with pytest.raises(ParameterError) as caught:
            read_table(path, index="Samples", transpose=transpose)
        message = "index: there is no column 'Samples'; did you mean 'sample'?"
        assert str(caught.value) == message


def test_variables_as_rows(write: Write) -> None:
    table = pd.DataFrame(
        {
            "g1": [0.5, 1.5, 2.5],
            "g2": [1, 0, 1],
            "g3": [1.0, np.nan, 1.0],
            "type, short": ["a", "b, c", 'q"'],
            "g5": pd.array([4, None, 4], dtype="Int64"),
            "blank": ["b", "a", None],
        },
        index=["s1", "s2", "s3"],
    )
    expected = as_dataset(table, missing="testwise")
    path = write(table.T.to_csv())
    data = read_table(path, transpose=True, missing="testwise")
    same(data, expected)
    assert index_of(data) == ["s1", "s2", "s3"]
    lines = path.read_text().splitlines()
    as_in_r = write("\n".join([lines[0].removeprefix(","), *lines[1:]]))
    same(read_table(as_in_r, transpose=True, missing="testwise"), expected)
    inside = write("s1,gene,s2\n1,g1,2\n3,g2,3\n")
    data = read_table(inside, transpose=True, index="gene")
    assert data.names == ("g1", "g2")
    assert index_of(data) == ["s1", "s2"]
    refused(
        write("g,s1,s2\na,1,2\na,1,2\n"),
        "column names must differ, but 'a' stands 2 times; take their sum, their mean or the first "
        "with duplicates='sum', 'mean' or 'first'",
        transpose=True,
    )
    refused(
        write("g,s1,s2\na,1,2\nb,1\n"),
        "rows differ in length: line 3 has 2 field(s) instead of 3",
        transpose=True,
    )


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_arrow_files(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame(
        {
            "id": ["r", "s", "t"],
            "a": pd.array([1, None, 2], dtype="Int64"),
            "b": [True, None, False],
            "c": pd.Categorical(["u", "v", None], categories=["v", "u"]),
            "d": [0.5, 1.0, None],
        }
    )
    path = tmp_path / f"t{suffix}"
    (table.to_parquet if suffix == ".parquet" else table.to_feather)(path)
    expected = as_dataset(table.set_index("id"), missing="testwise")
    data = read_table(path, index="id", missing="testwise")
    same(data, expected)
    assert index_of(data) == ["r", "s", "t"]
    assert data.states["c"] == ("v", "u")
    same(read_table(path, missing="testwise"), as_dataset(table, missing="testwise"))
    turned = tmp_path / f"turned{suffix}"
    genes = pd.DataFrame({"gene": ["g1", "g2"], "s1": [1, 2], "s2": [3, 4]})
    (genes.to_parquet if suffix == ".parquet" else genes.to_feather)(turned)
    data = read_table(turned, transpose=True)
    assert (data.names, index_of(data)) == (("g1", "g2"), ["s1", "s2"])
    assert data.states == {"g1": (1, 3), "g2": (2, 4)}
    with pytest.raises(ParameterError, match=r"^index: there is no column 'ID'; did you mean 'id'"):
        read_table(path, index="ID")


def test_whole_numbers_with_gaps_in_parquet_of_any_origin(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"a": [1, None], "b": ["x", "y"]}), tmp_path / "t.parquet")
    data = read_table(tmp_path / "t.parquet", missing="testwise")
    assert data.states == {"a": (1,), "b": ("x", "y")}


def test_the_index_of_a_pandas_parquet_file(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=pd.Index(["r", "s"], name="id"))
    table.to_parquet(tmp_path / "t.parquet")
    for index in (None, "id"):
        assert index_of(read_table(tmp_path / "t.parquet", index=index)) == ["r", "s"]


@pytest.fixture
def cells() -> Any:
    matrix = np.array([[0.0, 1.5, 0.0], [2.5, 0.0, 0.0]], dtype=np.float32)
    obs = pd.DataFrame({"kind": pd.Categorical(["T", "B"]), "n": [3, 4]}, index=["c1", "c2"])
    adata = anndata.AnnData(scipy.sparse.csr_matrix(matrix), obs=obs)
    adata.var_names = ["g1", "g2", "g3"]
    adata.layers["counts"] = np.array([[0, 3, 1], [5, 0, 1]])
    return adata


def test_anndata_files(tmp_path: Path, cells: Any) -> None:
    path = tmp_path / "t.h5ad"
    cells.write_h5ad(path)
    data = read_table(path)
    assert data.names == ("g1", "g2", "g3")
    assert data.values.tolist() == [[0.0, 2.5], [1.5, 0.0], [0.0, 0.0]]
    assert index_of(data) == ["c1", "c2"]
    same(as_dataset(cells), data)
    data = read_table(path, layer="counts", obs=["kind", "n"], kinds={"n": "continuous"})
    assert data.names == ("g1", "g2", "g3", "kind", "n")
    assert data.states == {"kind": ("B", "T")}
    assert data.values.tolist() == [[0.0, 5.0], [3.0, 0.0], [1.0, 1.0], [3.0, 4.0]]
    same(as_dataset(cells, layer="counts", obs=["kind", "n"], kinds={"n": "continuous"}), data)
    assert read_table(path, obs="kind").names == ("g1", "g2", "g3", "kind")
    assert as_dataset(cells, obs="kind").names == ("g1", "g2", "g3", "kind")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"layer": "count"}, "layer: there is no layer 'count'; did you mean 'counts'?"),
        ({"obs": ["kinds"]}, "obs: there is no column 'kinds'; did you mean 'kind'?"),
        ({"transpose": True}, "transpose is not for .h5ad files, got True"),
        ({"index": "kind"}, "index is not for .h5ad files, got 'kind'"),
    ]
    for options, message in wrong:
        with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
            read_table(path, **options)


def test_layer_and_obs_are_for_anndata(cells: Any) -> None:
    for data in (cells.to_df(), as_dataset(cells)):
        with pytest.raises(ParameterError, match=r"^layer and obs are for AnnData only, got 'co"):
            as_dataset(data, layer="counts")
        with pytest.raises(ParameterError, match=r"AnnData only, got None and \['kind'\]$"):
            as_dataset(data, obs=["kind"])


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_sparse_anndata_in_memory_and_in_its_file(tmp_path: Path, cells: Any, kind: str) -> None:
    dense = cells.X.toarray()
    cells.X = getattr(scipy.sparse, kind)(dense)
    cells.layers["counts"] = cells.X.copy()
    expected = as_dataset(pd.DataFrame(dense, columns=cells.var_names), kinds={"*": "continuous"})
    cells.write_h5ad(tmp_path / "t.h5ad")
    backed = anndata.read_h5ad(tmp_path / "t.h5ad", backed="r")
    for adata in (cells, backed, backed[["c1", "c2"]]):
        same(as_dataset(adata), expected)
        same(as_dataset(adata, layer="counts"), expected)
    backed.file.close()


def test_anndata_without_x_or_with_equal_names(tmp_path: Path, cells: Any) -> None:
    cells.var_names = ["g1", "g1", "g3"]
    cells.write_h5ad(tmp_path / "t.h5ad")
    refused(
        tmp_path / "t.h5ad",
        "column names must differ, but 'g1' stands 2 times; take their sum, their mean or the "
        "first with duplicates='sum', 'mean' or 'first'",
    )
    cells.X = None
    cells.write_h5ad(tmp_path / "t.h5ad")
    message = "this AnnData has no X; choose one of its layers ('counts')"
    refused(tmp_path / "t.h5ad", message)
    with pytest.raises(DataError, match=re.escape(message)):
        as_dataset(cells)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n", "the file has a header (a, b), but no rows"),
        (
            "a\n1\n2\n",
            "the file has one column, 'a', and a structure needs at least two; fields of .csv "
            "files are separated by commas, or by what is given as separator",
        ),
        ("a,b,a\n1,2,3\n", "column names must differ, but 'a' stands 2 times"),
        ("a,b,\n1,2,3\n", "column 3 has no name in the header"),
        ("a,b\n1,2\n3\n", "rows differ in length: line 3 has 1 field(s) instead of 2"),
        ("a,b\n1,2\n\n3,4,5\n", "rows differ in length: line 4 has 3 field(s) instead of 2"),
        ("a,b\n1,2,3,4\n", "rows differ in length: line 2 has 4 field(s) instead of 2"),
        ("a,b,c\n1\n1,2,3\n", "rows differ in length: line 2 has 1 field(s) instead of 3"),
        ("a,b\n1,2,3\n4,5\n", "rows differ in length: line 3 has 2 field(s) instead of 3"),
        (
            "a,b\n1,\xe9".encode("latin1"),
            "is not UTF-8 text (byte 0xe9); save it as UTF-8 first, or say what it is, as with "
            "encoding='latin-1'",
        ),
        ("a,b\n1,x\n2,\n", "1 entries are missing, in 'b' (1); choose"),
        (
            "a,b\n1,\n2,\n",
            "column 'b' holds only missing entries, so it says nothing; leave it out with",
        ),
        ("a,b\n1,inf\n2,1\n", "column 'b' holds 1 infinite value(s), the first inf in row 1"),
        (
            "a,b\n" + "".join(f"2020-01-{d:02},1\n" for d in range(1, 30)),
            "column 'a' holds dates or times (such as '2020-01-01'); leave it out with",
        ),
    ],
)
def test_broken_text(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_quotes_that_stay_open(write: Write) -> None:
    refused(write('a,b\n1,"x\n2,y\n'), "a quote is opened and not closed")
    assert read_table(write('a,b\n5",x\n6",y\n5",x\n')).states["a"] == ('5"', '6"')


def test_tabs_are_named(write: Write) -> None:
    refused(
        write("a\n1\n", "t.txt"),
        "the file has one column, 'a', and a structure needs at least two; fields of .txt files "
        "are separated by tabs, or by what is given as separator",
    )


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "none.feather", "none.h5ad"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    refused(tmp_path / name, "No such file or directory")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows calls it a matter of permission")
def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    refused(tmp_path / "t.csv", "Is a directory")


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(TABLE)

    def closed(self: Path, *args: Any, **kwargs: Any) -> Any:  # root may read everything
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", closed)
    refused(path, "Permission denied")


def test_an_unknown_suffix(write: Write) -> None:
    known = (
        ".csv, .tsv, .txt, .gct, .parquet, .feather, .h5ad, .xlsx, .dta, .sav, .zsav, .sas7bdat, "
        ".xpt, .arff, .mistruct, and .csv, .tsv, .txt with .gz, .bz2, .xz, .zst, .zip"
    )
    refused(write("", "t.ods"), f"unknown suffix '.ods'; what can be read is {known}")
    refused(write("", "t.json.gz"), f"unknown suffix '.json.gz'; what can be read is {known}")
    refused(write("", "t"), f"no suffix tells the format; what can be read is {known}")


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".h5ad", ".csv.gz"])
def test_a_file_cut_in_half(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 5)), columns=list("abcde"))
    path = tmp_path / f"t{suffix}"
    match suffix:
        case ".parquet":
            table.to_parquet(path)
        case ".feather":
            table.to_feather(path)
        case ".h5ad":
            anndata.AnnData(table.set_axis([f"c{i}" for i in table.index])).write_h5ad(path)
        case _:
            table.to_csv(path, index=False)
    whole = path.read_bytes()
    read_table(path)
    for part in (whole[: len(whole) // 2], b"not at all"):
        path.write_bytes(part)
        with pytest.raises(DataError) as caught:
            read_table(path)
        assert str(caught.value).startswith(f"{path}: cannot be read as {suffix}: ")
        assert "\n" not in str(caught.value)
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("t.parquet", "pyarrow", "parquet"),
        ("t.feather", "pyarrow", "parquet"),
        ("t.h5ad", "anndata", "anndata"),
    ],
)
def test_an_extra_that_is_not_installed(
    write: Write, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    path = write("", name)
    refused(
        path,
        f"{path.suffix} files need {package}, which is not installed; "
        f'pip install "mistruct[{extra}]"',
    )


def test_options_of_another_format(write: Write) -> None:
    path = write(TABLE)
    with pytest.raises(ParameterError, match=r"^layer is not for .csv files, got 'counts'$"):
        read_table(path, layer="counts")
    with pytest.raises(ParameterError, match=r"^obs is not for .csv files, got \['kind'\]$"):
        read_table(path, obs=["kind"])


def test_drop_leaves_columns_out_before_anything_is_checked_in_them(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,note\n1,0,\n2,1,\n")
    assert read_table(path, drop=["note"]).names == ("a", "b")
    with pytest.raises(ParameterError, match="drop: there is no column 'notes'"):
        read_table(path, drop=["notes"])


@pytest.mark.parametrize(
    ("names", "shown"), [(["0", "1", "0"], "'0'"), (["p", "q", "q"], "'q'"), (["p", "", ""], None)]
)
def test_names_of_rows_that_recur_are_refused(
    tmp_path: Path, names: list[str], shown: str | None
) -> None:
    """As of two tables of pandas one below the other, or where the header lacks a name."""
    path = tmp_path / "t.csv"
    path.write_text(",a,b\n" + "".join(f"{name},{i},{1 - i % 2}\n" for i, name in enumerate(names)))
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value) == (
        f"{path}: the first column has no name in the header, so it should name the rows, but "
        f"{shown or 'no value'} stands there in 2 rows; correct the header"
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
@pytest.mark.parametrize("gaps", [False, True])
def test_marks_among_whole_numbers(tmp_path: Path, suffix: str, gaps: bool) -> None:
    """A mark that was asked for is reported alike, however the numbers are stored."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.integers(0, 4, 50), "b": rng.normal(size=50).round(2)})
    table.loc[[3, 9], "a"] = -9
    table = table.astype({"a": "Int64"}) if gaps else table
    if gaps:
        table.loc[20, "a"] = None
    path = tmp_path / f"t{suffix}"
    {
        ".csv": lambda: table.to_csv(path, index=False),
        ".parquet": lambda: table.to_parquet(path),
    }.get(suffix, lambda: table.to_feather(path))()
    data = read_table(path, missing_marks=[-9, 999], missing="testwise")
    marks = [str(note) for note in data.notes if note.rule == "missing mark"]
    assert marks == [
        "2 '-9' read as missing: 'a' (rows 4, 10); to choose the marks: missing_marks=['999']"
    ]
    assert data.n_missing["a"] == 2 + gaps
