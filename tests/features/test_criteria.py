"""The criteria against slow ones, written from their definitions over tuples of states."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.features.bins import N_BINS, bin_ranks
from mistruct.features.search import select_features
from mistruct.features.terms import PairTerms
from tests import reference as ref

CORRECTION = "miller-madow"


def table(seed: int, n: int = 150, p: int = 6) -> pd.DataFrame:
    """Columns of 2 to 4 states, a target that depends on some of them, and a copy."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{i}": rng.integers(0, 2 + i % 3, n) for i in range(p)})
    frame["copy"] = frame["x0"]
    noisy = frame["x0"] + frame["x1"] + (frame["x3"] ^ frame["x0"]) + rng.integers(0, 2, n)
    frame["y"] = (noisy > 2).astype(int)
    return frame


def mi(*columns: list[int]) -> float:
    return ref.mutual_information(*columns, CORRECTION)


def pairs_of(a: list[int], b: list[int]) -> list[int]:
    """The joint states that occur, as one column."""
    states = {state: i for i, state in enumerate(dict.fromkeys(zip(a, b, strict=True)))}
    return [states[state] for state in zip(a, b, strict=True)]


def slow_score(criterion: str, j: list[int], chosen: list[list[int]], y: list[int]) -> float:
    if not chosen:
        return mi(j, y)
    added = [mi(j, pairs_of(k, y)) - mi(j, k) for k in chosen]
    match criterion:
        case "mrmr":
            return mi(j, y) - sum(mi(j, k) for k in chosen) / len(chosen)
        case "cmim":
            return min(added)
        case "jmi":
            return sum(a + mi(k, y) for a, k in zip(added, chosen, strict=True))
        case "disr":
            joint = [
                ref.entropy(j, CORRECTION)
                + ref.entropy(pairs_of(k, y), CORRECTION)
                - mi(j, pairs_of(k, y))
                for k in chosen
            ]
            return sum((a + mi(k, y)) / h for a, k, h in zip(added, chosen, joint, strict=True))
    raise AssertionError(criterion)


@pytest.mark.parametrize("criterion", ["jmi", "cmim", "disr", "mrmr"])
@pytest.mark.parametrize("seed", range(4))
def test_each_choice_has_the_largest_score(criterion: str, seed: int) -> None:
    frame = table(seed)
    terms = PairTerms(ms.as_dataset(frame), "y")
    chosen = select_features(terms, criterion, 5, None).chosen
    columns = {name: frame[name].tolist() for name in frame}
    names = [terms.features[k] for k in chosen]
    for step, name in enumerate(names):
        before = [columns[n] for n in names[:step]]
        scores = {
            n: slow_score(criterion, columns[n], before, columns["y"])
            for n in terms.features
            if n not in names[:step]
        }
        assert scores[name] == pytest.approx(max(scores.values()), abs=1e-9)


def test_mim_is_the_order_of_mutual_information() -> None:
    frame = table(0).drop(columns="copy")
    x = frame.drop(columns="y")
    fitted = ms.InformationSelector("mim", n_features=4).fit(x, frame["y"])
    values = {n: float(ms.mutual_information(x[n], frame["y"])) for n in x}
    assert x.columns[fitted.selected_].tolist() == sorted(values, key=lambda n: -values[n])[:4]
    assert fitted.scores_ == pytest.approx(list(values.values()), abs=1e-12)


def test_terms_with_gaps_use_the_rows_that_are_complete() -> None:
    frame = table(1).astype(object)
    rng = np.random.default_rng(0)
    for name in frame:
        frame.loc[rng.random(len(frame)) < 0.1, name] = None
    data = ms.as_dataset(frame, missing="testwise")
    terms = PairTerms(data, "y")
    k = terms.features.index("x1")
    added, shared = terms.added(k), terms.shared(k)
    for j, name in enumerate(terms.features):
        if j == k:
            continue
        rows = frame[[name, "x1", "y"]].dropna()
        a, b, y = (pd.factorize(rows[n].to_numpy())[0].tolist() for n in (name, "x1", "y"))
        assert added[j] == pytest.approx(mi(a, pairs_of(b, y)) - mi(a, b), abs=1e-9)
        assert shared[j] == pytest.approx(mi(a, b), abs=1e-9)


def test_bins_have_equal_sizes_and_keep_ties_together() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=100), "b": np.repeat([0.5, 1.5], [70, 30])})
    frame.loc[:9, "a"] = np.nan
    binned = bin_ranks(ms.as_dataset(frame, missing="testwise"))
    a, b = binned.codes[binned.row("a")], binned.codes[binned.row("b")]
    assert np.bincount(a).tolist() == [18] * N_BINS + [10]  # the last code is that of missing
    order = np.argsort(frame["a"].to_numpy()[10:])
    assert (np.diff(a[10:][order].astype(int)) >= 0).all()
    assert len(set(b[:70])) == len(set(b[70:])) == 1 and b[0] < b[-1]


@pytest.mark.parametrize("criterion", ["jmi", "mim", "mrmr", "cmim", "disr"])
def test_the_choice_depends_on_no_order(criterion: str) -> None:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(300, 6)), columns=list("fedcba"))
    x["g"] = rng.integers(0, 3, 300)
    y = (x["a"] + x["b"] * x["c"] + x["g"] > 1).rename("y")
    chosen = ms.InformationSelector(criterion, n_features=4).fit(x, y)
    turned = x[sorted(x)].iloc[::-1]
    again = ms.InformationSelector(criterion, n_features=4).fit(turned, y.iloc[::-1])
    assert x.columns[chosen.selected_].tolist() == turned.columns[again.selected_].tolist()


def test_a_monotone_transform_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5))
    y = x[:, 0] - x[:, 1] + rng.normal(size=200)
    for criterion in ("jmi", "mim"):
        one, other = (
            ms.InformationSelector(criterion, n_features=3).fit(values, y).selected_.tolist()
            for values in (x, np.exp(x))
        )
        assert one == other


def test_an_age_in_days_tells_nothing_by_chance() -> None:
    """On a lattice as fine as this, neighbours alone would give an independent column 0.1 nats."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.round(rng.gamma(2.0, 550.0, 3000)), rng.normal(size=3000)])
    y = rng.random(3000) < 0.3
    scores = ms.InformationSelector("mim", n_features=1).fit(x, y).scores_
    assert np.abs(scores).max() < 0.02
    assert math.isclose(scores[0], scores[0])


def test_copies_are_last_and_constants_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (2, 500))
    x = pd.DataFrame({"a": a, "a2": a, "b": b, "constant": 3.5})
    y = pd.Series(np.where(rng.random(500) < 0.2, 1 - (a | b), a | b), name="y")
    for criterion, order in (("cmim", ["a", "b"]), ("jmi", ["a", "b"]), ("mrmr", ["a", "b"])):
        fitted = ms.InformationSelector(criterion, n_features=2).fit(x, y)
        assert sorted(x.columns[fitted.selected_]) in (order, ["a2", "b"])
        assert fitted.scores_[3] == 0.0
    assert ms.InformationSelector("mim", n_features=2).fit(x, y).scores_[3] == 0.0


def test_every_pair_of_criteria_agrees_on_the_first() -> None:
    frame = table(2)
    x, y = frame.drop(columns="y"), frame["y"]
    firsts = {
        c: ms.InformationSelector(c, n_features=1).fit(x, y).selected_[0]
        for c in ("jmi", "mrmr", "cmim", "disr")
    }
    assert all(a == b for a, b in itertools.combinations(firsts.values(), 2))
