"""How often the G test rejects true nulls in sparse tables, also far out in the tail.

Rows are drawn independently given the stratum, so margins vary from null to null. States have
Zipf's law with an exponent of its own for x and y, in an order of its own in each stratum.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from mistruct.data.dataset import Dataset
from mistruct.independence.g_test import GTest

ALPHAS = (0.05, 0.01, 0.001)
N_NULLS = int(os.environ.get("N_NULLS", "10000"))


@dataclass(frozen=True)
class Cell:
    """A scenario; `few` says that so few tables are possible that the level is not reached."""

    n_samples: int
    n_x: int
    n_y: int
    n_strata: int
    exponent_x: float
    exponent_y: float
    few: bool = False

    def __str__(self) -> str:
        return (
            f"{self.n_x} x {self.n_y} | {self.n_strata} | {self.n_samples} | "
            f"{self.exponent_x:g}, {self.exponent_y:g}"
        )


CELLS = (
    Cell(100, 2, 2, 1, 3, 3, few=True),
    Cell(1000, 2, 2, 1, 6, 5, few=True),
    Cell(20, 2, 2, 8, 0, 0, few=True),
    Cell(100, 2, 2, 5, 2, 2),
    Cell(200, 2, 2, 20, 2, 2),
    Cell(400, 2, 2, 40, 3, 3),
    Cell(10_000, 2, 2, 8, 6, 5, few=True),
    Cell(60, 4, 4, 1, 1, 1),
    Cell(200, 3, 3, 27, 1.5, 1.5),
    Cell(500, 2, 3, 12, 3, 3),
    Cell(1000, 3, 3, 40, 2, 2),
    Cell(200, 3, 4, 100, 1, 1),
    Cell(100, 8, 8, 1, 2, 2),
    Cell(300, 8, 8, 1, 2, 2),
    Cell(1000, 8, 8, 1, 3, 3),
    Cell(150, 10, 10, 1, 1, 1),
    Cell(500, 10, 10, 10, 1.5, 1.5),
    Cell(1000, 10, 10, 40, 1, 1, few=True),
    Cell(2000, 12, 12, 1, 2, 2),
    Cell(2000, 5, 5, 400, 1, 1),
)


def null_tables(cell: Cell) -> tuple[Dataset, np.ndarray, tuple[int, ...]]:
    """Columns x_k, then y_k, then z, and the pairs (x_k, y_k)."""
    rng = np.random.default_rng(0)
    z = np.sort(rng.integers(0, cell.n_strata, cell.n_samples))
    codes = np.empty((2 * N_NULLS + 1, cell.n_samples), np.uint16)
    codes[-1] = np.unique(z, return_inverse=True)[1]
    for first, r, exponent in (
        (0, cell.n_x, cell.exponent_x),
        (N_NULLS, cell.n_y, cell.exponent_y),
    ):
        p = np.arange(1, r + 1) ** -float(exponent)
        for s in range(cell.n_strata):
            here = np.flatnonzero(z == s)
            bounds = np.cumsum(rng.permutation(p / p.sum()))[:-1]
            drawn = np.searchsorted(bounds, rng.random((N_NULLS, here.size)))
            codes[first : first + N_NULLS, here] = drawn
    names = tuple(f"c{i}" for i in range(len(codes)))
    n_states = [cell.n_x] * N_NULLS + [cell.n_y] * N_NULLS + [int(codes[-1].max()) + 1]
    data = Dataset(
        names=names,
        kinds=dict.fromkeys(names, "discrete"),
        states={n: tuple(range(r)) for n, r in zip(names, n_states, strict=True)},
        codes=codes,
        values=np.empty((0, cell.n_samples)),
        missing="raise",
        inferred=frozenset(),
    )
    pairs = np.arange(2 * N_NULLS).reshape(2, N_NULLS).T.copy()
    return data, pairs, (2 * N_NULLS,) if cell.n_strata > 1 else ()


@pytest.mark.long
def test_rejections_of_true_nulls_in_sparse_tables(capsys: pytest.CaptureFixture[str]) -> None:
    lines, outside = [], []
    for cell in CELLS:
        data, pairs, given = null_tables(cell)
        batch = GTest().test_pairs(data, pairs, given)
        sparse = np.isin(batch.method, ["g, moments", "g, exact"])
        p = batch.p_value[sparse]
        by_chi_square = GTest(sparse="chi-square").test_pairs(data, pairs, given).p_value[sparse]
        shares = [f"{(q <= alpha).mean():.4f}" for q in (p, by_chi_square) for alpha in ALPHAS]
        lines.append(f"| {cell} | {' | '.join(shares)} | {p.size} |")
        for alpha in ALPHAS:
            n_rejected = (p <= alpha).sum()
            least, most = binom.ppf([1e-4, 1 - 1e-4], p.size, alpha)
            if alpha == 0.001:
                most = binom.ppf(1 - 1e-4, p.size, 2 * alpha)
            if n_rejected > most or (n_rejected < least and not cell.few and alpha > 0.001):
                outside.append(f"{cell} at {alpha}: {n_rejected / p.size:.4f}")
    with capsys.disabled():
        print(f"\n\nrejections of true nulls in sparse tables ({N_NULLS} each)\n")  # noqa: T201
        print("| table | strata | rows | exponents | moments, 0.05 | 0.01 | 0.001 "  # noqa: T201
              "| chi-square, 0.05 | 0.01 | 0.001 | sparse |")  # fmt: skip
        print("| --- " * 11 + "|")  # noqa: T201
        print("\n".join(lines))  # noqa: T201
    assert not outside, "\n".join(outside)
