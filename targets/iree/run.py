"""Runs a .vmfb module with IREE on the CPU, on one thread. Inputs and outputs go by position: "0", "1", …

There is no `describe`: a module that comes from ONNX tells nothing of its function but the name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from iree import runtime

VERSIONS = ("iree-base-runtime", "numpy")


def load(payload: Path) -> Any:
    """The module's only function. Raises ValueError where it has several."""
    config = runtime.Config("local-sync")
    module = runtime.load_vm_module(runtime.VmModule.copy_buffer(config.vm_instance, payload.read_bytes()), config)
    (name,) = (name for name in module.vm_module.function_names if not name.startswith("__") and "$" not in name)
    return module[name]


def run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    answers = session(*(inputs[str(i)] for i in range(len(inputs))))
    answers = answers if isinstance(answers, tuple) else (answers,)
    return {str(i): answer.to_host().copy() for i, answer in enumerate(answers)}
