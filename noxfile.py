"""Sessions: one a target (a folder of targets/), and matrix, reach, zoo, gate, tests, lint, types, lock and more.

All of them share one environment for the engine; what a model, an exporter or a runtime needs, the engine makes itself.
"""

from __future__ import annotations

import sys
import tomllib
from datetime import date
from pathlib import Path

import nox

ROOT = Path(__file__).parent
ENGINE = ROOT / "build" / "envs" / "engine"

# The options of each kind. What starts exporters, runtimes and containers shares the cores file by file, a few at once,
# since each takes a gigabyte; integration tests in the order that their conftest.py gives them.
FILE_BY_FILE = ["-n", "auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder"]
KINDS_OF_TESTS = {
    "unit": ["-n", "auto"],
    "integration": [*FILE_BY_FILE, "--durations=25"],
    "hostile": FILE_BY_FILE,
    "browser": [],
}

BEYOND = "reach"  # the tag of targets that no run takes by default
A_DAY = 2  # of these, in the session rotation

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "none"


def _engine(session: nox.Session, *extras: str) -> str:
    """The interpreter of the engine's environment, with the locks of `extras`; made and filled once."""
    locks = [ROOT / "requirements.lock", *(ROOT / f"requirements-{extra}.lock" for extra in extras)]
    wanted = "".join(path.read_text(encoding="utf-8") for path in [*locks, ROOT / "pyproject.toml"])
    python, stamp = ENGINE / "bin" / "python", ENGINE / f"installed{''.join(f'-{extra}' for extra in extras)}"
    if not (python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        session.run(sys.executable, "-m", "virtualenv", "--quiet", str(ENGINE), external=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        session.run(*install, "--require-hashes", *(f"--requirement={lock}" for lock in locks), external=True)
        session.run(*install, "--no-deps", "--editable", str(ROOT), external=True)
        stamp.write_text(wanted, encoding="utf-8")
    return str(python)


def _deploymatrix(session: nox.Session, *arguments: str) -> None:
    session.run(_engine(session), "-m", "deploymatrix", *arguments, external=True)


def _tool(session: nox.Session, module: str, *arguments: str) -> None:
    session.run(_engine(session, "dev"), "-m", module, *arguments, external=True)


def _target_session(name: str, tags: list[str]) -> None:
    @nox.session(name=name, tags=tags)
    def target(session: nox.Session) -> None:
        _deploymatrix(session, "run", "--target", name, *session.posargs)

    target.__doc__ = f"Export the core models to {name}, run them there and compare; -- -k zoo: all models."


TAGS = {
    toml.parent.name: tomllib.loads(toml.read_text(encoding="utf-8")).get("tags", [])
    for toml in sorted(ROOT.glob("targets/*/target.toml"))
}
for _name, _tags in TAGS.items():
    _target_session(_name, _tags)


@nox.session
def matrix(session: nox.Session) -> None:
    """Export and verify the core reference models on the six first targets and print the matrix."""
    _deploymatrix(session, "run", *session.posargs)


@nox.session
def zoo(session: nox.Session) -> None:
    """Export and verify all reference models on the six first targets; `gate -k zoo` decides on them."""
    _deploymatrix(session, "run", "-k", "zoo", *session.posargs)


@nox.session
def reach(session: nox.Session) -> None:
    """Export and verify the core models on every target; `gate -t all` decides on them."""
    _deploymatrix(session, "run", "-t", "all", *session.posargs)


@nox.session
def rotation(session: nox.Session) -> None:
    """Run the core models on two of the targets beyond the default, others each day: all of them come in their turn."""
    named = sorted(name for name, tags in TAGS.items() if BEYOND in tags)
    start = date.today().toordinal() * A_DAY
    chosen = [named[(start + place) % len(named)] for place in range(A_DAY)]
    options = [word for name in chosen for word in ("-t", name)]
    _deploymatrix(session, "run", *options, *session.posargs)


@nox.session
def variants(session: nox.Session) -> None:
    """Export and verify the core models in all variants; `gate -v all` decides on them."""
    _deploymatrix(session, "run", "-v", "all", *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """Pass only when every planned cell passed or carries a matching expectation."""
    _deploymatrix(session, "gate", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Unit tests, then real exporters, runtimes and containers, what these refuse, then the report in a browser."""
    usual = ["-m", "not hostile and not long"]
    kinds = [[f"tests/{kind}", *usual, *options] for kind, options in KINDS_OF_TESTS.items()]
    for arguments in [session.posargs] if session.posargs else kinds:
        _tool(session, "pytest", *arguments)


@nox.session
def kills(session: nox.Session) -> None:
    """Kill a hundred runs at random moments: each is resumed, nothing is done twice, nobody lives on."""
    _tool(session, "pytest", "-s", "-m", "long", "tests/integration/test_killed_runs.py", *session.posargs)


@nox.session
def hostile(session: nox.Session) -> None:
    """Run what is hostile, in containers or by -- --isolation process in processes; print what was held."""
    _tool(session, "pytest", "tests/hostile", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Make mutants of the core models and of the small ones beside the tests; -- --reds decides core cells again."""
    small = [] if "--reds" in session.posargs else ["--models", "tests/selftest_models"]
    _deploymatrix(session, "selftest", *small, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Lint and check the format."""
    _tool(session, "ruff", "check", ".")
    _tool(session, "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the engine's types."""
    _tool(session, "mypy")


@nox.session
def lock(session: nox.Session) -> None:
    """Make the locks anew from their .in files; also those of the models beside the tests."""
    _deploymatrix(session, "lock", "--models", "tests/package_models", *session.posargs)


@nox.session
def images(session: nox.Session) -> None:
    """Build the targets' runner images."""
    _deploymatrix(session, "images", *session.posargs)


@nox.session
def findings(session: nox.Session) -> None:
    """Run the reproducer of each finding: "still there", or "gone" where a repair may be dropped."""
    _deploymatrix(session, "findings", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what a run costs against its lower bound and against other ways; --check holds it to the goals."""
    session.run(_engine(session), "-m", "bench", *session.posargs, external=True)
