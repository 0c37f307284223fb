"""An evaluator that rounds what each node gives, as a runtime does.

What then lies between its answers and the exact ones is the noise of an honest runtime, with the levels that it flips.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto
from onnx.reference import ReferenceEvaluator


def narrowest(model: ModelProto) -> str:
    """The dtype in which a runtime computes the graph: float16 where it holds such weights."""
    half = any(tensor.data_type == TensorProto.FLOAT16 for tensor in model.graph.initializer)
    return "float16" if half else "float32"


def rounding(evaluator: ReferenceEvaluator, dtype: str) -> ReferenceEvaluator:
    """The evaluator, whose nodes give floats rounded to `dtype` from now on."""
    for node in evaluator.rt_nodes_:
        node.run = rounded(node.run, dtype)
    return evaluator


def rounded(run: Callable[..., tuple[Any, ...]], dtype: str) -> Callable[..., tuple[Any, ...]]:
    def rounding_run(*inputs: Any, **given: Any) -> tuple[Any, ...]:
        with np.errstate(over="ignore"):
            return tuple(narrow(result, dtype) for result in run(*inputs, **given))

    return rounding_run


def narrow(result: Any, dtype: str) -> Any:
    is_wide = isinstance(result, np.ndarray | np.generic) and result.dtype == np.float64
    return result.astype(dtype).astype(np.float64) if is_wide else result
