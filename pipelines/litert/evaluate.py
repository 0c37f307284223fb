"""Answers for a quantised LiteRT file in exact arithmetic: by exact_graph.py, in LiteRT's float kernels.

Kernels may be wrong, float ones, too: no set of them is believed alone. So an answer counts where two sets agree on it,
of the optimised ones, those of the XNNPACK delegate, and the reference ones. These are slow, and asked last.
"""

from __future__ import annotations

import importlib.util
import itertools
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

VERSIONS = ("ai-edge-litert", "numpy")
# Of a level: int8 kernels scale by a fixed-point number, and so round twice; 1 result in 200 flips of BATCH_MATMUL.
ASIDE = 1 / 256
# Root of the mean square of the difference over that of the answer, of one sample. Levels that flip make up to the loss
# of it, which is half of a sample whose values are small beside those that ranges were taken from; a wrong kernel, 1.
AGREE = 0.75
ROUNDED = ".rounded"  # behind the name of an output: the second answer to it


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exact_graph = beside("exact_graph")
Answer = dict[str, np.ndarray]


class Kernels:
    """A file in one set of kernels; made when it is asked first."""

    def __init__(self, file: bytes, kernels: Any) -> None:
        self.file, self.kernels = file, kernels

    @cached_property
    def runner(self) -> Any:
        interpreter = Interpreter(model_content=self.file, experimental_op_resolver_type=self.kernels)
        return interpreter.get_signature_runner()

    def __call__(self, inputs: Answer) -> Answer:
        return {name: array.copy() for name, array in self.runner(**inputs).items()}


def load(payload: Path) -> list[Kernels]:
    """Raises NoSecondReference for a graph that no float graph stands for."""
    file = payload.read_bytes()
    exact, aside = exact_graph.exact(file), exact_graph.exact(file, ASIDE)
    return [
        Kernels(exact, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
        Kernels(aside, OpResolverType.AUTO),
        Kernels(exact, OpResolverType.BUILTIN_REF),
    ]


def run(session: list[Kernels], inputs: Answer) -> Answer:
    """Outputs by their names in the signature; each a second time by the kernels that agree, which round otherwise.

    Raises NoSecondReference where no two sets of kernels agree.
    """
    answers: list[Answer] = []
    for kernels in session:
        answers.append(kernels(inputs))
        for one, other in itertools.combinations(answers, 2):
            if agree(one, other):
                return one | {name + ROUNDED: array for name, array in other.items()}
    raise exact_graph.NoSecondReference("no two sets of kernels agree: without delegate, with XNNPACK, reference")


def agree(one: Answer, other: Answer) -> bool:
    return all(apart(array, other[name]) <= AGREE for name, array in one.items())


def apart(array: np.ndarray, other: np.ndarray) -> float:
    first, second = array.astype("float64"), other.astype("float64")
    size = float(np.sqrt(np.mean(first**2))) if first.size else 0.0
    return float(np.sqrt(np.mean((first - second) ** 2))) / (size or 1.0) if first.size else 0.0
