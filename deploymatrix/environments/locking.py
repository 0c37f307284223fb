"""Makes the locks from what people write: *.in files for Python, package.json for Node.

Beside x.in may lie x.excludes: names of declared dependencies that shall be left out, with the reason as a comment.
A lock holds no index and no path of the machine it was made on, and the SHA-256 of what it was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.environments.lockfile import UNHASHED, read_lock
from deploymatrix.environments.model_locks import Ground, compile_over
from deploymatrix.environments.pip_settings import registry_variables
from deploymatrix.environments.platforms import machine_of
from deploymatrix.environments.uv_command import run_uv
from deploymatrix.errors import ConfigurationError, EnvironmentFailed
from deploymatrix.say import Say

PYTHON = "3.11"
PLATFORM = "manylinux_2_36"  # as in the base images, Debian 12
PLATFORMS = "platforms"  # of a target: folders by the machine that their locks are for
PATTERNS = (
    "requirements*.in",
    "docker/*/requirements.in",
    "pipelines/environments/*.in",
    "targets/*/requirements.in",
    "targets/*/package.json",
    "targets/*/versions/*/requirements.in",
    "targets/*/versions/*/package.json",
    f"targets/*/{PLATFORMS}/*/requirements.in",
)
ENGINE = "deploymatrix"
# Installed with a build of torch that wants them, and then at the versions that this very build declares.
ACCELERATORS = re.compile(r"^(nvidia|cuda)-|^triton$")


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a lock is made from, and where the lock goes. over: the environment that has the rest, for a model's own."""

    name: str
    path: Path
    over: Ground | None = None

    @property
    def is_node(self) -> bool:
        return self.path.name == "package.json"

    @property
    def lock(self) -> Path:
        return self.path.with_name("package-lock.json") if self.is_node else self.path.with_suffix(".lock")

    @property
    def platform(self) -> str:
        """What wheels are chosen for, in uv's words."""
        further = self.path.parent.parent.name == PLATFORMS
        return f"{machine_of(self.path.parent.name if further else 'amd64')}-{PLATFORM}"

    @property
    def excludes(self) -> Path:
        return self.path.with_suffix(".excludes")


def sources(root: Path, names: Iterable[str] | None = None, models: Iterable[Source] = ()) -> list[Source]:
    """List all that a lock is made from under `root`, or those of the given names (folder or environment names).

    models: those of models, which lie anywhere. Raise ConfigurationError for an unknown name.
    """
    found = [_source(root, path) for pattern in PATTERNS for path in sorted(root.glob(pattern))] + [*models]
    wanted = set(names or ())
    unknown = wanted - {source.name for source in found}
    if unknown:
        known = ", ".join(sorted({source.name for source in found}))
        raise ConfigurationError(f"no lock is named {', '.join(sorted(unknown))}; known: {known}")
    return [source for source in found if not wanted or source.name in wanted]


def lock(
    root: Path,
    names: Iterable[str] | None = None,
    say: Say = print,
    *,
    models: Iterable[Source] = (),
    upgrade: bool = False,
) -> list[Path]:
    """Make the locks anew and return them. Versions stay where they still fit, unless `upgrade`.

    Raise EnvironmentFailed when something cannot be resolved; then that lock stays as it was.
    """
    made = []
    for source in sources(root, names, models):
        inside = source.lock.is_relative_to(root)
        say(f"lock {source.lock.relative_to(root) if inside else source.lock}")
        text = _package_lock(source, upgrade) if source.is_node else _python_lock(source, upgrade)
        _write(source.lock, text)
        made.append(source.lock)
    return made


def stale(root: Path, names: Iterable[str] | None = None, models: Iterable[Source] = ()) -> list[str]:
    """Return one sentence for each lock that is missing, unsound or older than what it is made from."""
    return [sentence for source in sources(root, names, models) if (sentence := staleness(source))]


def inputs_digest(source: Source) -> str:
    """Digest (SHA-256) what the .in file and its .excludes ask for, and what is there; a comment changes nothing."""
    asked: dict[str, object] = {"in": _entries(source.path), "excludes": _entries(source.excludes)}
    if source.over is not None:
        asked["over"] = read_lock(source.over.lock).versions()
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _source(root: Path, path: Path) -> Source:
    if path.parent == root:
        return Source(name=ENGINE + path.stem.removeprefix("requirements"), path=path)
    folder = path.parent
    further = folder.parent.name in ("versions", PLATFORMS)
    of_folder = f"{folder.parent.parent.name}-{folder.name}" if further else folder.name
    return Source(name=of_folder if path.stem in {"requirements", "package"} else path.stem, path=path)


def staleness(source: Source) -> str | None:
    """Return a sentence for a lock that is missing, unsound or older than what it is made from."""
    make = f"nox -s lock -- {source.name}" if source.over is None else f"deploymatrix lock {source.name}"
    if not source.lock.is_file():
        return f"{source.lock}: missing; make it: {make}"
    try:
        fresh = _node_is_fresh(source) if source.is_node else read_lock(source.lock).inputs == inputs_digest(source)
    except (EnvironmentFailed, ValueError, KeyError) as error:
        return f"{source.lock}: unsound: {error}"
    changed = source.path.name + (f" or {source.over.lock.name}" if source.over is not None else "")
    return None if fresh else f"{source.lock}: {changed} changed since; {make}"


def _node_is_fresh(source: Source) -> bool:
    wanted = json.loads(source.path.read_text(encoding="utf-8"))
    locked = json.loads(source.lock.read_text(encoding="utf-8"))
    return bool(wanted.get("dependencies", {}) == locked["packages"][""].get("dependencies", {}))


def _python_lock(source: Source, upgrade: bool) -> str:
    """Compile in the folder of the .in file, so that its comments name no path."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.lock"
        if source.lock.is_file() and not upgrade:
            shutil.copyfile(source.lock, output)
        command = ["pip", "compile", "--quiet", "--generate-hashes", "--no-header", source.path.name]
        command += ["--python-version", PYTHON, "--python-platform", source.platform]
        if source.over is not None:
            excludes = _entries(source.excludes)
            text = compile_over(source.over, source.path, output, command, excludes, registry_variables())
            return _header(source) + portable(text)
        if source.excludes.is_file():
            command += ["--excludes", source.excludes.name]
        command += ["--output-file", str(output)]
        run_uv(command, cwd=source.path.parent, variables=registry_variables(), doing=f"locking {source.path}")
        body = portable(output.read_text(encoding="utf-8"))
    return _header(source) + body


def portable(text: str) -> str:
    """Return a compiled lock without what depends on the indexes: torch's build, its hashes, its CUDA packages."""
    blocks = {block.partition("==")[0].strip(): block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text)}
    if UNHASHED.isdisjoint(blocks):
        return text
    return "".join(_portable_block(name, block) for name, block in blocks.items() if not ACCELERATORS.search(name))


def _portable_block(name: str, block: str) -> str:
    if name not in UNHASHED:
        return block
    first, *rest = block.splitlines(keepends=True)
    pin = first.rstrip("\\\n ").partition("+")[0]
    return "".join([pin + "\n", *(line for line in rest if "--hash=" not in line)])


def _header(source: Source) -> str:
    made_by = "nox -s lock" if source.over is None else f"deploymatrix lock {source.name}"
    lines = [f"# made by `{made_by}` from {source.path.name}; do not edit"]
    lines.append(f"# inputs: sha256:{inputs_digest(source)}")
    if source.over is not None:
        lines.append(f"# over: {source.over.environment}, whose packages are not repeated here")
    if excluded := _entries(source.excludes):
        lines.append(f"# excluded: {', '.join(excluded)}")
    return "\n".join(lines) + "\n"


def _entries(path: Path) -> list[str]:
    """Return the lines of a requirements file that say something, sorted; none when there is no file."""
    if not path.is_file():
        return []
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sorted(line for line in lines if line)


def _package_lock(source: Source, upgrade: bool) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise EnvironmentFailed(f"locking {source.path} needs npm; install Node.js, which brings it")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(source.path, Path(folder) / "package.json")
        if source.lock.is_file() and not upgrade:
            shutil.copyfile(source.lock, Path(folder) / "package-lock.json")
        command = [npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EnvironmentFailed(f"locking {source.path}: npm said:\n{done.stderr.strip()[-2000:]}")
        locked = json.loads((Path(folder) / "package-lock.json").read_text(encoding="utf-8"))
    for entry in locked["packages"].values():
        entry.pop("resolved", None)  # the address of the registry of whoever made the lock; npm ci asks its own
    return json.dumps(locked, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Write all or nothing: a lock that was cut short would pin a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
