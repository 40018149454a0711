"""`mistruct learn` with no options on thirty tables: each ends in a minute, and says so before."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.structure.sampled_networks import sample_network

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
NETWORKS = ("asia", "survey", "sachs", "insurance", "alarm", "hailfinder", "win95pts")
STATSMODELS = (
    "anes96", "ccard", "copper", "fair", "heart", "interest_inflation", "macrodata", "modechoice",
    "randhie", "star98", "statecrime",
)  # fmt: skip
SKLEARN = ("iris", "wine", "breast_cancer", "diabetes", "digits")


def clinics(n_clinics: int) -> pd.DataFrame:
    """Patients of many clinics, whose numbers depend on each other and on the clinic."""
    rng = np.random.default_rng(0)
    clinic = rng.integers(0, n_clinics, 1500)
    severity = rng.normal(size=1500) + rng.normal(size=n_clinics)[clinic]
    age = rng.normal(60, 12, 1500)
    stay = np.exp(0.5 * severity + 0.3 * rng.normal(size=1500))
    readmitted = rng.random(1500) < 1 / (1 + np.exp(-severity))
    return pd.DataFrame(
        {
            "clinic": [f"clinic {c}" for c in clinic], "severity": severity, "age": age,
            "stay": stay, "readmitted": readmitted, "sex": rng.choice(["f", "m"], 1500),
            "stage": np.digitize(severity + rng.normal(size=1500), [-1, 0, 1]),
        }
    )  # fmt: skip


def survey() -> pd.DataFrame:
    """Items from 1 to 6 of a questionnaire with five factors."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2800, 5)) @ (np.eye(5) + 0.2)
    items = [factors[:, k % 5] + rng.normal(size=2800) for k in range(25)]
    answers = {f"item{k}": np.digitize(v, [-2, -1, 0, 1, 2]) + 1 for k, v in enumerate(items)}
    people = {"gender": rng.integers(1, 3, 2800), "education": rng.integers(1, 6, 2800)}
    return pd.DataFrame({**answers, **people, "age": rng.integers(18, 80, 2800)})


def field_study() -> pd.DataFrame:
    """Numbers and words of which two have 44 and 166 states."""
    rng = np.random.default_rng(0)
    address = rng.integers(0, 166, 1400)
    region = address // 4
    numbers = {f"x{k}": rng.normal(size=1400) + 0.5 * rng.normal(size=44)[region] for k in range(7)}
    words = {f"w{k}": rng.integers(0, 2 + k, 1400) + region % 2 for k in range(4)}
    return pd.DataFrame(
        {"address": [f"street {a}" for a in address], "region": [f"r{r}" for r in region]}
        | numbers
        | {name: [f"s{v}" for v in states] for name, states in words.items()}
    )


def noisy_copies() -> pd.DataFrame:
    """Sixty measurements of one quantity."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(1000, 1)) + 0.7 * rng.normal(size=(1000, 60))).add_prefix(
        "copy"
    )


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "80 clinics": lambda: clinics(80),
    "400 clinics": lambda: clinics(400),
    "survey, 28 items": survey,
    "field study, 166 addresses": field_study,
    "60 noisy copies": noisy_copies,
    "tcga_brca": lambda: pd.read_csv(DATA / "tcga_brca.csv", index_col=0),
    "cells": lambda: pd.read_csv(DATA / "sachs.csv"),
}


def table_of(name: str) -> pd.DataFrame:
    if name in TABLES:
        return TABLES[name]()
    if name in NETWORKS:
        return sample_network(name, 10_000, 0).add_prefix("v_").astype("category")
    if name in SKLEARN:
        datasets = pytest.importorskip("sklearn.datasets")
        frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return frame
    datasets = pytest.importorskip(f"statsmodels.datasets.{name}")
    loaded: pd.DataFrame = datasets.load_pandas().data
    return loaded.dropna()


@pytest.mark.long
@pytest.mark.parametrize("name", [*TABLES, *NETWORKS, *SKLEARN, *STATSMODELS])
def test_every_table_ends_in_a_minute(
    name: str, tmp_path: Path, record: Callable[..., None]
) -> None:
    table_of(name).to_csv(tmp_path / "table.csv", index=False)
    main = "from mistruct.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", main, "learn", tmp_path / "table.csv", "--output"]
    for run in ("first", "second"):  # the first compiles
        started = time.perf_counter()
        done = subprocess.run(
            [*command, tmp_path / run], check=False, capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
        assert done.returncode == 0, done.stderr
    (said,) = (line for line in done.stderr.splitlines() if line.startswith("method "))
    estimate = re.search(r"about (\d+|a) (s|second|minutes)", said)
    expected = None
    if estimate and "allows" not in said:
        expected = int(estimate[1].replace("a", "1")) * (60 if estimate[2] == "minutes" else 1)
    ratio = expected / seconds if expected else None
    record(f"learn, {name}", seconds, said.split(";")[0], expected, ratio)
    assert seconds < 60
