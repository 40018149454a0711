"""The matrix of mutual information between groups of columns, such as pathways or sensors."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, TooFewRowsError
from mistruct.information.base import Estimator
from mistruct.information.counts.plug_in import PlugIn
from mistruct.parallel import run_in_turn


def group_matrix(
    data: Dataset,
    groups: Mapping[Hashable, Iterable[Hashable]],
    estimator: Estimator,
    dtype: DTypeLike,
) -> pd.DataFrame:
    """Matrix of information between all pairs of groups in nats, each group taken jointly.

    NaN where a pair has too few complete rows. With itself a group shares its entropy: that of its
    joint states as counted, or infinity where one of its columns is continuous.
    """
    blocks = _checked(data, groups)
    columns = list(blocks.values())
    values = np.empty((len(blocks), len(blocks)), dtype=dtype)
    kinds = estimator.view(data).kinds
    for i, block in enumerate(columns):
        discrete = all(kinds[c] == "discrete" for c in block)
        values[i, i] = PlugIn().entropy(data, block) if discrete else math.inf
    pairs = list(combinations(range(len(columns)), 2))

    def information(pair: tuple[int, int]) -> float:
        try:
            return estimator.information(data, columns[pair[0]], columns[pair[1]])
        except TooFewRowsError:
            return math.nan

    found = run_in_turn(information, pairs, description="information of groups")
    for (i, j), nats in zip(pairs, found, strict=True):
        values[i, j] = values[j, i] = nats
    return pd.DataFrame(values, index=list(blocks), columns=list(blocks))


def _checked(
    data: Dataset, groups: Mapping[Hashable, Iterable[Hashable]]
) -> dict[str, tuple[str, ...]]:
    if not isinstance(groups, Mapping) or len(groups) < 2:
        raise ParameterError(f"groups must be a dict of two groups or more, got {groups!r}")
    blocks: dict[str, tuple[str, ...]] = {}
    group_of: dict[str, str] = {}
    for group, members in groups.items():
        name = str(group)
        if isinstance(members, str):
            raise ParameterError(f"groups: {name!r} must be a list of columns, got {members!r}")
        blocks[name] = data.check_names(f"groups: {name!r}", members)
        if not blocks[name]:
            raise ParameterError(f"groups: {name!r} has no columns")
        for column in blocks[name]:
            if column in group_of:
                raise ParameterError(
                    f"groups: column {column!r} is in {group_of[column]!r} and in {name!r}; what "
                    "two groups share in common columns would be no dependence between them"
                )
            group_of[column] = name
    return blocks
