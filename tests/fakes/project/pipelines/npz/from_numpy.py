"""Saves the matrices; option `fault` goes along, and the target `npz` commits it; `spoil` makes the artifact wrong."""

import os
import signal

import numpy as np

OPTIONS = ("fault", "spoil")
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
    if fault == "export_leaves_a_link":
        (out / "weights").symlink_to(ENTRY)
    return {"inputs": {"x": "x"}, "outputs": {"left": CLAIMS.get(fault, "left"), "right": "right"}}


CLAIMS = {
    "export_claims_another_shape": {"name": "left", "shape": [3]},
    "export_claims_no_dtype": {"name": "left", "dtype": "complex64"},
}
