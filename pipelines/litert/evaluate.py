"""Answers for a quantised LiteRT file by kernels other than those that a target runs it with.

LiteRT has no exact arithmetic. It has three sets of kernels: optimised ones with the XNNPACK delegate, which targets
use, the same without it, and reference ones. One alone may be wrong, reference kernels, too. So an answer counts where
two sets agree, and those without delegate go first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

VERSIONS = ("ai-edge-litert", "numpy")
KERNELS = (OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.BUILTIN_REF, OpResolverType.AUTO)
AGREE = 0.05  # root of the mean square of the difference over that of the answer: levels that flip, and no more


def load(payload: Path) -> list[Any]:
    interpreters = [Interpreter(str(payload), experimental_op_resolver_type=kernels) for kernels in KERNELS]
    return [interpreter.get_signature_runner() for interpreter in interpreters]


def run(session: list[Any], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature. Raises ValueError where no two sets of kernels agree."""
    answers = [{name: array.copy() for name, array in runner(**inputs).items()} for runner in session]
    for index, answer in enumerate(answers):
        others = answers[index + 1 :] if index < len(answers) - 1 else answers[:1]
        if any(agree(answer, other) for other in others):
            return answer
    raise ValueError("no two sets of kernels agree: without delegate, reference, with XNNPACK")


def agree(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(apart(array, other[name]) <= AGREE for name, array in one.items())


def apart(array: np.ndarray, other: np.ndarray) -> float:
    first, second = array.astype("float64"), other.astype("float64")
    size = float(np.sqrt(np.mean(first**2))) if first.size else 0.0
    return float(np.sqrt(np.mean((first - second) ** 2))) / (size or 1.0) if first.size else 0.0
