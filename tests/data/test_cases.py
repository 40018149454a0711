"""Tables as people have them, one file for each kind of trouble: what is read, and what is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.errors import DataError

CASES = Path(__file__).parent / "cases"


class Right(NamedTuple):
    """Rows, the discrete columns, the number of continuous ones, and the notes word for word."""

    n_samples: int
    discrete: dict[str, tuple[Any, ...]]
    n_continuous: int
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})
    n_missing: int = 0


TRANSPOSED = {"transpose": True}
SITES = {"sex": ("f", "m"), "site": ("Köln", "München")}
KEEP = "; to keep it: kinds="
MARKS = "; to choose the marks: missing_marks=['']"

RIGHT = {
    "cbio_mrna.txt": Right(
        50,
        {},
        30,
        ("'Entrez_Gene_Id' describes the variables and is left out",),
        TRANSPOSED,
    ),
    "cjk.csv": Right(150, {"-group": ("a", "b")}, 2),
    "counts16b.tsv": Right(
        16,
        {},
        40,
        (
            "'TP53', 'HLA-A', 'HLA-DRB1' and 37 more are taken as continuous (counts, or few rows "
            "per value); otherwise: kinds={'TP53': 'discrete'}, ...",
        ),
        TRANSPOSED,
    ),
    "sparse_counts.tsv": Right(
        150,
        {},
        40,
        (
            "'HLA-A', '\"odd\"' are taken as continuous (counts of one matrix of 40 columns); "
            "otherwise: kinds={'HLA-A': 'discrete', '\"odd\"': 'discrete'}",
        ),
        TRANSPOSED,
    ),
    "empty_col.csv": Right(100, {}, 2, ("1 empty column without a name left out",)),
    "empty_rows.csv": Right(100, {"c": (0, 1)}, 2, ("3 empty rows left out (rows 101, 102, 103)",)),
    "float_codes.csv": Right(
        100,
        {"smoker": (0, 1, 2), "grade": (1, 2, 3, 4)},
        1,
        (
            "'grade' is taken as ordinal (name of a scale); otherwise: kinds={'grade': 'discrete'}",
            "'smoker' is taken as discrete (few whole numbers); otherwise: "
            "kinds={'smoker': 'continuous'}",
        ),
    ),
    "gct_as.txt": Right(
        40,
        {},
        30,
        (
            "a GCT file: genes are rows",
            "'Description' describes the variables and is left out",
        ),
    ),
    "genes_with_description.tsv": Right(
        40, {}, 30, ("'Description' describes the variables and is left out",), TRANSPOSED
    ),
    "series_matrix.txt": Right(
        40, {}, 30, ("a GEO series matrix: its table is read, with genes as rows",)
    ),
    "hash_comments.csv": Right(120, SITES, 3, ("2 lines that begin with '#' left out",)),
    "ids_codes.csv": Right(
        100,
        {
            "zip": (
                1067,
                4109,
                10115,
                20095,
                28195,
                30159,
                40213,
                50667,
                60311,
                70173,
                80331,
                99084,
            ),
            "likert": (1, 2, 3, 4, 5),
            "satisfied": (0, 1),
        },
        3,
        (
            f"'patient_id' is left out (row numbers){KEEP}{{'patient_id': 'continuous'}}",
            "'likert' is taken as ordinal (name of a scale); otherwise: "
            "kinds={'likert': 'discrete'}",
            "'visits' is taken as continuous (counts, or few rows per value); otherwise: "
            "kinds={'visits': 'discrete'}",
        ),
    ),
    "leading_zeros.csv": Right(
        100,
        {"icd": ("001", "002", "010")},
        1,
        (
            "'icd' is kept as text, for leading zeros as in '002'; to read numbers: "
            "kinds={'icd': 'continuous'}",
        ),
    ),
    "loggenes.tsv": Right(
        40,
        {},
        60,
        (
            "the rows look like variables, such as genes, and the columns like samples; if so: "
            "transpose=True",
            "'gene' is left out (text with 40 distinct values in 40 rows)"
            f"{KEEP}{{'gene': 'discrete'}}",
        ),
    ),
    "mark_dash.csv": Right(
        100, {}, 2, (f"3 '-' read as missing: 'x' (rows 5, 41, 78){MARKS}",), n_missing=3
    ),
    "mark_sas_dot.csv": Right(
        100, {}, 2, (f"3 '.' read as missing: 'x' (rows 5, 41, 78){MARKS}",), n_missing=3
    ),
    "namibia.csv": Right(
        100,
        {"country": ("BW", "ZA", "ZM"), "plan": ("None", "basic", "full")},
        1,
        (f"24 'NA' read as missing: 'country' (rows 9, 10, 16, ...){MARKS}",),
        n_missing=24,
    ),
    "question_marks.csv": Right(
        100,
        {"stage": (1, 2, 3, 4), "outcome": (0, 1)},
        1,
        (
            "'stage' is taken as ordinal (name of a scale); otherwise: kinds={'stage': 'discrete'}",
            "4 '?' read as missing: 2 in 'bmi' (rows 4, 51), 2 in 'stage' (rows 8, 61)" + MARKS,
        ),
        n_missing=4,
    ),
    "quoted_newline.csv": Right(
        120, {**SITES, "note": ("line one\nline two", "plain, with comma", 'said "no"')}, 3
    ),
    "semicolon_decimal.csv": Right(
        120,
        SITES,
        3,
        (
            "fields are separated by semicolons; otherwise: separator=','",
            "numbers are written with a decimal comma; otherwise: decimal='.'",
        ),
    ),
    "thousands.csv": Right(
        120,
        SITES,
        4,
        (
            "'income' is read as numbers: 120 are written with thousands, as '22,040'; to keep it "
            "as text: kinds={'income': 'discrete'}",
        ),
    ),
    "trailing_delim_rows.csv": Right(
        120, SITES, 3, ("each row ends with a separator, which is left out",)
    ),
    "unnamed0.csv": Right(
        150,
        {"group": ("a", "b")},
        2,
        (f"'Unnamed: 0' is left out (row numbers){KEEP}{{'Unnamed: 0': 'continuous'}}",),
    ),
    "whitespace.csv": Right(
        100,
        {"sex": ("F", "M", "m")},
        1,
        ("blanks around 59 values of 'sex' are trimmed, as of 'F '",),
    ),
    "onehot_churn.csv": Right(
        1500, dict.fromkeys(("plan_basic", "plan_plus", "plan_pro", "left"), (0, 1)), 1
    ),
    "clinics80.csv": Right(
        1500,
        {
            "clinic": tuple(f"C{i:03}" for i in range(80)),
            "statin": (0, 1),
            "sex": ("f", "m"),
            "event": (0, 1),
        },
        3,
        (
            "'age' is taken as continuous (more than 20 whole numbers, which may be codes); "
            "otherwise: kinds={'age': 'discrete'}",
        ),
    ),
    "group60.csv": Right(1000, {"group": tuple(f"g{i:03}" for i in range(60))}, 6),
}

BELOW = (
    "column 'crp' is no column of numbers: 93 of 100 values are, but '<5' in rows 2, 3, 5, ... are "
    "not (values beyond a limit; write a number in their place, such as the limit, first); correct "
    "them, take them as missing with missing_marks=['<5'], or, if all values are names of "
    "categories, declare kinds={'crp': 'discrete'}"
)
REFUSED = {
    "below_limit.csv": BELOW,
    "few_dates.csv": (
        "column 'when' holds dates or times (such as '2020-01-10'); leave it out with "
        "drop=['when'], or turn it into a number or a category first"
    ),
    "no_header.csv": (
        "the first row holds numbers only (-1.738, -1.051, 0), so there seems to be no header; say "
        "so with header=False, or take them for names with header=True"
    ),
    "one_header_short.csv": (
        "the header has one name fewer than the rows have fields, so the first field should name "
        "the rows, but '1' stands there in 2 rows; correct the header"
    ),
}
NETWORKS = {"cyto.graphml", "igraph.gml"}


@pytest.fixture(params=["pyarrow", "pandas"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Text is parsed by pyarrow, or by pandas where that is not installed."""
    if request.param == "pandas":
        monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    return str(request.param)


def test_every_case_is_here() -> None:
    others = {"customers_town.csv"}
    assert {p.name for p in CASES.iterdir()} == {*RIGHT, *REFUSED, *NETWORKS, *others}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_read(name: str, parser: str) -> None:
    right = RIGHT[name]
    data = ms.read_table(CASES / name, missing="testwise", **right.options)
    assert data.n_samples == right.n_samples
    assert {n: data.states[n] for n in data.discrete} == right.discrete
    assert len(data.continuous) == right.n_continuous
    assert tuple(map(str, data.notes)) == right.notes
    assert sum(data.n_missing.values()) == right.n_missing


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, parser: str) -> None:
    with pytest.raises(DataError) as caught:
        ms.read_table(CASES / name)
    assert str(caught.value) == f"{CASES / name}: {REFUSED[name]}"


def test_a_town_of_many_states(parser: str) -> None:
    data = ms.read_table(CASES / "customers_town.csv")
    assert len(data.states["town"]) == 339
    assert data.continuous == ("tenure", "spend", "calls")
    assert [str(n) for n in data.notes] == [
        "'calls' is taken as continuous (counts, or few rows per value); otherwise: "
        "kinds={'calls': 'discrete'}",
        "'town' has 339 states in 3000 rows, so few rows per state; to leave it out: drop=['town']",
    ]


def test_the_refused_are_read_as_their_message_says() -> None:
    data = ms.read_table(CASES / "below_limit.csv", missing_marks=["<5"], missing="testwise")
    assert (data.kinds["crp"], data.n_missing["crp"]) == ("continuous", 7)
    states = ms.read_table(CASES / "below_limit.csv", kinds={"crp": "discrete"}).states["crp"]
    assert len(states) == 31
    assert ms.read_table(CASES / "few_dates.csv", drop=["when"]).names == ("y", "x")
    bare = ms.read_table(CASES / "no_header.csv", header=False)
    assert bare.names == ("x0", "x1", "x2")
    assert bare.n_samples == 100
    named = ms.read_table(CASES / "no_header.csv", header=True)
    assert named.names == ("-1.738", "-1.051", "0")


def test_the_notes_are_right() -> None:
    """What a note advises gives what it promises."""
    kept = ms.read_table(CASES / "ids_codes.csv", kinds={"patient_id": "continuous"})
    assert kept.names[0] == "patient_id"
    turned = ms.read_table(CASES / "loggenes.tsv", transpose=True)
    assert (turned.n_samples, turned.n_variables) == (60, 40)
    states = ms.read_table(CASES / "namibia.csv", missing_marks=[""]).states
    assert states["country"] == ("BW", "NA", "ZA", "ZM")


def test_the_samples_of_a_gene_table_can_be_left_out() -> None:
    everyone = ms.read_table(CASES / "cbio_mrna.txt", transpose=True)
    fewer = ms.read_table(CASES / "cbio_mrna.txt", transpose=True, drop=["CASE-0?-01", "GENE3"])
    assert (everyone.n_samples, fewer.n_samples) == (50, 40)
    assert "GENE3" not in fewer.names
    assert fewer.index is not None
    assert fewer.index[0] == "CASE-10-01"


def test_the_edges_that_matter() -> None:
    tree = ms.ChowLiu(alpha=0.01).fit(ms.read_table(CASES / "unnamed0.csv"))
    assert set(tree.graph_.edges) == {("glucose", "hba1c")}

    counts = ms.read_table(CASES / "counts16b.tsv", transpose=True)
    floats = pd.read_csv(CASES / "counts16b.tsv", sep="\t", index_col=0).T + 0.5
    learned, expected = (ms.ARACNE().fit(t).graph_ for t in (counts, floats))
    assert learned.number_of_edges() == 70
    assert set(map(frozenset, learned.edges)) == set(map(frozenset, expected.edges))

    sparse = ms.read_table(CASES / "sparse_counts.tsv", transpose=True)
    assert len(ms.ARACNE().fit(sparse).edges_) == 178

    codes = ms.read_table(CASES / "float_codes.csv")
    by_hand = pd.read_csv(CASES / "float_codes.csv").astype({"smoker": int, "grade": int})
    matrix = ms.mutual_information_matrix(by_hand).to_numpy()
    np.testing.assert_array_equal(ms.mutual_information_matrix(codes).to_numpy(), matrix)


def test_the_edges_of_columns_that_are_determined_and_of_many_states() -> None:
    churn = ms.PC().fit(ms.read_table(CASES / "onehot_churn.csv"))
    plans = {"plan_basic", "plan_plus", "plan_pro"}
    assert plans & set(churn.graph_.to_undirected()["left"])

    clinics = ms.PC().fit(ms.read_table(CASES / "clinics80.csv"))
    found = set(map(frozenset, clinics.skeleton_.edges))
    without = ms.PC().fit(ms.read_table(CASES / "clinics80.csv", drop=["clinic"]))
    lost = set(map(frozenset, without.skeleton_.edges)) - found
    kept = [{"age", "event"}, {"age", "bp"}, {"bp", "chol"}, {"chol", "statin"}]
    assert set(map(frozenset, kept)) <= found
    # What is lost beside the clinic is what the clinic explains.
    assert all("clinic" in clinics.separating_sets_[pair] for pair in lost)


def test_a_column_of_many_states_costs_no_edge_of_the_others_where_learn_takes_boss() -> None:
    found, alone = (
        set(
            map(
                frozenset,
                ms.BOSS().fit(ms.read_table(CASES / "clinics80.csv", drop=drop)).graph_.edges,
            )
        )
        for drop in ((), ("clinic",))
    )
    assert {frozenset(("bp", "event")), frozenset(("bp", "statin"))} <= alone <= found


def test_networks_of_cytoscape_and_igraph() -> None:
    graph = ms.read_network(CASES / "cyto.graphml")
    assert list(graph.edges(data="interaction")) == [("TP53", "MDM2", "pd")]
    graph = ms.read_network(CASES / "igraph.gml")
    assert set(graph) == {"TP53", "MDM2"}
    assert graph.edges["TP53", "MDM2"]["weight"] == 0.5


def test_objects_of_numbers() -> None:
    """``df.to_numpy()``, ``df.T.T`` and their like are numbers as the table is."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=70).round(2), "b": rng.integers(0, 3, 70)})
    expected = ms.as_dataset(frame)
    mixed = frame.assign(c=rng.choice(list("xy"), 70))
    for table in (frame.astype(object), frame.astype(str), mixed.T.T[["a", "b"]]):
        data = ms.as_dataset(table)
        assert data.kinds == expected.kinds == {"a": "continuous", "b": "discrete"}
        np.testing.assert_array_equal(data.codes, expected.codes)
        np.testing.assert_array_equal(data.values, expected.values)
    from decimal import Decimal

    decimals = frame.map(lambda v: Decimal(str(v)))
    assert ms.as_dataset(decimals).kinds == expected.kinds
    assert list(ms.as_dataset(frame.to_numpy()).kinds.values()) == ["continuous", "discrete"]


def test_states_stand_on_one_line() -> None:
    data = ms.read_table(CASES / "quoted_newline.csv")
    held = data.summary().loc["note", "holds"]
    assert held == "'line one\\nline two', plain, with comma, said \"no\""
    assert re.search(r"\n", str(held)) is None
