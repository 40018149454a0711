"""Weights: whatever is done with a table of counts equals what is done with it written out."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.data import weights as weights_module
from mistruct.errors import DataError, ParameterError
from tests.cli_helpers import Run

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "words": st.sampled_from(["a", "b", "c"]),
    "codes": st.integers(0, 3),
    "counts": st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5, 9]),
    "wide": st.integers(-70_000, 70_000),
    "fractions": st.floats(-9, 9).map(lambda v: round(v, 1) + 0.05),
    "floats": st.sampled_from([0.0, 1.0, 2.0, 5.0, 8.0, 11.0]),
    "marked": st.sampled_from(["1", "2", "3", "4", "5", "?", "x"]),
    "truth": st.booleans(),
}


@st.composite
def tables_of_counts(
    draw: st.DrawFn, cells: tuple[str, ...] = tuple(CELLS), gaps: bool = True
) -> pd.DataFrame:
    """A table whose column n says how many rows each row stands for."""
    n_rows = draw(st.integers(2, 25))
    columns: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(cells), min_size=2, max_size=5)):
        cell = CELLS[name] if not gaps else st.one_of(st.none(), *([CELLS[name]] * 9))
        values = draw(st.lists(cell, min_size=n_rows, max_size=n_rows))
        columns[f"{name}{len(columns)}"] = values
    weights = draw(st.lists(st.integers(0, 6), min_size=n_rows, max_size=n_rows))
    table = pd.DataFrame(columns)
    table.insert(draw(st.integers(0, len(columns))), "n", weights)
    return table


def written_out(table: pd.DataFrame, name: str = "n") -> pd.DataFrame:
    rows = np.repeat(np.arange(len(table)), table[name].astype(int))
    return table.drop(columns=name).iloc[rows].reset_index(drop=True)


def attempt(make: Callable[[], Any]) -> Any:
    """What is made, or the first words of the refusal, as rows are numbered by the table."""
    try:
        return make()
    except DataError as error:
        return str(error).split(" is ")[0].split(" has ")[0][:30]


def assert_same(left: Any, right: Any) -> None:
    """Two datasets that agree in every byte."""
    if isinstance(left, str) or isinstance(right, str):
        assert isinstance(left, str) == isinstance(right, str)
        return
    for part in ("names", "kinds", "states", "inferred", "why", "missing"):
        assert getattr(left, part) == getattr(right, part)
    assert left.codes.dtype == right.codes.dtype
    np.testing.assert_array_equal(left.codes, right.codes)
    np.testing.assert_array_equal(left.values, right.values)


@given(tables_of_counts(), st.sampled_from(["raise", "testwise", "state"]))
@settings(max_examples=150, deadline=None)
def test_a_table_is_the_one_written_out(table: pd.DataFrame, missing: Any) -> None:
    out = written_out(table)
    weighed = attempt(lambda: ms.as_dataset(table, weights="n", missing=missing))
    assert_same(weighed, attempt(lambda: ms.as_dataset(out, missing=missing)))


@given(tables_of_counts())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_is_the_one_written_out(tmp_path: Path, table: pd.DataFrame) -> None:
    # A row without anything is an empty row of a file, but not beside a weight.
    values = table.drop(columns="n")
    table = table[(values.notna() & (values != "?")).any(axis=1)]
    read = []
    for name, frame in (("counts.csv", table), ("rows.csv", written_out(table))):
        frame.to_csv(tmp_path / name, index=False, na_rep="NA")
        weights = "n" if name == "counts.csv" else None
        path = tmp_path / name
        read.append(
            attempt(lambda p=path, w=weights: ms.read_table(p, weights=w, missing="testwise"))
        )
    assert_same(*read)


def model_text(graph: Any, data: Any) -> str:
    out = io.StringIO()
    for cpd in ms.to_bayesian_network(graph, data).cpds:
        out.write(f"{cpd.variable} {cpd.state_names} {cpd.values.tobytes().hex()}\n")
    return out.getvalue()


LEARNERS = {
    "ChowLiu": lambda: ms.ChowLiu(alpha=0.2),
    "PC": lambda: ms.PC(alpha=0.2),
    "BOSS": lambda: ms.BOSS(),
    "ARACNE": lambda: ms.ARACNE(alpha=0.2),
    "MarkovBlanket": lambda: ms.MarkovBlanket("x", alpha=0.2),
    "Bootstrap": lambda: ms.Bootstrap(ms.ChowLiu(alpha=0.2), 5, seed=3),
}


def counts_of(kind: str, seed: int) -> pd.DataFrame:
    """Counts of a few columns that depend on each other."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, 300)
    y = np.where(rng.random(300) < 0.7, x, rng.integers(0, 3, 300))
    z = np.where(rng.random(300) < 0.7, y, rng.integers(0, 3, 300))
    table = pd.DataFrame({"x": x, "y": y, "z": z, "w": rng.choice(list("ab"), 300)})
    if kind == "mixed":
        table["v"] = (z + rng.normal(0, 0.5, 300)).round(1)
    if kind == "missing":
        table = table.astype({"y": object})
        table.loc[rng.random(300) < 0.1, "y"] = None
    counted = table.value_counts(dropna=False, sort=False).reset_index(name="n")
    zero = counted.iloc[[0]].assign(n=0, w="never")
    return pd.concat([zero, counted], ignore_index=True)


@pytest.mark.parametrize("kind", ["discrete", "mixed", "missing"])
@pytest.mark.parametrize("name", LEARNERS)
def test_learners_and_models_are_those_of_the_table_written_out(name: str, kind: str) -> None:
    table = counts_of(kind, 1)
    datasets = [
        ms.as_dataset(table, weights="n", missing="testwise"),
        ms.as_dataset(written_out(table), missing="testwise"),
    ]
    assert datasets[0].n_samples == 300
    fitted = [LEARNERS[name]().fit(d) for d in datasets]
    pd.testing.assert_frame_equal(fitted[0].edges_, fitted[1].edges_, check_exact=True)
    assert len(fitted[0].edges_) > 0
    left, right = (f.graph_ for f in fitted)
    assert list(left.nodes(data=True)) == list(right.nodes(data=True))
    assert str(list(left.edges(data=True))) == str(list(right.edges(data=True)))
    tests = [ms.independence_test(d, "x", "z", ["y"]) for d in datasets]
    assert tests[0] == tests[1]
    if name == "ChowLiu" and kind != "mixed":
        models = [model_text(left, d) for d in datasets]
        assert models[0] == models[1]


def test_measures_take_weights() -> None:
    table = counts_of("discrete", 2)
    out = written_out(table)
    assert ms.total_correlation(table, weights="n") == ms.total_correlation(out)
    ranked = ms.rank_features(table, "z", weights="n")
    pd.testing.assert_frame_equal(ranked, ms.rank_features(out, "z"), check_exact=True)


@pytest.mark.parametrize("kind", ["discrete", "mixed", "missing"])
def test_commands(run: Run, tmp_path: Path, kind: str) -> None:
    table = counts_of(kind, 3)
    table.to_csv(tmp_path / "counts.csv", index=False)
    written_out(table).to_csv(tmp_path / "rows.csv", index=False)
    told = f"mistruct: note: the table of {len(table)} rows stands for 300 rows, as 'n' says; 1 of "
    outputs = []
    for name, weights in (("counts", ["--weights", "n"]), ("rows", [])):
        path, out = tmp_path / f"{name}.csv", tmp_path / f"of_{name}"
        options = ["--missing", "testwise", *weights]
        said = []
        for command in (
            ("learn", path, "--output", out, "--bootstraps", "3"),
            ("why", out, "x", "z"),
            ("test", path, "x", "z", "--given", "y"),
            ("mi", path, "x", "y"),
            ("matrix", path),
            ("rank", path, "--target", "z"),
            ("describe", path),
        ):
            mine = {"why": [], "describe": weights}.get(command[0], options)
            code, stdout, stderr = run(*command, *mine)
            assert code == 0, stderr
            assert (told in stderr) == (name == "counts" and command[0] != "why")
            said.append(stdout.replace(str(path), "TABLE").replace(str(out), "FOLDER"))
        files = {p.name: p.read_bytes() for p in out.iterdir() if p.name != "run.json"}
        outputs.append((said, files))
        record = (out / "run.json").read_text(encoding="utf-8")
        assert ('"weights": "n"' in record) == (name == "counts")
        assert '"n_samples": 300' in record
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    "values",
    [[3, 0, 2, 1], [3.0, 0.0, 2.0, 1.0], ["3", "0", " 2", "1.0"], pd.Categorical([3, 0, 2, 1])],
)
def test_how_weights_are_stored(values: Any) -> None:
    table = pd.DataFrame({"a": list("xyxy"), "b": [0, 1, 1, 1], "n": values})
    data = ms.as_dataset(table, weights="n")
    np.testing.assert_array_equal(data.codes, [[0, 0, 0, 0, 0, 1], [0, 0, 0, 1, 1, 1]])
    assert [str(n) for n in data.notes] == [
        "the table of 4 rows stands for 6 rows, as 'n' says; 1 of weight 0 is left out"
    ]


def test_every_kind_of_table() -> None:
    table = counts_of("mixed", 4)
    expected = ms.as_dataset(written_out(table))
    for frame in (pl.DataFrame(table), pa.Table.from_pandas(table, preserve_index=False)):
        assert_same(ms.as_dataset(frame, weights="n"), expected)
    codes = table[["x", "y", "n"]].to_numpy()
    np.testing.assert_array_equal(ms.as_dataset(codes, weights="x2").codes, expected.codes[:2])
    anndata = pytest.importorskip("anndata")
    cells = anndata.AnnData(
        table[["x", "y"]].to_numpy(float), obs=table[["n"]].set_axis(map(str, table.index))
    )
    data = ms.as_dataset(cells, obs=["n"], weights="n")
    assert (data.names, data.n_samples) == (("0", "1"), 300)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_names_of_rows_are_repeated(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame({"a": [0, 1, 1], "b": [1, 0, 1], "n": [2, 0, 1]}, index=["p", "q", "r"])
    path = tmp_path / f"t{suffix}"
    table.to_csv(path) if suffix == ".csv" else table.to_parquet(path)
    for data in (ms.as_dataset(table, weights="n"), ms.read_table(path, weights="n")):
        assert data.index is not None
        assert data.index.tolist() == ["p", "p", "r"]


def test_genes_as_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(8, 3)), columns=["g1", "g2", "g3"]).assign(n=[1, 2] * 4)
    table.T.to_csv(tmp_path / "t.csv")
    data = ms.read_table(tmp_path / "t.csv", transpose=True, weights="n")
    np.testing.assert_array_equal(data.values, written_out(table).to_numpy().T)
    assert data.index is not None
    assert data.index[:3].tolist() == ["0", "1", "1"]


MUST = (
    "weights: column 'n' must say how many rows each row stands for, as whole numbers of at least "
    "0, but holds "
)
CORRECT = "; correct the table, with 0 for rows that are to be left out"
SURVEY = "; fractions, as in surveys, cannot be used; leave out with drop=['n']"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -2, 1, 1], f"{MUST}-2 in row 2{CORRECT}"),
        ([1.5, 1, 0.25, 1], f"{MUST}1.5 in row 1, 0.25 in row 3{SURVEY}"),
        ([1, None, 1, 1], f"{MUST}missing in row 2{CORRECT}"),
        ([np.inf, 1, 1, 1], f"{MUST}inf in row 1{CORRECT}"),
        (["1", "two", "3", "4"], f"{MUST}'two' in row 2{CORRECT}"),
        (
            [True, True, False, True],
            f"{MUST}True in row 1, True in row 2, False in row 3 and 1 more{CORRECT}",
        ),
        ([0, 0, 0, 0], "weights: no row is left, as 'n' is 0 in all rows"),
    ],
)
def test_what_is_refused(weights: list[Any], message: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"a": list("xyxy"), "b": [0, 1, 1, 0], "n": weights})
    with pytest.raises(DataError) as caught:
        ms.as_dataset(table, weights="n")
    assert str(caught.value) == message
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        ms.read_table(path, weights="n")
    assert str(caught.value).startswith(f"{path}: weights: ")


def test_one_use_of_a_column(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [0, 1], "b": [1, 0], "n": [2, 3]})
    both = (
        "weights: column 'n' says how many rows each row stands for and is no variable, but it is "
        "also in {}; leave it out of one of the two"
    )
    for options, message in (
        ({"drop": ["n"]}, both.format("drop")),
        ({"kinds": {"n": "discrete"}}, both.format("kinds")),
    ):
        with pytest.raises(ParameterError) as caught:
            ms.as_dataset(table, weights="n", **options)
        assert str(caught.value) == message
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False)
    with pytest.raises(ParameterError, match=r"^weights: column 'n' is also the index$"):
        ms.read_table(path, weights="n", index="n")
    with pytest.raises(ParameterError, match=r"^weights: there is no column 'm'$"):
        ms.as_dataset(table, weights="m")
    with pytest.raises(ParameterError, match=r"^weights must be the name of a column, got Series$"):
        ms.as_dataset(table, weights=table["n"])
    with pytest.raises(ParameterError, match=r"^weights: a Dataset has its rows already, got 'n'$"):
        ms.as_dataset(ms.as_dataset(table), weights="n")
    # A pattern is for the variables.
    data = ms.as_dataset(table, weights="n", kinds={"*": "continuous"})
    assert (data.names, data.n_samples) == (("a", "b"), 5)


def test_less_memory_than_the_rows_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row takes two bytes for each code twice, and what a learner keeps of it."""
    table = pd.DataFrame({"a": [0, 1], "b": [1.5, 0.25], "n": [10**9, 5]})
    monkeypatch.setattr(weights_module, "memory_limit", lambda: 8 * 10**9)
    with pytest.raises(DataError) as caught:
        ms.as_dataset(table, weights="n")
    needed = (10**9 + 5) * (weights_module._BYTES_OF_A_ROW + 2 * (1 + 8)) / 1e9
    assert str(caught.value) == (
        "weights: the 2 rows of the table stand for 1,000,000,005, as 'n' says, which take about "
        f"{needed:.1f} GB, of 8.0 GB; divide the weights by a number (tests then see fewer rows), "
        "or leave out columns by drop"
    )
    assert ms.as_dataset(table.assign(n=[3, 5]), weights="n").n_samples == 8


def test_rows_of_weight_0_are_counted(tmp_path: Path) -> None:
    """What is said of rows names those of the table as it is."""
    table = pd.DataFrame({"a": list("1?34x5"), "b": [0, 1, 1, 0, 1, 0], "n": [0, 1, 0, 2, 0, 1]})
    data = ms.as_dataset(table, weights="n", missing="testwise")
    marks = [n for n in data.notes if n.rule == "missing mark"]
    assert [n.rows for n in marks] == [(2,)]
    table["a"] = [1.0, 2.0, 3.0, np.inf, 5.0, 6.0]
    with pytest.raises(DataError, match=r"\(rows are counted without the 3 of weight 0\)$"):
        ms.as_dataset(table, weights="n")


LOOKS = "no two rows agree in all columns but {!r}, which may say how many rows each stands for; "


@pytest.mark.parametrize("name", ["n", "Freq", "count", "COUNT(*)", "size"])
def test_a_table_that_looks_like_counts(run: Run, tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    columns = {"class": list("123"), "sex": ["f", "m"], "survived": ["no", "yes"]}
    cells = pd.MultiIndex.from_product(columns.values(), names=list(columns)).to_frame(index=False)
    table = cells.assign(**{name: rng.integers(2, 90, len(cells))})
    (note, *_) = ms.as_dataset(table).notes
    assert str(note) == f"{LOOKS.format(name)}if so: weights={name!r}"
    # What it advises is taken without a further word.
    (note,) = ms.as_dataset(table, weights=name).notes
    assert note.rule == "weights"
    table.to_csv(tmp_path / "t.csv", index=False)
    said = run("describe", tmp_path / "t.csv")[2].splitlines()
    option = f"'{name}'" if "(" in name else name
    assert said[0] == f"mistruct: note: {LOOKS.format(name)}if so: --weights {option}"


def test_tables_that_do_not_look_like_counts() -> None:
    rng = np.random.default_rng(0)
    n = 60
    rows = pd.DataFrame(rng.integers(0, 2, (n, 3)), columns=list("abc"))
    numbers = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    many = pd.DataFrame(rng.integers(0, 4, (n, 12))).add_prefix("c")
    cells = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    visits = rng.integers(0, 40, n)
    for table in (
        rows.assign(n=visits),  # rows recur
        numbers.assign(n=visits),  # rows of numbers differ by chance
        many.assign(n=visits),  # and so do rows of many states
        cells.assign(n=[1, 1, 1, 1]),
        cells.assign(n=[-1, 5, 4, 2]),
        cells.assign(n=[0.5, 5, 4, 2]),
        cells.assign(age=[7, 5, 4, 2]),
        cells.assign(n=[7, 5, 4, 2], count=[7, 5, 4, 2]),
    ):
        assert all(note.rule != "counts of rows" for note in ms.as_dataset(table).notes)
    declared = ms.as_dataset(cells.assign(n=[7, 5, 4, 2]), kinds={"n": "continuous"})
    assert declared.notes == ()
