"""Kernels are compiled for one layout of a table, however it came about."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from numba.core.dispatcher import Dispatcher

import mistruct as ms
from mistruct.independence.protocol import Ragged


def n_compiled() -> int:
    """Number of kernels, counted once for each combination of types they are compiled for."""
    modules = [m for name, m in sys.modules.items() if name.startswith("mistruct.kernels")]
    kernels = {id(v): v for m in modules for v in vars(m).values() if isinstance(v, Dispatcher)}
    return sum(len(kernel.signatures) for kernel in kernels.values())


def test_some_rows_of_a_table_need_no_other_kernels() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.integers(0, 3, 200) for name in "abcd"}).astype("category")
    frame["x"] = rng.normal(size=200)
    data = ms.as_dataset(frame)
    some = data.take(rng.random(200) < 0.7)
    assert some.codes.flags.c_contiguous and some.values.flags.c_contiguous

    def compile_for(table: ms.Dataset, alpha: float) -> int:
        states = table.select(list("abcd"))
        ms.GTest().separate(states, np.array([[0, 1]]), Ragged.of([[2, 3]]), 1, alpha)
        ms.PC(test="g").fit(states)
        ms.PC(test="hybrid").fit(table.select(list("abx")))
        return n_compiled()

    assert 0 < compile_for(data, 0.05) == compile_for(some, 1)
