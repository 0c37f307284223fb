"""Sessions: one for each target (the folders under targets/), and matrix, gate, tests, lint, types, lock, images.

All of them share one environment for the engine; what a model, an exporter or a runtime needs, the engine makes itself.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
ENGINE = "build/envs/engine"

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True


def _install(session: nox.Session, *extras: str) -> None:
    """The engine from its lock, and the locks of `extras`; nothing when it is there already."""
    locks = [ROOT / "requirements.lock", *(ROOT / f"requirements-{extra}.lock" for extra in extras)]
    stamp = Path(session.virtualenv.location) / f"installed-{'-'.join(['engine', *extras])}"
    wanted = "".join(lock.read_text() for lock in locks) + (ROOT / "pyproject.toml").read_text()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    session.install("--require-hashes", *(f"-r{lock}" for lock in locks))
    session.install("--no-deps", "--editable", str(ROOT))
    stamp.write_text(wanted)


def _deploymatrix(session: nox.Session, *arguments: str) -> None:
    _install(session)
    session.run("python", "-m", "deploymatrix", *arguments, success_codes=[0])


def _target_session(name: str, tags: list[str]) -> None:
    @nox.session(name=name, tags=tags, venv_location=ENGINE)
    def target(session: nox.Session) -> None:
        _deploymatrix(session, "run", "--target", name, *session.posargs)

    target.__doc__ = f"Export every model to {name}, run it there and compare."


for _toml in sorted(ROOT.glob("targets/*/target.toml")):
    _target_session(_toml.parent.name, tomllib.loads(_toml.read_text(encoding="utf-8")).get("tags", []))


@nox.session(venv_location=ENGINE)
def matrix(session: nox.Session) -> None:
    """Export and verify the reference models on all targets and print the matrix."""
    _deploymatrix(session, "run", *session.posargs)


@nox.session(venv_location=ENGINE)
def gate(session: nox.Session) -> None:
    """Pass only when every planned cell passed or carries a matching expectation."""
    _deploymatrix(session, "gate", *session.posargs)


@nox.session(venv_location=ENGINE)
def tests(session: nox.Session) -> None:
    """Unit tests, then integration tests with real exporters and, where an engine answers, real containers."""
    _install(session, "dev")
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", "tests/unit")
    session.run("pytest", "tests/integration")


@nox.session(venv_location=ENGINE)
def lint(session: nox.Session) -> None:
    """Lint and check the format."""
    _install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(venv_location=ENGINE)
def types(session: nox.Session) -> None:
    """Check the engine's types."""
    _install(session, "dev")
    session.run("mypy")


@nox.session(venv_location=ENGINE)
def lock(session: nox.Session) -> None:
    """Make the locks anew from their .in files."""
    _deploymatrix(session, "lock", *session.posargs)


@nox.session(venv_location=ENGINE)
def images(session: nox.Session) -> None:
    """Build the targets' runner images."""
    _deploymatrix(session, "images", *session.posargs)
