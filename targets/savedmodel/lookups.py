"""Which tables of a SavedModel its inputs index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

# For each operator that looks up: the places of ids and table among its operands.
LOOKUPS = {"GatherV2": (1, 0), "Gather": (1, 0)}
# The operands whose values an operator hands on, as long as they are row numbers.
HANDED_ON = {
    **dict.fromkeys(("BroadcastTo", "Cast", "ClipByValue", "ExpandDims", "Identity", "Reshape", "Slice"), slice(1)),
    **dict.fromkeys(("Squeeze", "StopGradient", "StridedSlice", "Tile", "Transpose"), slice(1)),
    **dict.fromkeys(("ConcatV2", "Maximum", "Minimum", "Pack"), slice(None)),
    "SelectV2": slice(1, None),
}
MOST_BYTES = 2**29  # of variables
SAME_ROWS = ("Cast", "Identity")  # a table behind them has the same rows


def lookups(session: Any, payload: Path) -> list[dict[str, Any]]:
    """Return input, table and rows of each lookup that an input reaches.

    The signature's functions are inlined and its variables become constants first, which needs their memory again.
    Raises ValueError where that would be too much, and for a model in a session.
    """
    if not hasattr(session, "owner"):
        raise ValueError(
            f"loaded in a session, as a server does, because its objects cannot be rebuilt: {session.reason}"
        )
    held = sum(variable.shape.num_elements() * variable.dtype.size for variable in session.signature.variables)
    if held > MOST_BYTES:
        raise ValueError(f"its variables hold {held >> 20} MiB, and this copies them")
    frozen = convert_variables_to_constants_v2(session.signature, aggressive_inlining=True)
    _, named = session.signature.structured_input_signature
    inputs = {spec.name: name for name, spec in named.items()}
    found = []
    for operator in frozen.graph.get_operations():
        if operator.type in LOOKUPS:
            ids, place = (operator.inputs[at] for at in LOOKUPS[operator.type])
            table = table_of(place.op)
            if table.type == "Const":
                axis = tf.get_static_value(operator.inputs[2]) if len(operator.inputs) > 2 else 0
                entry = {"table": table.name, "rows": int(table.outputs[0].shape[int(axis)])}
                reached = sources(ids.op, set()) & inputs.keys()
                found += [{"input": inputs[source], **entry} for source in sorted(reached)]
    return found


def sources(operator: tf.Operation, seen: set[str]) -> set[str]:
    """Return the names of the placeholders whose values an operator's output holds."""
    if operator.name in seen:
        return set()
    seen.add(operator.name)
    if operator.type == "Placeholder":
        return {operator.name}
    return set().union(*(sources(operand.op, seen) for operand in handed_on(operator)))


def handed_on(operator: tf.Operation) -> list[tf.Tensor]:
    """Return the operands whose values are the operator's own.

    Of a sum that is one, the ids, where the other is 0 unless they are negative: ids + rows * (ids < 0), as onnx2tf
    writes it.
    """
    operands = list(operator.inputs)
    if operator.type == "AddV2":
        return operands[:1] if is_zero_for_rows(operands[1].op) else []
    return operands[HANDED_ON.get(operator.type, slice(0))]


def is_zero_for_rows(operator: tf.Operation) -> bool:
    return operator.type == "Less" or (
        operator.type in ("Mul", "Cast", "Identity")
        and any(is_zero_for_rows(operand.op) for operand in operator.inputs)
    )


def table_of(operator: tf.Operation) -> tf.Operation:
    while operator.type in SAME_ROWS:
        operator = operator.inputs[0].op
    return operator
