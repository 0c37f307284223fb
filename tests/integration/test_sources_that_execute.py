"""Models without Python code whose files hold code all the same: it runs with `trust = true` and not without.

Each hostile file is opened in the real environment of its framework. Its code makes a folder, the canary.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments.interpreters import ensure_python

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]

MAKE_TORCH = """
import io, json, os, sys, zipfile
from pathlib import Path
import torch
from transformers import BertConfig, BertModel

folder, canaries = Path(sys.argv[1]), Path(sys.argv[2])

class Trap:
    def __init__(self, name):
        self.name = name
    def __reduce__(self):
        return os.mkdir, (str(canaries / self.name),)

torch.export.save(torch.export.export(torch.nn.Linear(12, 3), (torch.ones(1, 12),)), folder / "plain.pt2")
with zipfile.ZipFile(folder / "plain.pt2") as plain, zipfile.ZipFile(folder / "net.pt2", "w") as hostile:
    names = plain.namelist()
    [inputs] = [name for name in names if "sample_inputs" in name]
    for name in names:
        content = plain.read(name)
        if name == inputs:
            pickled = io.BytesIO()
            torch.save(Trap("pt2"), pickled)
            content = pickled.getvalue()
        hostile.writestr(name, content)

config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9)
for name, about in (("pickled", {}), ("remote", {"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}})):
    saved = folder / name
    saved.mkdir()
    (saved / "config.json").write_text(json.dumps(config.to_dict() | {"architectures": ["BertModel"]} | about))
    (saved / "evil.py").write_text(f"import os\\nos.mkdir({str(canaries / name)!r})\\nclass Evil: pass\\n")
    torch.save({**BertModel(config).state_dict(), "trap": Trap("pickled")}, saved / "pytorch_model.bin")
(folder / "module.py").write_text(f"import os\\nos.mkdir({str(canaries / 'mutant')!r})\\n")
"""
OPEN_TORCH = """
import importlib.util, json, sys
from types import SimpleNamespace
from pathlib import Path

sources, cases = Path(sys.argv[1]), json.loads(sys.argv[2])
blank = {"path": None, "config": None, "architecture": None, "options": {}, "trust": False}
tensor = SimpleNamespace(name="x")
for name, (kind, given) in cases.items():
    spec = importlib.util.spec_from_file_location(name, sources / f"{kind}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.build({**blank, **given}, SimpleNamespace(inputs=[tensor], outputs=[tensor], example={}))
        print(f"{name}: opened")
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}".replace("\\n", " ")[:300])
"""
MAKE_KERAS = """
import json, sys, zipfile
from pathlib import Path
import keras

folder, canaries = Path(sys.argv[1]), Path(sys.argv[2])

def network(name):
    place = str(canaries / name)
    trap = eval("lambda x: (__import__('os').makedirs(%r, exist_ok=True), x)[1]" % place)
    return keras.Sequential([keras.Input((12,)), keras.layers.Lambda(trap), keras.layers.Dense(3)])

network("lambda").save(folder / "lambda.keras")
network("hdf5").save(folder / "hdf5.h5")
plain = keras.Sequential([keras.Input((12,)), keras.layers.Dense(3, activation="relu")])
plain.save(folder / "plain.keras")

def rewritten(name, change):
    with zipfile.ZipFile(folder / "plain.keras") as archive, zipfile.ZipFile(folder / name, "w") as hostile:
        for member in archive.namelist():
            content = archive.read(member)
            if member == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            hostile.writestr(member, content)

def call(config):  # a class and arguments of the file's own choice
    config["config"]["layers"][1] = {
        "module": "os", "class_name": "mkdir", "registered_name": None, "config": {"path": str(canaries / "class")},
        "build_config": None,
    }

def function(config):
    config["config"]["layers"][1]["config"]["activation"] = {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }

def unsafe(config):  # the switch itself, as a layer
    layers = config["config"]["layers"]
    switch = {"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}, "name": "switch"}
    layers.insert(1, switch)

rewritten("class.keras", call)
rewritten("function.keras", function)
rewritten("unsafe.keras", unsafe)
for name in ("lambda", "hdf5"):
    if (canaries / name).is_dir():
        (canaries / name).rmdir()  # left by the making of it
"""
MAKE_READING = """
import io, json, sys, zipfile
from pathlib import Path
import h5py, keras, numpy as np

folder, name = Path(sys.argv[1]), "layers/dense/vars/0"
keras.Sequential([keras.Input((12,)), keras.layers.Dense(3)]).save(folder / "dense.keras")
keras.Sequential([keras.Input((4,), dtype="string"), keras.layers.StringLookup()]).save(folder / "lookup.keras")
(folder / "secret.txt").write_text("a secret")
np.ones((12, 3), "float32").tofile(folder / "secret.bin")
with h5py.File(folder / "secret.h5", "w") as other:
    other["x"] = np.ones((12, 3), "float32")

def rewritten(source, target, member, change):
    with zipfile.ZipFile(folder / source) as archive, zipfile.ZipFile(folder / target, "w") as hostile:
        for inner in archive.namelist():
            content = archive.read(inner)
            hostile.writestr(inner, change(content) if inner == member else content)

def weights(put):
    def change(content):
        memory = io.BytesIO(content)
        with h5py.File(memory, "a") as file:
            del file[name]
            put(file)
        return memory.getvalue()
    return change

def linked(file):
    file[name] = h5py.ExternalLink(str(folder / "secret.h5"), "x")

def external(file):
    file.create_dataset(name, (12, 3), "f4", external=[(str(folder / "secret.bin"), 0, 144)])

def vocabulary(content):
    config = json.loads(content)
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "StringLookup":
            layer["config"]["vocabulary"] = str(folder / "secret.txt")
    return json.dumps(config)

rewritten("dense.keras", "linked.keras", "model.weights.h5", weights(linked))
rewritten("dense.keras", "external.keras", "model.weights.h5", weights(external))
rewritten("lookup.keras", "vocabulary.keras", "config.json", vocabulary)
"""
X_TO_Y = """
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 12]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 3]
"""


def python_of(name: str, envs: Path) -> Path:
    return ensure_python(name, REPOSITORY / f"pipelines/environments/{name}.lock", envs, print)


def run(python: Path, program: str, *arguments: object, **options: object) -> str:
    command = [str(python), "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> tuple[Path, Path]:
    """Hostile files of both frameworks, and the folder in which their code makes its canaries."""
    folder, canaries = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("canaries")
    run(python_of("torch", real_envs), MAKE_TORCH, folder, canaries)
    run(python_of("tensorflow", real_envs), MAKE_KERAS, folder, canaries)
    assert [*canaries.iterdir()] == []
    return folder, canaries


def opened(python: Path, framework: str, cases: dict[str, tuple[str, dict[str, object]]]) -> dict[str, str]:
    sources = REPOSITORY / "pipelines/frameworks" / framework / "sources"
    lines = run(python, OPEN_TORCH, sources, json.dumps(cases)).splitlines()
    return dict(line.split(": ", 1) for line in lines if line.split(": ", 1)[0] in cases)


def test_no_source_of_torch_runs_what_a_file_holds(places: tuple[Path, Path], real_envs: Path) -> None:
    folder, canaries = places
    remote = {"path": str(folder / "remote"), "architecture": "AutoModel"}
    mutant = {"kind": "unchanged", "module": str(folder / "module.py"), "given": None, "pick": 0}
    cases: dict[str, tuple[str, dict[str, object]]] = {
        "program": ("exported_program", {"path": str(folder / "net.pt2")}),
        "pickled": ("transformers", {"path": str(folder / "pickled")}),
        "remote": ("transformers", remote),
        "asked for": ("transformers", {**remote, "options": {"trust_remote_code": True}}),
        "unpickled": ("transformers", {"path": str(folder / "pickled"), "options": {"weights_only": False}}),
        "mutant": ("weight_mutant", {"path": str(folder), "options": mutant}),
        "graph": ("graph_mutant", {"path": str(folder), "options": mutant | {"kind": "exported"}}),
    }

    said = opened(python_of("torch", real_envs), "torch", cases)

    assert said.keys() == cases.keys()
    assert [name for name, words in said.items() if words == "opened"] == []
    refused = {name for name, words in said.items() if words.startswith("PermissionError: ")}
    assert refused == {"program", "asked for", "unpickled", "mutant", "graph"}
    assert [*canaries.iterdir()] == []


def test_no_source_of_keras_runs_what_a_file_holds(places: tuple[Path, Path], real_envs: Path) -> None:
    folder, canaries = places
    files = ["lambda.keras", "hdf5.h5", "class.keras", "function.keras", "unsafe.keras"]
    cases: dict[str, tuple[str, dict[str, object]]] = {
        f"{file} {trust}": ("keras_file", {"path": str(folder / file), "trust": trust})
        for file in files
        for trust in (False, True)
    }

    said = opened(python_of("tensorflow", real_envs), "keras", cases)

    assert said.keys() == cases.keys()
    assert [name for name, words in said.items() if words == "opened"] == []
    assert [*canaries.iterdir()] == []


def test_no_keras_file_reads_another_file_of_the_host(tmp_path: Path, real_envs: Path) -> None:
    """By links and storage of HDF5 that lead out of the file, and by the path of a vocabulary: Keras refuses them."""
    python = python_of("tensorflow", real_envs)
    run(python, MAKE_READING, tmp_path)
    names = ("dense", "linked", "external", "vocabulary")
    cases: dict[str, tuple[str, dict[str, object]]] = {
        name: ("keras_file", {"path": str(tmp_path / f"{name}.keras"), "trust": True}) for name in names
    }

    said = opened(python, "keras", cases)

    assert said.keys() == cases.keys()
    assert [name for name, words in said.items() if words == "opened"] == ["dense"]


def test_a_program_is_opened_by_a_run_with_trust_alone(
    deploymatrix: Command, places: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, canaries = places
    model = tmp_path / "models" / "net"
    model.mkdir(parents=True)
    (model / "net.pt2").write_bytes((folder / "net.pt2").read_bytes())
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    source = 'framework = "torch"\n[source]\nkind = "exported_program"\npath = "net.pt2"\n'
    call = ("run", "-t", "torchscript", "--isolation", "process")

    (model / "model.toml").write_text(source + X_TO_Y)
    refused = deploymatrix(*call)
    before = [*canaries.iterdir()]
    (model / "model.toml").write_text(source + "trust = true\n" + X_TO_Y)
    deploymatrix(*call)

    assert refused.returncode == 2
    assert f"{model}/model.toml: source.trust: the kind 'exported_program' can run any code" in refused.stderr
    assert "Write trust = true in [source]" in refused.stderr
    assert before == []
    assert [path.name for path in canaries.iterdir()] == ["pt2"]
