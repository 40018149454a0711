"""Information of continuous columns that are cut into bins first.

What is lost between the bins is not seen, and what the counts bring in bias is corrected as for
any discrete columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.discretize import discretize
from mistruct.errors import ParameterError, check_choice, check_count
from mistruct.information.base import Estimator, seconds_of_pairs
from mistruct.information.confidence import Blocks
from mistruct.information.counts.corrections import BiasCorrection
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.likelihood_ratio import Interval

Method = Literal["quantile", "equal-width", "bayesian-blocks"]


_NANOSECONDS_OF_A_PAIR = 2000.0
_NANOSECONDS_PER_ROW = 2.0


@dataclass(frozen=True)
class Binned(Estimator):
    r"""Counts of continuous columns that are cut into bins, corrected for bias.

    Each continuous column is binned by :func:`mistruct.discretize`, over all of its own known
    entries; then :class:`mistruct.PlugIn` counts. Discrete columns are used as they are.

    Parameters
    ----------
    method : {"quantile", "equal-width", "bayesian-blocks"}
        Where to cut. "quantile" depends on the ranks alone, so that monotone transforms change
        nothing; the others do not.
    n_bins : int, optional
        Number of bins of "quantile" and "equal-width"; by default the fourth root of the number
        of rows, rounded, from 2 to 10.
    correction : {"miller-madow", "james-stein", "grassberger", "chao-shen", "nsb", None}
        How the bias of the counts is mended, as in :class:`mistruct.PlugIn`.

    Raises
    ------
    ParameterError
        A parameter breaks its rule.

    Notes
    -----
    All results are those of the binned columns. The entropy of a continuous column is that of its
    bins, at most the logarithm of their number and no differential entropy, and so is its
    information with itself, which is therefore finite.

    Dependence inside the bins is lost, so strong dependence is underestimated: two columns of k
    bins have at most log k nats. Under independence "miller-madow" leaves a bias that vanishes
    faster than 1/n where every pair of bins has rows.

    References
    ----------
    Miller (1955), "Note on the bias of information estimates"; Scargle, Norris, Jackson and Chiang
    (2013), "Studies in astronomical time series analysis VI", The Astrophysical Journal 764.

    Examples
    --------
    >>> import numpy as np
    >>> import mistruct as ms
    >>> x = np.arange(8.0)
    >>> round(ms.mutual_information(x, x**2, estimator=ms.Binned(n_bins=4, correction=None)), 3)
    1.386
    """

    method: Method = "quantile"
    n_bins: int | None = None
    correction: BiasCorrection | None = "miller-madow"

    def __post_init__(self) -> None:
        check_choice("method", self.method, get_args(Method))
        if self.n_bins is not None:
            check_count("n_bins", self.n_bins, least=2)
            if self.method == "bayesian-blocks":
                raise ParameterError(
                    f"n_bins: {self.method!r} chooses the number itself, got {self.n_bins!r}"
                )
        PlugIn(self.correction)  # checks it

    @property
    def name(self) -> str:
        """The name that resolves to this estimator."""
        return "binned"

    @property
    def sees_ranks_only(self) -> bool:
        """Whether bins are cut by ranks."""
        return self.method == "quantile"

    def view(self, data: Dataset) -> Dataset:
        """The table in which ordinal columns are discrete, which need no bins."""
        return data.by_states

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of binned columns, over their complete rows."""
        return PlugIn(self.correction).information(self._binned(data, (*x, *y, *z)), x, y, z)

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of binned columns taken jointly, over its complete rows."""
        return PlugIn(self.correction).entropy(self._binned(data, x), x)

    def total_correlation(self, data: Dataset) -> float:
        """Sum of the entropies of the binned columns less that of their table."""
        return PlugIn(self.correction).total_correlation(self._binned(data, data.names))

    def interval(self, data: Dataset, blocks: Blocks, nats: float, level: float) -> Interval:
        """Confidence interval of the information between binned columns, from counts."""
        binned = self._binned(data, [name for block in blocks for name in block])
        return PlugIn(self.correction).interval(binned, blocks, nats, level)

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        return seconds_of_pairs(
            rows, columns, _NANOSECONDS_OF_A_PAIR + _NANOSECONDS_PER_ROW * data.n_samples
        )

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) of columns by position, x from `rows` and y from `columns`.

        Shape (len(rows), len(columns)); each pair over the rows complete for the two.
        """
        used = np.unique(np.concatenate([rows, columns]))
        if not used.size:
            return np.empty((len(rows), len(columns)), dtype=dtype)
        binned = self._binned(data, [data.names[p] for p in used])
        rows, columns = np.searchsorted(used, rows), np.searchsorted(used, columns)
        return PlugIn(self.correction).pairwise(binned, rows, columns, dtype)

    def _binned(self, data: Dataset, names: Iterable[str]) -> Dataset:
        chosen = data.select(dict.fromkeys(names))
        return discretize(chosen, self.method, n_bins=self.n_bins) if chosen.continuous else chosen
