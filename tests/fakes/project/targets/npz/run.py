"""Runs the matrices, and commits the fault that the artifact names."""

import os
import signal
import time

import numpy as np

VERSIONS = ("numpy",)


def load(payload):
    session = dict(np.load(payload))
    if str(session["fault"]) == "load_raises":
        raise ValueError("an operator that this runtime lacks")
    return session


def run(session, inputs):
    outputs = {name: inputs["x"] @ session[name] for name in ("left", "right")}
    return FAULTS.get(str(session["fault"]), lambda outputs: outputs)(outputs)


def kill(number):
    return lambda outputs: os.kill(os.getpid(), number)


def hang(outputs):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def allocate(outputs):
    hoard = []
    while True:
        hoard.append(np.ones(2**21))


def raise_error(outputs):
    raise RuntimeError("the kernel does not take this shape")


def refuse_one_row(outputs):
    if len(outputs["left"]) == 1:
        raise RuntimeError("the kernel needs two rows")
    return outputs


FAULTS = {
    "one_row": refuse_one_row,
    "one_row_wrong": lambda outputs: {
        "left": outputs["left"] * (1 + (len(outputs["left"]) == 1)),
        "right": outputs["right"],
    },
    "segfault": kill(signal.SIGSEGV),
    "abort": kill(signal.SIGABRT),
    "kill": kill(signal.SIGKILL),
    "exit_without_reply": lambda outputs: os._exit(0),
    "hang": hang,
    "allocate": allocate,
    "raise": raise_error,
    "wrong_shape": lambda outputs: {name: value.T for name, value in outputs.items()},
    "wrong_dtype": lambda outputs: {name: value.astype(np.float64) for name, value in outputs.items()},
    "swapped_names": lambda outputs: {"left": outputs["right"], "right": outputs["left"]},
    "renamed_output": lambda outputs: {"left": outputs["left"], "other": outputs["right"]},
    "renamed_outputs": lambda outputs: {"one": outputs["left"], "other": outputs["right"]},
    "nan": lambda outputs: {"left": outputs["left"] * np.nan, "right": outputs["right"]},
    "slightly_wrong": lambda outputs: {"left": outputs["left"] * 1.001, "right": outputs["right"]},
}


def describe(session):
    outputs = {name: {"dtype": "float32", "shape": [None, 3]} for name in ("left", "right")}
    return {"inputs": {"x": {"dtype": "float32", "shape": [None, 4]}}, "outputs": outputs}
