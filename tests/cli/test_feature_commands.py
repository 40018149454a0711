"""The commands `rank` and `compare`: what they say, what they write, and how they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    plan, calls = rng.integers(0, 2, (2, 400))
    table = pd.DataFrame(
        {"plan": plan, "calls": calls, "copy": plan, "noise": rng.normal(size=400)}
    )
    table["churn"] = np.where(plan + calls + rng.normal(0, 0.4, 400) > 1, "left", "stayed")
    table["noisy"] = np.where(rng.random(400) < 0.1, 1 - plan, plan)
    path = tmp_path / "churn.csv"
    table.to_csv(path, index=False)
    return path


def test_rank(run: Run, data: Path, tmp_path: Path) -> None:
    csv, picture = tmp_path / "ranking.csv", tmp_path / "ranking.png"
    code, out, err = run(
        "rank", data, "--target", "churn", "--drop", "noisy", "--output", csv, "--plot", picture
    )
    assert (code, err) == (0, "")
    expected = ms.rank_features(ms.read_table(data, drop=["noisy"]), "churn")
    first, second, _, head, *rows, last = out.splitlines()
    assert first == f"{data}: 400 rows, 5 columns (4 discrete, 1 continuous)"
    assert second.startswith("2 features of 4 chosen for churn (jmi; mi by auto (miller-madow,")
    assert head.split() == ["feature", "mi", "interval", "p", "adds", "shares", "most", "with"]
    assert [line.split()[:2] for line in rows[:2]] == [
        [str(i + 1), expected["feature"][i]] for i in range(2)
    ]
    assert [line.split()[0] for line in rows[2:]] == expected["feature"][2:].tolist()
    assert last == f"written: {csv}, {picture}"
    written = pd.read_csv(csv, keep_default_na=False, na_values={"chosen": [""]})
    assert written["feature"].tolist() == expected["feature"].tolist()
    assert written["mi"].tolist() == pytest.approx(expected["mi"].tolist())
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_rank_so_many_by_a_criterion(run: Run, data: Path) -> None:
    code, out, _ = run("rank", data, "--target", "churn", "--features", 3, "--criterion", "mim")
    assert code == 0
    assert "3 features of 5 chosen for churn (mim;" in out


def test_compare(run: Run, data: Path, tmp_path: Path) -> None:
    csv, picture = tmp_path / "counts.csv", tmp_path / "counts.svg"
    code, out, err = run("compare", data, "plan", "noisy", "--output", csv, "--plot", picture)
    assert (code, err) == (0, "")
    table = pd.read_csv(data)
    found = ms.compare_clusterings(table["plan"], table["noisy"])
    first, *lines = out.splitlines()
    assert first == "plan (2 clusters) and noisy (2 clusters), 400 rows"
    values = dict(line.split()[:2] for line in lines[:7])
    assert values == {
        "AMI": f"{found.ami:.4f}",
        "NMI": f"{found.nmi:.4f}",
        "homogeneity": f"{found.homogeneity:.4f}",
        "completeness": f"{found.completeness:.4f}",
        "V": f"{found.v_measure:.4f}",
        "ARI": f"{found.ari:.4f}",
        "VI": f"{found.variation_of_information:.4f}",
    }
    assert lines[7] == found.note
    assert lines[8] == f"written: {csv}, {picture}"
    counts = pd.read_csv(csv, index_col="plan")
    assert counts.to_numpy().tolist() == found.table.to_numpy().tolist()
    assert "<svg" in picture.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rank", "--target", "chrun"], "target: there is no column 'chrun'; did you mean 'churn'"),
        (["rank"], "Missing option '--target'"),
        (["rank", "--target", "churn", "--features", "9"], "--features must be at most the 5"),
        (["rank", "--target", "churn", "--output", "a.txt"], "--output must end in .csv"),
        (["rank", "--target", "churn", "--alpha", "2"], "--alpha must be a number between 0 and 1"),
        (["compare", "plan", "plam"], "there is no column 'plam'; did you mean 'plan'"),
        (["compare", "plan", "noise"], "'noise' must be names or whole numbers, got the float"),
        (
            ["compare", "plan", "noisy", "--plot", "a.gif"],
            "--plot must end in .png or .pdf or .svg",
        ),
    ],
)
def test_refused(run: Run, data: Path, arguments: list[str], message: str) -> None:
    code, out, err = run(arguments[0], data, *arguments[1:])
    assert (code, out) == (2, "")
    assert err.startswith("mistruct: error: ") and err.count("\n") == 1
    assert message in err
