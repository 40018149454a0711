"""Intervals: theory they must agree with, how often they hold the truth, and what is refused."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom, chi2, norm, rankdata

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.information.confidence import confidence_interval
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.counts.binned import Binned
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.density.kde import KDE
from mistruct.information.likelihood_ratio import interval_of_copula, interval_of_counts
from mistruct.information.neighbors.knn import KSG, MixedKNN
from tests import reference as ref
from tests import strategies

TWO, THREE = ((("x",), ("y",)), (("x",), ("y",), ("z",)))


def category(codes: Any) -> Any:
    return pd.Series(pd.Categorical(list(codes)))


def interval(*columns: Any, **options: Any) -> tuple[float, float]:
    """Of mutual information, or with three columns of conditional information."""
    measure: Callable[..., Any] = (
        ms.mutual_information if len(columns) == 2 else ms.conditional_mutual_information
    )
    found = measure(*columns, **{"confidence": 0.95, **options}).interval
    assert 0 <= found[0] <= found[1]
    return (float(found[0]), float(found[1]))


def normal(r: float, n: int, seed: int = 0) -> tuple[Any, Any]:
    x, e = np.random.default_rng(seed).normal(size=(2, n))
    return x, r * x + math.sqrt(1 - r**2) * e


@dataclass(frozen=True)
class Pearson(ms.Estimator):
    """An estimator that somebody brings along: it has what a measure asks for, and no more."""

    least_rows: int = 2
    name: str = "pearson"

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        if data.n_samples < self.least_rows:
            return math.inf
        of_x, of_y = (data.values[data.row(*block)] for block in (x, y))
        return -0.5 * math.log1p(-(np.corrcoef(of_x, of_y)[0, 1] ** 2))


# Theory ----------------------------------------------------------------------------------------


@given(strategies.categorical_columns(n_columns=2), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=80)
@pytest.mark.filterwarnings("ignore:confidence:mistruct.MistructWarning")
def test_counts_begin_at_0_where_the_g_test_does_not_reject(
    codes: np.ndarray[Any, Any], level: float
) -> None:
    x, y = codes.tolist()
    low, high = interval(category(x), category(y), confidence=level)
    dof = (len(set(x)) - 1) * (len(set(y)) - 1)
    if not dof:
        assert (low, high) == (0, 0)
        return
    p = chi2.sf(2 * len(x) * ref.mutual_information(x, y), dof)
    if not math.isclose(p, (1 - level) / 2, rel_tol=1e-6):
        assert (low > 0) == (p < (1 - level) / 2)
    assert low < high


def delta_interval(rows: Sequence[tuple[Any, ...]], level: float) -> tuple[float, float]:
    """The normal interval about I(x; y | z) from counts, less its bias, of rows (x, y, z)."""
    n = len(rows)
    of_xyz, of_z = Counter(rows), Counter(z for _, _, z in rows)
    of_xz, of_yz = (Counter((row[i], row[2]) for row in rows) for i in (0, 1))
    logs = [math.log(of_xyz[x, y, z] * of_z[z] / (of_xz[x, z] * of_yz[y, z])) for x, y, z in rows]
    dof = sum(
        (sum(s == z for _, s in of_xz) - 1) * (sum(s == z for _, s in of_yz) - 1) for z in of_z
    )
    middle, reach = np.mean(logs) - dof / (2 * n), norm.ppf((1 + level) / 2) * np.std(logs)
    return middle - reach / math.sqrt(n), middle + reach / math.sqrt(n)


@pytest.mark.parametrize("n_strata", [1, 3])
def test_counts_of_many_rows_have_the_interval_of_the_delta_method(n_strata: int) -> None:
    rng = np.random.default_rng(1)
    n = 50_000
    z, x = rng.integers(0, n_strata, n), rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    y = np.where(rng.random(n) < 0.4 + 0.1 * z, x, rng.integers(0, 3, n))
    columns = (x, y, z)[: 2 if n_strata == 1 else 3]
    for level in (0.8, 0.99):
        low, high = delta_interval(list(zip(*(c.tolist() for c in (x, y, z)), strict=True)), level)
        found = interval(*map(category, columns), confidence=level)
        assert found == pytest.approx((low, high), abs=0.02 * (high - low))


def fisher_interval(x: Any, y: Any, level: float) -> tuple[float, float]:
    """From the normal interval of the inverse hyperbolic tangent of the correlation."""
    n = len(x)
    scores = (ndtri(rankdata(v) / (n + 1)) for v in (x, y))
    middle = abs(math.atanh(np.corrcoef(*scores)[0, 1]))
    reach = float(norm.ppf((1 + level) / 2)) / math.sqrt(n - 3)
    low, high = (-0.5 * math.log1p(-(math.tanh(v) ** 2)) for v in (middle - reach, middle + reach))
    return (low if middle > reach else 0.0, high)


@pytest.mark.parametrize("r", [0.3, 0.6, 0.95])
def test_copula_of_two_columns_has_the_interval_of_fisher(r: float) -> None:
    for n, tolerance in ((100, 0.1), (10_000, 0.03)):
        x, y = normal(r, n)
        low, high = fisher_interval(x, y, 0.95)
        found = interval(x, np.exp(y), estimator="copula")
        assert found == pytest.approx((low, high), abs=tolerance * (high - low))


def test_subsets_find_the_standard_error() -> None:
    # Of Pearson's correlation r it is r / sqrt(n), on the scale of information.
    x, y = normal(0.8, 4000)
    low, high = interval(x, y, estimator=Pearson())
    r = np.corrcoef(x, y)[0, 1]
    assert (high - low) / 2 == pytest.approx(1.96 * r / math.sqrt(4000), rel=0.3)
    assert low < Pearson().information(ms.as_dataset(np.array([x, y]).T), ["x0"], ["x1"]) < high


# How often the truth is held -------------------------------------------------------------------


def assert_coverage(held: Sequence[bool], level: float, most: float = 1.0) -> None:
    """Not below the level, beyond chance and what the limit leaves out at 100 rows."""
    n = len(held)
    assert sum(held) >= binom.ppf(1e-4, n, level - 0.03)
    assert sum(held) <= binom.ppf(1 - 1e-4, n, most)


def discrete(p: Any, n: int, rng: np.random.Generator) -> Dataset:
    x, y = np.divmod(rng.choice(p.size, size=n, p=p.ravel()), p.shape[1])
    return ms.as_dataset(pd.DataFrame({"x": category(x), "y": category(y)}))


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("share", [0.0, 0.15, 0.7])
def test_coverage_of_counts(share: float, level: float) -> None:
    p = np.full((3, 3), (1 - share) / 9) + np.eye(3) * share / 3
    truth = float((p * np.log(9 * p)).sum())
    rng = np.random.default_rng(1)
    found = [interval_of_counts(discrete(p, 100, rng), *TWO, (), level) for _ in range(300)]
    # Independence is held unless one of the two tails is too small.
    most = (1 + level) / 2 if share == 0 else level + 0.04
    assert_coverage([low <= truth + 1e-12 and truth <= high for low, high in found], level, most)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("r", [0.0, 0.3, 0.8])
def test_coverage_of_copula(r: float, level: float) -> None:
    truth = -0.5 * math.log(1 - r**2)
    found = []
    for seed in range(300):
        data = ms.as_dataset(pd.DataFrame(dict(zip("xy", normal(r, 100, seed), strict=True))))
        found.append(interval_of_copula(data, *TWO, (), level))
    most = (1 + level) / 2 if r == 0 else level + 0.04
    assert_coverage([low <= truth and truth <= high for low, high in found], level, most)


@pytest.mark.parametrize(
    ("estimator", "r", "n_tables"), [(Pearson(), 0.0, 150), (Pearson(), 0.8, 150), (KSG(), 0.8, 25)]
)
def test_coverage_of_subsets(estimator: Any, r: float, n_tables: int) -> None:
    truth, held = -0.5 * math.log(1 - r**2), []
    for seed in range(n_tables):
        data = ms.as_dataset(pd.DataFrame(dict(zip("xy", normal(r, 100, seed), strict=True))))
        nats = estimator.information(data, *TWO)
        low, high = confidence_interval(estimator, data, TWO, nats, 0.95)
        held.append(low <= truth <= high)
    assert_coverage(held, 0.95)


# What must not matter --------------------------------------------------------------------------

ESTIMATORS = {
    "plug-in": PlugIn(),
    "copula": GaussianCopula(),
    "binned": Binned(),
    "ksg": KSG(),
    "kde": KDE(),
    "pearson": Pearson(),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_order_of_rows_and_columns(name: str) -> None:
    columns = normal(0.6, 90)
    if name == "plug-in":
        columns = tuple(category(np.digitize(c, [-1, 0, 1])) for c in columns)  # type: ignore[assignment]
    x, y = columns
    expected = interval(x, y, estimator=ESTIMATORS[name])
    shuffled = np.random.default_rng(1).permutation(90)
    for other in ((y, x), (x[shuffled], y[shuffled])):
        assert interval(*other, estimator=ESTIMATORS[name]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["copula", "ksg", "kde", "binned"])
def test_monotone_transforms(name: str) -> None:
    x, y = normal(0.6, 90)
    expected = interval(x, y, estimator=name)
    assert interval(1e9 + np.exp(x), y**3, estimator=name) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["copula", "ksg"])
def test_order_of_the_columns_of_a_block(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(90, 3))
    y = x[:, 0] + x[:, 1] + np.random.default_rng(1).normal(size=90)
    expected = interval(x, y, estimator=name)
    assert interval(y, x[:, [2, 0, 1]], estimator=name) == pytest.approx(expected, rel=1e-9)


@given(strategies.categorical_columns(n_columns=3), st.integers(0, 99))
@settings(max_examples=40)
@pytest.mark.filterwarnings("ignore:confidence:mistruct.MistructWarning")
def test_counts_know_no_labels(codes: np.ndarray[Any, Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    expected = interval(*map(category, codes))
    other = [rng.permutation(int(c.max()) + 1)[c] for c in codes[[1, 0, 2]]]
    assert interval(*map(category, other)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_same_for_every_correction() -> None:
    rng = np.random.default_rng(0)
    x, y = category(rng.integers(0, 3, 50)), category(rng.integers(0, 4, 50))
    found = {interval(x, y, estimator=name or "plug-in") for name in ref.CORRECTIONS}
    assert len(found) == 1


def test_bins_are_counted() -> None:
    x, y = normal(0.6, 200)
    table = ms.discretize(pd.DataFrame({"x": x, "y": y}))
    expected = confidence_interval(PlugIn(), table, TWO, 0.0, 0.9)
    assert interval(x, y, estimator="binned", confidence=0.9) == expected


@pytest.mark.filterwarnings("ignore:confidence. 1 estimate:mistruct.MistructWarning")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_higher_level_is_wider(name: str) -> None:
    x, y = normal(0.4, 100)
    if name == "plug-in":
        x, y = (category(np.digitize(c, [-1, 0, 1])) for c in (x, y))
    found = [interval(x, y, estimator=ESTIMATORS[name], confidence=v) for v in (0.5, 0.9, 0.99)]
    lows, highs = zip(*found, strict=True)
    assert sorted(lows, reverse=True) == list(lows)
    assert sorted(set(highs)) == list(highs)


def test_base_and_missing() -> None:
    x, y = normal(0.6, 100)
    low, high = interval(x[:90], y[:90], estimator="ksg")
    gapped = np.where(np.arange(100) < 90, x, np.nan)
    found = interval(gapped, y, estimator="ksg", missing="testwise", base=2)
    assert found == pytest.approx((low / math.log(2), high / math.log(2)), rel=1e-9)


@pytest.mark.parametrize("name", ["copula", "ksg", "mixed-knn", "plug-in"])
def test_given_z(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 150))
    x, y = 0.5 * x + z, 0.5 * y + z
    if name == "plug-in":
        x, y, z = (category(np.digitize(c, [-1, 1])) for c in (x, y, z))
    elif name == "mixed-knn":
        z = category(np.digitize(z, [-1, 0, 1]))
    assert interval(x, y, z, estimator=name)[0] < interval(x, y, estimator=name)[0]


# Corner cases ----------------------------------------------------------------------------------


def test_nothing_varies() -> None:
    x, coin = np.random.default_rng(0).normal(size=50), [0, 1] * 25
    constant = category([0] * 50)
    assert interval(coin, constant) == (0, 0)
    assert interval(coin, [0, 1] * 25, coin) == (0, 0)  # z determines x
    for name in ("copula", "mixed-knn", "kde"):
        assert interval(x, constant, estimator=name) == (0, 0)
    assert interval(x, x, x, estimator="copula") == (0, 0)


@pytest.mark.parametrize("name", ["copula", "ksg"])
def test_infinite(name: str) -> None:
    x = np.random.default_rng(0).normal(size=50)
    with pytest.warns(ms.MistructWarning, match="infinite"):
        assert interval(x, x**3, estimator=name) == (math.inf, math.inf)


def test_infinite_in_a_subset() -> None:
    x, y = normal(0.5, 100)
    assert interval(x, y, estimator=Pearson(least_rows=51)) == (0, math.inf)


def test_balanced_counts_leave_room() -> None:
    # No table is more even, yet 2 n I = 3.84 is not excluded.
    low, high = interval([0, 0, 1, 1] * 10, [0, 1, 0, 1] * 10)
    assert low == 0
    assert 0.01 < high < 3.84 / 80 + 0.05


def test_negative_estimates_count_as_0() -> None:
    for seed in range(20):
        x, y = normal(0.0, 60, seed)
        found = ms.mutual_information(x, y, estimator="ksg", confidence=0.9)
        if found < 0:
            assert found.interval is not None
            assert found.interval[0] == 0 and found.interval[1] > 0
            return
    pytest.fail("no estimate was negative")


def test_many_states_in_many_rows() -> None:
    # Never a dense table: these would have 10^10 cells.
    rng = np.random.default_rng(0)
    x, y = (category(np.arange(100_000)), category(rng.permutation(100_000) // 2))
    with pytest.warns(ms.MistructWarning, match="spread over 5000000000 joint states"):
        assert math.isfinite(interval(x, y)[1])


def test_many_rows() -> None:
    x = np.arange(1_000_000) % 2
    low, high = interval(x, np.where(np.arange(1_000_000) % 10 < 8, x, 1 - x))
    truth = math.log(2) + 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
    assert low == pytest.approx(truth, abs=0.01) and high == pytest.approx(truth, abs=0.01)
    assert low < truth < high
    everything = interval(x, x)
    assert everything[0] < math.log(2) < everything[1]


def test_too_few_rows() -> None:
    x, y = normal(0.5, 39)
    with pytest.raises(
        ms.DataError,
        match=r"^confidence: the interval of estimator 'ksg' needs at least 40 complete rows, "
        r"got 39$",
    ):
        interval(x, y, estimator="ksg")
    x, y = normal(0.5, 40)
    assert interval(x, y, estimator="ksg")[1] > 0
    with pytest.raises(
        ms.DataError,
        match=r"^confidence: 40 complete rows are too few for the interval of estimator 'ksg', "
        r"which divides them by 2: .*n_neighbors=30",
    ):
        interval(x, y, estimator=KSG(n_neighbors=30))


@pytest.mark.filterwarnings("ignore:confidence. 1 estimate:mistruct.MistructWarning")
def test_counts_spread_thinly() -> None:
    x, y = np.arange(20) % 5, np.arange(20) // 4
    with pytest.warns(
        ms.MistructWarning,
        match=r"^confidence: 20 rows are spread over 25 joint states of 'x', 'y', too thinly",
    ):
        interval(category(x), category(y))


@pytest.mark.parametrize("level", [0, 1, 95, "0.95", True, math.nan])
def test_level_is_checked(level: Any) -> None:
    with pytest.raises(ms.ParameterError, match=r"^confidence must be a number between 0"):
        ms.mutual_information([0, 1], [0, 1], confidence=level)


def test_a_warning_of_a_subset_is_not_passed_on() -> None:
    # Among few rows of strong dependence, some subset has the same order in both.
    x, y = normal(0.9999, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert interval(x, y, estimator="ksg")[1] > 3


def test_mixed_columns() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 120)
    y = rng.normal(size=120) + group
    for estimator in ("copula", "binned", MixedKNN(), "kde"):
        low, high = interval(category(group), y, estimator=estimator)
        assert 0 < low < high


def test_an_estimate_outside_its_interval_warns() -> None:
    """Many states in few rows: the plug-in estimate is all bias."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (2, 40)).astype(str)
    with pytest.warns(ms.MistructWarning, match="1 estimate lies outside the interval"):
        found = ms.mutual_information(x, y, estimator="plug-in", confidence=0.5)
    assert found.interval is not None and found > found.interval[1]
