"""`InformationSelector` as scikit-learn meets it."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from mistruct.features import InformationSelector


@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks(
    [
        InformationSelector(),
        InformationSelector(n_features=1),
        InformationSelector("mrmr", n_features=1),
        InformationSelector(missing="testwise"),
    ]
)
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)
