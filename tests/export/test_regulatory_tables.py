"""Tables of regulators and targets, each read back as its tool documents."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.structure.genomes import expression, genome

FORMS = {
    "pyscenic": ["TF", "target", "importance"],
    "aracne": ["Regulator", "Target", "MI", "pvalue"],
    "viper": ["regulator", "target", "mor", "likelihood"],
    "decoupler": ["source", "target", "weight"],
}
forms = pytest.mark.parametrize("form", FORMS)
LEARNERS = {"aracne": ms.ARACNE, "clr": ms.CLR, "mrnet": ms.MRNET}


def table() -> pd.DataFrame:
    """Genes, and a subtype of three states, whose pairs have no sign."""
    rng = np.random.default_rng(1)
    genes = expression(rng, genome(rng, 15, regulators=0.3), 150)
    first = genes[genes.columns[0]] + 0.5 * rng.normal(size=len(genes))
    return genes.assign(subtype=pd.Categorical(np.digitize(first, [-0.4, 0.3])))


def regulators() -> list[str]:
    return [*table().columns[:4], "subtype"]


def edges(**columns: Any) -> pd.DataFrame:
    """A table of edges as the learners give it."""
    frame = pd.DataFrame(
        {
            "source": ["a", "a", "b", "b"],
            "target": ["x", "y", "x", "a"],
            "mi": [0.5, 0.25, 0.125, 0.0625],
            "p_value": [1e-20, 1e-9, 1e-4, 1e-3],
            "n_samples": 100,
            "weight": [0.5, 0.25, 0.125, 0.0],
            "sign": np.array([1, -1, 0, 1], dtype=np.int8),
        }
    )
    return frame.assign(**columns)


def read_adjacencies(path: Path) -> pd.DataFrame:
    """As pySCENIC reads its adjacencies: by position, text, text and float, with no text missing.

    It chooses the separator by the suffix.
    """
    return pd.read_csv(
        path,
        sep="," if path.suffix == ".csv" else "\t",
        dtype={0: str, 1: str, 2: np.float64},
        keep_default_na=False,
    )


def read_interactome(path: Path) -> pd.DataFrame:
    """As pyviper documents its Interactome: a .tsv or .csv of four columns in this order."""
    frame = pd.read_csv(path, sep={".tsv": "\t", ".csv": ","}[path.suffix])
    assert list(frame.columns) == FORMS["viper"]
    return frame


def read_net(path: Path) -> pd.DataFrame:
    """As decoupler documents a network: long, numbers as weights, no repeated edges."""
    frame = pd.read_csv(path, sep="\t")
    assert not frame.duplicated(["source", "target"]).any()
    assert frame["weight"].dtype == np.float64
    # Its methods make a matrix of it where 0 means that there is no edge.
    matrix = frame.pivot(index="target", columns="source", values="weight").fillna(0.0)
    assert np.count_nonzero(matrix) == len(frame)
    return frame


def written(net: Any, form: str, folder: Path, name: str = "net.tsv") -> pd.DataFrame:
    ms.write_regulatory_network(net, folder / name, form)  # type: ignore[arg-type]
    assert os.listdir(folder) == [name]
    return {"pyscenic": read_adjacencies, "viper": read_interactome, "decoupler": read_net}.get(
        form, lambda path: pd.read_csv(path, sep="\t", keep_default_na=False)
    )(folder / name)


def directions(net: Any) -> dict[tuple[str, str], Any]:
    """Every direction of the pairs in the network in which a regulator stands first."""
    may = set(net.feature_names_in_ if net.regulators is None else net.regulators)
    found = {}
    for row in net.edges_.itertuples():
        if row.weight > 0 and getattr(row, "direct", True):
            found[row.source, row.target] = row
            if net.direction is None and row.target in may:
                found[row.target, row.source] = row
    assert all(source in may for source, _ in found)
    return found


@pytest.mark.parametrize("direction", [None, "hubs"])
@pytest.mark.parametrize("given", [True, False], ids=["regulators", "all"])
@pytest.mark.parametrize("learner", LEARNERS)
@forms
def test_every_direction_with_its_values(
    tmp_path: Path, form: str, learner: str, given: bool, direction: str | None
) -> None:
    options = {"regulators": regulators() if given else None, "direction": direction}
    net = LEARNERS[learner](**options).fit(table())  # type: ignore[arg-type]
    expected = directions(net)
    back = written(net, form, tmp_path)
    assert list(back.columns) == FORMS[form]
    largest: dict[str, float] = {}
    for (source, _), row in expected.items():
        largest[source] = max(largest.get(source, 0.0), row.mi)
    for values in back.itertuples(index=False):
        source, target, *numbers = values
        row = expected.pop((source, target))
        strength = math.sqrt(1 - math.exp(-2 * max(row.mi, 0)))
        assert numbers == pytest.approx(
            {
                "pyscenic": [row.weight],
                "aracne": [row.mi, row.p_value],
                "viper": [row.sign * strength, row.mi / largest[source]],
                "decoupler": [row.sign * row.weight],
            }[form],
            rel=1e-9,
        )
    # A weight of 0 is no edge to decoupler.
    assert all(form == "decoupler" and row.sign == 0 for row in expected.values())
    if form in ("pyscenic", "decoupler"):
        assert (back[FORMS[form][2]].abs().diff().dropna() <= 0).all()
    if form == "viper":
        assert back["mor"].between(-1, 1).all()
        assert (back.groupby("regulator")["likelihood"].max() == 1).all()
        assert (back["likelihood"] > 0).all()
    assert not back.duplicated(FORMS[form][:2]).any()


def test_the_mode_of_regulation_of_normal_columns_is_their_correlation(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for r in (-0.8, -0.3, 0.6):
        columns = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=20_000)
        net = ms.ARACNE(regulators=["tf"]).fit(pd.DataFrame(columns, columns=["tf", "gene"]))
        mor = written(net, "viper", tmp_path).loc[0, "mor"]
        assert mor == pytest.approx(np.corrcoef(columns.T)[0, 1], abs=0.02)


def test_the_rows_of_a_table_stand_as_they_are(tmp_path: Path) -> None:
    for form in FORMS:
        back = written(edges(), form, tmp_path)
        pairs = list(zip(back.iloc[:, 0], back.iloc[:, 1], strict=True))
        unsigned = [] if form == "decoupler" else [("b", "x")]
        assert pairs == [("a", "x"), ("a", "y"), *unsigned]
    viper = written(edges(), "viper", tmp_path)
    assert viper["likelihood"].tolist() == [1.0, 0.5, 1.0]
    assert viper["mor"].tolist() == pytest.approx(
        [math.sqrt(1 - math.exp(-1)), -math.sqrt(1 - math.exp(-0.5)), 0.0]
    )
    net = ms.ARACNE().fit(table())
    some = net.edges_[net.edges_["p_value"] < 1e-9]
    assert len(written(some, "pyscenic", tmp_path)) == some["direct"].sum()


def test_infinite_information(tmp_path: Path) -> None:
    infinite = edges(mi=[math.inf, 0.25, 0.125, 0.1], weight=[math.inf, 0.25, 0.125, 0.0])
    assert written(infinite, "pyscenic", tmp_path)["importance"].tolist() == [0.5, 0.25, 0.125]
    assert written(infinite, "aracne", tmp_path)["MI"].tolist() == [0.5, 0.25, 0.125]
    assert written(infinite, "decoupler", tmp_path)["weight"].tolist() == [0.5, -0.25]
    viper = written(infinite, "viper", tmp_path)
    assert viper["mor"][0] == 1.0 and viper["likelihood"].tolist() == [1.0, 0.5, 1.0]
    only = infinite[:1]
    assert written(only, "pyscenic", tmp_path)["importance"].tolist() == [1.0]
    # Two equal columns, from the learner to the file.
    same = table().assign(copy=lambda t: t.iloc[:, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        net = ms.ARACNE().fit(same)
    assert np.isinf(net.edges_["mi"]).any()
    for form in FORMS:
        back = written(net, form, tmp_path)
        assert np.isfinite(back[FORMS[form][2:]]).all(axis=None)


def test_names_and_separators(tmp_path: Path) -> None:
    names = {
        "source": ["NA", 'say "hi"', "b,c", "d"],
        "target": ["nan", "tab\there", "x y", "基因"],
    }
    for suffix in ("csv", "tsv"):
        back = written(edges(**names, weight=[4, 3, 2, 1]), "pyscenic", tmp_path, f"net.{suffix}")
        assert back["TF"].tolist() == names["source"]
        assert back["target"].tolist() == names["target"]
        assert back["importance"].tolist() == [4.0, 3.0, 2.0, 1.0]
        (tmp_path / f"net.{suffix}").unlink()
    text = tmp_path / "network.txt"
    ms.write_regulatory_network(edges(), text, "aracne")
    lines = text.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["Regulator\tTarget\tMI\tpvalue", "a\tx\t0.5\t1e-20"]


@pytest.mark.filterwarnings("ignore:no pair is significant")
@forms
def test_without_edges_there_is_a_header(tmp_path: Path, form: str) -> None:
    path = tmp_path / "net.csv"
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 4)), columns=list("abcd"))
    for net in (edges(weight=0.0), edges()[:0], ms.ARACNE(alpha=1e-9).fit(noise)):
        ms.write_regulatory_network(net, path, form)  # type: ignore[arg-type]
        assert path.read_text(encoding="utf-8") == ",".join(FORMS[form]) + "\n"


def test_what_is_refused(tmp_path: Path) -> None:
    def refused(error: type[Exception], message: str, net: Any, *args: Any) -> None:
        with pytest.raises(error, match=message):
            ms.write_regulatory_network(net, *args)
        assert os.listdir(tmp_path) == ["old.tsv"]
        assert (tmp_path / "old.tsv").read_text() == "as it was"

    path = tmp_path / "old.tsv"
    path.write_text("as it was")
    message = "form must be one of 'pyscenic', .*, got 'scenic'; did you mean 'pyscenic'"
    refused(ms.ParameterError, message, edges(), path, "scenic")
    message = "form 'viper' needs the columns 'mi', 'sign', which the edges .*'source', .* not have"
    refused(ms.DataError, message, edges().drop(columns=["mi", "sign"]), path, "viper")
    forest = ms.ChowLiu().fit(table())
    message = "needs the columns 'weight'"
    refused(ms.DataError, message, forest.edges_, path, "pyscenic")
    twice = edges(source="a", target=["x", "y", "x", "z"])
    refused(ms.DataError, "the edge from 'a' to 'x' stands twice", twice, path, "decoupler")
    for net in (forest, ms.ARACNE(), forest.graph_, None):
        refused(ms.ParameterError, "net must be a fitted ARACNE, CLR", net, path, "pyscenic")
    message = r"its suffix must be .tsv, .txt \(tabs\) or .csv \(commas\), got '.gz'"
    refused(ms.DataError, message, edges(), tmp_path / "net.tsv.gz", "pyscenic")
    refused(ms.DataError, "there is no folder", edges(), tmp_path / "no" / "net.tsv", "pyscenic")
    with pytest.MonkeyPatch.context() as patch:

        def full(*args: Any) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "replace", full)
        refused(ms.DataError, "No space left on device", edges(), path, "pyscenic")


@forms
def test_of_a_consensus_what_is_in_its_graph_is_written(form: str, tmp_path: Path) -> None:
    genes = table().drop(columns="subtype")
    net = ms.ARACNE(n_bootstraps=10, regulators=regulators()[:-1]).fit(genes)
    assert net.graph_.number_of_edges() < len(net.edges_)
    ms.write_regulatory_network(net, tmp_path / "net.csv", form)
    written = pd.read_csv(tmp_path / "net.csv").iloc[:, :2].to_numpy().tolist()
    assert {frozenset(pair) for pair in written} == {frozenset(e) for e in net.graph_.edges}
