"""Provoke failures of the real exporters and runtimes, and keep their messages in ../exporter_messages.json.

Run it from the repository's root in each environment that build/envs holds, by its own interpreter:

    build/envs/torch-<digest>/bin/python -m tests.vectors.exporters.provoke torch [litert/from_litert …]

The bad models and files are in bad_<environment>.py beside this one. Cases of other environments, and of steps that are
not named where some are, stay as they are, and so does each case's `expected`, the line that a reader needs, which a
person writes.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploymatrix.worker.ending import error_report

MESSAGES = Path(__file__).resolve().parents[1] / "exporter_messages.json"
ROOT = MESSAGES.parents[2]
LOG_TAIL = 2000  # characters, before the traceback
ABOUT = [
    "What real exporters and runtimes said when they failed: the chain of exceptions, and the log before it.",
    "`expected`: the line that a reader needs. exporters/provoke.py writes all but `expected`.",
]


def main(environment: str, *steps: str) -> None:
    bad = importlib.import_module(f"tests.vectors.exporters.bad_{environment}")
    kept = json.loads(MESSAGES.read_text(encoding="utf-8"))["cases"] if MESSAGES.is_file() else []
    expected = {case["name"]: case["expected"] for case in kept}
    chosen = {name: call for name, call in bad.CASES.items() if not steps or name.split(" ")[0] in steps}
    cases = [case for case in kept if not is_told_again(case, environment, steps)]
    for name, call in chosen.items():
        found = provoked(call)
        print(name, "→", found["ended"], found["chain"][-1]["type"] if found["chain"] else "", flush=True)
        if found["ended"] == "returned":
            continue  # it could do it after all
        cases.append({"name": name, "environment": environment, **found, "expected": expected.get(name, "")})
    cases.sort(key=lambda case: (case["environment"], case["name"]))
    text = json.dumps({"about": ABOUT, "cases": cases}, indent=1, ensure_ascii=False)
    MESSAGES.write_text(f"{text}\n", encoding="utf-8")


def is_told_again(case: dict[str, Any], environment: str, steps: tuple[str, ...]) -> bool:
    return bool(case["environment"] == environment and (not steps or case["name"].split(" ")[0] in steps))


def provoked(call: Callable[[Path], Any]) -> dict[str, Any]:
    """Call it in a fork, as a worker does, and return how it ended, the chain of its exceptions and its log's tail."""
    with tempfile.TemporaryDirectory(prefix="provoke-") as folder:
        log, said = Path(folder) / "log.txt", Path(folder) / "said.json"
        pid = os.fork()
        if pid == 0:
            attempt(call, Path(folder), log, said)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        chain = json.loads(said.read_text()) if said.is_file() else []
        ended = "raised" if chain else "returned" if code == 0 else f"signal {-code}" if code < 0 else f"exit {code}"
        text = log.read_text(encoding="utf-8", errors="replace").split("\nTraceback (most recent call last):")[0]
        links = [{**link, "message": stable(link["message"], folder)} for link in chain]
        return {"ended": ended, "chain": links, "log": stable(text, folder)[-LOG_TAIL:]}


def attempt(call: Callable[[Path], Any], folder: Path, log: Path, said: Path) -> None:
    fd = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    (folder / "out").mkdir()
    try:
        call(folder)
    except BaseException as error:
        traceback.print_exc()
        said.write_text(json.dumps(error_report(error)["chain"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def stable(text: str, folder: str) -> str:
    """Leave out what differs from run to run and from machine to machine."""
    text = text.replace(folder, "<work>").replace(sys.prefix, "<env>").replace(sys.base_prefix, "<python>")
    text = (
        text.replace(str(ROOT), "<project>")
        .replace(f"{ROOT.name}/tests/", "tests/")
        .replace(str(Path.home()), "<home>")
    )
    text = re.sub(r"/tmp/[\w./-]+", "<tmp>", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+", "<time>", text)
    text = re.sub(r"\b[IWEF]0000 00:00:\d+\.\d+ +\d+", "<time>", text)
    text = re.sub(r"\(\+?\d\d:\d\d\)", "(<time>)", text)
    return re.sub(r"\b([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+", r"\1<time>", text)


if __name__ == "__main__":
    main(*sys.argv[1:])
