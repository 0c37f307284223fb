"""Copies an npz artifact; option `spoil` makes this step, and not the one before it, wrong."""

import numpy as np

OPTIONS = ("spoil",)
ENTRY = "wrapped.npz"
VERSIONS = ("numpy",)


def export(source, spec, out, options):
    arrays = dict(np.load(source))
    spoil = options.get("spoil", 1.0)
    np.savez(out / ENTRY, **{name: a if a.dtype.kind == "U" else a * spoil for name, a in arrays.items()})
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
