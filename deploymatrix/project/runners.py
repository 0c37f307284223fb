"""Runners: the ways to run an artifact. A folder docker/<name>/ with a runner.toml is one, and says all of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.strict import Strict
from deploymatrix.project.toml_files import read_spec

FILE = "runner.toml"
MAKE_BASE = "make-base.sh"
EMULATED = 4  # times as long as elsewhere a task may take, and its worker be silent: for QEMU
WORKER_FOLDER = "{worker}"
PACKAGES_FOLDER = "{packages}"

Installer = Literal["pip", "npm"]
# The lock beside target.toml that each installer takes.
LOCKS: dict[Installer, str] = {"pip": "requirements.lock", "npm": "package-lock.json"}
# What installs the packages of an interpreter that comes as a wheel; pip finds its own.
WANTS_INTERPRETER: frozenset[Installer] = frozenset({"npm"})


class Tmp(Strict):
    """A task's folder in a runner's container, where TMPDIR points: its MiB, and whether programs start from it.

    It lies in memory, counts to the task's memory, and may hold half of that if this is more.
    """

    size_mb: Annotated[int, Field(ge=1)] = 64
    exec: bool = False


class Debian(Strict):
    """What a base image is made from where no registry answers: names of Debian packages."""

    packages: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")], ...], Field(min_length=1)]


class RunnerSpec(Strict):
    """docker/<name>/runner.toml.

    `entry`: the module beside target.toml; its suffix is the language. `installer`: pip takes a target's
    requirements.lock, npm its package-lock.json. `interpreter`: the lock, seen from runner.toml, of the wheel that
    brings what npm runs on. `base`: the image that the Dockerfile gets as its argument BASE. `command`: starts the
    worker; `{worker}` is the worker's folder, and outside a container the first word is a program of the target's
    environment. `worker`: a folder beside runner.toml that takes the place of the worker that ships. `modules`: one
    that its targets import from; the variable DEPLOYMATRIX_MODULES names it. `dockerfile`: seen from runner.toml, so
    that runners may share one. `variables`: set outside a container, where `{packages}` is the folder of the target's
    packages; inside, the Dockerfile's ENV counts. `loopback`: tasks may use TCP inside of their container, as servers
    and browsers do; there is no other network. `shared`: folders that all tasks of a container may write
    to, for programs that know no TMPDIR. `headers`: the image holds the packages' C headers, to compile against.
    `platform`: what its containers hold, whatever the engine's machine is: it
    is what packages are fetched for, and the base, made by the runner's own make-base.sh, runs it on other machines.
    `tags`: beside their own, those of the targets that name the runner in `platforms`.
    """

    entry: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9]+$")]
    installer: Installer
    interpreter: str | None = None
    base: Annotated[str, Field(min_length=1)]
    command: tuple[str, ...]
    worker: str | None = None
    modules: str | None = None
    platform: Literal["linux/arm64"] | None = None
    tags: tuple[str, ...] = ()
    dockerfile: Annotated[str, Field(min_length=1)] = "Dockerfile"
    loopback: bool = False
    shared: tuple[Literal["/tmp", "/dev/shm"], ...] = ()
    variables: dict[str, str] = Field(default_factory=dict)
    tmp: Tmp = Tmp()
    headers: bool = False
    debian: Debian | None = None

    @field_validator("command")
    @classmethod
    def _starts_the_worker(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not any(WORKER_FOLDER in word for word in command[1:]):
            raise ValueError(f'it must start the worker: a program, then an argument with "{WORKER_FOLDER}"')
        return command

    @model_validator(mode="after")
    def _has_one_interpreter(self) -> Self:
        wanted = self.installer in WANTS_INTERPRETER
        if wanted and self.interpreter is None:
            raise ValueError(f'installer = "{self.installer}" needs interpreter, a lock of the wheel that brings it')
        if self.interpreter is not None and not wanted:
            raise ValueError(f'interpreter means nothing for installer = "{self.installer}": remove it')
        return self


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A way to run: its name, its folder, what runner.toml says."""

    name: str
    folder: Path
    spec: RunnerSpec

    @property
    def file(self) -> Path:
        return self.folder / FILE

    @property
    def dockerfile(self) -> Path:
        return self.folder / self.spec.dockerfile

    @property
    def patience(self) -> int:
        """How many times as long as on others its tasks may take."""
        return 1 if self.spec.platform is None else EMULATED

    @property
    def language(self) -> str:
        """The suffix of the modules that it runs: `.py`."""
        return PurePath(self.spec.entry).suffix

    @property
    def lock_name(self) -> str:
        """What the lock beside target.toml is called."""
        return LOCKS[self.spec.installer]

    @property
    def interpreter_lock(self) -> Path | None:
        """The lock of the wheel with the interpreter; None where the installer brings one."""
        return self.folder / self.spec.interpreter if self.spec.interpreter is not None else None

    @property
    def worker_folder(self) -> Path | None:
        """The runner's own worker; None for the one that ships."""
        return self.folder / self.spec.worker if self.spec.worker is not None else None

    @property
    def modules_folder(self) -> Path | None:
        """What its targets import from; None where they share nothing."""
        return self.folder / self.spec.modules if self.spec.modules is not None else None


def read_runners(folders: Iterable[Path], declared: Iterable[Path]) -> dict[str, Runner]:
    """Return the runners by name. `folders`: the nearest of each name; `declared`: every runner.toml, near or far.

    Raise ConfigurationError for a runner that lacks a file, also for a folder that hides a runner and is none.
    """
    names = {path.parent.name for path in declared}
    return {folder.name: _read(folder) for folder in folders if folder.name in names}


def _read(folder: Path) -> Runner:
    runner = Runner(name=folder.name, folder=folder, spec=read_spec(folder / FILE, RunnerSpec))
    if not runner.dockerfile.is_file():
        raise ConfigurationError(f"{runner.dockerfile}: missing; add it: it builds the images of the runner's targets")
    _check("interpreter", runner, runner.interpreter_lock, "make it: nox -s lock")
    _check("worker", runner, runner.worker_folder, "add the folder, or remove the key for the worker that ships")
    _check("modules", runner, runner.modules_folder, "add the folder, or remove the key")
    if runner.spec.platform is not None:
        _check("platform", runner, runner.folder / MAKE_BASE, "add it: no registry's image runs on other machines")
    return runner


def _check(key: str, runner: Runner, path: Path | None, remedy: str) -> None:
    if path is not None and not path.exists():
        raise ConfigurationError(f"{runner.file}: {key}: there is no {path}; {remedy}")
