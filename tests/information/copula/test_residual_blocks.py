"""Columns of many states kept as codes: as if their indicators were written down."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

import mistruct as ms
from mistruct.information.copula.blas import one_blas_thread
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.copula.residual_blocks import (
    Block,
    Indicators,
    Known,
    is_wide,
    pooled,
)
from tests import reference_continuous as ref
from tests.information.copula.test_gaussian_copula import Table, states


def wide_table(seed: int = 0, n: int = 120) -> Table:
    """Columns w, u of 34 and about 40 states, d of few, and numbers x, y, v; all related."""
    rng = np.random.default_rng(seed)
    w = rng.permutation(np.arange(n) % 34)
    u = w // 3 + rng.integers(0, 36, n)
    x = rng.normal(size=n) + w / 20
    return Table(
        {
            "w": states(w), "u": states(u), "d": states((w + rng.integers(0, 3, n)) % 4),
            "x": x, "y": x + rng.normal(size=n) + u / 30, "v": rng.normal(size=n),
        }
    )  # fmt: skip


CASES = [
    ("w", "x", ""), ("w", "d", ""), ("w", "x", "u"), ("w", "u", "xv"), ("x", "y", "w"),
    ("x", "d", "wu"), ("wx", "udy", "v"), ("wu", "y", "dv"),
]  # fmt: skip


@pytest.mark.parametrize(("x", "y", "z"), CASES)
def test_information_is_that_of_indicators(x: str, y: str, z: str) -> None:
    table = wide_table()
    assert is_wide(table.data, "w")
    assert is_wide(table.data, "u")
    corrected = z != ""
    found = GaussianCopula(corrected).information(table.data, list(x), list(y), list(z))
    blocks = [table.block(list(names)) for names in (x, y, z)]
    assert found == pytest.approx(
        ref.gaussian_information(*blocks, bias_correction=corrected), rel=1e-7, abs=1e-9
    )


@pytest.mark.parametrize(("x", "y", "z"), CASES)
def test_dimensions_are_those_of_indicators(x: str, y: str, z: str) -> None:
    table = wide_table(1)
    known = Known.of(table.data, list(z))
    of_x, of_y = (Block.of(table.data, list(names), known) for names in (x, y))
    of_z = _rank(table.block(list(z)))
    assert known.rank == of_z
    for block, names in ((of_x, x), (of_y, y)):
        both = np.hstack([table.block(list(z)), table.block(list(names))])
        assert len(block) == _rank(both) - of_z


def _rank(block: np.ndarray) -> int:
    centred = block - block.mean(axis=0)
    return int(np.linalg.matrix_rank(centred, tol=1e-7)) if centred.size else 0


def test_a_column_of_many_states_in_the_matrix() -> None:
    table = wide_table(2)
    matrix = ms.mutual_information_matrix(table.data, estimator="copula")
    for i, x in enumerate(table.names):
        assert matrix.loc[x, x] == math.inf
        for y in table.names[:i]:
            pair = GaussianCopula().information(table.data, [x], [y])
            assert matrix.loc[x, y] == pytest.approx(pair, rel=1e-7, abs=1e-10)
            assert matrix.loc[y, x] == matrix.loc[x, y]
    part = ms.mutual_information_matrix(
        table.data, estimator="copula", rows=["x", "w"], columns=["u", "w", "v"]
    )
    np.testing.assert_allclose(part, matrix.loc[["x", "w"], ["u", "w", "v"]], rtol=1e-7)


def test_what_determines_a_column_of_many_states_is_infinite() -> None:
    table = wide_table()
    twice = Table({**table.frame, "copy": states(table.frame["w"].cat.codes + 100)})
    with pytest.warns(ms.MistructWarning, match="is infinite"):
        assert GaussianCopula().information(twice.data, ["w"], ["copy"], ["x"]) == math.inf
    assert GaussianCopula().information(twice.data, ["w"], ["x"], ["copy"]) == 0.0


def test_the_rarest_of_very_many_states_are_one() -> None:
    codes = np.repeat([5, 3, 9, 1, 7, 2], [6, 2, 5, 2, 2, 9])
    labels, n_labels = pooled(codes, 4)
    # Those of two rows cannot all be kept, so none of them is, whatever their names.
    assert n_labels == 4
    groups = pd.Series(labels).groupby(codes).unique()
    assert [len(g) for g in groups] == [1] * 6
    assert len({int(groups[c][0]) for c in (3, 1, 7)}) == 1
    assert len({int(groups[c][0]) for c in (3, 5, 9, 2)}) == 4
    assert pooled(codes, 6)[1] == 6


def test_many_groups_and_states_are_multiplied_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    known = Known.of_groups(rng.permutation(np.arange(200) % 30), rng.normal(size=(2, 200)))
    sides = [Indicators([pooled(rng.integers(0, 40, 200))], known) for _ in range(2)]
    dense = sides[0].known_left(sides[1])
    monkeypatch.setattr("mistruct.information.copula.residual_blocks._DENSE_ENTRIES", 0)
    np.testing.assert_allclose(sides[0].known_left(sides[1]), dense, atol=1e-12)


def test_blas_has_its_threads_again_after_the_last_of_several() -> None:
    def threads() -> list[int]:
        return [m["num_threads"] for m in threadpool_info() if m["user_api"] == "blas"]

    before = threads()
    with one_blas_thread():
        with ThreadPoolExecutor(1) as pool, one_blas_thread():
            assert set(pool.submit(threads).result()) == {1}
        assert set(threads()) == {1}
        with one_blas_thread(wanted=False):
            assert set(threads()) == {1}
    assert threads() == before
