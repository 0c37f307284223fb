"""Which tables of a TorchScript file its inputs index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

# For each operator that looks up: the places of ids and table among its operands; the axis is 0.
LOOKUPS = {"aten::embedding": (1, 0), "aten::embedding_bag": (1, 0)}
# The operands whose values an operator hands on, as long as they are row numbers.
HANDED_ON = {
    **dict.fromkeys(("clamp", "contiguous", "detach", "expand", "flatten", "long", "permute", "reshape"), slice(1)),
    **dict.fromkeys(("select", "slice", "squeeze", "to", "transpose", "unsqueeze", "view"), slice(1)),
    "where": slice(1, None),
}


def lookups(session: torch.jit.ScriptModule, payload: Path) -> list[dict[str, Any]]:
    """Return input, table and rows of each lookup that an input reaches. Branches and loops are not followed."""
    graph = session.inlined_graph
    inputs = {value.debugName(): str(i) for i, value in enumerate(list(graph.inputs())[1:])}  # the first: the module
    found = []
    for node in graph.nodes():
        if node.kind() in LOOKUPS:
            ids, place = (list(node.inputs())[at] for at in LOOKUPS[node.kind()])
            name = attribute_of(place)
            if name is not None:
                rows = attribute(session, name).shape[0]
                reached = sources(ids) & inputs.keys()
                found += [{"input": inputs[source], "table": name, "rows": rows} for source in sorted(reached)]
    return found


def sources(value: Any) -> set[str]:
    """Return the names of the graph's inputs whose values `value` holds."""
    node = value.node()
    if node.kind() == "prim::Param":
        return {value.debugName()}
    handed = list(node.inputs())[HANDED_ON.get(node.kind().removeprefix("aten::"), slice(0))]
    return set().union(*(sources(operand) for operand in handed))


def attribute_of(value: Any) -> str | None:
    """Return "encoder.token.weight" for that attribute of the module; None for what is computed."""
    names: list[str] = []
    while value.node().kind() == "prim::GetAttr":
        names.insert(0, value.node().s("name"))
        value = next(value.node().inputs())
    return ".".join(names) if names and value.node().kind() == "prim::Param" else None


def attribute(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module
