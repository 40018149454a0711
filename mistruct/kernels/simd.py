"""Vectors of eight numbers, for loops that LLVM does not vectorise itself.

Numba checks the sign of every index and does not know that two arrays do not overlap, so a short
loop over neighbouring elements stays scalar, at a quarter of the speed. A value of type `Lanes` is
a vector of doubles in registers; LLVM maps it to whatever vectors the processor has. Comparisons
with NaN are false, in each lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, models, register_model

LANES = 8

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_MASK = ir.IntType(LANES)


class Lanes(types.Type):
    """Type of a vector, known inside kernels only."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


_lanes = Lanes()


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Pointer to the vector that begins at an element of a contiguous array of doubles."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    element = builder.gep(array.data, [arguments[1]])
    return builder.bitcast(element, _VECTOR.as_pointer())


@intrinsic
def load(typing_context: Any, array: Any, start: Any) -> Any:
    """Elements `start` to ``start + LANES`` of an array; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = builder.load(_place(context, builder, signature, arguments))
        vector.align = 8  # that of a double, not of a vector
        return vector

    return _lanes(array, types.int64), generate


@intrinsic
def store(typing_context: Any, array: Any, start: Any, lanes: Any) -> Any:
    """Write elements `start` to ``start + LANES`` of an array; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        written = builder.store(arguments[2], _place(context, builder, signature, arguments))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.int64, _lanes), generate


@intrinsic
def gather(typing_context: Any, array: Any, places: Any, start: Any) -> Any:
    """Elements of `array` at ``places[start:start + LANES]``; nothing is checked.

    Written to memory one by one and loaded as a vector, they would stall the processor.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        indices = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        lanes = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            place = builder.add(arguments[2], ir.Constant(ir.IntType(64), lane))
            index = builder.load(builder.gep(indices, [place]))
            element = builder.load(builder.gep(values, [index]))
            lanes = builder.insert_element(lanes, element, ir.Constant(ir.IntType(32), lane))
        return lanes

    return _lanes(array, places, types.int64), generate


@intrinsic
def fill(typing_context: Any, value: Any) -> Any:
    """Vector with one number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unset = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(unset, arguments[0], ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, unset, everywhere)

    return _lanes(types.float64), generate


def _of_two(result: Any, build: Callable[..., Any], meaning: str) -> Any:
    """Make a function of two vectors."""

    @intrinsic
    def function(typing_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return build(builder, *arguments)

        return result(_lanes, _lanes), generate

    function.__doc__ = meaning
    return function


def _less(builder: Any, a: Any, b: Any) -> Any:
    return builder.fcmp_ordered("<", a, b)


def _count(builder: Any, mask: Any) -> Any:
    return builder.zext(builder.ctpop(builder.bitcast(mask, _MASK)), ir.IntType(64))


def _any(builder: Any, mask: Any) -> Any:
    bits = builder.bitcast(mask, _MASK)
    return builder.icmp_unsigned("!=", bits, ir.Constant(_MASK, 0))


subtract = _of_two(_lanes, lambda make, a, b: make.fsub(a, b), "a - b")
lower = _of_two(_lanes, lambda make, a, b: make.select(_less(make, a, b), a, b), "min(a, b)")
higher = _of_two(_lanes, lambda make, a, b: make.select(_less(make, b, a), a, b), "max(a, b)")
add = _of_two(_lanes, lambda make, a, b: make.fadd(a, b), "a + b")
multiply = _of_two(_lanes, lambda make, a, b: make.fmul(a, b), "a * b")
is_less = _of_two(
    _lanes, lambda make, a, b: make.uitofp(_less(make, a, b), _VECTOR), "1.0 where a < b, else 0.0"
)
greater_or_inf = _of_two(
    _lanes,
    lambda make, a, b: make.select(_less(make, b, a), a, ir.Constant(_VECTOR, [math.inf] * LANES)),
    "a where a > b, else infinity",
)
n_less = _of_two(
    types.int64, lambda make, a, b: _count(make, _less(make, a, b)), "In how many lanes a < b"
)
any_less = _of_two(
    types.boolean, lambda make, a, b: _any(make, _less(make, a, b)), "Whether a < b anywhere"
)
