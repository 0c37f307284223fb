"""Reproduce one cell: python reproduce.py

It needs nothing but what lies beside it, Python 3.11, numpy, and the packages of requirements.txt; README.md says how.
It asks the worker for the very task that the cell failed in, compares what comes out with the float64 reference, and
prints it. It exits with 0 when the cell passes, 1 when it fails, 2 when the task could not even be tried.

What is quantised is compared with the graph in exact arithmetic, too, whose answers lie in evaluated/: loss is the
graph's fault, and infidelity the runtime's.

The error of an output is max|y - y64| / max|y64|; the whole of it and every slice along each of its axes must be within
their limits, in every sample.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from numerics.compare import Answers  # type: ignore[import-not-found]  # lies beside it in a bundle
from numerics.expected import Expectation, expected_problem  # type: ignore[import-not-found]
from numerics.failing import failing, named  # type: ignore[import-not-found]
from numerics.limits import Limits  # type: ignore[import-not-found]
from numerics.references import reference_problem  # type: ignore[import-not-found]
from numerics.stability import judge as comparison_of  # type: ignore[import-not-found]

HERE = Path(__file__).resolve().parent
FAILED_IN = {
    "sample": "reference_failed",
    "reference": "reference_failed",
    "export": "export_failed",
    "load": "load_failed",
    "run": "run_failed",
}
DTYPES = ("float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool")
MOST_AXES = 8
# Escape sequences, then every control character but tab and line feed: text of others must not steer a terminal.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
GRACE_S = 120  # for the imports, which are no part of the task's own time

Verdict = tuple[str, str, list[Any]]


@dataclass(frozen=True)
class Output:
    """An output as the bundle declares it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    ragged: bool = False
    constant: str | None = None


def main() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks does not end the program
    bundle = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
    print(f"{bundle['cell']}: recorded as {said(bundle['outcome'], bundle['stage'], bundle['detail'])}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        reply = ask(bundle, out)
        if reply is None:
            print("the worker ended without a word: are the packages of requirements.txt installed?", file=sys.stderr)
            return 2
        outcome, detail, outputs = judge(bundle, reply, out / "out")
        if outcome != "passed":
            print(tail(out / "log.txt"), end="")
    print_table(outputs)
    again = "the same outcome" if outcome == bundle["outcome"] else "ANOTHER OUTCOME than recorded"
    print(f"now: {said(outcome, None, detail)} ({again})")
    return 0 if outcome == "passed" else 1


def ask(bundle: dict[str, Any], out: Path) -> dict[str, Any] | None:
    """Return the worker's result for the bundle's request; None when it ended without one."""
    request = {**absolute(bundle["request"]), "op": "submit", "nonce": "reproduce", "threads": 1}
    request |= {"out": str(out / "out"), "deliver": False, "most_bytes": 0, "most_files": 0, "readable": []}
    variables = {name: v.replace("{modules}", str(HERE / "modules")) for name, v in bundle["variables"].items()}
    hello = {"op": "hello", "protocol": 4, "variables": variables}
    command = [sys.executable, *(word.replace("{worker}", str(HERE / "worker")) for word in bundle["command"])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        watch = threading.Timer(request["timeout_s"] + GRACE_S, worker.kill)
        watch.start()
        try:
            worker.stdin.write("".join(json.dumps(message) + "\n" for message in (hello, request)).encode())
            worker.stdin.flush()
            return result_of(worker.stdout, out / "log.txt")
        except BrokenPipeError:
            return None
        finally:
            watch.cancel()
            worker.kill()


def result_of(said: IO[bytes], log: Path) -> dict[str, Any] | None:
    """Return the result among what the worker writes; keep what the task wrote to its log."""
    with log.open("wb") as file:
        for line in said:
            message: dict[str, Any] = json.loads(line)
            if message["op"] == "data":
                file.write(said.read(message["bytes"]))
            if message["op"] == "result":
                return message
    return None


def absolute(value: Any) -> Any:
    """Return the request with {"path": ...} as paths on this machine."""
    if isinstance(value, dict):
        if set(value) == {"path"}:
            return str(HERE / value["path"])
        return {key: absolute(inner) for key, inner in value.items()}
    return [absolute(inner) for inner in value] if isinstance(value, list) else value


def judge(bundle: dict[str, Any], reply: dict[str, Any], out: Path) -> Verdict:
    """Return (outcome, detail, the figures of each output)."""
    if reply["status"] != "ok":
        return *failure(bundle["request"]["task"], reply), []
    if bundle["request"]["task"] == "run":
        return compared(bundle, reply["value"], out)
    if bundle["request"]["task"] == "reference":
        problem = reference_problem(declared_outputs(bundle), bundle["samples"], out, reply["value"]["yardstick"])
        problem = problem or unexpected(bundle, reply, out)
        return ("reference_failed", problem, []) if problem else ("passed", "", [])
    if bundle["request"]["task"] == "sample":
        return "passed", "samples.py gives samples", []
    problem = export_problem(reply["value"], out)
    return ("export_failed", problem, []) if problem else ("passed", "the export gives an artifact", [])


def failure(task: str, reply: dict[str, Any]) -> tuple[str, str]:
    """Return the outcome of a task that did not end well, and why, in the matrix's words."""
    stage = "load" if task == "run" and reply["stage"] != "run" else task
    status, message = reply["status"], message_of(reply.get("error"))
    if status == "signaled":
        return "crashed", f"killed by {reply.get('signal')} in stage {stage}"
    if status == "timed_out":
        return "timed_out", f"no answer within the time limit, in stage {stage}"
    if status == "out_of_memory":
        return "out_of_memory", message or f"over the memory limit, in stage {stage}"
    silent = f"ended with exit code {reply.get('exit_code')} and without a reply" if status == "no_reply" else ""
    return FAILED_IN[stage], message or silent


def message_of(error: dict[str, str] | None) -> str:
    """Return the error's type and the first lines of its message."""
    if not error:
        return ""
    text = CONTROL.sub("", error.get("message", "")).strip()
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    shown, kind = "\n".join(lines[:6])[:600], error.get("type", "Error")
    return f"{kind}: {shown}" if shown else kind


def compared(bundle: dict[str, Any], value: dict[str, Any], out: Path) -> Verdict:
    """Compare what came out with the reference, and with itself, as the matrix does."""
    answers = Answers(
        actual=out,
        reference=HERE / "reference",
        samples=bundle["samples"],
        declared=declared_outputs(bundle),
        missing=tuple(value["missing"]),
        extra=tuple(value["extra"]),
        orders=tuple(bundle["orders"]),
        evaluated=HERE / "evaluated" if (HERE / "evaluated").is_dir() else None,
    )
    comparison = comparison_of(answers, Limits(**bundle["limits"]))
    fails = failing(comparison.outputs) if comparison.outcome == "mismatch" else ()
    return named(comparison.outcome, fails), comparison.detail, list(comparison.outputs)


def unexpected(bundle: dict[str, Any], reply: dict[str, Any], out: Path) -> str | None:
    """Return where the model does not give what is expected of own samples; None if it does, or nothing is."""
    if "limits" not in bundle:
        return None
    given = Expectation(
        expected=HERE / "samples" / "expected",
        reference=out,
        samples=bundle["samples"],
        orders=tuple(reply["value"]["orders"]),
    )
    problem: str | None = expected_problem(declared_outputs(bundle), given, Limits(**bundle["limits"]))
    return problem


def declared_outputs(bundle: dict[str, Any]) -> tuple[Output, ...]:
    return tuple(
        Output(o["name"], o["dtype"], tuple(o["shape"]), o.get("ragged", False), o.get("constant"))
        for o in bundle["outputs"]
    )


def export_problem(value: dict[str, Any], out: Path) -> str:
    """Return why what an export left cannot be shipped: a link, a dtype or a shape that cannot be; else empty."""
    links = sorted(path.name for path in out.rglob("*") if path.is_symlink())
    if links:
        return f"{links[0]} is a symbolic link; a result must hold its own bytes"
    for name, tensor in value["signature"]["outputs"].items():
        if tensor["dtype"] not in DTYPES:
            return f"the signature's outputs: {name}: dtype {tensor['dtype']!r} is none of {', '.join(DTYPES)}"
        if len(tensor["shape"]) > MOST_AXES or not all(is_size(size) for size in tensor["shape"]):
            return f"the signature's outputs: {name}: shape {tensor['shape']} is not {MOST_AXES} or fewer lengths"
    return ""


def is_size(size: Any) -> bool:
    """Tell whether it is a length, the name of a dim, or None for what varies."""
    return size is None or isinstance(size, str) or size >= 1


def print_table(outputs: list[Any]) -> None:
    if outputs:
        print(f"{'output':24} {'error':>10} {'limit':>10} {'of limit':>10}  verdict")
    for output in outputs:
        error = "-" if output.error is None else f"{output.error:.3g}"
        share = "-" if output.headroom is None else f"{output.headroom:.3g}"
        print(f"{output.name:24} {error:>10} {output.limit:>10.3g} {share:>10}  {output.problem or 'passed'}")


def said(outcome: str, stage: str | None, detail: str) -> str:
    where = f" in stage {stage}" if stage and outcome != "passed" else ""
    return f"{outcome}{where}" + (f": {CONTROL.sub('', detail)}" if detail else "")


def tail(log: Path) -> str:
    """Return the last lines of what the task wrote."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    return "".join(f"  | {CONTROL.sub('', line)}\n" for line in lines[-20:] if line.strip())


if __name__ == "__main__":
    sys.exit(main())
