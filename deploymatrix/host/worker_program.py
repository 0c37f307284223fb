"""The programs that serve requests: the one that ships, in each of its languages, or a runner's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.project.runners import PACKAGES_FOLDER, WORKER_FOLDER, Runner
from deploymatrix.store import digests

WORKER = Path(__file__).parents[1] / "worker"
MODULES = "DEPLOYMATRIX_MODULES"  # the variable that names the folder of modules
MODULES_FOLDER = "{modules}"


@dataclass(frozen=True, kw_only=True)
class WorkerProgram:
    """A worker: its folder, its language by the suffix of its files, and what starts it.

    `modules`: the folder that the runner hands to its targets, whose results depend on it as on the worker.
    """

    folder: Path
    language: str
    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    modules: Path | None = None

    @property
    def suffix(self) -> str:
        """How the files that serve end: what ships serves several languages, a runner's own folder is all its own."""
        return self.language if self.folder == WORKER else ""

    def files(self) -> list[Path]:
        """Return the files that serve."""
        return _files_below(self.folder, self.suffix)

    def digest(self) -> str:
        """Digest the worker's code, and how it is started."""
        parts = [_digests(self.folder, self.files()), self.command, self.variables]
        if self.modules is not None:
            parts.append(_digests(self.modules, _files_below(self.modules)))
        return digests.of_data(parts)

    def started_from(self, folder: Path | str, find: Callable[[str], Path | str]) -> list[str]:
        """Return the command for a worker that lies in `folder`; `find` gives the path of a program."""
        first, *rest = self.command
        return [str(find(first)), *(word.replace(WORKER_FOLDER, str(folder)) for word in rest)]

    def variables_with(self, packages: Path) -> dict[str, str]:
        """Return what is set outside a container where the runtime's packages lie in `packages`."""
        places = {PACKAGES_FOLDER: packages, MODULES_FOLDER: self.modules}
        return {name: _put_in(places, value) for name, value in self.variables}


EXPORTING = WorkerProgram(folder=WORKER, language=".py", command=("python", "-s", WORKER_FOLDER))


def worker_of(runner: Runner) -> WorkerProgram:
    """Return the worker of a runner's targets."""
    handed = {MODULES: MODULES_FOLDER} if runner.modules_folder is not None else {}
    return WorkerProgram(
        folder=runner.worker_folder or WORKER,
        language=runner.language,
        command=runner.spec.command,
        variables=tuple(sorted({**runner.spec.variables, **handed}.items())),
        modules=runner.modules_folder,
    )


def worker_digest(program: WorkerProgram = EXPORTING) -> str:
    """Digest a worker; the files that ship are read once in a process."""
    return _digest_once(program) if program.folder == WORKER and program.modules is None else program.digest()


@functools.cache
def _digest_once(program: WorkerProgram) -> str:
    return program.digest()


def _put_in(places: Mapping[str, Path | None], value: str) -> str:
    for word, folder in places.items():
        value = value.replace(word, str(folder)) if folder is not None else value
    return value


def _digests(folder: Path, files: list[Path]) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): digests.of_code(path) for path in files}


def _files_below(folder: Path, suffix: str = "") -> list[Path]:
    found = sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())
    return [path for path in found if not any(map(_is_left_out, path.relative_to(folder).parts))]


def _is_left_out(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"
