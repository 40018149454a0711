"""The estimators of information by name, and what they all answer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.information.auto import ByKinds
from mistruct.information.binned import Binned
from mistruct.information.copula import GaussianCopula
from mistruct.information.copula_knn import CopulaKNN
from mistruct.information.discrete import PlugIn
from mistruct.information.kde import KDE
from mistruct.information.knn import KSG, MixedKNN
from mistruct.information.partition import AdaptivePartition


class Estimator(Protocol):
    """What a measure, a matrix or a learner asks of an estimator; columns are named."""

    @property
    def name(self) -> str:
        """The estimator's name."""
        ...

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns."""
        ...

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of columns."""
        ...

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of all columns."""
        ...

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) in nats of columns by position, shape (len(rows), len(columns))."""
        ...


#: Each name makes its estimator with default parameters.
ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    "plug-in": PlugIn,
    "miller-madow": partial(PlugIn, "miller-madow"),
    "james-stein": partial(PlugIn, "james-stein"),
    "grassberger": partial(PlugIn, "grassberger"),
    "chao-shen": partial(PlugIn, "chao-shen"),
    "nsb": partial(PlugIn, "nsb"),
    "copula": GaussianCopula,
    "ksg": KSG,
    "mixed-knn": MixedKNN,
    "copula-knn": CopulaKNN,
    "kde": KDE,
    "adaptive-partition": AdaptivePartition,
    "binned": Binned,
}


def resolve_estimator(estimator: str | Estimator, data: Dataset) -> Estimator:
    """The estimator meant by a name or an instance, for one quantity of all columns of `data`."""
    if isinstance(estimator, str):
        check_choice("estimator", estimator, ("auto", *ESTIMATORS))
        return auto().choose(data, data.names) if estimator == "auto" else ESTIMATORS[estimator]()
    if isinstance(estimator, type) or not hasattr(estimator, "information"):
        raise ParameterError(
            f"estimator must be a name or an estimator such as PlugIn(), got {estimator!r}"
        )
    return estimator


def resolve_pairwise(estimator: str | Estimator, data: Dataset) -> Estimator:
    """As `resolve_estimator`, for the pairs of columns of `data`."""
    mixed = data.discrete and data.continuous
    return auto() if estimator == "auto" and mixed else resolve_estimator(estimator, data)


def auto() -> ByKinds:
    """The estimators that ``auto`` stands for."""
    return ByKinds(discrete=PlugIn(), continuous=CopulaKNN(), mixed=MixedKNN())
