"""Layers of float16 whose kernels add up in float16: what they come to, in float64.

Measured with executorch 1.4.1 on x86 (AVX2, F16C): the portable kernels of addmm, which is a linear layer with a bias,
and of convolutions round each product and each sum; XNNPACK's kernel of depthwise convolutions rounds each sum. Others
add up in float32.
docs/findings/executorch-half-sums/finding.md
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def layer(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, portable: bool) -> Tensor | None:
    """What a linear layer or a convolution comes to; None where its kernel adds up in float32."""
    x, weight = args[:2]
    if "linear" in str(target):
        return linear(*args) if portable and len(args) == 3 else None
    given = dict(zip(("bias", "stride", "padding", "dilation", "groups"), args[2:], strict=False)) | kwargs
    depthwise = weight.shape[1] == 1 and given.get("groups", 1) == x.shape[1] > 1
    return convolution(x, weight, portable=portable, **given) if portable or depthwise else None


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return half(summed(x.unsqueeze(-1), weight.t(), rounds_products=True) + bias)


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = (1,),
    padding: Any = (0,),
    dilation: Any = (1,),
    groups: int = 1,
    *,
    portable: bool,
) -> Tensor:
    """One or two spatial axes. x: (batch, channels, *axes)."""
    axes = x.dim() - 2
    if axes == 1:  # as one row
        x, weight = x.unsqueeze(2), weight.unsqueeze(2)
    across, by, before = (pair(value, axes, other) for value, other in ((dilation, 1), (stride, 1), (padding, 0)))
    size = tuple(weight.shape[2:])
    places = [
        (length + 2 * pad - gap * (window - 1) - 1) // step + 1
        for length, pad, gap, window, step in zip(x.shape[2:], before, across, size, by, strict=True)
    ]
    windows = functional.unfold(x, size, dilation=across, padding=before, stride=by)
    parts = [
        summed(window.transpose(1, 2).unsqueeze(-1), rows.flatten(1).t(), rounds_products=portable)
        for window, rows in zip(windows.chunk(groups, 1), weight.chunk(groups), strict=True)
    ]
    total = torch.cat(parts, -1)  # batch, place, channel
    total = total if bias is None else half(total + bias)
    answer = total.transpose(1, 2).unflatten(2, places)
    return answer.squeeze(2) if axes == 1 else answer


def pair(value: Any, axes: int, other: int) -> tuple[int, int]:
    """The figures of both axes, of which the first is a row's where there is one alone."""
    figures = [value] if isinstance(value, int) else list(value)
    figures = figures * axes if len(figures) == 1 else figures
    return (other, figures[0]) if axes == 1 else (figures[0], figures[1])


def summed(terms: Tensor, columns: Tensor, *, rounds_products: bool) -> Tensor:
    """The matrix product, term by term. terms: (..., n, 1), columns: (n, m) → (..., m)."""
    total = torch.zeros(*terms.shape[:-2], columns.shape[1], dtype=terms.dtype)
    for k in range(columns.shape[0]):
        product = terms[..., k, :] * columns[k]
        total = half(total + (half(product) if rounds_products else product))
    return total


def half(values: Tensor) -> Tensor:
    return values.half().double()
