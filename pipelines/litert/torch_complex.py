"""Complex numbers of exported PyTorch programs as pairs of real ones, which is all that LiteRT has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram, default_decompositions

aten = torch.ops.aten
FINDING = "litert-torch-complex"


class Pair(NamedTuple):
    """A complex tensor, as two real ones of one shape; or a complex number."""

    real: Any
    imag: Any


def without_composites(program: ExportedProgram) -> ExportedProgram:
    """Take apart what is made of complex operators (stft, rfft2, einsum), and only that, until none is left."""
    table = default_decompositions()
    before: set[Any] = set()
    while (chosen := {n.target for n in program.graph.nodes if is_complex(n) and n.target in table}) != before:
        before = chosen
        program = program.run_decompositions({target: table[target] for target in chosen})
    return program


def is_complex(node: torch.fx.Node) -> bool:
    """Tell whether it takes or gives a complex tensor."""
    values = [node.meta.get("val"), *(operand.meta.get("val") for operand in node.all_input_nodes)]
    return any(isinstance(value, Tensor) and value.is_complex() for value in values)


def concerns(target: Any, args: Sequence[Any]) -> bool:
    """Tell whether a call takes a pair or gives one."""
    return target in GIVING or any(isinstance(a, Pair) or (isinstance(a, list) and concerns(None, a)) for a in args)


def answered(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the operator gives, as a Pair where that is complex. Raises NotImplementedError for one not listed here."""
    args = tuple(Pair(a.real, a.imag) if isinstance(a, complex) else a for a in args)
    if any(isinstance(a, Tensor) and a.is_complex() for a in args):
        raise NotImplementedError(f"{target} of a constant of complex numbers has no rewrite in real ones")
    if target in GIVING or target in TAKING:
        return (GIVING | TAKING)[target](*args, **kwargs)
    if target in PARTWISE and not any(isinstance(a, Tensor) and a.is_floating_point() for a in args):
        return Pair(target(*parts(args, "real"), **kwargs), target(*parts(args, "imag"), **kwargs))
    if target in PRODUCTS:
        return product(target, *args, **kwargs)
    raise NotImplementedError(f"{target} of complex numbers has no rewrite in real ones")


def parts(args: Sequence[Any], part: str) -> list[Any]:
    """Replace each pair by its real or imaginary part."""
    return [getattr(a, part) if isinstance(a, Pair) else parts(a, part) if isinstance(a, list) else a for a in args]


def product(target: Any, first: Any, second: Any) -> Pair:
    """(a + bi)(c + di), where one of both may be real."""
    if not isinstance(second, Pair):
        return Pair(target(first.real, second), target(first.imag, second))
    if not isinstance(first, Pair):
        return Pair(target(first, second.real), target(first, second.imag))
    return Pair(
        target(first.real, second.real) - target(first.imag, second.imag),
        target(first.real, second.imag) + target(first.imag, second.real),
    )


def real_to_complex(x: Tensor, dim: Sequence[int], normalization: int, onesided: bool) -> Pair:
    """_fft_r2c: transforms of reals along the last of `dim`, then of what they give along the others."""
    kept = x.shape[dim[-1]] // 2 + 1 if onesided else x.shape[dim[-1]]
    first = transformed(Pair(x, torch.zeros_like(x)), dim[-1], -1, kept, is_real=True)
    return scaled(along(first, dim[:-1], -1), [x.shape[axis] for axis in dim], normalization)


def complex_to_complex(x: Pair, dim: Sequence[int], normalization: int, forward: bool) -> Pair:
    """_fft_c2c."""
    return scaled(along(x, dim, -1 if forward else 1), [x.real.shape[axis] for axis in dim], normalization)


def complex_to_real(x: Pair, dim: Sequence[int], normalization: int, last_dim_size: int) -> Tensor:
    """_fft_c2r: of the last axis half the frequencies are there, and all but two of them count twice."""
    x, axis, size = along(x, dim[:-1], 1), dim[-1], last_dim_size
    kept = size // 2 + 1
    counts = np.where((np.arange(kept) == 0) | (2 * np.arange(kept) == size), 1.0, 2.0)[:, None]
    turns = angles(kept, size, size)
    x = Pair(x.real.narrow(axis, 0, kept), x.imag.narrow(axis, 0, kept))
    wave = multiplied(x.real, counts * np.cos(turns), axis) - multiplied(x.imag, counts * np.sin(turns), axis)
    sizes = [x.real.shape[a] for a in dim[:-1]] + [size]
    return wave * factor(sizes, normalization)


def along(x: Pair, axes: Sequence[int], sign: int) -> Pair:
    for axis in axes:
        x = transformed(x, axis, sign, x.real.shape[axis])
    return x


def transformed(x: Pair, axis: int, sign: int, kept: int, is_real: bool = False) -> Pair:
    """The first `kept` frequencies of the discrete Fourier transform, as a product with its matrix."""
    size = x.real.shape[axis]
    turns = angles(size, kept, size)
    cosine, sine = np.cos(turns), sign * np.sin(turns)
    if is_real:
        return Pair(multiplied(x.real, cosine, axis), multiplied(x.real, sine, axis))
    return Pair(
        multiplied(x.real, cosine, axis) - multiplied(x.imag, sine, axis),
        multiplied(x.real, sine, axis) + multiplied(x.imag, cosine, axis),
    )


def angles(rows: int, columns: int, size: int) -> np.ndarray:
    """2π row column / size, (rows, columns), of the remainder so that it is exact."""
    return 2 * math.pi * (np.outer(np.arange(rows), np.arange(columns)) % size) / size


def multiplied(x: Tensor, matrix: np.ndarray, axis: int) -> Tensor:
    return (x.movedim(axis, -1) @ torch.tensor(matrix, dtype=x.dtype)).movedim(-1, axis)


def scaled(x: Pair, sizes: Sequence[int], normalization: int) -> Pair:
    by = factor(sizes, normalization)
    return x if by == 1 else Pair(x.real * by, x.imag * by)


def factor(sizes: Sequence[int], normalization: int) -> float:
    """normalization: 0 none, 1 by the root of the size, 2 by the size."""
    return float(math.prod(sizes) ** (-normalization / 2))


GIVING = {
    aten.view_as_complex.default: lambda x: Pair(x.select(-1, 0), x.select(-1, 1)),
    aten.complex.default: lambda real, imag: Pair(real, imag),
    aten._fft_r2c.default: real_to_complex,
}
TAKING = {
    aten.view_as_real.default: lambda x: torch.stack([x.real, x.imag], -1),
    aten.abs.default: lambda x: (x.real * x.real + x.imag * x.imag).sqrt(),
    aten._conj_physical.default: lambda x: Pair(x.real, -x.imag),
    aten._fft_c2c.default: complex_to_complex,
    aten._fft_c2r.default: complex_to_real,
}
PARTWISE = {  # linear in all of their complex operands
    *(aten.add.Tensor, aten.sub.Tensor, aten.neg.default, aten.sum.default, aten.sum.dim_IntList, aten.mean.dim),
    *(aten.view.default, aten.reshape.default, aten.permute.default, aten.transpose.int, aten.unsqueeze.default),
    *(aten.squeeze.dim, aten.squeeze.dims, aten.slice.Tensor, aten.select.int, aten.expand.default, aten.alias.default),
    *(aten.clone.default, aten.cat.default, aten.index.Tensor, aten.index_select.default, aten.flip.default),
}
PRODUCTS = {aten.mul.Tensor, aten.mm.default, aten.bmm.default, aten.matmul.default}
