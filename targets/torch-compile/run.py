"""Runs an exported program compiled by torch.compile. Inputs and outputs go by position: "0", "1", …"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch._inductor.compile_fx  # imported when called, as are those that it needs: here, before the fork

VERSIONS = ("torch", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


@dataclass(frozen=True)
class Session:
    """`program`: what was compiled, of which the file tells inputs and outputs."""

    program: torch.export.ExportedProgram
    compiled: Any


def load(payload: Path) -> Session:
    """The program, compiled by running it on noughts: else the first run's time would be the compiler's."""
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", "1")))
    # Beside what the task may write; torch would take what was TMPDIR when it was imported.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.environ.get("TMPDIR", tempfile.gettempdir()) + "/inductor"
    torch._inductor.config.cpp_cache_precompile_headers = False  # they would go into what was TMPDIR, too
    torch._dynamo.reset()  # what was compiled for another number of threads
    program = torch.export.load(payload)
    options = {"cpp_wrapper": True}  # one file of C++ instead of one for each kernel
    session = Session(program, torch.compile(program.module(), options=options))
    given, _ = program.example_inputs
    run(session, {str(i): np.zeros_like(tensor.numpy()) for i, tensor in enumerate(given)})
    return session


@torch.no_grad()
def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session.compiled(*(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {str(i): tensor.numpy() for i, tensor in enumerate(tensors)}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position; a size that varies is None."""
    signature = session.program.graph_signature
    nodes = {node.name: node.meta.get("val") for node in session.program.graph.nodes}
    return {
        "inputs": described([nodes[name] for name in signature.user_inputs]),
        "outputs": described([nodes[name] for name in signature.user_outputs]),
    }


def described(tensors: list[torch.Tensor]) -> dict[str, dict[str, Any]]:
    return {
        str(i): {
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": [size if isinstance(size, int) else None for size in tensor.shape],
        }
        for i, tensor in enumerate(tensors)
    }
