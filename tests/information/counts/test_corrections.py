"""Entropies from counts under every correction: the reference, hard counts, and the bias."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

import mistruct as ms
from mistruct.information.counts.corrections import BiasCorrection, entropy_from_counts, shrinkage
from mistruct.information.counts.nsb import nsb_entropy
from tests import reference as ref
from tests import strategies


def _estimate(counts: list[int], n_states: int, correction: str) -> float:
    chosen: BiasCorrection | None = None if correction == "plug-in" else correction  # type: ignore[assignment]
    table = np.array(counts)
    return entropy_from_counts(table, n_states, chosen, shrinkage(table, n_states, chosen))


@given(strategies.state_counts(), strategies.corrections)
@settings(max_examples=100, deadline=None)
def test_entropy_from_counts(drawn: tuple[list[int], int], correction: str) -> None:
    counts, n_states = drawn
    if correction == "grassberger" and len(counts) == 1:
        n_states = 1  # a single observed state is a single possible one wherever it is used
    expected = ref.entropy_of_counts(counts, correction, n_states)
    assert _estimate(counts, n_states, correction) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "n_states"),
    [
        ([1], 2),
        ([1] * 30, 10**6),
        ([1, 1, 2], 10**9),
        ([5000, 1], 2),
        ([3] * 400, 400),
        ([2, 1] * 150, 90_000),
        ([700, 300, 20, 1], 4),
        ([1000] * 3, 3),
        ([200], 50),
    ],
)
def test_nsb_of_few_rows_many_states_and_the_reverse(counts: list[int], n_states: int) -> None:
    expected = ref.entropy_of_counts(counts, "nsb", n_states)
    assert nsb_entropy(np.array(counts), n_states) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
def test_many_rows_make_all_estimates_one(correction: str) -> None:
    p = np.array([0.5, 0.3, 0.15, 0.05])
    counts = (p * 10**6).astype(int).tolist()
    truth = -(p * np.log(p)).sum()
    assert _estimate(counts, 4, correction) == pytest.approx(truth, abs=1e-4)


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
def test_the_entropy_of_one_state_is_zero(correction: str) -> None:
    assert _estimate([7], 1, correction) == 0.0


def test_every_correction_lessens_the_bias_of_the_plug_in() -> None:
    rng = np.random.default_rng(0)
    pairs = [rng.integers(0, 4, (2, 50)) for _ in range(60)]
    mean = {
        correction: np.mean([ms.mutual_information(x, y, estimator=correction) for x, y in pairs])
        for correction in ref.CORRECTIONS
    }
    plug_in = mean.pop("plug-in")
    # (r - 1)(c - 1) / 2n is the bias to the first order.
    assert plug_in == pytest.approx(9 / 100, rel=0.25)
    assert {c: m for c, m in mean.items() if not abs(m) < 0.6 * plug_in} == {}


def test_james_stein_of_even_counts_is_uniform() -> None:
    assert _estimate([5, 5, 5], 3, "james-stein") == pytest.approx(math.log(3))
