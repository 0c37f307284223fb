"""Saves the matrices; option `fault` goes along, and the target `npz` commits it; `spoil` makes the artifact wrong.

Option `static` names dims that it says it could not leave free.
"""

import os
import signal

import numpy as np

OPTIONS = ("fault", "spoil", "static")
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
    outputs = {"left": CLAIMS.get(fault, "left"), "right": "right"}
    return {"inputs": {"x": "x"}, "outputs": outputs, "static": options.get("static", [])}


CLAIMS = {
    "export_claims_another_shape": {"name": "left", "shape": [3]},
    "export_claims_a_size": {"name": "left", "shape": [3, 3]},
    "export_claims_no_dtype": {"name": "left", "dtype": "complex64"},
}
