"""Reproduces one cell: python reproduce.py

Needs nothing but what lies beside it, Python 3.11, numpy, and the packages of requirements.txt (README.md says how).
Asks the worker for the very task that the cell failed in, compares what comes out with the float64 reference, and
prints it. Exits with 0 when the cell passes, 1 when it fails, 2 when the task could not even be tried.

The error of an output is max|y - y64| / max|y64|; every output of every sample must be within the limit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
FAILED_IN = {"reference": "reference_failed", "export": "export_failed", "load": "load_failed", "run": "run_failed"}
LEAST_VARIATION = 0.01  # of an output's size, between samples: a reference that varies less proves nothing
DTYPES = ("float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool")
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
GRACE_S = 120  # for the imports, which are no part of the task's own time

Array = Any
Row = dict[str, Any]
Verdict = tuple[str, str, list[Row]]


def main() -> int:
    bundle = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
    print(f"{bundle['cell']}: recorded as {said(bundle['outcome'], bundle['stage'], bundle['detail'])}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        reply = ask(bundle, out)
        if reply is None:
            print("the worker ended without a word: are the packages of requirements.txt installed?", file=sys.stderr)
            return 2
        outcome, detail, rows = judge(bundle, reply, out / "out")
        if outcome != "passed":
            print(tail(out / "log.txt"), end="")
    print_table(rows)
    again = "the same outcome" if outcome == bundle["outcome"] else "ANOTHER OUTCOME than recorded"
    print(f"now: {said(outcome, None, detail)} ({again})")
    return 0 if outcome == "passed" else 1


def ask(bundle: dict[str, Any], out: Path) -> dict[str, Any] | None:
    """The worker's result for the bundle's request; None when it ended without one."""
    request = {**absolute(bundle["request"]), "op": "submit", "nonce": "reproduce", "threads": 1}
    request |= {"out": str(out / "out"), "log": str(out / "log.txt")}
    hello = {"op": "hello", "protocol": 2, "variables": bundle["variables"]}
    command = [sys.executable, "-s", str(HERE / "worker")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        watch = threading.Timer(request["timeout_s"] + GRACE_S, worker.kill)
        watch.start()
        try:
            worker.stdin.write("".join(json.dumps(message) + "\n" for message in (hello, request)).encode())
            worker.stdin.flush()
            messages = (json.loads(line) for line in worker.stdout)
            return next((message for message in messages if message["op"] == "result"), None)
        except BrokenPipeError:
            return None
        finally:
            watch.cancel()
            worker.kill()


def absolute(value: Any) -> Any:
    """The request with {"path": ...} as paths on this machine."""
    if isinstance(value, dict):
        if set(value) == {"path"}:
            return str(HERE / value["path"])
        return {key: absolute(inner) for key, inner in value.items()}
    return [absolute(inner) for inner in value] if isinstance(value, list) else value


def judge(bundle: dict[str, Any], reply: dict[str, Any], out: Path) -> Verdict:
    """(outcome, detail, a row for each output)."""
    if reply["status"] != "ok":
        return *failure(bundle["request"]["task"], reply), []
    if bundle["request"]["task"] == "run":
        return compared(bundle, reply["value"], out)
    if bundle["request"]["task"] == "reference":
        problem = reference_problem(bundle, out)
        return ("reference_failed", problem, []) if problem else ("passed", "", [])
    problem = export_problem(reply["value"], out)
    return ("export_failed", problem, []) if problem else ("passed", "the export gives an artifact", [])


def failure(task: str, reply: dict[str, Any]) -> tuple[str, str]:
    """The outcome of a task that did not end well, and why."""
    stage = ("run" if reply["stage"] == "run" else "load") if task == "run" else task
    error = reply.get("error") or {}
    message = f"{error.get('type', '')}: {shown(error.get('message', ''))}" if error else ""
    if reply["status"] == "signaled":
        return "crashed", f"killed by {reply.get('signal')}"
    if reply["status"] in ("timed_out", "out_of_memory"):
        return reply["status"], message
    return FAILED_IN[stage], message or f"ended with exit code {reply.get('exit_code')} and without a reply"


def compared(bundle: dict[str, Any], value: dict[str, Any], out: Path) -> Verdict:
    """What came out against the reference: names, shapes and dtypes, non-finite values, then the values."""
    if value["missing"] or value["extra"]:
        return "io_mismatch", f"missing outputs: {value['missing']}; outputs that nobody declared: {value['extra']}", []
    results = [compare_output(declared, bundle, out) for declared in bundle["outputs"]]
    for outcome in ("io_mismatch", "nonfinite", "mismatch"):
        bad = [row for row, result in results if result == outcome]
        if bad:
            return outcome, "; ".join(f"{row['output']}: {row['problem']}" for row in bad), [row for row, _ in results]
    return "passed", "", [row for row, _ in results]


def compare_output(declared: dict[str, Any], bundle: dict[str, Any], out: Path) -> tuple[Row, str]:
    """One output over all samples: the row of the table, and the outcome."""
    pairs = list(arrays(declared["name"], bundle["samples"], out))
    exact = not declared["dtype"].startswith("float") or pairs[0][1].dtype.kind != "f"
    row = {"output": declared["name"], "error": None, "limit": 0.0 if exact else bundle["limit"], "problem": ""}
    for sample, (actual, reference) in enumerate(pairs):
        problem = shape_problem(declared, actual, reference)
        if problem:
            return {**row, "problem": f"sample {sample}: {problem}"}, "io_mismatch"
    for sample, (actual, reference) in enumerate(pairs):
        if differs_in_finiteness(actual, reference):
            return {**row, "problem": f"sample {sample}: NaN or infinity in other places"}, "nonfinite"
    row["error"] = max(relative_error(actual, reference) for actual, reference in pairs)
    if row["error"] <= row["limit"]:
        return row, "passed"
    return {**row, "problem": f"error {row['error']:.3g} is over the limit {row['limit']:.3g}"}, "mismatch"


def relative_error(actual: Array, reference: Array) -> float:
    """max|a - r| / max|r| over the finite elements, in float64; where r is 0 everywhere, not normalised."""
    finite = np.isfinite(reference)
    if not finite.any():
        return 0.0
    answered, expected = actual[finite], reference[finite]
    with np.errstate(over="ignore"):
        difference = np.abs(answered.astype(np.float64) - expected.astype(np.float64))
    if expected.dtype.kind != "f":  # above 2**53, float64 cannot tell neighbours apart
        difference = np.where(answered == expected, 0.0, np.maximum(difference, 1.0))
    largest, scale = float(difference.max()), float(np.abs(expected.astype(np.float64)).max())
    return min(largest / scale if scale > 0 else largest, sys.float_info.max)


def shape_problem(declared: dict[str, Any], actual: Array, reference: Array) -> str:
    """Why an array is not the declared one, or not comparable; empty if it is."""
    if list(actual.shape) != declared["shape"]:
        return f"shape is {list(actual.shape)}, declared {declared['shape']}"
    if actual.dtype != np.dtype(declared["dtype"]):
        return f"dtype is {actual.dtype}, declared {declared['dtype']}"
    if actual.shape != reference.shape:
        return f"shape is {list(actual.shape)}, the reference's {list(reference.shape)}"
    return ""


def differs_in_finiteness(actual: Array, reference: Array) -> bool:
    tests = (np.isnan, np.isposinf, np.isneginf)
    return any(not np.array_equal(flags(test, actual), flags(test, reference)) for test in tests)


def flags(test: Any, array: Array) -> Array:
    return test(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)


def arrays(name: str, samples: int, out: Path) -> Iterator[tuple[Array, Array]]:
    """For each sample what the runtime answered, and the float64 reference."""
    for sample in range(samples):
        reference = HERE / "reference" / str(sample) / f"{name}.float64.npy"
        yield np.load(out / str(sample) / f"{name}.npy"), np.load(reference)


def export_problem(value: dict[str, Any], out: Path) -> str:
    """Why what an export left cannot be shipped: a link, or outputs of a dtype or shape that cannot be; else empty."""
    links = sorted(path.name for path in out.rglob("*") if path.is_symlink())
    if links:
        return f"{links[0]} is a symbolic link; a result must hold its own bytes"
    for name, tensor in value["signature"]["outputs"].items():
        if tensor["dtype"] not in DTYPES:
            return f"the signature's outputs: {name}: dtype {tensor['dtype']!r} is none of {', '.join(DTYPES)}"
        if not all(isinstance(size, int) and size >= 1 for size in tensor["shape"]):
            return f"the signature's outputs: {name}: shape {tensor['shape']} is not one of positive lengths"
    return ""


def reference_problem(bundle: dict[str, Any], out: Path) -> str:
    """Why the reference proves nothing: other shapes than declared, NaN, or no variation between samples."""
    for declared in bundle["outputs"]:
        exact, eager = (
            [np.load(out / str(sample) / f"{declared['name']}.{dtype}.npy") for sample in range(bundle["samples"])]
            for dtype in ("float64", "float32")
        )
        found = [problem for array in eager if (problem := shape_problem(declared, array, array))]
        if not found and not all(np.isfinite(array).all() for array in (*exact, *eager)):
            found = ["holds NaN or infinity"]
        if not found and varies_too_little(np.stack(exact).astype(np.float64), declared["dtype"]):
            found = ["hardly varies between samples"]
        if found:
            return f"output {declared['name']}: {found[0]}"
    return ""


def varies_too_little(stacked: Array, dtype: str) -> bool:
    scale = float(np.abs(stacked).max())
    variation = float(stacked.std(axis=0).max()) / scale if scale > 0 else 0.0
    return variation < LEAST_VARIATION and not (variation > 0 and not dtype.startswith("float"))


def print_table(rows: list[Row]) -> None:
    if rows:
        print(f"{'output':24} {'error':>10} {'limit':>10}  verdict")
    for row in rows:
        error = "-" if row["error"] is None else f"{row['error']:.3g}"
        print(f"{row['output']:24} {error:>10} {row['limit']:>10.3g}  {row['problem'] or 'passed'}")


def said(outcome: str, stage: str | None, detail: str) -> str:
    where = f" in stage {stage}" if stage and outcome != "passed" else ""
    return f"{outcome}{where}" + (f": {detail}" if detail else "")


def shown(message: str) -> str:
    """The first lines of a message, without what would steer a terminal."""
    lines = [line.rstrip() for line in CONTROL.sub("", message).splitlines() if line.strip()]
    return "\n".join(lines[:6])[:600]


def tail(log: Path) -> str:
    """The last lines of what the task wrote."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    return "".join(f"  | {CONTROL.sub('', line)}\n" for line in lines[-20:] if line.strip())


if __name__ == "__main__":
    sys.exit(main())
