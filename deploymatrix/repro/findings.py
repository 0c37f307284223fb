"""A finding seen again: its reproducer runs in the environment that it names, and says whether the defect is there."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.runtimes import ensure_runtime, locked_versions
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.process_environment import own_environment
from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.printable import printable
from deploymatrix.project.findings import FILE, Finding
from deploymatrix.project.names import pick
from deploymatrix.project.project import Project
from deploymatrix.say import Say

REPRO, MAKE = "repro.py", "make.py"

State = Literal["still there", "gone", "broke"]
STATES: tuple[State, ...] = ("still there", "gone")  # that a reproducer may say


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a finding's reproducer showed. said: its last line, or why it has none. version: of the package."""

    name: str
    state: State
    said: str
    package: str
    version: str
    repairs: tuple[str, ...]

    def line(self) -> str:
        """Write it for people, with what to do about it."""
        if self.state == "gone":
            files = f"drop the repair in {', '.join(self.repairs)}" if self.repairs else "no step repairs it"
            return f"{self.name}: gone with {self.package} {self.version}: {files} ({self.said})"
        return f"{self.name}: {self.state}: {self.said}"


def show(project: Project, finding: Finding, say: Say) -> Shown:
    """Run the finding's reproducer, with its time limit, in a folder of its own. What it prints goes to a log.

    It must end with exit code 0 and a last line that begins with "still there: " or "gone: "; anything else is broke.
    """
    log = project.build / "logs" / "findings" / f"{finding.name}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    workplace = _Workplace(project, finding.spec.timeout_s, log, say)
    try:
        version, said = _asked(workplace, finding)
    except (_Broke, EnvironmentFailed) as error:
        return _shown(finding, "broke", f"{error}; its log: {log}")
    for state in STATES:
        if said.startswith(f"{state}: "):
            return _shown(finding, state, said.removeprefix(f"{state}: "), version)
    wanted = 'its last line is neither "still there: …" nor "gone: …"'
    return _shown(finding, "broke", f"{wanted}: {said!r}; its log: {log}")


class _Broke(Exception):
    """The reproducer came to no verdict."""


@dataclass(frozen=True)
class _Workplace:
    """What a reproducer's programs run with: the project's environments, seconds for each program, and a log."""

    project: Project
    timeout_s: float
    log: Path
    say: Say

    def python(self, environment: str, words: Sequence[str], folder: Path, more: Mapping[str, str]) -> str:
        """Run the environment's interpreter with `words`; return the last line that it prints. Raise _Broke."""
        envs, lock = self.project.build / "envs", self.project.environment_lock(environment)
        command = [str(ensure_python(environment, lock, envs, self.say)), *words]
        variables = {**own_environment(), **self.project.environment_variables(environment), **more}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
            printed = self._printed(process, words)
            log.write(printed)
        lines = [line for line in printed.decode(errors="replace").splitlines() if line.strip()]
        if process.returncode or not lines:
            raise _Broke(f"{Path(words[0]).name} ended with exit code {process.returncode} and {len(lines)} lines")
        return printable(lines[-1].strip())

    def _printed(self, process: subprocess.Popen[bytes], words: Sequence[str]) -> bytes:
        """Wait for the process, within the time limit; leave nothing that it started."""
        try:
            return process.communicate(timeout=self.timeout_s)[0]
        except subprocess.TimeoutExpired:
            limit = f"{self.timeout_s:.0f} s; raise timeout_s in finding.toml, or let it do less"
            raise _Broke(f"{Path(words[0]).name} did not end within {limit}") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _asked(workplace: _Workplace, finding: Finding) -> tuple[str, str]:
    """Return the version of the package, and the last line of the reproducer."""
    spec, runtime = finding.spec, {}
    if spec.target is not None:
        runtime = _runtime(workplace, spec.target)
    with tempfile.TemporaryDirectory(prefix="finding-") as name:
        folder = Path(name)
        if spec.source is not None:
            workplace.python(spec.source, [str(finding.folder / MAKE)], folder, {})
        said = workplace.python(spec.environment, [str(finding.folder / REPRO)], folder, runtime)
    return version_of(workplace.project, finding), said


def version_of(project: Project, finding: Finding) -> str:
    """Return the version of the finding's package in the locks of its environment and target. Raise _Broke without."""
    spec = finding.spec
    lock = project.environment_lock(spec.environment)
    pinned = {pin.name: pin.version for pin in read_lock(lock).pins}
    if spec.target is not None:
        pinned |= locked_versions(runtime_recipe(project, project.targets[spec.target]))
    if spec.package not in pinned:
        raise _Broke(f"{finding.folder / FILE}: package: {spec.package!r} is not in {lock}")
    return pinned[spec.package]


def _runtime(workplace: _Workplace, name: str) -> dict[str, str]:
    """Return where a target's runtime has its programs and packages, as variables of the reproducer."""
    project = workplace.project
    (target,) = pick("target", [name], project.targets).values()
    runtime = ensure_runtime(runtime_recipe(project, target), project.build / "envs", workplace.say)
    return {"DEPLOYMATRIX_PROGRAMS": str(runtime.programs), "DEPLOYMATRIX_PACKAGES": str(runtime.packages)}


def _shown(finding: Finding, state: State, said: str, version: str = "") -> Shown:
    spec = finding.spec
    return Shown(name=finding.name, state=state, said=said, package=spec.package, version=version, repairs=spec.repairs)
