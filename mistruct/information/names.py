"""The estimators of information by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.information.base import Estimator
from mistruct.information.by_kinds import ByKinds
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.counts.binned import Binned
from mistruct.information.counts.partition import AdaptivePartition
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.density.kde import KDE
from mistruct.information.neighbors.knn import KSG, MixedKNN

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
    """Resolve an estimator, by name or instance, for one quantity of all columns of `data`."""
    if isinstance(estimator, str):
        check_choice("estimator", estimator, ("auto", *ESTIMATORS))
        return auto().choose(data, data.names) if estimator == "auto" else ESTIMATORS[estimator]()
    if not isinstance(estimator, Estimator):
        raise ParameterError(
            f"estimator must be a name or an estimator such as PlugIn(), got {estimator!r}; an "
            "estimator of your own derives from mistruct.Estimator"
        )
    if type(estimator).__hash__ is None:  # a null distribution is kept for each
        raise ParameterError(
            f"estimator must be hashable, got {estimator!r}; make its class a frozen dataclass"
        )
    return estimator


def resolve_pairwise(estimator: str | Estimator, data: Dataset) -> Estimator:
    """Resolve an estimator, by name or instance, for the pairs of columns of `data`."""
    seen = data.by_order
    mixed = seen.discrete and seen.continuous
    return auto() if estimator == "auto" and mixed else resolve_estimator(estimator, data)


def auto() -> ByKinds:
    """The estimators that ``auto`` stands for."""
    return ByKinds(discrete=PlugIn(), continuous=CopulaKNN(), mixed=MixedKNN())
