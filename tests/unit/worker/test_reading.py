"""What a worker's child tells of its reading, and that a model's code runs nowhere but there, in real workers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker
from deploymatrix.worker import reading

ROOT = Path(__file__).parents[3]
FAKES = ROOT / "tests/fakes/worker"
SPEC = {
    "name": "double",
    "framework": "fake",
    "family": "test",
    "variant": "fp32",
    "seed": 1,
    "calibrate": False,
    "inputs": [{"name": "x", "dtype": "float32", "shape": [2]}],
    "outputs": [{"name": "y", "dtype": "float32", "shape": [2]}],
}


@pytest.fixture(params=["fork", "spawn"])
def worker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Worker]:
    command = [sys.executable, "-s", str(ROOT / "deploymatrix/worker")]
    variables = {"DEPLOYMATRIX_WORKER_START": "spawn"} if request.param == "spawn" else {}
    worker = Worker(lambda: process_channel(command, variables, tmp_path / "worker.log"))
    yield worker
    worker.close()


def model(folder: Path, code: str, **neighbours: str) -> Path:
    """A model's folder, with modules beside model.py."""
    folder.mkdir(parents=True)
    for name, text in {"model": code, **neighbours}.items():
        (folder / f"{name}.py").write_text(text)
    return folder / "model.py"


def reference(model: Path, out: Path) -> Request:
    np.save(model.parent / "x.npy", np.array([1.0, 2.0], dtype="float32"))
    args: dict[str, Any] = {"model": model, "spec": SPEC, "samples": [{"x": model.parent / "x.npy"}]}
    return Request("reference", FAKES / "framework.py", args, out / "out", out / "log.txt", 30.0, 2048)


def export(model: Path, out: Path, weights: Path) -> Request:
    source = {"framework": FAKES / "framework.py", "model": model, "weights": weights}
    args = {"spec": SPEC, "samples": [{"x": model.parent / "x.npy"}], "options": {"leave": "file"}, "source": source}
    return Request("export", FAKES / "step.py", args, out / "out", out / "log.txt", 30.0, 2048)


def factor(request: Request, reply: Reply) -> float:
    """What the model's build() gave."""
    assert reply.status == "ok", reply.error
    return float(np.load(request.out / "weights/factor.npy"))


def outside(reply: Reply, folder: Path) -> set[str]:
    """What was read below a folder, as the reply tells it."""
    return {path.removeprefix(f"{folder}/") for path in reply.reads if path.startswith(f"{folder}/")}


def test_models_with_neighbours_of_one_name_get_their_own(worker: Worker, tmp_path: Path) -> None:
    code = "from layers import FACTOR\ndef build():\n    return FACTOR\n"
    models = [model(tmp_path / f"model-{i}", code, layers=f"FACTOR = {i}.0\n") for i in range(1, 5)]
    requests = [reference(m, tmp_path / f"out-{i}") for i, m in enumerate([*models, *reversed(models)])]

    with ThreadPoolExecutor(4) as pool:
        factors = [factor(r, reply) for r, reply in zip(requests, pool.map(worker.request, requests), strict=True)]

    assert factors == [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0]
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_neighbour_is_found_before_an_installed_module_that_was_imported_already(
    worker: Worker, tmp_path: Path
) -> None:
    first = model(tmp_path / "first", "import iniconfig\ndef build():\n    return 1.0\n")
    own = model(
        tmp_path / "own", "import iniconfig\ndef build():\n    return iniconfig.MINE\n", iniconfig="MINE = 7.0\n"
    )
    request = reference(own, tmp_path / "out-own")
    worker.request(reference(first, tmp_path / "out-first"))

    assert factor(request, worker.request(request)) == 7.0


@pytest.mark.parametrize("where", ["at import", "in build"])
def test_a_patch_ends_with_its_child(worker: Worker, tmp_path: Path, where: str) -> None:
    patch = "np.sqrt = lambda value: 100.0"
    head, body = (patch, "pass") if where == "at import" else ("", patch)
    code = "import numpy as np\n{}\ndef build():\n    {}\n    return float(np.sqrt(4.0))\n"
    patching = model(tmp_path / "patching", code.format(head, body))
    plain = model(tmp_path / "plain", code.format("", "pass"))
    requests = [reference(m, tmp_path / f"out-{i}") for i, m in enumerate([patching, plain, patching, plain])]

    factors = [factor(request, worker.request(request)) for request in requests]

    assert factors == [100.0, 2.0, 100.0, 2.0]


def test_files_and_modules_from_outside_are_told(worker: Worker, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "library.py").write_text("import json\nHALF = 0.5\n")
    np.save(shared / "weights.npy", np.array(3.0))
    code = f"""
import sys
import numpy as np
sys.path.append({str(shared)!r})
import library
open({str(shared / "made.txt")!r}, "w").write("x")
open({str(shared / "made.txt")!r}).read()

def build():
    return float(np.load({str(shared / "weights.npy")!r})) * library.HALF
"""
    path = model(tmp_path / "model", code)
    first = reference(path, tmp_path / "out")

    reply = worker.request(first)
    exported = worker.request(export(path, tmp_path / "step", first.out / "weights"))

    assert factor(first, reply) == 1.5
    assert outside(reply, shared) == {"library.py", "weights.npy"}
    assert "library.py" in outside(exported, shared)
    assert not [read for read in reply.reads if not read.startswith((str(tmp_path), str(FAKES)))]


def test_a_file_that_a_library_opens_by_itself_is_told_by_its_name(worker: Worker, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"4.0")
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.fopen.restype = ctypes.c_void_p
libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]

def load(path):
    buffer = ctypes.create_string_buffer(16)
    libc.fgets(buffer, 16, libc.fopen(path.encode(), b"r"))
    return float(buffer.value)

def build():
    return load({str(weights)!r})
"""
    request = reference(model(tmp_path / "model", code), tmp_path / "out")

    reply = worker.request(request)

    assert factor(request, reply) == 4.0
    assert str(weights) in reply.reads


def test_what_was_read_before_a_crash_is_told(worker: Worker, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"broken")
    code = f"import os\nopen({str(weights)!r}).read()\ndef build():\n    os.abort()\n"

    reply = worker.request(reference(model(tmp_path / "model", code), tmp_path / "out"))

    assert reply.status == "signaled"
    assert str(weights) in reply.reads


def test_what_a_step_imports_from_beside_itself_is_told_to_each_of_its_tasks(worker: Worker, tmp_path: Path) -> None:
    here = tmp_path / "steps"
    here.mkdir()
    (here / "helper.py").write_text("ENTRY = 'artifact'\n")
    step = f"import sys\nsys.path.insert(0, {str(here)!r})\nfrom helper import ENTRY\n"
    body = "def export(source, spec, out, options):\n    (out / ENTRY).write_text('a')\n"
    body += "    return {'inputs': {'x': 'x'}, 'outputs': {'y': 'y'}}\n"
    path = model(tmp_path / "model", "def build():\n    return 2.0\n")
    frozen = reference(path, tmp_path / "out")
    worker.request(frozen)
    replies = []
    for name in ("one", "two"):
        (here / f"{name}.py").write_text(step + body)
        asked = export(path, tmp_path / name, frozen.out / "weights")
        request = Request(**{**vars(asked), "module": here / f"{name}.py", "args": {**asked.args, "options": {}}})
        replies.append(worker.request(request))

    assert [outside(reply, here) for reply in replies] == [{"one.py", "helper.py"}, {"two.py", "helper.py"}]


def test_the_server_runs_no_line_of_a_model(worker: Worker, tmp_path: Path) -> None:
    code = "import os\nopen({!r}, 'a').write(f'{{os.getpid()}} ')\ndef build():\n    return 1.0\n"
    pids = tmp_path / "pids"
    path = model(tmp_path / "model", code.format(str(pids)), layers="raise RuntimeError('not asked for')\n")

    for name in ("one", "two"):
        assert worker.request(reference(path, tmp_path / name)).status == "ok"

    first, second = pids.read_text().split()
    assert first != second and str(worker.ready["pid"]) not in (first, second)


def test_a_model_that_cannot_be_imported_says_so(worker: Worker, tmp_path: Path) -> None:
    path = model(tmp_path / "model", "import deploymatrix_has_no_such_module\n")

    reply = worker.request(reference(path, tmp_path / "out"))

    assert (reply.status, reply.stage) == ("failed", "import")
    assert reply.error is not None and "deploymatrix_has_no_such_module" in reply.error["message"]


def test_a_path_that_is_being_made_is_no_name_yet(tmp_path: Path) -> None:
    """From Python 3.12 on, __init__ of a path is Python code, which a profiler hears; what it makes has no text yet."""
    half_made = Path.__new__(type(tmp_path))
    for name in ("_drv", "_root", "_parts"):  # before 3.12, __new__ alone makes it whole
        if hasattr(half_made, name):
            delattr(half_made, name)

    assert reading.text_of(half_made) == ""
    assert reading.text_of(tmp_path) == str(tmp_path)
