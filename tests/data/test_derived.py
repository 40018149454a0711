"""What is kept of a table."""

from __future__ import annotations

import numpy as np

from mistruct.data.derived import Kept


def test_the_latest_results_are_kept_up_to_a_size() -> None:
    kept, made = Kept(100), []

    def ask(key: str, n_bytes: int) -> int:
        def make() -> np.ndarray:
            made.append(key)
            return np.zeros(n_bytes, dtype=np.uint8)

        return int(kept.get(key, make).size)

    assert [ask("a", 40), ask("b", 40), ask("a", 40)] == [40, 40, 40]
    assert made == ["a", "b"]
    ask("c", 40)  # b was asked for least lately
    ask("a", 40)
    ask("b", 40)
    assert made == ["a", "b", "c", "b"]
    assert ask("large", 200) == 200  # alone too large to be kept
    ask("large", 200)
    assert made[-2:] == ["large", "large"]
