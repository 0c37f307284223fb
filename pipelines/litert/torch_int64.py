"""Arithmetic of int64 in operators whose kernels keep 64 bits: litert-torch multiplies and divides in int32.

See docs/findings/litert-torch-int64/finding.md. All are exact, for negative numbers too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
FINDING = "litert-torch-int64"
DIGIT = 16  # bits, which float32 holds exactly at any power of two
WORD = 2**32


def product(first: Tensor, second: Tensor | int) -> Tensor | None:
    """The reduction's kernel multiplies in int64, where litert-torch's mul casts to int32."""
    if not is_int64(first, second):
        return None
    return torch.stack(torch.broadcast_tensors(first, whole(second)), -1).prod(-1)


def added(first: Tensor, second: Tensor | int, *, alpha: int = 1) -> Tensor | None:
    return first + alpha * torch.tensor(second) if is_long(first, second) else None


def subtracted(first: Tensor, second: Tensor | int, *, alpha: int = 1) -> Tensor | None:
    return first - alpha * torch.tensor(second) if is_long(first, second) else None


def right_shift(x: Tensor, bits: int) -> Tensor | None:
    """Take what is above the bits in digits of 16, each a difference of remainders.

    A digit times its power of two is exact in float32, where it is divided: LiteRT has no division of int64.
    """
    if x.dtype != torch.int64:
        return None
    answer, below = torch.zeros_like(x), x.remainder(whole(2**bits))
    for place in range(bits, 64, DIGIT):
        is_top = place + DIGIT >= 63
        through = x if is_top else x.remainder(whole(2 ** (place + DIGIT)))
        answer = answer + ((through - below).to(torch.float32) * 2.0**-bits).to(torch.int64)
        if is_top:
            break
        below = through
    return answer


def floor_divided(x: Tensor, by: Tensor | int, *, rounding_mode: str | None = None) -> Tensor | None:
    """By a power of two only, and downwards only."""
    if rounding_mode != "floor" or not isinstance(by, int) or by < 1 or by.bit_count() != 1:
        return None
    return right_shift(x, by.bit_length() - 1)


def left_shift(x: Tensor, bits: int) -> Tensor | None:
    return product(x, 2**bits) if bits < 63 else None


def masked(x: Tensor, mask: Tensor | int) -> Tensor | None:
    """Only the lowest bits, as a remainder: LiteRT has no `and` of integers."""
    if not isinstance(mask, int) or mask < 1 or (mask + 1).bit_count() != 1 or mask >= 2**62:
        return None
    return x.remainder(whole(mask + 1).to(x.dtype)) if x.dtype in (torch.int32, torch.int64) else None


def exclusive_or(first: Tensor, second: Tensor | int) -> Tensor | None:
    """In two halves of 32 bits, for which LiteRT has a kernel."""
    if not is_int64(first, second):
        return None
    (first_high, first_low), (second_high, second_low) = halves(first), halves(whole(second))
    high, low = first_high ^ second_high, first_low ^ second_low
    upper = product(high.to(torch.int64), WORD)
    assert upper is not None
    return upper + low.to(torch.int64).remainder(whole(WORD))


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """The upper and the lower 32 bits, as int32: a cast to it keeps the lower ones."""
    upper = right_shift(x, 32)
    assert upper is not None
    return upper.to(torch.int32), x.to(torch.int32)


def whole(number: Tensor | int) -> Tensor:
    """A tensor: litert-torch makes an int of Python int32, and drops its upper bits."""
    return number if isinstance(number, Tensor) else torch.tensor(number)


def is_int64(first: Tensor, second: Tensor | int) -> bool:
    return first.dtype == torch.int64 and (type(second) is int or getattr(second, "dtype", None) == torch.int64)


def is_long(first: Tensor, second: Any) -> bool:
    return first.dtype == torch.int64 and type(second) is int and not -WORD // 2 <= second < WORD // 2


REWRITES = {
    aten.mul.Tensor: product,
    aten.add.Tensor: added,
    aten.sub.Tensor: subtracted,
    aten.__rshift__.Scalar: right_shift,
    aten.bitwise_right_shift.Tensor_Scalar: right_shift,
    aten.__lshift__.Scalar: left_shift,
    aten.bitwise_left_shift.Tensor_Scalar: left_shift,
    aten.div.Tensor_mode: floor_divided,
    aten.__and__.Scalar: masked,
    aten.bitwise_and.Scalar: masked,
    aten.bitwise_and.Tensor: masked,
    aten.__xor__.Scalar: exclusive_or,
    aten.__xor__.Tensor: exclusive_or,
    aten.bitwise_xor.Scalar: exclusive_or,
    aten.bitwise_xor.Tensor: exclusive_or,
}
