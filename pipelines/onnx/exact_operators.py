"""Operators for ONNX's evaluator that it lacks, rounds where ONNX does not, or takes minutes for.

Products of integers are made in float64, which holds them exactly up to 2**53, and by the fast kernels of floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx.reference.op_run import OpRun
from onnx.reference.ops.op_max_pool import MaxPool as Plain

Array = np.ndarray


class DequantizeLinear(OpRun):  # type: ignore[misc]  # it has no types
    """As ONNX's, but the difference to the zero point is not rounded to float32: a bias of int32 needs more."""

    op_domain = ""

    def _run(
        self,
        x: Array,
        scale: Array,
        zero_point: Array | None = None,
        axis: int = 1,
        block_size: int = 0,
        output_dtype: int = 0,
    ) -> tuple[Array]:
        difference = x.astype("float64")
        if zero_point is not None:
            difference -= spread(zero_point, x, axis, block_size).astype("float64")
        return (difference * spread(scale, x, axis, block_size).astype("float64"),)


class MatMulInteger(OpRun):  # type: ignore[misc]
    """A product of integers; a zero point is a number, or one a row of a or a column of b."""

    op_domain = ""

    def _run(self, a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None) -> tuple[Array]:
        left, right = a.astype("float64"), b.astype("float64")
        if a_zero is not None:
            left -= a_zero.astype("float64").reshape(-1, 1) if a_zero.ndim == 1 else a_zero.astype("float64")
        if b_zero is not None:
            right -= b_zero.astype("float64")
        return (np.matmul(left, right).astype("int32"),)


class ConvInteger(OpRun):  # type: ignore[misc]
    """A convolution of integers; what is padded is the zero point, hence 0 after the difference to it."""

    op_domain = ""

    def _run(
        self, x: Array, w: Array, x_zero: Array | None = None, w_zero: Array | None = None, **attributes: Any
    ) -> tuple[Array]:
        image, kernel = x.astype("float64"), w.astype("float64")
        if x_zero is not None:
            image -= x_zero.astype("float64")
        if w_zero is not None:
            kernel -= w_zero.astype("float64").reshape(-1, *[1] * (w.ndim - 1))
        return (np.rint(convolved(image, kernel, **attributes)).astype("int32"),)


class Conv(OpRun):  # type: ignore[misc]
    """As ONNX's own, ten times as fast."""

    op_domain = ""

    def _run(self, x: Array, w: Array, b: Array | None = None, **attributes: Any) -> tuple[Array]:
        sums = convolved(x.astype("float64"), w.astype("float64"), **attributes)
        return (sums if b is None else sums + b.astype("float64").reshape(-1, *[1] * (x.ndim - 2)),)


class MaxPool(Plain):  # type: ignore[misc]
    """As ONNX's own, a hundred times as fast where it is of the usual kind."""

    op_domain = ""

    def _run(
        self, x: Array, *, kernel_shape: Any = None, ceil_mode: Any = None, **attributes: Any
    ) -> tuple[Array, ...]:
        if ceil_mode or len(self.onnx_node.output) > 1:
            return tuple(super()._run(x, kernel_shape=kernel_shape, ceil_mode=ceil_mode, **attributes))
        placed = {name: attributes.get(name) for name in ("auto_pad", "dilations", "pads", "strides")}
        seen = windows(x.astype("float64"), -np.inf, kernel_shape, **placed)
        return (seen.max(axis=tuple(range(x.ndim, seen.ndim))).astype(x.dtype),)


def spread(values: Array, over: Array, axis: int, block_size: int) -> Array:
    """Scales or zero points in a shape that goes with a tensor: of all of it, of an axis' slices, or of blocks."""
    if block_size:
        return np.take(np.repeat(values, block_size, axis), np.arange(over.shape[axis]), axis)
    if values.size == 1:
        return values.reshape(())
    return values.reshape([-1 if place == axis % over.ndim else 1 for place in range(over.ndim)])


def convolved(
    x: Array,
    w: Array,
    auto_pad: Any = None,
    dilations: Any = None,
    group: Any = None,
    kernel_shape: Any = None,
    pads: Any = None,
    strides: Any = None,
) -> Array:
    """A convolution of any number of axes in float64: windows of the image, then one product a group."""
    axes, groups = x.ndim - 2, group or 1
    seen = windows(x, 0.0, w.shape[2:], auto_pad, dilations, pads, strides)
    out = seen.shape[2 : 2 + axes]
    order = (0, 1, *range(2 + axes, 2 + 2 * axes), *range(2, 2 + axes))
    columns = seen.transpose(order).reshape(x.shape[0], groups, -1, int(np.prod(out)))
    rows = w.reshape(groups, w.shape[0] // groups, -1)
    return np.matmul(rows[None], columns).reshape(x.shape[0], w.shape[0], *out)


def windows(
    x: Array,
    beyond: float,
    kernel: Any,
    auto_pad: Any = None,
    dilations: Any = None,
    pads: Any = None,
    strides: Any = None,
) -> Array:
    """What a kernel sees at each place: (samples, channels, places …, kernel …); `beyond` is what is padded."""
    axes = x.ndim - 2
    dilations, strides = list(dilations or [1] * axes), list(strides or [1] * axes)
    reach = [(size - 1) * apart + 1 for size, apart in zip(kernel, dilations, strict=True)]
    padding = padded(auto_pad, pads, x.shape[2:], reach, strides)
    image = np.pad(x, [(0, 0), (0, 0), *padding], constant_values=beyond)
    seen = np.lib.stride_tricks.sliding_window_view(image, reach, axis=tuple(range(2, x.ndim)))
    seen = seen[(..., *(slice(None, None, apart) for apart in dilations))]
    return seen[(slice(None), slice(None), *(slice(None, None, step) for step in strides))]


def padded(
    auto_pad: str | None, pads: Any, sizes: tuple[int, ...], reach: list[int], strides: list[int]
) -> list[tuple[int, int]]:
    """What is laid before and behind each axis."""
    axes = len(sizes)
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        given = list(pads or [0] * 2 * axes) if auto_pad != "VALID" else [0] * 2 * axes
        return list(zip(given[:axes], given[axes:], strict=True))
    lacking = [
        max(0, (-(-size // step) - 1) * step + length - size)
        for size, length, step in zip(sizes, reach, strides, strict=True)
    ]
    lower = auto_pad == "SAME_LOWER"
    return [(all_ - all_ // 2, all_ // 2) if lower else (all_ // 2, all_ - all_ // 2) for all_ in lacking]


OPERATORS = (DequantizeLinear, MatMulInteger, ConvInteger, Conv, MaxPool)
