"""What the processes need that share the tests (pytest-xdist)."""

from __future__ import annotations

import re

import pytest


def test_ids_do_not_hold_addresses(request: pytest.FixtureRequest) -> None:
    """Every process must collect the same ids; pytest-xdist refuses others that differ, too."""
    ids = [item.nodeid for item in request.session.items]
    assert not [i for i in ids if re.search(r"0x[0-9a-f]{8,}", i)]
