"""`compare_clusterings` against slow versions, on labels of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests import reference as ref


@pytest.mark.parametrize("seed", range(5))
def test_measures_are_those_of_their_definitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, 80)
    b = np.where(rng.random(80) < 0.5, a, rng.integers(0, 6, 80))
    found = ms.compare_clusterings(a, b)
    x, y = a.tolist(), b.tolist()
    mi, h_a, h_b = ref.mutual_information(x, y), ref.entropy(x), ref.entropy(y)
    assert found.nmi == pytest.approx(2 * mi / (h_a + h_b))
    assert found.homogeneity == pytest.approx(mi / h_a)
    assert found.completeness == pytest.approx(mi / h_b)
    assert found.v_measure == pytest.approx(found.nmi)  # Rosenberg and Hirschberg's is the same
    assert found.variation_of_information == pytest.approx(h_a + h_b - 2 * mi)
    assert found.n_samples == 80
    for i, j in ((i, j) for i in range(4) for j in range(6)):
        expected = sum(p == i and q == j for p, q in zip(x, y, strict=True))
        assert found.table.loc[i, j] == expected


def test_same_clusters_under_other_names() -> None:
    found = ms.compare_clusterings(["t", "t", "b", "nk"], pd.Categorical([1, 1, 0, 2]))
    measures = ("ami", "nmi", "ari", "homogeneity", "completeness", "v_measure")
    assert [getattr(found, m) for m in measures] == pytest.approx([1.0] * 6)
    assert found.variation_of_information == pytest.approx(0.0, abs=1e-12)
    assert found.table.loc["t", 1] == 2


def test_why_ami_is_the_one_to_quote() -> None:
    """Labels of many clusters drawn at random: NMI says 0.24, AMI nothing."""
    rng = np.random.default_rng(0)
    drawn = [ms.compare_clusterings(*rng.integers(0, 28, (2, 500))) for _ in range(20)]
    assert np.mean([c.nmi for c in drawn]) == pytest.approx(0.24, abs=0.02)
    assert abs(np.mean([c.ami for c in drawn])) < 0.01
    assert "AMI" in drawn[0].note and "\n" not in drawn[0].note


@pytest.mark.parametrize("kind", ["i4", "i8", "category", str, object])
def test_labels_are_names_in_every_type(kind: Any) -> None:
    least = np.iinfo(np.int32).min
    labels = pd.Series([least, 7, 7, least]).astype(kind)
    assert ms.compare_clusterings(labels, [0, 1, 1, 0]).ari == 1.0


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0, 1, 1], [0, 1], "labels_a and labels_b must have one length, got 3 and 2"),
        ([0, 1], [-1, 0], "labels_b must be clusters, got -1, which stands for noise"),
        ([0, 1], ["-1", "0"], "labels_b must be clusters, got -1, which stands for noise"),
        (pd.Categorical([-2, 1]), [0, 1], "labels_a must be clusters, got -2"),
        ([0.5, 1.0], [0, 1], "labels_a must be names or whole numbers, got the float 0.5"),
        ([0, 1], pd.Series([0.5, 1], dtype=object), "labels_b must be .* got the float 0.5"),
        ([0, 1], ["a", None], "labels_b must have a label in each row, but 1 are missing"),
        ([[0, 1]], [0, 1], r"labels_a must be one column of labels, got shape \(1, 2\)"),
    ],
)
def test_refused(a, b, message: str) -> None:
    with pytest.raises(ms.DataError, match=message):
        ms.compare_clusterings(a, b)
