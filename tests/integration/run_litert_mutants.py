"""Makes every mutant of quantised .tflite files, and prints what the step says of each. Run where LiteRT is.

Arguments: a folder with files in float32, and the quantised files of the same names. Printed, by file and kind: how far
the mutant's answers are from the file's, and what the step refuses it for; null where there is nothing to change.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

MUTANTS = Path(__file__).parents[2] / "pipelines/litert/mutants/quantised_mutant.py"


def main(given: Path, files: list[Path]) -> None:
    print(json.dumps({file.stem: of_file(module(), file, given / file.name) for file in files}))


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quantised_mutant", MUTANTS)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def of_file(mutants: Any, file: Path, given: Path) -> dict[str, Any]:
    variant = f"int8-{file.stem.split('-')[0]}"
    spec = SimpleNamespace(framework="keras", variant=variant, source_signature={})
    found: dict[str, Any] = {}
    for kind in mutants.KINDS:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                mutants.export(file, spec, Path(folder), {"kind": kind, "pick": 0, "given": str(given)})
            except mutants.sites.NoSite:
                found[kind] = None
                continue
            moved = apart(answer(Path(folder) / mutants.ENTRY), answer(file))
        refusals = [line.split(": ")[1] for line in said.getvalue().splitlines() if line.startswith("refused: ")]
        found[kind] = {"moved": moved, "refused": refusals}
    return found


def answer(file: Path) -> np.ndarray:
    runner = Interpreter(str(file)).get_signature_runner()
    random = np.random.default_rng(3)
    tensors = runner.get_input_details().items()
    given = {name: random.normal(0.7, size=tensor["shape"]).astype("float32") for name, tensor in tensors}
    (found,) = runner(**given).values()
    return np.array(found, "float64")


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2) / np.mean(other**2)))


main(Path(sys.argv[1]), [Path(file) for file in sys.argv[2:]])
