"""A runner that stands in for a runtime whose native code an artifact took over: it does what the artifact names.

An artifact is a JSON file: {"behaviour", "weights", "aim"}. An honest one looks for what others left behind.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from hostile.behaviours import (
    arrays,
    attacking,
    delivering,
    hoarding,
    leaving,
    lingering,
    probe,
    replying,
    speaking,
)
from hostile.behaviours.attack import Attack, say
from hostile.declared import declared_in

VERSIONS = ("numpy",)
MODULES = (leaving, delivering, replying, arrays, attacking, hoarding, lingering, speaking)


def load(payload):
    return json.loads(Path(payload).read_text())


def run(session, inputs):
    outputs = {"y": inputs["x"] @ np.array(session["weights"], dtype=np.float32)}
    if session["behaviour"] == "honest":
        report_leftovers()
        return outputs
    if session["behaviour"] == "probe":
        if "ASKED" not in os.environ:  # one session of several asks
            os.environ["ASKED"] = "yes"
            probe.ask(Attack(session["aim"]), session["again"])
        return outputs
    group, _, name = session["behaviour"].partition(".")
    module = next(m for m in MODULES if m.__name__.endswith(f".{group}"))
    return declared_in(module)[name].do(Attack(session["aim"]), outputs)


def report_leftovers():
    """Say what another task left where this one can see it."""
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            if Path(path).read_text().strip() == "survivor":
                say("HELD NOT: a process of an earlier task lives")
        except OSError:
            continue
    for place in ("/tmp/hostile-left*", "/dev/shm/hostile-left*", "/dev/mqueue/hostile-left*"):
        if found := glob.glob(place):
            say("HELD NOT: left over by another task:", found[0])
    for kind in ("shm", "msg", "sem"):
        try:
            if f"{0x0BAD0001}" in Path(f"/proc/sysvipc/{kind}").read_text():
                say("HELD NOT: left over by another task: System V", kind)
        except OSError:
            continue
