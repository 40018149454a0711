"""The rule of kinds on columns of real life, and on the edges of each of its conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data.dataset import with_numbers
from mistruct.data.kinds import end_of_scale, is_matrix_of_counts, rule_of_whole_numbers
from mistruct.errors import DataError
from tests.structure.sampled_networks import sample_network

N = 300
Draw = Callable[[np.random.Generator], Any]
D, ORD, C, OUT = "discrete", "ordinal", "continuous", "left out"

#: A column as people have it, and what it is: its kind, or that it names the rows.
COLUMNS: dict[str, tuple[Draw, str]] = {
    "sex": (lambda r: r.choice(["f", "m"], N), D),
    "smoker": (lambda r: r.random(N) < 0.3, D),
    "er_status": (lambda r: r.integers(0, 2, N), D),
    "diabetes (1/2)": (lambda r: r.integers(1, 3, N), D),
    "female 0.0/1.0": (lambda r: r.integers(0, 2, N).astype(float), D),
    "age": (lambda r: r.integers(18, 91, N), C),
    "year of birth": (lambda r: r.integers(1930, 2004, N), C),
    "year of diagnosis": (lambda r: r.integers(2019, 2022, N), D),
    "bmi": (lambda r: r.normal(26, 4, N).round(1), C),
    "systolic": (lambda r: r.normal(130, 15, N).round(), C),
    "pulse": (lambda r: r.normal(72, 9, N).round().astype(int), C),
    "height in cm": (lambda r: r.normal(170, 9, N).round().astype(str), C),
    "crp": (lambda r: r.lognormal(1, 1, N).round(2), C),
    "tumour stage": (lambda r: r.integers(1, 5, N), ORD),
    "grade 1.0 to 3.0": (lambda r: r.integers(1, 4, N).astype(float), ORD),
    "ecog": (lambda r: r.choice(5, N, p=[0.5, 0.3, 0.1, 0.07, 0.03]), ORD),
    "likert": (lambda r: r.integers(1, 6, N), ORD),
    "likert 7, object": (lambda r: r.integers(1, 8, N).astype(object), ORD),
    "nps 0 to 10": (lambda r: r.integers(0, 11, N), ORD),
    "school mark 1 to 6": (lambda r: r.integers(1, 7, N).astype(str), ORD),
    "visits": (lambda r: r.poisson(2.5, N), C),
    "calls": (lambda r: r.poisson(3, N), C),
    "lymph nodes": (lambda r: r.geometric(0.25, N) - 1, C),
    "pack years": (lambda r: r.integers(0, 60, N), C),
    "read count": (lambda r: r.negative_binomial(2, 0.01, N), C),
    "genotype": (lambda r: r.integers(0, 3, N), D),
    "blood group": (lambda r: r.choice(["A", "B", "AB", "0"], N), D),
    "region code": (lambda r: r.integers(1, 17, N), D),
    "icd": (lambda r: r.choice(["001", "010", "027"], N), D),
    "zip": (lambda r: r.choice([10115, 20095, 50667, 80331], N), D),
    "postcode 01067": (lambda r: r.choice(["01067", "50667", "80331"], N), D),
    "cluster": (lambda r: np.repeat([0, 1, 2, 3, 4, 5], [100, 80, 50, 40, 20, 10]), D),
    "batch": (lambda r: r.integers(1, 9, N), D),
    "dose in mg": (lambda r: r.choice([0, 10, 50, 100], N), D),
    "temperature": (lambda r: r.normal(37, 0.5, N).round(1), C),
    "logit": (lambda r: r.normal(size=N), C),
    "percent, as text": (lambda r: [f"{p:.1f}%" for p in r.uniform(0, 100, N)], C),
    "income, as text": (lambda r: [f"{v:,}" for v in r.integers(9_000, 90_000, N)], C),
    "patient_id": (lambda r: r.permutation(N) + 1001, OUT),
    "Unnamed: 0": (lambda r: np.arange(N), OUT),
    "barcode": (lambda r: [f"TCGA-{i:04}" for i in r.permutation(N)], OUT),
    "nth row": (lambda r: np.arange(1, N + 1), OUT),
    "follow-up time": (lambda r: np.arange(N), C),
    "constant": (lambda r: np.ones(N, dtype=int), D),
}


@pytest.fixture(scope="module")
def life() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: draw(rng) for name, (draw, _) in COLUMNS.items()})


def test_columns_of_real_life_in_a_file(life: pd.DataFrame, tmp_path: Any) -> None:
    assert len(COLUMNS) >= 40
    life.to_csv(tmp_path / "life.csv", index=False)
    data = ms.read_table(tmp_path / "life.csv")
    kinds = {name: data.kinds.get(name, OUT) for name in COLUMNS}
    assert kinds == {name: kind for name, (_, kind) in COLUMNS.items()}
    assert (
        data.why["likert"]
        == "whole numbers, 5 distinct, and the name of a scale (without it discrete)"
    )
    left_out = {n for note in data.notes if note.rule == "identifier" for n in note.columns}
    assert left_out == {name for name, (_, kind) in COLUMNS.items() if kind == OUT}


def test_columns_of_real_life_in_a_frame(life: pd.DataFrame) -> None:
    outside = [name for name, (_, kind) in COLUMNS.items() if kind == OUT]
    with pytest.raises(DataError) as caught:
        ms.as_dataset(life)
    assert (
        f"leave out with drop={outside!r} of as_dataset, or keep as a variable with kinds={{"
        in str(caught.value)
    )
    for name in outside:
        assert repr(name) in str(caught.value)
    kinds = ms.as_dataset(life, drop=outside).kinds
    assert kinds == {name: kind for name, (_, kind) in COLUMNS.items() if kind != OUT}


@pytest.mark.parametrize(
    ("states", "counts", "rule"),
    [
        ([0, 1], [1, 1], "two values"),
        ([5, 9], [1, 1], "two values"),
        ([7], [3], "two values"),
        ([0, 1, 7], [1, 1, 1], "few rows"),
        ([0, 1, 5], [1, 1, 1], "codes"),  # they lie close together
        ([0, 1, 7], [2, 2, 2], "codes"),  # two rows for each
        (list(range(20)), [9] * 20, "codes"),
        (list(range(21)), [9] * 21, "many values"),
        (list(range(6)), [9, 9, 9, 9, 1, 3], "counts"),  # 4 of 40 rows in the largest quarter
        (list(range(6)), [9, 9, 9, 8, 1, 3], "codes"),  # 4 of 39
        (list(range(6)), [90, 9, 9, 9, 1, 4], "codes"),  # the largest is not rare
        (list(range(5)), [90, 9, 9, 1, 1], "codes"),  # too few values for counts
        (list(range(6)), [3, 3, 3, 3, 3, 3], "codes"),  # all are as rare
    ],
)
def test_each_condition_at_its_edge(states: list[int], counts: list[int], rule: str) -> None:
    assert rule_of_whole_numbers(states, np.array(counts)) == rule


def test_a_matrix_has_one_kind() -> None:
    few, many = [(0, 5)] * 6, [(0, 40)] * 2
    sparse = [*few, *many, *[(0, 2)] * 12]
    assert is_matrix_of_counts(sparse, 20)
    assert not is_matrix_of_counts(sparse, 23)  # not nearly all are of whole numbers
    assert not is_matrix_of_counts(sparse[:19], 19)  # too few columns
    assert not is_matrix_of_counts([(1, n) for _, n in sparse], 20)  # no zeros, as in answers
    assert not is_matrix_of_counts([*few, *[(0, 2)] * 14], 20)  # none has many values
    assert not is_matrix_of_counts([*many, *[(0, 2)] * 18], 20)  # few have a few
    assert not is_matrix_of_counts([(-1, 5), *sparse[1:]], 20)


def test_a_questionnaire_has_one_kind() -> None:
    rng = np.random.default_rng(0)
    items = pd.DataFrame(rng.integers(1, 6, (200, 40))).add_prefix("item")
    items["age"] = rng.integers(18, 80, 200)
    kinds = ms.as_dataset(items).kinds
    assert {k for n, k in kinds.items() if n != "age"} == {"ordinal"}
    assert kinds["age"] == "continuous"


def test_a_questionnaire_keeps_its_kind_beside_codes_and_where_answers_lack() -> None:
    rng = np.random.default_rng(0)
    items = pd.DataFrame(rng.integers(1, 8, (300, 6)).astype(float)).add_prefix("item")
    items.loc[items["item1"] < 3, "item1"] = 3.0  # nobody answers 1 or 2
    items.loc[items["item2"] == 4, "item2"] = 5.0
    items["item3"] = np.minimum(items["item3"], 6).where(items.index > 1, 7)  # as counts run out
    items.loc[0, "item4"] = np.nan
    items["region"] = rng.integers(1, 17, 300)
    items["children"] = rng.choice(3, 300)
    data = ms.as_dataset(items, missing="testwise")
    found = {n for n, k in data.kinds.items() if k == "ordinal"}
    assert found == {f"item{i}" for i in range(6)}
    assert data.states["item1"] == (3, 4, 5, 6, 7)
    assert data.n_missing["item4"] == 1
    (note,) = (n for n in data.notes if n.rule == "scale")
    assert str(note) == (
        "'item0', 'item1', 'item2' and 3 more are taken as ordinal (answers from 1 to 7 in 6 "
        "columns); otherwise: kinds={'item0': 'discrete'}, ..."
    )
    assert (
        data.why["item0"]
        == "whole numbers, 7 distinct on one scale with other columns (alone discrete)"
    )
    declared = ms.as_dataset(items, kinds={"item*": "discrete"}, missing="testwise")
    assert set(declared.kinds.values()) == {"discrete"}


@pytest.mark.parametrize(
    ("bounds", "end"),
    [
        ([(1, 5)] * 5, 5),
        ([(1, 5)] * 4, 0),  # too few
        ([(1, 4)] * 5, 0),  # too short, as codes are
        ([(1, 10)] * 5, 10),
        ([(1, 11)] * 5, 0),
        ([(0, 5)] * 5, 0),
        ([(1, 7)] * 6 + [(1, 5)] * 6, 7),
        ([(1, 5)] * 6 + [(1, 2)] * 6, 5),
        ([(1, 5)] * 6 + [(1, 2)] * 7, 0),  # most are codes
        ([], 0),
    ],
)
def test_what_a_scale_of_answers_is(bounds: list[tuple[int, int]], end: int) -> None:
    assert end_of_scale(bounds) == end


@pytest.mark.parametrize("name", ["sachs", "alarm", "insurance", "hailfinder"])
@pytest.mark.parametrize("first", [0, 1])
def test_states_of_networks_are_no_answers(name: str, first: int) -> None:
    assert not ms.as_dataset(sample_network(name, 500, 0) + first).ordinal


def test_genes_are_numbers_however_few() -> None:
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson([0.1, 0.5, 2, 30], (60, 4)), columns=list("abcd"))
    counts["type"] = rng.choice(["T", "B"], 60)
    data = ms.as_dataset(counts)
    assert data.kinds["b"] == "discrete"
    genes = with_numbers(data)
    assert {n: genes.kinds[n] for n in "abcd"} == dict.fromkeys("abcd", "continuous")
    assert genes.kinds["type"] == "discrete"
    np.testing.assert_array_equal(genes.values, counts[list("abcd")].to_numpy().T)
    assert genes.notes[-1].columns == tuple(n for n in "abcd" if data.kinds[n] == "discrete")
    levels = with_numbers(ms.as_dataset(pd.DataFrame(rng.integers(1, 6, (60, 6)))))
    assert [note.rule for note in levels.notes] == ["matrix"]
    assert set(levels.kinds.values()) == {"continuous"}
    calls = ms.as_dataset(pd.DataFrame(rng.integers(0, 2, (60, 4)), columns=list("abcd")))
    assert with_numbers(calls) is calls
    labelled = pd.DataFrame(rng.normal(size=(60, 2)), columns=["g", "h"])
    labelled["er"] = rng.integers(0, 2, 60)
    assert with_numbers(ms.as_dataset(labelled)).kinds["er"] == "discrete"


def test_patterns_of_names() -> None:
    table = pd.DataFrame(np.arange(12).reshape(4, 3) % 3, columns=["V1", "V2", "id_x"])
    data = ms.as_dataset(table, kinds={"V*": "continuous"}, drop=["id_*"])
    assert data.kinds == {"V1": "continuous", "V2": "continuous"}
    mixed = ms.as_dataset(table, kinds={"V1": "discrete", "V*": "continuous"}, drop=["id_*"])
    assert mixed.kinds == {"V1": "discrete", "V2": "continuous"}
    with pytest.raises(ms.ParameterError, match=r"^drop: there is no column like 'W\*'$"):
        ms.as_dataset(table, drop=["W*"])
