"""What the commands say of guesses, and the options that overrule them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import Run

CASES = Path(__file__).parent.parent / "data" / "cases"
NOTE = "mistruct: note: "


def told(err: str) -> list[str]:
    lines = err.splitlines()
    assert all(line.startswith(NOTE) for line in lines)
    return [line.removeprefix(NOTE) for line in lines]


def test_notes_come_in_the_words_of_the_command(run: Run) -> None:
    code, out, err = run("describe", CASES / "ids_codes.csv")
    assert code == 0
    assert "note" not in out
    assert told(err) == [
        "'patient_id' is left out (row numbers); to keep it: --kind patient_id=continuous",
        "'likert' is taken as ordinal (name of a scale); otherwise: --kind likert=discrete",
        "'visits' is taken as continuous (counts, or few rows per value); otherwise: "
        "--kind visits=discrete",
    ]
    assert "6 columns" in out
    *_, kept = run("describe", CASES / "ids_codes.csv", "--kind", "patient_id=continuous")
    assert len(told(kept)) == 2


def test_a_command_about_columns_notes_what_concerns_these(
    run: Run, refused: Callable[..., str]
) -> None:
    path = CASES / "ids_codes.csv"
    assert run("mi", path, "age", "zip")[2] == ""
    assert len(told(run("mi", path, "age", "visits")[2])) == 1
    # A column that was left out is no column that is not there.
    code, out, err = run("mi", path, "age", "patient_id")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "mistruct: error: X, Y and --given: 'patient_id' is left out (row numbers); to keep it: "
        "--kind patient_id=continuous"
    )


def test_ordinal_columns_by_pattern_by_file_and_by_guess(
    run: Run, refused: Callable[..., str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    items = pd.DataFrame(rng.integers(1, 8, (200, 6))).add_prefix("V").assign(arm=1)
    items["arm"] = rng.integers(0, 4, 200)
    items["town"] = rng.choice(["x", "y"], 200)
    path, kinds = tmp_path / "survey.csv", tmp_path / "kinds.csv"
    items.to_csv(path, index=False)
    code, out, err = run("describe", path, "--kind", "arm=ordinal", "--output", kinds)
    assert code == 0
    assert "8 columns (1 discrete, 7 ordinal)" in out
    assert told(err) == [
        "'V0', 'V1', 'V2' and 3 more are taken as ordinal (answers from 1 to 7 in 6 columns); "
        "otherwise: --kind V0=discrete, ..."
    ]
    code, out, err = run("describe", path, "--kinds", kinds)
    assert (code, err) == (0, "")
    assert "8 columns (1 discrete, 7 ordinal)" in out
    code, out, err = run("learn", path, "--kind", "V*=discrete", "--output", tmp_path / "net")
    assert code == 0
    assert NOTE not in err
    assert "8 columns (8 discrete)" in out
    message = refused("describe", path, "--kind", "town=ordinal")
    assert message.endswith("write numbers in their place, or declare --kind town=discrete")


@pytest.mark.parametrize(("n_codes", "n_lines"), [(8, 8), (9, 9), (12, 9)])
def test_so_many_notes_and_no_more(run: Run, tmp_path: Path, n_codes: int, n_lines: int) -> None:
    rng = np.random.default_rng(0)
    towns = {f"t{i}": rng.choice([f"s{k}" for k in range(40)], 100) for i in range(n_codes)}
    pd.DataFrame(towns).to_csv(tmp_path / "t.csv", index=False)
    lines = told(run("matrix", tmp_path / "t.csv", "--output", tmp_path / "m.csv")[2])
    assert len(lines) == n_lines
    if n_codes == 12:
        assert lines[-1] == "and 4 more: mistruct describe"
    assert len(told(run("describe", tmp_path / "t.csv")[2])) == n_codes


def test_kinds_go_to_a_file_and_come_from_it(
    run: Run, refused: Callable[..., str], tmp_path: Path
) -> None:
    kinds = tmp_path / "kinds.csv"
    code, out, _ = run("describe", CASES / "ids_codes.csv", "--output", kinds)
    assert code == 0
    assert out.endswith(f"\nwritten: {kinds}\n")
    table = pd.read_csv(kinds)
    assert dict(zip(table["column"], table["kind"], strict=True)) == {
        "zip": "discrete", "year": "continuous", "likert": "ordinal", "visits": "continuous",
        "age": "continuous", "satisfied": "discrete", "patient_id": "drop",
    }  # fmt: skip
    table.loc[table["column"] == "visits", "kind"] = "discrete"
    table.loc[table["column"] == "zip", "kind"] = "drop"
    table.to_csv(kinds, index=False)
    code, out, err = run(
        "describe", CASES / "ids_codes.csv", "--kinds", kinds, "--kind", "age=discrete"
    )
    assert (code, err) == (0, "")  # nothing is guessed any more
    assert "zip" not in out
    assert re.search(r"visits +discrete \(given\)", out)
    assert re.search(r"age +discrete \(given\)", out)
    code, out, _ = run(
        "describe", CASES / "ids_codes.csv", "--kinds", kinds, "--kind", "v*=continuous"
    )
    assert re.search(r"visits +continuous \(given\)", out)
    kinds.write_text("name,kind\nage,discrete\n")
    message = refused("describe", CASES / "ids_codes.csv", "--kinds", kinds)
    assert message == f"--kinds: {str(kinds)!r} must have the columns 'column' and 'kind'"
    assert "--kinds: cannot read" in refused(
        "describe", CASES / "ids_codes.csv", "--kinds", tmp_path / "no.csv"
    )


@pytest.mark.parametrize(
    ("name", "options", "columns"),
    [
        ("no_header.csv", ["--no-header"], "100 rows, 3 columns"),
        ("no_header.csv", ["--header"], "99 rows, 3 columns"),
        ("semicolon_decimal.csv", ["--separator", ";", "--decimal", ","], "120 rows, 5 columns"),
        ("below_limit.csv", ["--missing-mark", "<5"], "7 missing entries"),
        ("namibia.csv", ["--missing-mark", ""], "100 rows, 3 columns (2 discrete, 1 continuous)\n"),
        ("loggenes.tsv", ["--transpose", "--drop", "S1*"], "49 rows, 40 columns"),
        ("cbio_mrna.txt", ["--transpose", "--separator", "tab"], "50 rows, 30 columns"),
        ("hash_comments.csv", ["--comment", "#"], "120 rows, 5 columns"),
        ("few_dates.csv", ["--drop", "wh*"], "100 rows, 2 columns"),
        ("float_codes.csv", ["--kind", "*=continuous"], "3 continuous"),
    ],
)
def test_options_overrule_guesses(run: Run, name: str, options: list[str], columns: str) -> None:
    code, out, _ = run("describe", CASES / name, *options)
    assert code == 0
    assert columns in out


def test_advice_in_errors_is_in_options(refused: Callable[..., str]) -> None:
    assert refused("describe", CASES / "no_header.csv").endswith(
        "say so with --no-header, or take them for names with --header"
    )
    assert "leave it out with --drop when" in refused("describe", CASES / "few_dates.csv")


def test_a_run_keeps_its_notes(run: Run, tmp_path: Path) -> None:
    code, *_ = run(
        "learn", CASES / "unnamed0.csv", "--method", "chow-liu", "--output", tmp_path / "out"
    )
    assert code == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["data"]["notes"] == [
        "'Unnamed: 0' is left out (row numbers); to keep it: --kind 'Unnamed: 0=continuous'"
    ]
    edges = pd.read_csv(tmp_path / "out" / "edges.csv")
    assert edges[["source", "target"]].to_numpy().tolist() == [["glucose", "hba1c"]]


def test_genes_are_numbers_for_aracne(run: Run, tmp_path: Path) -> None:
    path = CASES / "sparse_counts.tsv"
    few = pd.read_csv(path, sep="\t", index_col=0)
    few = few[few.nunique(axis=1) <= 12]
    few.T.to_csv(tmp_path / "few.tsv", sep="\t")
    code, out, err = run("aracne", tmp_path / "few.tsv", "--output", tmp_path / "out")
    assert code == 0
    assert f"{len(few)} columns ({len(few)} continuous)" in out
    assert "taken as continuous (genes are numbers)" in err
    net = ms.ARACNE().fit(few.T + 0.5)
    edges = pd.read_csv(tmp_path / "out" / "edges.csv")
    assert len(edges) == len(net.edges_)


def test_a_ranking_shows_no_number_outside_its_interval(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 6, (60, 6))).add_prefix("f")
    frame["target"] = rng.integers(0, 2, 60)
    frame.to_csv(tmp_path / "t.csv", index=False)
    code, out, _ = run("rank", tmp_path / "t.csv", "--target", "target")
    assert code == 0
    shown = re.findall(r" (-?\d\.\d{4})  (-?\d\.\d{4}) to (\d\.\d{4})", out)
    assert len(shown) == 6
    for mi, low, high in shown:
        assert float(low) <= float(mi) <= float(high)


def test_a_constant_column_is_not_in_the_model(run: Run, tmp_path: Path) -> None:
    frame = pd.read_csv(CASES / "unnamed0.csv").drop(columns="Unnamed: 0").assign(site="A")
    frame.to_csv(tmp_path / "t.csv", index=False)
    code, out, _ = run(
        "learn", tmp_path / "t.csv", "--method", "chow-liu", "--output", tmp_path / "out"
    )
    assert code == 0
    assert "not in model.bif, since constant: site\n" in out
    assert set(ms.read_network(tmp_path / "out" / "model.bif").nodes) == set(frame) - {"site"}
    assert "site" in ms.read_network(tmp_path / "out" / "network.graphml")
