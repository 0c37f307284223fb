"""What a run of the corpus came to: each cell's outcome, and everything that was not held."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.tree import environment
from tests.hostile.declared import Hostile
from tests.hostile.projects import NEIGHBOURS, Ground, model_of

TIMEOUT_S = 8
ENGINE_MB = 1500  # the engine reads a few small arrays and logs; its imports take 150 MB
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|\x1b")
UNREAD_BY_CI = (".xml", ".html", ".json", ".svg", ".md")  # a CI engine takes commands from what is printed
TEXTS = ("matrix.json", "report.md", "measurements.json")


@dataclass(frozen=True)
class Ended:
    """How the engine ended."""

    code: int | None
    out: str
    err: str
    peak_mb: float
    wall_s: float


@dataclass
class Judged:
    """One run of one project. `faults`: what was not held, by cell; "" is the run itself."""

    name: str
    outcomes: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    canaries: int = 0
    changed: int = 0
    aborted: int = 0
    hangs: int = 0
    wall_s: float = 0.0

    def blame(self, cell: str, fault: str) -> None:
        self.faults.setdefault(cell, []).append(fault)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(ground: Ground, isolation: str, limit_s: float, jobs: int = 2) -> Ended:
    """`deploymatrix run` of the project. After `limit_s` seconds it is killed, and its code is None."""
    command = [*ground.tree.command("run", "--isolation", isolation), "--timeout", str(TIMEOUT_S), "--jobs", str(jobs)]
    out, err = ground.tree.root / "stdout.txt", ground.tree.root / "stderr.txt"
    began = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment(), start_new_session=True
        )
        code, peak = waited(process, began + limit_s)
    texts = [path.read_bytes().decode(errors="backslashreplace") for path in (out, err)]
    return Ended(code, texts[0], texts[1], peak, round(time.monotonic() - began, 1))


def waited(process: subprocess.Popen[bytes], until: float) -> tuple[int | None, float]:
    """The exit code, None after the limit; and the peak of memory in MiB."""
    peak = 0.0
    while time.monotonic() < until:
        peak = max(peak, resident_mb(process.pid))
        if process.poll() is not None:
            return process.returncode, peak
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return None, peak


def resident_mb(pid: int) -> float:
    """The most that a process itself has held, its workers apart; 0 once it is over."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def judge(ground: Ground, ended: Ended, things: Mapping[str, Hostile], name: str) -> Judged:
    judged = Judged(name, wall_s=ended.wall_s)
    shown = report(ground)
    judge_the_run(ground, ended, judged, expected=len(things) + len(NEIGHBOURS))
    for cell in cells_of(ground):
        judge_cell(judged, cell, things)
    judge_canaries(ground, ended, judged)
    judge_words({"stdout": ended.out, "stderr": ended.err, **shown}, judged)
    return judged


def judge_the_run(ground: Ground, ended: Ended, judged: Judged, expected: int) -> None:
    if ended.code is None:
        judged.hangs += 1
        judged.blame("", f"the run did not end within {ended.wall_s:.0f} s")
    elif ended.code not in (0, 1) or len(cells_of(ground)) != expected or "Traceback (most" in ended.err:
        judged.aborted += 1
        judged.blame("", f"the run was aborted, with code {ended.code}: {ended.err[-1500:]}")
    if ended.peak_mb > ENGINE_MB:
        judged.blame("", f"the engine took {ended.peak_mb:.0f} MiB")


def cells_of(ground: Ground) -> list[dict[str, Any]]:
    matrix = ground.tree.build / "matrix.json"
    if not matrix.exists():
        return []
    cells: list[dict[str, Any]] = json.loads(matrix.read_text(encoding="utf-8"))["cells"]
    return cells


def judge_cell(judged: Judged, cell: dict[str, Any], things: Mapping[str, Hostile]) -> None:
    model, outcome = cell["model"], cell["outcome"]
    judged.outcomes[model], judged.details[model] = outcome, (cell["detail"] or "")[:300]
    if model in NEIGHBOURS:
        if outcome != "passed":
            judged.changed += 1
            judged.blame(model, f"an honest neighbour is {outcome}: {cell['detail']}")
        return
    thing = next(thing for name, thing in things.items() if model_of(name) == model)
    if outcome not in thing.outcomes:
        judged.blame(model, f"{thing.tries}: {outcome} ({judged.details[model]})")


def judge_canaries(ground: Ground, ended: Ended, judged: Judged) -> None:
    """Look at the files that nobody may have touched, and through every text that came of the run."""
    for path in sorted(below(ground.aim.write)):
        judged.canaries += 1
        model = model_of(path.relative_to(ground.aim.write).parts[0])
        judged.blame(model, f"written on the host: {path.name}")
    if not ground.aim.secret.is_file() or ground.aim.secret.read_text() != ground.aim.token:
        judged.canaries += 1
        judged.blame("", "the host's secret is gone, or another")
    for origin, text in texts(ground, ended):
        model = next((m for m in judged.outcomes if f"-{m}-" in origin), "")
        if ground.aim.token in text:
            judged.canaries += 1
            judged.blame(model, f"the host's secret stands in {origin}")
        for line in sorted(set(re.findall(r"HELD NOT: [^\n,]*", text)))[:8]:
            judged.blame(model, line)


def report(ground: Ground) -> dict[str, str]:
    """Every text that people read of the run: the reports' files, and what the commands print."""
    if not cells_of(ground):
        return {}
    shown = {}
    for arguments in (["report"], ["matrix", "--format", "markdown"]):
        command = ground.tree.command(*arguments)
        done = subprocess.run(command, env=environment(), capture_output=True, timeout=60)
        shown[" ".join(arguments)] = (done.stdout + done.stderr).decode(errors="backslashreplace")
    files = [path for path in below(ground.tree.build / "report") if path.is_file()]
    return shown | {f"report/{path.name}": path.read_text(encoding="utf-8") for path in files}


def judge_words(shown: Mapping[str, str], judged: Judged) -> None:
    """Nothing that an artifact says may steer a terminal, a browser or a CI engine."""
    for origin, text in shown.items():
        if found := CONTROL.search(text):
            judged.blame("", f"a control character, {found.group()!r}, reached {origin}")
        if "<script>alert(1)" in text and origin.endswith((".html", ".svg")):
            judged.blame("", f"a script of an artifact reached {origin}")
        if re.search(r"^::error::owned", text, re.MULTILINE) and not origin.endswith(UNREAD_BY_CI):
            judged.blame("", f"a workflow command of an artifact reached {origin}")


def texts(ground: Ground, ended: Ended) -> Iterable[tuple[str, str]]:
    """What a reader may see, or a later task may get."""
    yield from {"stdout": ended.out, "stderr": ended.err}.items()
    build = ground.tree.build
    for path in [*(build / name for name in TEXTS), *below(build / "logs"), *below(build / "store" / "runs")]:
        if path.is_file() and path.stat().st_size < 1 << 24:
            yield path.name, path.read_bytes().decode(errors="replace")


def below(folder: Path) -> Iterator[Path]:
    """All that lies below a folder, however deep: pathlib and os.walk call themselves for each level."""
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:  # not there, or its path is longer than the system takes
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                yield Path(entry.path)


def written(judged: Judged, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{judged.name}.json").write_text(json.dumps(judged.as_dict(), indent=1) + "\n")
