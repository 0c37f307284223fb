"""What ExecuTorch cannot lower or answers wrongly, said in operators that it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node
from torch.nn import functional
from torch.overrides import TorchFunctionMode

ATEN = torch.ops.aten
SHIFTS = {
    ATEN.__lshift__.Scalar: ATEN.bitwise_left_shift.Tensor_Scalar,
    ATEN.__lshift__.Tensor: ATEN.bitwise_left_shift.Tensor,
    ATEN.__rshift__.Scalar: ATEN.bitwise_right_shift.Tensor_Scalar,
    ATEN.__rshift__.Tensor: ATEN.bitwise_right_shift.Tensor,
}


class Rewritten(TorchFunctionMode):
    """While a model is exported: bags of embeddings become gathers, and nonzero a choice among all places."""

    def __init__(self) -> None:
        super().__init__()
        self.repairs: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func is functional.embedding_bag and given.get("max_norm") is None:
            self.repairs.append("executorch-embedding-bag")
            return bags(*args, **given)
        if func in (torch.nonzero, Tensor.nonzero) and not given:
            self.repairs.append("executorch-nonzero")
            return places(*args)
        return func(*args, **given)


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


def places(x: Tensor) -> Tensor:
    """What torch.nonzero gives: int64 (found, axes)."""
    found = x.reshape(-1) != 0
    place, axes = torch.arange(found.shape[0], device=x.device), []
    for size in reversed(x.shape):
        axes.append(place % size)
        place = torch.div(place, size, rounding_mode="floor")
    return torch.stack(axes[::-1], dim=-1)[found]


def name_shifts(exported: ExportedProgram) -> bool:
    """Call each shift by the name under which the runtime has it; tell whether there was one."""
    shifts = [node for node in calls(exported) if node.target in SHIFTS]
    for node in shifts:
        node.target = SHIFTS[node.target]
    return bool(shifts)


def sort_by_topk(exported: ExportedProgram) -> bool:
    """Let topk sort, which the runtime has, where the order of equals is free; tell whether it did."""
    sorts = [node for node in calls(exported) if node.target in (ATEN.sort.default, ATEN.sort.stable)]
    free = [node for node in sorts if node.args[0].meta["val"].dim() and not orders_equals(node)]
    for node in free:
        dim, descending = argument(node, "dim", -1), argument(node, "descending", False)
        size = node.args[0].meta["val"].shape[dim]
        if not isinstance(size, int):
            continue
        node.target, node.args, node.kwargs = ATEN.topk.default, (node.args[0], size, dim, descending, True), {}
    return any(node.target is ATEN.topk.default for node in free)


def calls(exported: ExportedProgram) -> Iterator[Node]:
    """Every call, those in branches too."""
    for module in exported.graph_module.modules():
        if isinstance(module, GraphModule):
            yield from (node for node in module.graph.nodes if node.op == "call_function")


def orders_equals(sort: Node) -> bool:
    places_used = any(user.args[1] == 1 and user.users for user in sort.users)
    return bool(argument(sort, "stable", False)) and places_used


def argument(node: Node, name: str, default: Any) -> Any:
    names = [parameter.name for parameter in node.target._schema.arguments]
    place = names.index(name) if name in names else len(node.args)
    return node.args[place] if place < len(node.args) else node.kwargs.get(name, default)
