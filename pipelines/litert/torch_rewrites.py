"""Rewrites of exported PyTorch programs: the same function in operators that litert-torch takes, or takes rightly.

Each takes an operator's arguments and answers in other operators, or None where nothing is wrong with this call. Its
finding says what happens without it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

aten = torch.ops.aten
Rewrite = Callable[..., Any]


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


complex_pairs = beside("torch_complex")
int64 = beside("torch_int64")


def rewritten(source: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[nn.Module, set[str]]:
    """Return a module that computes the same in other operators, and the findings that this repairs."""
    program = torch.export.export(source, inputs).run_decompositions({})
    program = complex_pairs.without_composites(program)
    network = Rewritten(program.module(check_guards=False)).eval_()
    with torch.no_grad():
        network(*inputs)
    return network, network.repairs


class Rewritten(nn.Module):
    """Runs an exported program through `Rewriter`, so that an export of this module holds the other operators."""

    def __init__(self, program: fx.GraphModule) -> None:
        super().__init__()
        self.program = program
        self.repairs: set[str] = set()

    def eval_(self) -> Rewritten:
        """As eval(), which an exported program refuses: it is in that mode already."""
        self.training = False
        return self

    def forward(self, *inputs: Tensor) -> Any:
        return Rewriter(self.program, self.repairs).run(*inputs)


class Rewriter(fx.Interpreter):
    """Runs a graph in other operators. `repairs` collects the findings of the rewrites that it made."""

    def __init__(self, graph: fx.GraphModule, repairs: set[str]) -> None:
        super().__init__(graph, garbage_collect_values=False)
        self.repairs = repairs

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target is torch.ops.higher_order.cond:
            self.repairs.add("litert-torch-cond")
            return self.both_branches(*args, **kwargs)
        if complex_pairs.concerns(target, args):
            self.repairs.add(complex_pairs.FINDING)
            return complex_pairs.answered(target, args, kwargs)
        finding, rewrite = REWRITES.get(target, ("", None))
        answer = None if rewrite is None else rewrite(*args, **kwargs)
        if answer is None:
            return super().call_function(target, args, kwargs)
        self.repairs.add(finding)
        return answer

    def both_branches(self, condition: Tensor, yes: Any, no: Any, operands: Sequence[Tensor] = ()) -> list[Tensor]:
        """Run both and choose: exported branches change nothing outside of them (litert-torch-cond)."""
        answers = [type(self)(branch, self.repairs).run(*operands) for branch in (yes, no)]
        return [torch.where(condition, first, second) for first, second in zip(*answers, strict=True)]


def power(x: Tensor, exponent: float) -> Tensor | None:
    """Raise a flat tensor: one of more than four axes is refused (litert-torch-pow-axes)."""
    return None if x.ndim <= 4 else aten.pow.Tensor_Scalar(x.reshape(-1), exponent).reshape(x.shape)


def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] = (0,),
    output_padding: Sequence[int] = (0,),
    groups: int = 1,
    dilation: Sequence[int] = (1,),
) -> Tensor | None:
    """Make all of the output and cut it: litert-torch pads with zeros, or fails (litert-torch-output-padding)."""
    if not any(output_padding):
        return None
    axes = x.ndim - 2
    stride, padding, output_padding, dilation = (
        list(sizes) * (axes // len(sizes)) for sizes in (stride, padding, output_padding, dilation)
    )
    call = (aten.conv_transpose1d.default, aten.conv_transpose2d.input, aten.conv_transpose3d.input)[axes - 1]
    y = call(x, weight, None, stride, [0] * axes, [0] * axes, groups, dilation)
    for axis in range(axes):
        size = y.shape[axis + 2] - 2 * padding[axis] + output_padding[axis]
        y = y.narrow(axis + 2, padding[axis], min(size, y.shape[axis + 2] - padding[axis]))
        if size > y.shape[axis + 2]:
            missing = list(y.shape)
            missing[axis + 2] = size - y.shape[axis + 2]
            y = torch.cat([y, y.new_zeros(missing)], axis + 2)
    return y if bias is None else y + bias.reshape(-1, *[1] * axes)


def nearest(x: Tensor, output_size: Sequence[int] | None, scale_factors: Sequence[float] | None) -> Tensor | None:
    """Take rows by their numbers: litert-torch takes them by the middle of a pixel (litert-torch-nearest)."""
    sizes, given = list(x.shape[2:]), scale_factors or [None] * (x.ndim - 2)
    larger = output_size or [int(size * factor) for size, factor in zip(sizes, given, strict=True)]
    if all(after % before == 0 for before, after in zip(sizes, larger, strict=True)):
        return None
    for axis, (before, after, factor) in enumerate(zip(sizes, larger, given, strict=True), start=2):
        scale = np.float32(1 / factor if factor else before / after)  # as ATen computes it, in float32
        rows = np.floor(np.arange(after, dtype=np.float32) * scale).astype(np.int64)
        x = x.index_select(axis, torch.tensor(np.minimum(rows, before - 1)))
    return x


def sort(x: Tensor, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """Take the n largest, or smallest, of n: the runtime has no sort (litert-torch-sort).

    The converter knows a topk only where its places are used; else it writes the sort. So the values use them too.
    """
    values, places = aten.topk.default(x, x.shape[dim], dim, descending)
    return torch.maximum(values, x.gather(dim, places)), places


def stable_sort(x: Tensor, *, stable: bool | None, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """topk of LiteRT is stable: of equals it takes the first one first."""
    return sort(x, dim, descending)


def one_hot(ids: Tensor, classes: int = -1) -> Tensor | None:
    """Compare: ATen asserts that ids are in range, for which there is no lowering (litert-torch-one-hot)."""
    return None if classes < 0 else (ids.unsqueeze(-1) == torch.arange(classes)).to(torch.int64)


def scatter_add(x: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Sum what goes to each place: the runtime refuses the scatter (litert-torch-scatter-add)."""
    source = source[tuple(slice(size) for size in index.shape)]
    hit = index.movedim(dim, -1).unsqueeze(-1) == torch.arange(x.shape[dim])
    added = torch.where(hit, source.movedim(dim, -1).unsqueeze(-1), 0).sum(-2, dtype=x.dtype).movedim(-1, dim)
    for axis, size in enumerate(x.shape):
        if added.shape[axis] < size:
            missing = list(added.shape)
            missing[axis] = size - added.shape[axis]
            added = torch.cat([added, added.new_zeros(missing)], axis)
    return x + added


def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """As scatter_add, by one product of matrices where values are floats (litert-torch-scatter-add)."""
    if not x.is_floating_point():
        shape = [1] * x.ndim
        shape[dim] = -1
        return scatter_add(x, dim, index.reshape(shape).expand(source.shape), source * alpha)
    hit = (torch.arange(x.shape[dim]).unsqueeze(1) == index).to(x.dtype)
    added = hit @ source.movedim(dim, 0).reshape(len(index), -1)
    rest = [size for axis, size in enumerate(x.shape) if axis != dim % x.ndim]
    return x + alpha * added.reshape(-1, *rest).movedim(0, dim)


def embedding_bag(
    table: Tensor,
    ids: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:
    """Look up all rows and sum those of each bag: there is no lowering (litert-torch-embedding-bag)."""
    if mode == 2:
        return None  # the largest of each bag
    starts = offsets[:-1] if include_last_offset else offsets
    bag = (torch.arange(len(ids)) >= starts.unsqueeze(1)).sum(0) - 1
    member = bag == torch.arange(len(starts)).unsqueeze(1)
    counted = member if padding_idx is None or padding_idx < 0 else member & (ids != padding_idx)
    rows = aten.embedding.default(table, ids)
    sums = counted.to(table.dtype) @ (rows if weights is None else rows * weights.unsqueeze(1))
    sizes = counted.sum(1)
    answer = sums / sizes.clamp(min=1).to(sums.dtype).unsqueeze(1) if mode == 1 else sums
    return answer, bag, sizes, torch.zeros_like(sizes)


REWRITES: dict[Any, tuple[str, Rewrite]] = {
    aten.pow.Tensor_Scalar: ("litert-torch-pow-axes", power),
    aten.conv_transpose1d.default: ("litert-torch-output-padding", transposed_convolution),
    aten.conv_transpose2d.input: ("litert-torch-output-padding", transposed_convolution),
    aten.upsample_nearest2d.vec: ("litert-torch-nearest", nearest),
    aten.sort.default: ("litert-torch-sort", sort),
    aten.sort.stable: ("litert-torch-sort", stable_sort),
    aten.one_hot.default: ("litert-torch-one-hot", one_hot),
    aten.scatter_add.default: ("litert-torch-scatter-add", scatter_add),
    aten.index_add.default: ("litert-torch-scatter-add", index_add),
    aten.embedding_bag.padding_idx: ("litert-torch-embedding-bag", embedding_bag),
    aten.embedding_bag.default: ("litert-torch-embedding-bag", embedding_bag),
    **{operator: (int64.FINDING, rewrite) for operator, rewrite in int64.REWRITES.items()},
}
