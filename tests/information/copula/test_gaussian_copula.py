"""Information of the Gaussian copula: against the reference, as a matrix, in closed forms."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.information.copula.gaussian_copula import GaussianCopula
from tests import reference_continuous as ref

KINDS = (
    "normal", "normal", "tied", "constant", "copy", "reversed", "transformed", "sum",
    "states", "states", "merged", "one state",
)  # fmt: skip


def vectors(column: pd.Series[Any]) -> np.ndarray:
    """A column as the reference embeds it, shape (n, d)."""
    if column.dtype == "category":
        return ref.indicators(column.tolist()).reshape(len(column), -1)
    return ref.normal_scores(column.to_numpy())[:, np.newaxis]


class Table:
    """Columns of many kinds: the Dataset, and each column as vectors made by the reference."""

    def __init__(self, columns: dict[str, Any], **options: Any) -> None:
        self.frame = pd.DataFrame(columns)
        discrete = [n for n in self.frame if self.frame[n].dtype == "category"]
        kinds: Any = {n: "discrete" if n in discrete else "continuous" for n in self.frame}
        self.data = ms.as_dataset(self.frame, kinds=kinds, **options)
        self.names = self.data.names
        self._vectors: dict[str, np.ndarray] = {}

    def block(self, names: Sequence[str]) -> np.ndarray:
        """The vectors of some columns side by side, shape (n, d)."""
        for name in set(names) - set(self._vectors):
            self._vectors[name] = vectors(self.frame[name])
        empty = np.empty((len(self.frame), 0))
        return np.hstack([empty, *(self._vectors[n] for n in dict.fromkeys(names))])


def _rank(block: np.ndarray) -> int:
    centred = block - block.mean(axis=0)
    return int(np.linalg.matrix_rank(centred, tol=1e-7)) if centred.size else 0


def dimensions(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[int, int, int]:
    """How many dimensions x and y have once those of z are taken out, and those of z."""
    n_z = _rank(z)
    return _rank(np.hstack([z, x])) - n_z, _rank(np.hstack([z, y])) - n_z, n_z


def states(codes: Any) -> pd.Series[Any]:
    return pd.Series(pd.Categorical(np.asarray(codes).tolist()))


def make_table(kinds: Sequence[str], n_samples: int, seed: int) -> Table:
    """A column for each of `kinds`, of which the later often lean on the earlier."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for i, kind in enumerate(kinds):
        numbers = [c for c in columns.values() if c.dtype != "category"]
        labels = [c for c in columns.values() if c.dtype == "category"]
        normal = pd.Series(rng.normal(size=n_samples))
        if numbers and rng.random() < 0.5:
            normal += numbers[rng.integers(len(numbers))]
        source = numbers[rng.integers(len(numbers))] if numbers else normal
        if kind in ("states", "merged", "one state"):
            codes = np.digitize(normal, np.sort(rng.normal(size=rng.integers(1, 4))))
            if kind == "merged" and labels:
                codes = labels[rng.integers(len(labels))].cat.codes // 2
            column = states(codes * (kind != "one state"))
        else:
            column = {
                "normal": normal, "tied": (2 * normal).round() / 2, "constant": 0 * normal + 0.3,
                "copy": source, "reversed": -source, "transformed": np.arctan(source),
                "sum": source + normal,
            }[kind]  # fmt: skip
        columns[f"c{i}"] = column
    return Table(columns)


@st.composite
def tables(
    draw: st.DrawFn,
    n_columns: st.SearchStrategy[int] = st.integers(2, 5),  # noqa: B008
    n_samples: st.SearchStrategy[int] = st.integers(4, 40),  # noqa: B008
    kinds: tuple[str, ...] = KINDS,
) -> Table:
    chosen = [draw(st.sampled_from(kinds)) for _ in range(max(2, draw(n_columns)))]
    return make_table(chosen, draw(n_samples), draw(st.integers(0, 2**32)))


@contextmanager
def warning_if(infinite: bool) -> Iterator[None]:
    """A warning is due where the information is infinite, and nowhere else."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [w.category for w in caught] == [ms.MistructWarning] * infinite
    assert all("is infinite: one determines the other" in str(w.message) for w in caught)


def close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def information(
    table: Table, x: Sequence[str], y: Sequence[str], z: Sequence[str] = (), corrected: bool = True
) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        return GaussianCopula(corrected).information(table.data, x, y, z)


def of_normal(values: np.ndarray) -> Dataset:
    """Columns c0, c1, ... of shape (d, n), without the cost of the door."""
    names = tuple(f"c{i}" for i in range(len(values)))
    return Dataset(
        names=names, kinds=dict.fromkeys(names, "continuous"), states={},
        codes=np.empty((0, values.shape[1]), dtype=np.uint8), values=values, missing="raise",
        inferred=frozenset(),
    )  # fmt: skip


def positions(*columns: int) -> np.ndarray:
    return np.array(columns, dtype=np.int64)


# Against the reference -------------------------------------------------------------------------


@given(tables(), st.data(), st.booleans())
@settings(max_examples=80)
def test_it_is_that_of_the_reference(table: Table, data: st.DataObject, corrected: bool) -> None:
    """Blocks may overlap: x in z, y in z, x and y with a column in common."""
    some = st.lists(st.sampled_from(table.names), max_size=3)
    x, y = (data.draw(some.filter(bool)) for _ in "xy")
    z = data.draw(some)
    blocks = table.block(x), table.block(y), table.block(z)
    estimator = GaussianCopula(bias_correction=corrected)
    n_x, n_y, n_z = dimensions(*blocks)
    if n_x and n_y and n_x + n_y + n_z > len(table.frame) - 2:
        with pytest.raises(ms.DataError, match=r"at least two rows more than dimensions"):
            estimator.information(table.data, x, y, z)
        return
    expected = ref.gaussian_information(*blocks, bias_correction=corrected)
    with warning_if(math.isinf(expected)):
        found = estimator.information(table.data, x, y, z)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
@settings(max_examples=40)
def test_continuous_blocks(seed: int, d_x: int, d_y: int, d_z: int) -> None:
    """The reference that takes raw columns."""
    rng = np.random.default_rng(seed)
    x, y, z = (np.exp(rng.normal(size=(25, d))) for d in (d_x, d_y, d_z))
    y[:, 0] += x[:, 0]
    expected = ref.gaussian_copula_information(x, y, z)
    if d_z:
        found = ms.conditional_mutual_information(x, y, z, estimator="copula")
    else:
        found = ms.mutual_information(x, y, estimator="copula")
    assert found == close(expected)


def test_total_correlation_is_the_information_that_each_column_adds() -> None:
    table = make_table(["normal", "tied", "states", "normal", "constant", "states"], 60, 3)
    expected = sum(
        ref.gaussian_information(table.block([name]), table.block(table.names[:i]))
        for i, name in enumerate(table.names)
        if i
    )
    assert GaussianCopula().total_correlation(table.data) == close(expected)
    turned = table.data.select(table.names[::-1])
    raw = GaussianCopula(bias_correction=False)
    assert raw.total_correlation(turned) == close(raw.total_correlation(table.data))


# The matrix ------------------------------------------------------------------------------------


def _pair_by_pair(table: Table, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    one = [[information(table, [table.names[i]], [table.names[j]]) for j in columns] for i in rows]
    return np.array(one).reshape(len(rows), len(columns))


def _matrix(table: Table, rows: Sequence[int], columns: Sequence[int], **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        estimator = GaussianCopula()
        return estimator.pairwise(table.data, positions(*rows), positions(*columns), **options)


@given(tables(st.integers(2, 7), st.integers(15, 40)), st.data())
@settings(max_examples=30)
def test_a_cell_is_the_information_of_the_pair(table: Table, data: st.DataObject) -> None:
    everything = range(len(table.names))
    matrix = _matrix(table, everything, everything)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(
        matrix, _pair_by_pair(table, everything, everything), rtol=1e-7, atol=1e-9
    )
    some = st.lists(st.sampled_from(everything), max_size=5)
    rows, columns = data.draw(some), data.draw(some)
    found = _matrix(table, rows, columns)
    assert found.shape == (len(rows), len(columns))
    np.testing.assert_allclose(found, matrix[np.ix_(rows, columns)], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "kinds",
    [
        ["normal"] * 5,
        ["states"] * 5,
        ["normal", "states", "normal", "states", "merged"],
        ["constant", "normal", "one state", "states", "constant"],
        ["constant", "one state"],
        ["one state", "constant", "states"],
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_mix_of_kinds(kinds: list[str], dtype: Any) -> None:
    table = make_table(kinds, 50, 11)
    everything = range(len(kinds))
    matrix = _matrix(table, everything, everything, dtype=dtype)
    assert matrix.dtype == dtype
    tolerance = 1e-9 if dtype == np.float64 else 3e-6
    expected = _pair_by_pair(table, everything, everything)
    np.testing.assert_allclose(matrix, expected, rtol=tolerance, atol=tolerance)
    for rows, columns in (([0], [1]), ([1, 0], [0, 1]), ([], [1]), ([0, 0], [1]), ([], [])):
        found = _matrix(table, rows, columns, dtype=dtype)
        assert found.dtype == dtype
        np.testing.assert_allclose(
            found, expected[np.ix_(rows, columns)], rtol=tolerance, atol=tolerance
        )


def test_a_constant_column_shares_nothing_even_with_itself() -> None:
    table = make_table(["normal", "constant", "states", "one state"], 30, 0)
    matrix = _matrix(table, range(4), range(4))
    assert (matrix[[1, 3]] == 0).all()
    assert (matrix[:, [1, 3]] == 0).all()


@pytest.mark.parametrize("n_samples", [40, 3000, 200_000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_diagonal_is_infinite_without_a_warning(n_samples: int, dtype: Any) -> None:
    table = make_table(["normal", "states", "states", "normal"], n_samples, 2)
    matrix = GaussianCopula().pairwise(table.data, np.arange(4), np.arange(4), dtype)
    assert np.isinf(np.diagonal(matrix)).all()
    assert np.isfinite(matrix[~np.eye(4, dtype=bool)]).all()
    # Also where a column stands twice, or the matrix is no square.
    again = GaussianCopula().pairwise(table.data, positions(1, 0, 1), positions(1, 0, 2, 0), dtype)
    assert np.isinf(again[[0, 1, 1, 2], [0, 1, 3, 0]]).all()


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_warning_for_a_matrix_of_identical_columns(holes: bool, dtype: Any) -> None:
    x = np.random.default_rng(0).normal(size=30)
    frame = pd.DataFrame({"a": x, "b": x, "c": np.exp(x), "d": -(x**3)})
    if holes:
        frame.loc[4] = np.nan
    data = ms.as_dataset(frame, missing="testwise")
    with warning_if(True):
        matrix = GaussianCopula().pairwise(data, np.arange(4), np.arange(4), dtype)
    assert np.isinf(matrix).all()


def _with_holes(table: Table, share: float, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    columns = {n: c.mask(rng.random(len(c)) < share) for n, c in table.frame.items()}
    return Table(columns, missing="testwise")


@pytest.mark.parametrize("seed", range(8))
def test_missing_entries_leave_each_pair_its_own_rows(seed: int) -> None:
    kinds = np.random.default_rng(seed).choice(KINDS, 4)
    table = _with_holes(make_table(kinds, 50, seed), 0.15, seed)
    everything = range(len(kinds))
    matrix = _matrix(table, everything, everything)
    np.testing.assert_array_equal(matrix, matrix.T)
    for i, a in enumerate(table.names):
        for j, b in enumerate(table.names):
            rows = table.frame[list({a, b})].dropna()
            expected = ref.gaussian_information(vectors(rows[a]), vectors(rows[b]))
            assert matrix[i, j] == pytest.approx(expected, rel=1e-7, abs=1e-9)
            assert information(table, [a], [b]) == pytest.approx(matrix[i, j], rel=1e-9, abs=1e-12)
    part = _matrix(table, [1, 0], [0], dtype=np.float32)
    np.testing.assert_allclose(part, matrix[[1, 0], :1], rtol=1e-5, atol=1e-6)


def test_a_conditional_estimate_uses_the_rows_complete_in_all_three() -> None:
    table = _with_holes(make_table(["normal", "states", "normal", "tied"], 80, 5), 0.1, 6)
    rows = Table(dict(table.frame[["c0", "c1", "c2"]].dropna().reset_index(drop=True)))
    found = information(table, ["c0"], ["c1"], ["c2"])
    assert found == close(information(rows, ["c0"], ["c1"], ["c2"]))
    complete = Table(dict(table.frame.dropna().reset_index(drop=True)))
    found = GaussianCopula().total_correlation(table.data)
    assert found == close(GaussianCopula().total_correlation(complete.data))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_pair_without_a_common_row_is_not_a_number(dtype: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 20))
    frame = pd.DataFrame({"a": x[0], "b": x[1], "c": x[2]})
    frame.loc[:9, "a"] = np.nan
    frame.loc[10:, "b"] = np.nan
    data = ms.as_dataset(frame, missing="testwise")
    matrix = GaussianCopula().pairwise(data, np.arange(3), np.arange(3), dtype)
    assert np.isnan(matrix).tolist() == [[False, True, False], [True, False, False], [False] * 3]
    with pytest.raises(ms.DataError, match=r"^no row is complete in 'a', 'b'$"):
        GaussianCopula().information(data, ["a"], ["b"])


@pytest.mark.parametrize("kinds", [["normal"] * 60, ["normal", "states", "tied", "constant"] * 9])
@pytest.mark.parametrize("entries", [1, 500, 1500])
def test_a_matrix_in_many_panels_is_that_in_one(
    kinds: list[str], entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(kinds, 40, 6)
    everything = range(len(kinds))
    of_rows, of_columns = everything[::-2], everything[3:]
    expected = _matrix(table, everything, everything), _matrix(table, of_rows, of_columns)
    monkeypatch.setattr("mistruct.information.copula.correlations.PANEL_ENTRIES", entries)
    monkeypatch.setattr("mistruct.information.copula.correlations._CHUNK_ENTRIES", entries)
    found = _matrix(table, everything, everything), _matrix(table, of_rows, of_columns)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found[0], found[0].T)


# What must not matter --------------------------------------------------------------------------


@given(tables(st.integers(3, 4), st.integers(12, 40)), st.integers(0, 2**32))
@settings(max_examples=20)
def test_invariance(table: Table, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(table.frame)

    def estimates(turned: Table) -> list[float]:
        a, b, c = table.names[:3]
        matrix = _matrix(turned, range(len(turned.names)), range(len(turned.names)))
        of_pair = {name: k for k, name in enumerate(turned.names)}
        return [
            matrix[of_pair[a], of_pair[b]],
            information(turned, [a], [b], [c]),
            information(turned, [a, c], [b]),
        ]

    def changed(numbers: Any, labels: Any = lambda c: c) -> Table:
        return Table(
            {
                name: labels(c) if c.dtype == "category" else pd.Series(numbers(c))
                for name, c in table.frame.items()
            }
        )

    expected = pytest.approx(estimates(table), rel=1e-7, abs=1e-9)
    for other in (
        changed(lambda c: np.exp(c / 3)),
        changed(lambda c: -np.arctan(c)),
        changed(lambda c: 1e6 * c),
        changed(lambda c: 1e-6 * c),
        changed(lambda c: c, lambda c: states(rng.permutation(9)[c.cat.codes] + 0.5)),
        Table(dict(table.frame.iloc[rng.permutation(n)].reset_index(drop=True))),
        Table(dict(table.frame[rng.permutation(list(table.names)).tolist()])),
        Table({**table.frame, "extra": rng.normal(size=n)}),
    ):
        assert estimates(other) == expected


def test_an_offset_that_keeps_the_order_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    x, noise = rng.integers(0, 10**6, (2, 300)).astype(float)
    y = x + noise
    expected = ms.mutual_information(x, y, estimator="copula")
    for offset, scale in ((1e9, 1.0), (-1e9, 1.0), (1e9, 1e6), (1e3, 1e-6)):
        found = ms.mutual_information(offset + scale * x, y * scale - offset, estimator="copula")
        assert found == expected


@given(tables(st.integers(3, 5), st.integers(15, 40)))
@settings(max_examples=30)
def test_it_is_symmetric(table: Table) -> None:
    a, b, *z = table.names
    for one, other in (([a], [b]), ([a, *z], [b]), ([a], [b, *z])):
        assert information(table, one, other) == close(information(table, other, one))
    assert information(table, [a], [b], z) == close(information(table, [b], [a], z[::-1]))


@given(tables(st.integers(3, 4), st.integers(25, 40)))
@settings(max_examples=30)
def test_the_chain_rule_holds_without_the_correction_and_with_it(table: Table) -> None:
    """I(x; y z) = I(x; z) + I(x; y | z): the same vectors, and so the same dimensions."""
    a, b, c, *_ = table.names
    for corrected in (False, True):
        both = information(table, [a], [b, c], corrected=corrected)
        alone = information(table, [a], [c], corrected=corrected)
        rest = information(table, [a], [b], [c], corrected=corrected)
        if math.isfinite(both):
            assert both == pytest.approx(alone + rest, rel=1e-6, abs=1e-8)
        else:
            assert math.isinf(alone) or math.isinf(rest)
    assert information(table, [a], [b], [c], corrected=False) >= -1e-12


@pytest.mark.parametrize("kinds", [["normal"] * 90, ["normal", "states", "constant", "tied"] * 6])
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_the_number_of_threads_does_not_matter(
    kinds: list[str], holes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = kinds if not holes else kinds[:12]
    table = make_table(kinds, 60, 8)
    table = _with_holes(table, holes, 9) if holes else table
    everything = np.arange(len(kinds))
    found = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append(_matrix(table, everything, everything))
        found.append(_matrix(table, everything[:7], everything))
    for one, many in ((0, 2), (0, 4), (1, 3), (1, 5)):
        np.testing.assert_allclose(found[one], found[many], rtol=1e-12, atol=1e-14)


# Closed forms ----------------------------------------------------------------------------------


def _within_standard_errors(estimates: list[float], expected: float, bias: float = 0.0) -> None:
    error = np.std(estimates, ddof=1) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - expected) < 3.5 * error + bias


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.6, 0.95])
@pytest.mark.parametrize("transform", [lambda v: v, np.exp, lambda v: v**3])
def test_two_normal_columns_under_any_transform(rho: float, transform: Any) -> None:
    expected = -0.5 * math.log1p(-(rho**2))
    estimates = []
    for seed in range(60):
        x, noise = np.random.default_rng(seed).normal(size=(2, 1000))
        y = rho * x + math.sqrt(1 - rho**2) * noise
        estimates.append(ms.mutual_information(transform(x), y, estimator="copula"))
    # Normal scores pull a strong correlation in, by a little more than a nat in n rows.
    _within_standard_errors(estimates, expected, bias=0.012 if rho == 0.95 else 0.003)


def test_blocks_and_conditioning_of_normal_columns() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6)) / 2 + np.eye(6)
    covariance = mixing @ mixing.T

    def log_determinant(*columns: int) -> float:
        return float(np.linalg.slogdet(covariance[np.ix_(columns, columns)])[1])

    x, y, z = (0, 1), (2, 3, 4), (5,)
    conditional = 0.5 * (
        log_determinant(*x, *z) + log_determinant(*y, *z)
        - log_determinant(*x, *y, *z) - log_determinant(*z)
    )  # fmt: skip
    marginal = 0.5 * (log_determinant(*x) + log_determinant(*y) - log_determinant(*x, *y))
    estimates: list[list[float]] = [[], []]
    for seed in range(40):
        values = np.random.default_rng(seed).normal(size=(1500, 6)) @ mixing.T
        of_x, of_y, of_z = (values[:, list(block)] for block in (x, y, z))
        estimates[0].append(ms.mutual_information(of_x, of_y, estimator="copula"))
        estimates[1].append(ms.conditional_mutual_information(of_x, of_y, of_z, estimator="copula"))
    _within_standard_errors(estimates[0], marginal, bias=0.01)
    _within_standard_errors(estimates[1], conditional, bias=0.01)


@pytest.mark.parametrize("n_samples", [10, 200])
@pytest.mark.parametrize(("n_x", "n_y", "n_z"), [(1, 1, 0), (2, 3, 0), (1, 1, 2), (2, 2, 2)])
def test_the_correction_takes_the_bias_of_independent_columns_away(
    n_samples: int, n_x: int, n_y: int, n_z: int
) -> None:
    corrected, raw = [], []
    x, y, z = np.split(np.arange(n_x + n_y + n_z), [n_x, n_x + n_y])
    for seed in range(200):
        data = of_normal(np.random.default_rng(seed).normal(size=(n_x + n_y + n_z, n_samples)))
        blocks = [[data.names[c] for c in block] for block in (x, y, z)]
        corrected.append(GaussianCopula().information(data, *blocks))
        raw.append(GaussianCopula(bias_correction=False).information(data, *blocks))
    # What is left is of the order of d / n^2: scores are not normal, their variance is fixed.
    _within_standard_errors(corrected, 0.0, bias=2 * n_x * n_y / n_samples**2)
    if n_samples == 200:
        bias = n_x * n_y / (2 * n_samples)
        _within_standard_errors(raw, bias, bias=0.15 * bias)


def test_a_discrete_column_beside_a_normal_one() -> None:
    """The degenerate Gaussian sees the share of the variance between the states."""
    rng = np.random.default_rng(0)
    n = 200_000
    codes = rng.integers(0, 3, n)
    noise = rng.normal(size=n)
    y = np.array([-0.5, 0.0, 0.5])[codes] + noise
    scores = ref_scores(y)
    between = np.var(np.array([scores[codes == c].mean() for c in range(3)])[codes]) / scores.var()
    found = ms.mutual_information(states(codes), y, estimator="copula")
    assert found == pytest.approx(-0.5 * math.log1p(-between), abs=1e-4)


def ref_scores(values: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri(rankdata(values) / (len(values) + 1)))


@pytest.mark.parametrize("n_states", [2, 3, 5])
def test_two_discrete_columns_share_their_canonical_correlations(n_states: int) -> None:
    rng = np.random.default_rng(n_states)
    x = rng.integers(0, n_states, 500)
    y = np.where(rng.random(500) < 0.4, x, rng.integers(0, n_states, 500))
    counts = np.zeros((n_states, n_states))
    np.add.at(counts, (x, y), 1)
    p = counts / 500
    scaled = p / np.sqrt(np.outer(p.sum(axis=1), p.sum(axis=0)))
    # Of correspondence analysis: the first singular value is 1 and belongs to the constant.
    correlations = np.linalg.svd(scaled, compute_uv=False)[1:]
    expected = -0.5 * np.log1p(-(correlations**2)).sum()
    table = Table({"x": states(x), "y": states(y)})
    assert information(table, ["x"], ["y"], corrected=False) == close(expected)


# Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y", [lambda v: v, lambda v: -v, lambda v: np.exp(-v), lambda v: 1e9 + 1e3 * v]
)
def test_a_column_and_its_image_share_without_end(y: Any) -> None:
    x = np.random.default_rng(0).normal(size=50)
    with warning_if(True):
        assert ms.mutual_information(x, y(x), estimator="copula") == math.inf
    with warning_if(True):
        z = np.random.default_rng(1).normal(size=50)
        assert ms.conditional_mutual_information(x, y(x), z, estimator="copula") == math.inf
    with warning_if(True):
        assert ms.mutual_information(np.array([x, z]).T, y(x), estimator="copula") == math.inf


def test_blocks_of_which_one_determines_the_other() -> None:
    x = states([0, 1, 2, 3] * 10)
    merged = states([0, 0, 1, 1] * 10)
    with pytest.warns(ms.MistructWarning, match=r"between 'x' and 'y' is infinite: one determines"):
        assert ms.mutual_information(x, merged, estimator="copula") == math.inf


def test_what_z_determines_is_left_out() -> None:
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 40))
    cmi = ms.conditional_mutual_information
    assert cmi(x, y, np.array([z, x]).T, estimator="copula") == 0.0
    assert cmi(x, y, -x, estimator="copula") == 0.0
    assert cmi(x, y, np.exp(y), estimator="copula") == 0.0
    assert cmi(states(x > 0), y, states(np.digitize(x, [-1, 0, 1])), estimator="copula") == 0.0
    # Of a block the rest counts.
    both = cmi(np.array([x, z]).T, y, z, estimator="copula")
    assert both == close(cmi(x, y, z, estimator="copula"))
    doubled = cmi(x, y, np.array([z, -z, z]).T, estimator="copula")
    assert doubled == close(cmi(x, y, z, estimator="copula"))
    assert cmi(x, y, np.ones(40), estimator="copula") == close(
        ms.mutual_information(x, y, estimator="copula")
    )


@pytest.mark.parametrize(
    ("n_samples", "n_x", "n_y", "n_z"),
    [(3, 1, 1, 0), (2, 1, 1, 0), (10, 6, 3, 0), (9, 9, 1, 0), (4, 1, 1, 1), (10, 2, 3, 4)],
)
def test_more_dimensions_than_rows_are_refused(
    n_samples: int, n_x: int, n_y: int, n_z: int
) -> None:
    rng = np.random.default_rng(0)
    x, y, z = (rng.normal(size=(n_samples, d)) for d in (n_x, n_y, n_z))
    message = (
        r"^estimator 'copula' needs at least two rows more than dimensions, but .* have \d+ "
        rf"dimensions in {n_samples} rows$"
    )
    with pytest.raises(ms.DataError, match=message):
        if n_z:
            ms.conditional_mutual_information(x, y, z, estimator="copula")
        else:
            ms.mutual_information(x, y, estimator="copula")


def test_the_matrix_of_too_few_rows_names_the_widest_columns() -> None:
    frame = pd.DataFrame({"a": list("uvwxyz"), "b": np.arange(6.0), "c": np.arange(6.0)})
    data = ms.as_dataset(frame, kinds={"a": "discrete", "b": "continuous", "c": "continuous"})
    with pytest.raises(
        ms.DataError, match=r"rows more than dimensions, .*'a'.* have 6 dimensions in 6"
    ):
        GaussianCopula().pairwise(data, np.arange(3), np.arange(3))


def test_a_column_too_wide_only_for_itself_is_no_reason_to_refuse() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"wide": rng.permutation(np.arange(40) % 24), "x": rng.normal(size=40)})
    data = ms.as_dataset(frame, kinds={"wide": "discrete"})
    matrix = GaussianCopula().pairwise(data, np.arange(2), np.arange(2))
    assert matrix[0, 1] == pytest.approx(GaussianCopula().information(data, ["wide"], ["x"]))
    assert math.isinf(matrix[0, 0])


def test_entropy_is_refused() -> None:
    with pytest.raises(ms.ParameterError, match=r"^estimator 'copula' measures dependence, not en"):
        ms.entropy([0.1, 0.5, 0.2, 0.9], estimator="copula")


@pytest.mark.parametrize("value", [1, None, "yes", 0.5])
def test_the_parameter_is_checked(value: Any) -> None:
    with pytest.raises(ms.ParameterError, match=r"^bias_correction must be True or False, got"):
        GaussianCopula(bias_correction=value)


def test_it_is_a_value() -> None:
    assert GaussianCopula() == GaussianCopula(True) != GaussianCopula(False)
    assert repr(GaussianCopula()) == "GaussianCopula(bias_correction=True)"
    assert pickle.loads(pickle.dumps(GaussianCopula(False))) == GaussianCopula(False)
    assert GaussianCopula().name == "copula"
