"""The pictures of rankings and of contingency tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import mistruct as ms
from mistruct.plot.ranking import CHOSEN, OTHER, SHOWN


def ranking(n: int = 4) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": [f"$f_{i}" for i in range(n)],
            "mi": np.linspace(0.4, 0.1, n),
            "low": np.linspace(0.3, 0.0, n),
            "high": [0.5, *[np.nan] * (n - 1)],
            "chosen": pd.array([1, *[None] * (n - 1)], dtype="Int64"),
            "complementarity": np.linspace(0.4, 0.0, n),
        }
    )


def test_bars_are_as_long_as_the_information() -> None:
    ax = ms.plot_ranking(ranking())
    broad = sorted(
        (p for c in ax.containers if hasattr(c, "patches") for p in c if p.get_height() == 0.8),
        key=lambda p: p.get_y(),
    )
    assert [p.get_width() for p in broad] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    colours = [to_hex(p.get_facecolor()) for p in broad]
    assert colours == [CHOSEN, *[to_hex(OTHER)] * 3]
    narrow = [p for p in ax.patches if p.get_height() == 0.25]
    assert [p.get_width() for p in narrow] == pytest.approx([0.4, 0.4 * 2 / 3, 0.4 / 3, 0.0])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["$f_0", "$f_1", "$f_2", "$f_3"]
    assert ax.yaxis_inverted()


def test_infinite_information_reaches_the_end() -> None:
    table = ranking()
    table.loc[0, ["mi", "low", "high"]] = np.inf
    ax = ms.plot_ranking(table)
    assert all(np.isfinite(p.get_width()) for p in ax.patches)


def test_a_long_ranking_is_cut() -> None:
    assert len(ms.plot_ranking(ranking(100)).get_yticklabels()) == SHOWN


def test_counts_stand_in_the_cells_of_a_small_table() -> None:
    table = pd.DataFrame([[3, 1], [0, 4]], index=["a", "b"], columns=[0, 1])
    ax = ms.plot_contingency_table(table)
    assert [t.get_text() for t in ax.texts] == ["3", "1", "0", "4"]
    assert np.array_equal(ax.images[0].get_array(), [[0.75, 0.25], [0.0, 1.0]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    large = pd.DataFrame(np.ones((30, 5), dtype=int))
    assert not ms.plot_contingency_table(large).texts


def test_a_row_without_counts_is_pale() -> None:
    ax = ms.plot_contingency_table(pd.DataFrame([[0, 0], [1, 1]]))
    assert np.array_equal(ax.images[0].get_array()[0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("draw", "value", "message"),
    [
        (ms.plot_ranking, np.eye(2), "ranking must be a DataFrame as from rank_features, got nd"),
        (ms.plot_ranking, ranking(4).iloc[:0], "ranking must have rows, got shape"),
        (ms.plot_contingency_table, np.eye(2), "table must be a DataFrame .* got ndarray"),
        (ms.plot_contingency_table, pd.DataFrame(), "with rows and columns"),
        (ms.plot_contingency_table, pd.DataFrame([[-1]]), "table must hold counts, got -1"),
        (ms.plot_contingency_table, pd.DataFrame([["a"]]), "table must hold counts"),
    ],
)
def test_refused(draw, value, message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        draw(value)
    with pytest.raises(ms.ParameterError, match="ax must be matplotlib axes, got str"):
        ms.plot_ranking(ranking(), ax="here")
