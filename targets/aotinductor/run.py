"""Runs a .pt2 package of AOTInductor, without a compiler. Inputs and outputs go by position: "0", "1", …

There is no `describe`: the package does not tell dtypes and shapes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

VERSIONS = ("torch", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


def load(payload: Path) -> Any:
    """The loader itself: torch._inductor.aoti_load_package imports the compiler first."""
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", "1")))
    return torch._C._aoti.AOTIModelPackageLoader(str(payload), "model", False, 1, -1)


@torch.no_grad()
def run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session.run([torch.tensor(inputs[str(i)]) for i in range(len(inputs))])
    return {str(i): tensor.numpy() for i, tensor in enumerate(outputs)}
