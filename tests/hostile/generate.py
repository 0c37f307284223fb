"""Writes the artifacts of one format: `python -m hostile.generate FORMAT OUT SECRET TOKEN WRITE`, in its exporter.

Each goes to a folder of its own, OUT/<name>/, the honest one to OUT/honest/; each may aim at files in WRITE/<name>/.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

from .declared import Aim, declared_in

MODULES = {
    "executorch": "executorch",
    "litert": "litert",
    "onnx": "onnx_files",
    "savedmodel": "savedmodel",
    "tfjs": "tfjs",
    "torchscript": "torchscript",
}


def generate(format_: str, out: Path, aim: Aim) -> None:
    module = importlib.import_module(f".artifacts.{MODULES[format_]}", __package__)
    for name, write in {"honest": module.honest, **{n: h.do for n, h in declared_in(module).items()}}.items():
        own = replace(aim, write=aim.write / name)
        for folder in (out / name, own.write):
            folder.mkdir(parents=True)
        write(out / name, own)


if __name__ == "__main__":
    format_, out, secret, token, write = sys.argv[1:]
    generate(format_, Path(out), Aim(secret=Path(secret), token=token, write=Path(write)))
