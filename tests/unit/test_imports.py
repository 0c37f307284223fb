"""Imports point one way, nothing is unpickled, and the engine stays light: read from the code, and from a process."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploymatrix.execution import keys, model_files
from tests.fakes.decided import write
from tests.fakes.tree import Tree

REPOSITORY = Path(__file__).resolve().parents[2]
ENGINE = REPOSITORY / "deploymatrix"
WORKER = ENGINE / "worker"
NUMERICS = ENGINE / "numerics"
PROGRAM = ENGINE / "repro" / "program"
FRAMEWORKS = {
    "torch", "tensorflow", "keras", "onnx", "onnxruntime", "onnx2tf", "tf2onnx", "tensorflowjs", "executorch",
    "litert_torch", "ai_edge_litert", "torchao", "transformers", "jax",
}  # fmt: skip
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
TARGETS = {folder.parent.name for folder in REPOSITORY.glob("targets/*/target.toml")}
FORMATS = {folder.parent.name for folder in REPOSITORY.glob("pipelines/*/pipeline.toml")}


def files(*folders: Path) -> list[Path]:
    return sorted(p for folder in folders for p in folder.rglob("*.py") if "build" not in p.parts)


ENGINE_FILES = [p for p in files(ENGINE) if WORKER not in p.parents]
WORKER_FILES = files(WORKER)
USERS_FILES = [
    p
    for p in files(*(REPOSITORY / part for part in ("models", "pipelines", "targets", "tests/fakes/project")))
    if p.suffix == ".py"
]


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; a relative import is the package's own."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def with_those_beside(path: Path) -> set[Path]:
    """A file, the files of its own folder that it imports, and those that these import."""
    found: set[Path] = set()
    left = {path}
    while left:
        file = left.pop()
        found.add(file)
        left |= {file.with_name(f"{module}.py") for module in imports_beside(file)} - found
    return found


def imports_beside(path: Path) -> Iterator[str]:
    """The modules beside it that a file imports; fails for a relative import of another form."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1 and path.with_name(f"{node.module}.py").is_file(), ast.unparse(node)
            yield str(node.module)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def test_there_is_something_to_check() -> None:
    assert len(ENGINE_FILES) > 20
    assert len(WORKER_FILES) > 5
    assert len(files(NUMERICS)) >= 5
    assert len(USERS_FILES) > 10
    assert len(TARGETS) >= 6


@pytest.mark.parametrize("path", USERS_FILES, ids=relative)
def test_what_one_writes_does_not_import_the_engine(path: Path) -> None:
    assert "deploymatrix" not in roots(path)


@pytest.mark.parametrize("path", ENGINE_FILES, ids=relative)
def test_the_engine_imports_no_framework(path: Path) -> None:
    assert roots(path) & FRAMEWORKS == set()


@pytest.mark.parametrize("path", WORKER_FILES, ids=relative)
def test_the_worker_imports_the_standard_library_and_numpy(path: Path) -> None:
    assert roots(path) <= {*sys.stdlib_module_names, "numpy"}


@pytest.mark.parametrize("path", files(NUMERICS), ids=relative)
def test_numerics_imports_the_standard_library_numpy_and_what_lies_beside_it(path: Path) -> None:
    """Bundles ship the folder as it is, as they ship the worker."""
    assert roots(path) <= {*sys.stdlib_module_names, "numpy"}
    assert with_those_beside(path) <= set(files(NUMERICS))


def test_a_bundles_program_imports_the_standard_library_and_what_lies_beside_it() -> None:
    assert roots(PROGRAM / "reproduce.py") <= {*sys.stdlib_module_names, "numerics"}


DRAWN = (*model_files.DRAWING, *model_files.FURTHER)


@pytest.mark.parametrize(
    ("entry", "covered"),
    [("stability.py", keys.COMPARING), ("references.py", keys.CHECKING), ("samples.py", DRAWN)],
)
def test_the_keys_cover_all_that_a_judgement_consists_of(entry: str, covered: tuple[Path, ...]) -> None:
    assert sorted(covered) == sorted(with_those_beside(NUMERICS / entry))


def test_a_change_in_comparing_draws_no_samples_anew() -> None:
    assert not {*keys.COMPARING, *keys.CHECKING} & {*DRAWN}


def test_the_keys_cover_what_reads_own_samples_and_what_holds_models_to_expected_outputs() -> None:
    reading = {file for name in ("array_files.py", "own_samples.py") for file in with_those_beside(NUMERICS / name)}
    expecting = {*with_those_beside(NUMERICS / "expected.py")}

    assert reading == {*model_files.READING}
    assert expecting <= {*keys.EXPECTING, *keys.COMPARING}  # a comparison's key has both


@pytest.mark.parametrize("path", [*ENGINE_FILES, *WORKER_FILES], ids=relative)
def test_nothing_is_unpickled(path: Path) -> None:
    assert roots(path) & UNSAFE == set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


@pytest.mark.parametrize("path", [*ENGINE_FILES, *WORKER_FILES], ids=relative)
def test_arrays_are_saved_without_pickle(path: Path) -> None:
    """numpy.load refuses pickle unless told; numpy.save takes it unless told."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"np.save", "numpy.save"}:
            assert "allow_pickle" in {keyword.arg for keyword in node.keywords}


def test_no_file_is_a_drawer_for_everything() -> None:
    parts = [REPOSITORY / part for part in ("deploymatrix", "models", "pipelines", "targets", "tests")]

    assert [p for p in files(*parts) if p.stem in {"utils", "util", "common", "helpers", "helper", "misc"}] == []


@pytest.mark.parametrize("path", ENGINE_FILES, ids=relative)
def test_the_engine_compares_nothing_with_a_targets_or_formats_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_bytes())):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        compared += [case.pattern for case in node.cases] if isinstance(node, ast.Match) else []  # type: ignore[misc]
        named = {n.value for part in compared for n in ast.walk(part) if isinstance(n, ast.Constant)}
        assert named & (TARGETS | FORMATS) == set(), ast.unparse(node)


PROBE = """
import json, sys
sys.argv = json.loads(sys.argv[1])
from deploymatrix.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
print("\\n" + json.dumps({"code": code, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def modules_after(tree: Tree, *arguments: str) -> set[str]:
    """The packages that a process holds after it did a command."""
    argv = json.dumps(tree.command(*arguments)[2:])
    process = subprocess.run(
        [sys.executable, "-c", PROBE, argv], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    told = json.loads(process.stdout.splitlines()[-1])
    assert told["code"] == 0, process.stderr
    return set(told["modules"])


HEAVY = FRAMEWORKS | {"pandas", "matplotlib", "plotly", "scipy", "docker"}


def test_help_imports_next_to_nothing(tree: Tree) -> None:
    loaded = modules_after(tree, "--help")

    assert "deploymatrix" in loaded
    assert loaded & (HEAVY | {"numpy", "pydantic", "uv", "filelock", "concurrent"}) == set()


@pytest.mark.parametrize("what", ["targets", "models", "cells"])
def test_list_imports_no_framework_and_no_numpy(tree: Tree, what: str) -> None:
    assert modules_after(tree, "list", what) & (HEAVY | {"numpy"}) == set()


def test_gate_imports_no_framework_and_no_numpy(tree: Tree) -> None:
    write(tree)

    assert modules_after(tree, "gate") & (HEAVY | {"numpy"}) == set()
