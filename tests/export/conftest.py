from __future__ import annotations

import warnings
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def inference() -> ModuleType:
    """pgmpy.inference, which warns of its own deprecated parts when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import pgmpy.inference
    return pgmpy.inference
