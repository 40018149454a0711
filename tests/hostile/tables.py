"""Tables that no careful person makes, and careless programs do: each from a seed, in families.

A family is a function of a random generator to one object that somebody may hand over as a table.
`truth` is a plain table that holds the same, where there is one: both must be answered alike.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

Rng = np.random.Generator
Family = Callable[[Rng], Any]

FAMILIES: dict[str, Family] = {}


@dataclass(frozen=True)
class Same:
    """The same table, plain and as it is stored."""

    truth: pd.DataFrame
    stored: Any


@dataclass(frozen=True)
class Table:
    """A table, and a plain one that holds the same, where there is one."""

    data: Any
    truth: pd.DataFrame | None = None


def family(make: Family) -> Family:
    """Enter a family by the name of its function."""
    FAMILIES[make.__name__] = make
    return make


def tables(start: int, stop: int) -> Iterator[str]:
    """Names of tables by number, of all families in turn."""
    families = list(FAMILIES)
    yield from (f"{families[i % len(families)]}:{i}" for i in range(start, stop))


def make_table(name: str) -> Table:
    """The table of a name: its family and a seed."""
    of, seed = name.split(":")
    made = FAMILIES[of](np.random.default_rng([int(seed), crc32(of.encode())]))
    return Table(made.stored, made.truth) if isinstance(made, Same) else Table(made)


def plain(rng: Rng, n: int | None = None, *, whole: bool = False) -> pd.DataFrame:
    """Columns of several kinds, some of which tell of others."""
    n = int(rng.integers(30, 120)) if n is None else n
    a = rng.integers(0, 3, n)
    columns = {
        "a": a,
        "b": (a + rng.integers(0, 2, n)) % 3,
        "c": a + rng.normal(0, 1, n) if not whole else rng.integers(0, 2, n),
        "d": rng.normal(0, 1, n) if not whole else (a + rng.integers(0, 3, n)) % 4,
    }
    return pd.DataFrame(columns)


class ArrayLike:
    """What has an `__array__`, as tensors, images and remote arrays have."""

    def __init__(self, values: Any, error: Exception | None = None) -> None:
        self.values, self.error = values, error

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.error is not None:
            raise self.error
        return self.values if dtype is None else self.values.astype(dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, at: Any) -> Any:
        return type(self)(self.values[at], self.error)

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def shape(self) -> Any:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return int(self.values.ndim)


class Tensor(ArrayLike):
    """A tensor that needs a gradient: its values are had once it is detached."""

    def __init__(self, values: Any, error: Exception | None = None) -> None:
        super().__init__(
            values,
            RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            ),
        )

    def detach(self) -> Any:
        return _Detached(self.values)


class _Detached(ArrayLike):
    def cpu(self) -> Any:
        return self

    def numpy(self) -> Any:
        return self.values


@family
def types_of_numbers(rng: Rng) -> Any:
    frame = plain(rng, whole=True)
    kinds = ["<f2", "<f4", ">f8", "g", "i1", "u1", ">i2", "u4", "i8", "u8", ">u8"]
    kind = np.dtype(str(rng.choice(kinds)))
    return Same(frame.astype(float) if kind.kind == "f" else frame, frame.astype(kind))


@family
def layouts(rng: Rng) -> Any:
    values = rng.normal(size=(60, 4)).round(2)
    truth = pd.DataFrame(values, columns=[f"x{i}" for i in range(4)])
    read_only = values.copy()
    read_only.flags.writeable = False
    stored = [
        np.asfortranarray(values),
        np.repeat(values, 2, axis=0)[::2],
        values[:, ::-1].copy()[:, ::-1],
        read_only,
        np.matrix(values),
        values.tolist(),
        tuple(map(tuple, values.tolist())),
        ArrayLike(values),
        Tensor(values),
        values.astype(object),
        np.ma.masked_array(values, mask=np.zeros_like(values, dtype=bool)),
    ]
    return Same(truth, stored[rng.integers(len(stored))])


@family
def masked_arrays(rng: Rng) -> Any:
    values = rng.integers(0, 3, (60, 4)).astype(rng.choice(["f8", "i8", "u1", "O"]))
    mask = rng.random(values.shape) < rng.choice([0.0, 0.1, 1.0], p=[0.3, 0.6, 0.1])
    truth = pd.DataFrame(values, columns=[f"x{i}" for i in range(4)]).mask(mask)
    return Same(truth, np.ma.masked_array(values, mask=mask))


@family
def odd_arrays(rng: Rng) -> Any:
    n = 40
    record = np.zeros(n, dtype=[("a", "f8"), ("b", "i4"), ("c", "U3")])
    record["a"], record["b"] = rng.normal(size=n), rng.integers(0, 2, n)
    odd = [
        record,
        record.view(np.recarray),
        rng.normal(size=(n, 3)) + 1j,
        np.zeros((n, 3), dtype="V4"),
        rng.normal(size=(n, 3, 2)),
        np.float64(3.0),
        np.array(["2020-01-01"] * n, dtype="M8[D]"),
        np.full((n, 2), np.timedelta64(3, "s")),
        np.empty((n, 0)),
        ArrayLike(rng.normal(size=(n, 3)), ValueError("on another device")),
        ArrayLike(rng.normal(size=(n, 3)), TypeError("not here\nnor there")),
        Tensor(rng.normal(size=(n, 3)).astype(np.float16)),
        np.array([object() for _ in range(n)]).reshape(-1, 1),
    ]
    return odd[rng.integers(len(odd))]


@family
def no_tables(rng: Rng) -> Any:
    odd = [
        None,
        3,
        "table.csv",
        b"bytes",
        {"a": [1, 2, 3], "b": [4, 5]},
        {"a": [1.0, 2.0, 3.0] * 9, "b": [4, 5, 5] * 9},
        {1, 2, 3},
        [],
        [[]],
        [[1, 2], [3]],
        iter([1, 2, 3]),
        (i for i in range(3)),
        range(30),
        pd.DataFrame(),
        pd.Series([1, 2, 2] * 9, name="s"),
        object(),
        type,
        plain,
        [1, 2, None] * 9,
        [{"a": 1}, {"a": 2}],
        memoryview(b"1212"),
    ]
    return odd[rng.integers(len(odd))]


@family
def sparse(rng: Rng) -> Any:
    from scipy import sparse as of_scipy

    values = rng.poisson(0.4, (50, 5)).astype(float)
    truth = pd.DataFrame(values, columns=[f"x{i}" for i in range(5)])
    if rng.random() < 0.3:
        return Same(truth, truth.astype(pd.SparseDtype(float, 0.0)))
    return rng.choice([of_scipy.csr_matrix, of_scipy.coo_array, of_scipy.csc_array])(values)


@family
def objects(rng: Rng) -> Any:
    n = 60
    whole = rng.integers(0, 3, n)
    spelled = [
        [Decimal(int(v)) for v in whole],
        [Fraction(int(v), 2) for v in whole],
        [None if v == 2 else bool(v) for v in whole],
        [[int(v)] if v == 2 else int(v) for v in whole],
        [(1, int(v)) for v in whole],
        [Decimal("NaN") if v == 2 else Decimal(1) for v in whole],
        [Decimal("Infinity") if v == 2 else Decimal(1) for v in whole],
        [complex(v) for v in whole],
        [datetime.date(2020, 1, 1 + int(v)) for v in whole],
        [np.float32(v) for v in whole],
        [10**400 if v == 2 else int(v) for v in whole],
        [float("inf") if v == 2 else "x" for v in whole],
        [pd.NA if v == 2 else int(v) for v in whole],
        [pd.NaT if v == 2 else 1.5 for v in whole],
        ["1" if v == 2 else int(v) for v in whole],
        [b"x" if v == 2 else "x" for v in whole],
        [np.array([1, 2]) if v == 2 else 3 for v in whole],
        [type if v == 2 else plain for v in whole],
    ]
    frame = plain(rng, n)
    for name in rng.choice(["a", "b", "c"], 2, replace=False):
        frame[name] = pd.Series(spelled[rng.integers(len(spelled))], dtype=object)
    return frame


@family
def bytes_as_states(rng: Rng) -> Any:
    frame = plain(rng, whole=True)
    words = frame.map(lambda v: f"s{v}é")
    stored = words.map(lambda v: v.encode())
    if rng.random() < 0.3:
        stored = stored.map(lambda v: v + b"\xff")
        return stored if rng.random() < 0.5 else np.array(stored.to_numpy(), dtype="S")
    return Same(words, stored)


@family
def extension_types(rng: Rng) -> Any:
    frame = plain(rng, whole=True)
    n = len(frame)
    kind = rng.integers(8)
    if kind < 4:
        named = ["Int64", "Float32", "string", "UInt8"][kind]
        truth = frame.astype({"string": str, "Float32": float}.get(named, int))
        return Same(truth, frame.astype(named))
    odd = [
        pd.period_range("2020", periods=n, freq="D"),
        pd.arrays.IntervalArray.from_breaks(range(n + 1)),
        pd.array(rng.random(n) < 0.5, dtype="boolean"),
        pd.to_timedelta(range(n), unit="s"),
    ]
    return frame.assign(c=odd[kind - 4])


@family
def of_polars(rng: Rng) -> Any:
    import polars as pl

    frame = plain(rng)
    n = len(frame)
    table = pl.from_pandas(frame)
    odd = [
        pl.Series("a", [[1, 2]] * n),
        pl.Series("a", [None] * n),
        pl.Series("a", [{"x": 1}] * n),
        pl.Series("a", ["x", "y"] * n, dtype=pl.Categorical)[:n],
        pl.Series("a", ["x", "y"] * n, dtype=pl.Enum(["y", "x", "z"]))[:n],
        pl.Series("a", [Decimal("1.50"), Decimal("2.25")] * n)[:n],
        pl.Series("a", [b"x", b"\xff"] * n)[:n],
        pl.Series("a", [datetime.time(3, 4)] * n),
        pl.Series("a", [1, None, 0] * n, dtype=pl.UInt64)[:n],
        pl.Series("a", [float("nan"), 1.0, 2.0] * n)[:n],
    ]
    kind = rng.integers(len(odd) + 2)
    if kind < len(odd):
        return table.with_columns(odd[kind])
    return table.lazy() if kind == len(odd) else Same(frame, table)


@family
def of_arrow(rng: Rng) -> Any:
    import pyarrow as pa

    frame = plain(rng)
    n = len(frame)
    table = pa.Table.from_pandas(frame)
    odd = [
        pa.array([None] * n),
        pa.array([b"x", b"\xff"] * n)[:n],
        pa.array(["x", "y"] * n).dictionary_encode()[:n],
        pa.array([[1]] * n),
        pa.array([True, None] * n)[:n],
        pa.array([Decimal("1.5"), Decimal("2.5")] * n)[:n],
    ]
    kind = rng.integers(len(odd) + 3)
    if kind < len(odd):
        return table.set_column(0, "a", odd[kind])
    if kind == len(odd):
        return table.rename_columns(["a", "a", "c", "d"])
    return Same(frame, table) if kind == len(odd) + 1 else pa.chunked_array([[1, 2], [2, 1] * 20])


@family
def of_anndata(rng: Rng) -> Any:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    values = rng.poisson(1.0, (40, 5)).astype(rng.choice(["f4", "f8", "i8"]))
    made = AnnData(csr_matrix(values) if rng.random() < 0.5 else values)
    made.var_names = [f"g{i}" for i in range(5)]
    kind = rng.integers(4)
    if kind == 0:
        made.X = None
    if kind == 1:
        made.X = made.X.astype(float)
        made.X[0, 0] = np.nan if rng.random() < 0.5 else np.inf
    return made[:, :2] if kind == 2 else made


@family
def gaps(rng: Rng) -> Any:
    frame = plain(rng).astype(object if rng.random() < 0.3 else float)
    share = rng.choice([0.02, 0.3, 0.9])
    nothing = [None, np.nan][rng.integers(2)]
    frame = frame.mask(rng.random(frame.shape) < share, nothing)
    kind = rng.integers(6)
    if kind == 0:
        frame["a"] = np.nan
    if kind == 1:
        frame.iloc[1:, 0] = np.nan
    if kind == 2:
        frame.iloc[0] = np.nan
    if kind == 3:  # no row has both
        frame.loc[::2, "a"] = np.nan
        frame.loc[1::2, "c"] = np.nan
    return frame


@family
def magnitudes(rng: Rng) -> Any:
    frame = plain(rng)
    n = len(frame)
    extremes = [
        frame["c"] * 1e300,
        frame["c"] * 1e-300,
        frame["c"] * 5e-324,
        frame["c"] + 1e15,
        1e308 * rng.choice([-1.0, 1.0], n),
        rng.choice([np.iinfo(np.int64).min, np.iinfo(np.int64).max, 0], n),
        rng.choice(np.array([0, 2**64 - 1], dtype=np.uint64), n),
        np.where(rng.random(n) < 0.1, np.inf, frame["c"]),
        np.nextafter(1.0, 2.0) * rng.integers(1, 3, n),
        1 + rng.integers(0, 40, n) * np.finfo(float).eps,
        np.where(rng.random(n) < 0.05, 1e308, frame["c"]),
        rng.choice([-0.0, 0.0], n),
        np.exp(rng.normal(0, 200, n)),
        rng.choice([2.0**53, 2.0**53 + 2, -(2.0**60)], n),
    ]
    for name in rng.choice(list("abcd"), rng.integers(1, 5), replace=False):
        frame[name] = extremes[rng.integers(len(extremes))]
    return frame


@family
def constants(rng: Rng) -> Any:
    frame = plain(rng)
    values = [0.5, 3, "x", True, 1e300, "", 5e-324]
    for name in rng.choice(list("abcd"), rng.integers(1, 5), replace=False):
        frame[name] = values[rng.integers(len(values))]
    if rng.random() < 0.4:
        frame["c"] = 0.5
        frame.loc[0, "c"] = [0.75, np.nextafter(0.5, 1), 1e300][rng.integers(3)]
    return frame


@family
def ties(rng: Rng) -> Any:
    frame = plain(rng)
    n = len(frame)
    frame["c"] = np.where(rng.random(n) < rng.choice([0.5, 0.9, 0.99]), 0.0, frame["c"])
    frame["d"] = frame["d"].round(int(rng.integers(0, 2))) + 0.5
    return frame


HOSTILE_NAMES = [
    "\ud800", "a\udcff", "", " ", "\ufeffa", "a\nb", "a\r", "\t", "\x00", "\x1b[31m", "}", "{", ";",
    '"', "'", "\\", "a,b", "=1+1", "+1", "-1", "@x", "source", "target", "mi", "missing", "nan",
    "None", "None ", "é", "e\u0301", "\u202ea", "🙂", "x" * 3000, "a/b", "<b>", "&amp;", "]]>",
    "%s", "$x$", "$", "_", "[]", "()", "id", "Index", "x0", "x[0]", "a=b", "*", "?", "[a",
]  # fmt: skip


@family
def names(rng: Rng) -> Any:
    frame = plain(rng)
    chosen = rng.choice(np.array(HOSTILE_NAMES, dtype=object), 4, replace=rng.random() < 0.1)
    return frame.set_axis(chosen, axis=1)


@family
def names_that_are_no_text(rng: Rng) -> Any:
    frame = plain(rng)
    odd = [0, 1, 1.0, np.nan, None, True, ("a", 1), ("a",), b"a", pd.Timestamp("2020"), 10**30]
    chosen = np.empty(4, dtype=object)
    chosen[:] = [odd[i] for i in rng.choice(len(odd), 4, replace=False)]
    if rng.random() < 0.2:
        frame.columns = pd.MultiIndex.from_product([["u", "v"], ["x", "y"]])
        return frame
    frame.columns = pd.Index(chosen, tupleize_cols=False)
    return frame


@family
def names_of_states(rng: Rng) -> Any:
    frame = plain(rng, whole=True)
    chosen = rng.choice(np.array(HOSTILE_NAMES, dtype=object), 5, replace=False)
    kind = "category" if rng.random() < 0.3 else object
    return frame.map(lambda v: chosen[v]).astype(kind)


@family
def shapes(rng: Rng) -> Any:
    n, p = [(0, 3), (1, 3), (2, 3), (3, 2), (4, 4), (5, 40), (30, 1), (12, 60)][rng.integers(8)]
    values = rng.normal(size=(n, p)) if rng.random() < 0.5 else rng.integers(0, 2, (n, p))
    frame = pd.DataFrame(values, columns=[f"v{i}" for i in range(p)])
    return frame if rng.random() < 0.7 else frame.to_numpy()


@family
def indexes(rng: Rng) -> Any:
    frame = plain(rng)
    n = len(frame)
    index = [
        ["same"] * n,
        pd.MultiIndex.from_product([["a"], range(n)]),
        pd.date_range("2020", periods=n),
        [np.nan] * n,
        [f"\ud800{i}" for i in range(n)],
    ]
    return frame.set_axis(index[rng.integers(len(index))])


@family
def categories(rng: Rng) -> Any:
    frame = plain(rng, whole=True)
    n = len(frame)
    odd = [
        pd.Categorical.from_codes(frame["a"], ["z", "y", "x", "unused"], ordered=True),
        pd.Categorical.from_codes(np.full(n, -1), ["z", "y"]),
        pd.Categorical.from_codes(frame["a"], [1, "one", (1,)]),
        pd.Categorical.from_codes(frame["a"] - 1, [0.5, 1e300]),
        pd.Categorical(rng.permutation(n)),
        pd.Categorical.from_codes(frame["a"], pd.interval_range(0, 3)),
        pd.Categorical.from_codes(frame["a"], pd.date_range("2020", periods=3)),
        pd.Categorical.from_codes(frame["a"], [True, False, "maybe"]),
        rng.integers(0, n // 2, n),
        [f"s{i}" for i in rng.integers(0, n // 3, n)],
        rng.choice([True, False, None], n),
        pd.Categorical.from_codes(frame["a"], [-1, 0, np.iinfo(np.int32).min]),
        frame["a"].astype("i4").replace(0, np.iinfo(np.int32).min),
    ]
    for name in rng.choice(list("abc"), 2, replace=False):
        frame[name] = odd[rng.integers(len(odd))]
    return frame


@family
def numbers_as_text(rng: Rng) -> Any:
    frame = plain(rng)
    forms = ["{:.2f}", "{:.1f} %", "<{:.0f}", "€ {:.2f}", "{:e}", "0{:.0f}", "{:.0f}-{:.0f}"]
    for name in ("a", "c"):
        form = forms[rng.integers(len(forms))]
        frame[name] = [form.format(v, v + 1) for v in frame[name]]
    if rng.random() < 0.5:
        frame.loc[rng.integers(len(frame)), "c"] = ["n/a", "?", "", "1e999", "\u0966", "1_0"][
            rng.integers(6)
        ]
    return frame


@family
def collinear(rng: Rng) -> Any:
    frame = plain(rng)
    c = frame["c"]
    related = [
        c, -c, c + 1e-12 * frame["d"], np.exp(c), c.round(1), frame["c"] + frame["d"],
        frame["a"], 2 - frame["a"], frame["a"] ^ frame["b"], (c > 0).astype(int), c**2,
        frame["a"] * 3 + frame["b"],
    ]  # fmt: skip
    for i in range(int(rng.integers(1, 5))):
        frame[f"e{i}"] = related[rng.integers(len(related))]
    return frame


@family
def weights(rng: Rng) -> Any:
    frame = plain(rng)
    n = len(frame)
    odd = [
        rng.integers(0, 4, n), np.zeros(n), -np.ones(n), np.full(n, 0.5), np.full(n, np.nan),
        np.full(n, 2**62), np.full(n, 1e300), ["many"] * n, [True] * n, np.full(n, np.inf),
    ]  # fmt: skip
    return frame.assign(weight=odd[rng.integers(len(odd))])
