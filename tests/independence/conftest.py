"""Lets the tests here use the scenarios of the benchmarks, whose marker is not known elsewhere."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")
