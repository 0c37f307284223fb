"""Which tables of a .tflite file its inputs index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter, OpResolverType, SignatureRunner

# For each operator that looks up: the places of ids and table among its operands.
LOOKUPS = {"GATHER": (1, 0), "EMBEDDING_LOOKUP": (0, 1)}
# The operands whose values an operator hands on, as long as they are row numbers.
HANDED_ON = {
    **dict.fromkeys(("BROADCAST_TO", "CAST", "EXPAND_DIMS", "RESHAPE", "SLICE", "SQUEEZE"), slice(1)),
    **dict.fromkeys(("STRIDED_SLICE", "TILE", "TRANSPOSE"), slice(1)),
    **dict.fromkeys(("CONCATENATION", "MAXIMUM", "MINIMUM", "PACK"), slice(None)),
    **dict.fromkeys(("SELECT", "SELECT_V2"), slice(1, None)),
}
SAME_ROWS = ("CAST", "DEQUANTIZE")  # a table behind them has the same rows

Operator = dict[str, Any]


def lookups(session: Any, payload: Path) -> list[dict[str, Any]]:
    """Return input, table and rows of each lookup that an input reaches, in the main graph.

    The interpreter is one without delegates, which would show as one operator each. Raises ValueError where there are
    several signatures: it tells the operators of the first one's graph alone.
    """
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(payload), experimental_op_resolver_type=plain)
    if len(interpreter.get_signature_list()) > 1:
        raise ValueError("it has several signatures, of which the interpreter shows the first one's operators alone")
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()  # there is no public list of operators
    makers = {output: operator for operator in operators for output in operator["outputs"]}
    inputs = {tensor["index"]: name for name, tensor in inputs_of(session, interpreter).items()}
    found = []
    for operator in operators:
        if operator["op_name"] in LOOKUPS:
            ids, place = (operator["inputs"][at] for at in LOOKUPS[operator["op_name"]])
            table = table_of(makers, place)
            if table not in makers and table not in inputs:
                reached = sources(makers, ids, set()) & inputs.keys()
                rows = rows_of(tensors[table], tensors[ids], tensors[operator["outputs"][0]])
                entry = {"table": tensors[table]["name"], "rows": rows}
                found += [{"input": inputs[index], **entry} for index in sorted(reached)]
    return found


def inputs_of(session: Any, interpreter: Interpreter) -> dict[str, dict[str, Any]]:
    """Return the input tensors by the names that `describe` gives them."""
    if isinstance(session, SignatureRunner):
        return session.get_input_details()
    return {tensor["name"]: tensor for tensor in interpreter.get_input_details()}


def sources(makers: dict[int, Operator], tensor: int, seen: set[int]) -> set[int]:
    """Return the tensors that no operator makes and whose values `tensor` holds."""
    if tensor in seen:
        return set()
    seen.add(tensor)
    if tensor not in makers:
        return {tensor}
    return set().union(*(sources(makers, operand, seen) for operand in handed_on(makers, makers[tensor])))


def handed_on(makers: dict[int, Operator], operator: Operator) -> list[int]:
    """Return the operands whose values are the operator's own.

    Of a sum that is one, the ids, where the other is 0 unless they are negative: ids + rows * (ids < 0), as onnx2tf
    writes it.
    """
    operands = list(operator["inputs"])
    if operator["op_name"] == "ADD":
        return operands[:1] if is_zero_for_rows(makers, operands[1]) else []
    return operands[HANDED_ON.get(operator["op_name"], slice(0))]


def is_zero_for_rows(makers: dict[int, Operator], tensor: int) -> bool:
    operator = makers.get(tensor, {"op_name": "", "inputs": []})
    return operator["op_name"] == "LESS" or (
        operator["op_name"] in ("MUL", "CAST")
        and any(is_zero_for_rows(makers, operand) for operand in operator["inputs"])
    )


def table_of(makers: dict[int, Operator], tensor: int) -> int:
    while tensor in makers and makers[tensor]["op_name"] in SAME_ROWS:
        tensor = makers[tensor]["inputs"][0]
    return tensor


def rows_of(table: dict[str, Any], ids: dict[str, Any], output: dict[str, Any]) -> int:
    """Return the table's size along the axis that the ids replace: the interpreter does not tell a GATHER's axis."""
    shape, replaced, made = list(table["shape"]), list(ids["shape"]), list(output["shape"])
    for axis, size in enumerate(shape):
        if made == shape[:axis] + replaced + shape[axis + 1 :]:
            return int(size)
    return int(shape[0])
