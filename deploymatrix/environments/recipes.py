"""What runtimes and images are made from, and the digests of it. Nothing is made here."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class RuntimeRecipe:
    """What a runtime is made from.

    name: of its folder. installer: what `runtimes.py` has under that name. interpreter: the lock of the wheel with the
    interpreter, for an installer that does not find one itself.
    """

    name: str
    installer: str
    lock: Path
    interpreter: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All that the runtime depends on."""
        return (self.lock,) if self.interpreter is None else (self.lock, self.interpreter)


@dataclass(frozen=True, kw_only=True)
class PackagesRecipe:
    """What packages of a model's own are made from, which are laid over one environment.

    model: its name, for messages. lock: of these packages. environment, environment_lock: what they are laid over.
    """

    model: str
    lock: Path
    environment: str
    environment_lock: Path

    def __str__(self) -> str:
        return f"packages of {self.model} over environment {self.environment}"

    def folder(self, envs: Path) -> Path:
        """Return where they lie: the same for all models with this lock. A link in `envs` is followed."""
        digest = joined_digest([self.lock.read_bytes(), self.environment_lock.read_bytes()])
        return packages_in(envs) / f"{self.environment}-{digest[:DIGITS]}"


def packages_in(envs: Path) -> Path:
    """Return the folder of all packages of models, which containers of exporters see."""
    return envs.resolve() / "packages"


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """What a runner starts from.

    image: the one that it declares. debian: packages to make it from where no registry has it; none where it cannot be
    made. folder: with make-base.sh. runtime: says which interpreter the image needs. platform: see runner.toml.
    """

    runner: str
    image: str
    debian: tuple[str, ...]
    folder: Path
    runtime: RuntimeRecipe
    platform: str | None = None

    @property
    def reference(self) -> str:
        """The image that the user wants, else the one that the runner declares."""
        return os.environ.get(self.variable) or self.image

    @property
    def is_chosen(self) -> bool:
        """Whether the user names the image, and so vouches for it."""
        return bool(os.environ.get(self.variable))

    @property
    def variable(self) -> str:
        """The name of the variable in which a user names another image."""
        return f"DEPLOYMATRIX_BASE_{re.sub(r'[^A-Z0-9]', '_', self.runner.upper())}"

    @property
    def made_here(self) -> str:
        """What the image is called that is made here: by the digest of what it is made by, so that runners share it."""
        digest = hashlib.sha256()
        for file in filter(None, [self.folder / "make-base.sh", self.runtime.interpreter]):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        digest.update("\0".join(self.debian).encode())
        name = re.sub(r"[:@].*", "", self.image.rpartition("/")[2])
        return f"deploymatrix/base-{name}:{digest.hexdigest()[:DIGITS]}"


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """What a target's image is made from. headers: whether it holds the packages' C headers."""

    target: str
    dockerfile: Path
    base: BaseRecipe
    runtime: RuntimeRecipe
    headers: bool = False


def recipe_digest(recipe: ImageRecipe) -> str:
    """Digest what an image is made by: Dockerfile, lock, how its files are packed, the name of its base."""
    packing = Path(__file__).with_name("image_context.py")
    files = [recipe.dockerfile, recipe.runtime.lock, packing]
    further = [b"headers"] if recipe.headers else []
    return joined_digest([recipe.base.reference.encode(), *(file.read_bytes() for file in files), *further])


def joined_digest(parts: Iterable[bytes]) -> str:
    """Digest the parts, and where one ends and the next begins."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
