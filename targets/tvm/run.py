"""Runs a shared library that TVM compiled, in its virtual machine. Inputs and outputs go by position: "0", "1", …

There is no `describe`: the library does not tell dtypes and shapes.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tvm
from tvm.relax import VirtualMachine

VERSIONS = ("apache-tvm", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time
ANY_CORE = 1  # of TVM's affinity modes


def load(payload: Path) -> VirtualMachine:
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    tvm.get_global_func("runtime.config_threadpool")(ANY_CORE, threads)
    return VirtualMachine(tvm.runtime.load_module(str(payload)), tvm.cpu())


def run(session: VirtualMachine, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    answers = session["main"](*(tvm.runtime.tensor(inputs[str(i)]) for i in range(len(inputs))))
    answers = (answers,) if isinstance(answers, tvm.runtime.Tensor) else answers
    return {str(i): answer.numpy() for i, answer in enumerate(answers)}
