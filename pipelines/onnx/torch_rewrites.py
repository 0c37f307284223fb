"""What torch's ONNX exporter refuses or writes as a loop, said in operators that it knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

PRODUCTS = (torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm)


class Rewritten(TorchFunctionMode):
    """While a model is exported: bags of embeddings become gathers, and complex products four real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.repairs: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func is functional.embedding_bag and given.get("max_norm") is None:
            self.repairs.append("torch-onnx-embedding-bag")
            return bags(*args, **given)
        if func is torch.einsum and len(args) == 3 and are_complex(args[1:]):
            self.repairs.append("torch-onnx-complex-products")
            return complex_product(lambda a, b: torch.einsum(args[0], a, b), *args[1:])
        if func in PRODUCTS and len(args) == 2 and not given and are_complex(args):
            self.repairs.append("torch-onnx-complex-products")
            return complex_product(torch.matmul, *args)
        return func(*args, **given)


def are_complex(operands: tuple[Any, ...]) -> bool:
    return all(isinstance(operand, Tensor) and operand.is_complex() for operand in operands)


def complex_product(product: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """A product that is linear in both operands, of complex ones: (ar + i·ai)(br + i·bi)."""
    (ar, ai), (br, bi) = torch.view_as_real(a).unbind(-1), torch.view_as_real(b).unbind(-1)
    parts = product(ar, br) - product(ai, bi), product(ar, bi) + product(ai, br)
    return torch.view_as_complex(torch.stack(parts, dim=-1))


def bags(
    input: Tensor,  # the names of functional.embedding_bag's parameters
    weight: Tensor,
    offsets: Tensor | None = None,
    mode: str = "mean",
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
    **_: Any,
) -> Tensor:
    """(bags, width), as functional.embedding_bag gives for ids (bags, ids of each) or ids (all) with offsets (bags)."""
    rows = functional.embedding(input, weight)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    kept = torch.ones_like(input, dtype=torch.bool)
    if padding_idx is not None:
        kept = input != (padding_idx if padding_idx >= 0 else weight.shape[0] + padding_idx)
    if offsets is not None:
        rows, kept = rows.unsqueeze(0), kept & members(input.shape[0], offsets, include_last_offset)
    left_out = ~kept.unsqueeze(-1)
    if mode == "max":
        return rows.masked_fill(left_out, -torch.inf).amax(1).masked_fill(left_out.all(1), 0)
    total = rows.masked_fill(left_out, 0).sum(1)
    return total / kept.sum(1, keepdim=True).clamp(min=1) if mode == "mean" else total


def members(count: int, offsets: Tensor, include_last_offset: bool) -> Tensor:
    """Which of all ids lie in which bag: bool (bags, ids)."""
    last = (torch.arange(count, device=offsets.device).unsqueeze(1) >= offsets).sum(1) - 1
    bag = torch.arange(offsets.shape[0] - include_last_offset, device=offsets.device)
    return last == bag.unsqueeze(1)
