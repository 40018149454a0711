"""Null distributions that are drawn once, since they do not depend on the data.

The information that ranks have is the same whatever the distributions of two continuous columns
are. If they are independent and without ties, its distribution depends on the estimator and the
number of rows alone; so one set of draws serves every pair of columns. If one column is discrete,
it depends on how often each state occurs as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma, norm

from mistruct.data.dataset import Dataset

# P-values down to where so many draws are as large are counted, those beyond come from a fit.
_COUNTED = 10


class Null:
    """Draws of a statistic under independence, and the p-values that they give."""

    def __init__(self, draws: NDArray[np.float64]) -> None:
        self.draws = np.sort(draws)
        # Where few rows may be in order by chance and draws be infinite, counting has to do.
        of_tail = self.draws if np.isfinite(self.draws).all() else np.zeros(1)
        deviations = of_tail - of_tail.mean()
        spread = float(deviations.std())
        skewness = float((deviations**3).mean()) / spread**3 if spread > 0 else 0.0
        self._spread, self._half_skewness = spread, skewness / 2

    def p_values(self, statistics: Any) -> NDArray[np.float64]:
        """P-values of large statistics, the larger the smaller.

        Where ten draws or more are as large, they are counted. Beyond, the tail is that of a
        shifted gamma distribution with the variance and the skewness of the draws, which continues
        the count.
        """
        given = np.asarray(statistics, dtype=np.float64)
        n = self.draws.size
        counted = np.asarray((1.0 + n - np.searchsorted(self.draws, given)) / (1.0 + n))
        last = self.draws[-_COUNTED]
        if self._spread == 0.0:
            return counted
        share = (1.0 + _COUNTED) / (1.0 + n)
        beyond = share * np.exp(self._log_tail(given) - self._log_tail(last))
        # What is far out of reach of the draws may vanish in floating point, but is not impossible.
        beyond = np.clip(beyond, np.finfo(np.float64).tiny, share)
        return np.where(given > last, beyond, counted)

    def _log_tail(self, statistics: Any) -> Any:
        standardised = (statistics - self.draws.mean()) / self._spread
        if self._half_skewness < 1e-3:
            return norm.logsf(standardised)
        shape = 1.0 / self._half_skewness**2
        return gamma.logsf(shape + standardised / self._half_skewness, shape)


def independent_columns(
    n_samples: int, n_draws: int, counts: Sequence[int] = (), seed: int = 0
) -> Dataset:
    """Draw a column and `n_draws` continuous ones, all independent and without ties.

    The first column is discrete, with states that occur so often as `counts` says, if there are
    any.
    """
    rng = np.random.default_rng(seed)
    names = tuple(f"c{i}" for i in range(n_draws + 1))
    values = rng.permuted(
        np.tile(norm.ppf(np.arange(1, n_samples + 1) / (n_samples + 1)), (n_draws + 1, 1)), axis=1
    )
    codes = np.repeat(np.arange(len(counts), dtype=np.uint32), counts).reshape(-1, n_samples)
    return Dataset(
        names=names,
        kinds={n: "discrete" if len(counts) and n == "c0" else "continuous" for n in names},
        states={"c0": tuple(range(len(counts)))} if len(counts) else {},
        codes=codes,
        values=values[len(codes) :],
        missing="raise",
        inferred=frozenset(),
    )


@lru_cache(maxsize=64)
def null_of(
    estimator: Any, n_samples: int, counts: tuple[int, ...] = (), n_draws: int = 2000
) -> Null:
    """Null of an estimator between a column and a continuous one without ties.

    The first column is continuous too or, with `counts`, discrete.
    """
    data = independent_columns(n_samples, n_draws, counts)
    first, others = np.array([0]), np.arange(1, n_draws + 1)
    return Null(estimator.pairwise(data, first, others)[0])
