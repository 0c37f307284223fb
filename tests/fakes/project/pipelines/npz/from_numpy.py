"""Saves the matrices; option `fault` goes along, and the target `npz` commits it; `spoil` makes the artifact wrong."""

import os
import signal

import numpy as np

ENTRY = "model.npz"
VERSIONS = ("numpy",)


def export(source, spec, out, options):
    fault = options.get("fault", "")
    if fault == "export_raises":
        raise RuntimeError("the exporter gave up")
    if fault == "export_segfaults":
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault != "export_leaves_nothing":
        spoiled = {name: matrix * options.get("spoil", 1.0) for name, matrix in source.items()}
        np.savez(out / ENTRY, fault=np.array(fault), **spoiled)
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
