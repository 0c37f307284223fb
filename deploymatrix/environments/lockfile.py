"""A lock of Python packages: what it pins, with which hashes, and what was left out on purpose.

torch, and what is built for one build of it, go without hashes: the user's indexes choose which build is installed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.errors import EnvironmentFailed

UNHASHED = frozenset({"torch", "torchvision", "torchaudio"})
REMEDY = "make the lock anew: nox -s lock"

PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)(?P<rest>.*)$")
HASH = re.compile(r"--hash=(sha(?:256|384|512):[0-9a-f]{64,128})(?=\s|$)")
INPUTS = re.compile(r"^# inputs: sha256:([0-9a-f]{64})$", re.MULTILINE)
EXCLUDED = re.compile(r"^# excluded: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package at one version, and the hashes of the files that it may be installed from."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """A lock that was read and found sound.

    excluded: names of packages that its packages declare as dependencies and that shall not be there.
    inputs: SHA-256 of what it was made from, see locks.py; empty if it does not say.
    """

    path: Path
    digest: str
    pins: tuple[Pin, ...]
    excluded: tuple[str, ...]
    inputs: str

    def versions(self) -> dict[str, str]:
        return {pin.name: pin.version for pin in self.pins}

    def unhashed(self) -> tuple[Pin, ...]:
        return tuple(pin for pin in self.pins if not pin.hashes)

    def hashed(self) -> tuple[Pin, ...]:
        return tuple(pin for pin in self.pins if pin.hashes)


def read_lock(path: Path) -> LockFile:
    """Read the lock at `path`.

    Raise EnvironmentFailed when it is missing, has a line that is no exact pin, or a package without a hash.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise EnvironmentFailed(f"{path}: there is no such lock; {REMEDY}") from None
    excluded = EXCLUDED.search(text)
    inputs = INPUTS.search(text)
    return LockFile(
        path=path,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        pins=tuple(_pin(path, line) for line in _logical_lines(text)),
        excluded=tuple(excluded[1].replace(",", " ").split()) if excluded else (),
        inputs=inputs[1] if inputs else "",
    )


def render(pins: tuple[Pin, ...]) -> str:
    """Return the pins as a requirements file."""
    return "".join(
        f"{pin.name}=={pin.version}{''.join(f' --hash={digest}' for digest in pin.hashes)}\n" for pin in pins
    )


def moved_pin(asking: Path, environment: str, environment_lock: Path, name: str, has: str, wanted: str) -> str:
    """Say that packages of a model would move a pin of an environment, and what to do."""
    return (
        f"{asking}: wants {name}=={wanted}, and the environment {environment} has {name}=={has} ({environment_lock}): "
        "a model's packages are laid over it and move none of its pins. Ask for a version of the package that goes "
        f"with {name}=={has}, or, where the model works without {name}, name it in requirements.excludes"
    )


def _logical_lines(text: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _pin(path: Path, line: str) -> Pin:
    match = PIN.match(line)
    if not match:
        raise EnvironmentFailed(f"{path}: {line!r} is no exact pin (name==version --hash=…); {REMEDY}")
    hashes = tuple(HASH.findall(match["rest"]))
    leftover = HASH.sub("", match["rest"]).strip()
    if leftover:
        raise EnvironmentFailed(f"{path}: {match['name']}: {leftover!r} is not understood; {REMEDY}")
    if not hashes and match["name"].lower() not in UNHASHED:
        raise EnvironmentFailed(f"{path}: {match['name']}=={match['version']} has no hash; {REMEDY}")
    return Pin(name=match["name"].lower(), version=match["version"], hashes=hashes)
