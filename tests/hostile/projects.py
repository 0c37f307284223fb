"""Projects of the corpus: hostile artifacts on the real targets, hostile runners in the images of real targets.

Each is a folder of its own with a copy of what it needs: the shipped runner, one target, one format whose only step
writes what a model's options name. Honest neighbours stand at the beginning, in the middle and at the end.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python
from tests.fakes.tree import REPOSITORY, Tree
from tests.hostile.artifacts.truth import WEIGHTS
from tests.hostile.declared import Aim

HERE = Path(__file__).parent
ENVS = REPOSITORY / "build" / "envs"
NEIGHBOURS = ("aa_neighbour", "ll_neighbour", "zz_neighbour", "zzz_neighbour")
ENTRIES = {
    "executorch": "model.pte",
    "litert": "model.tflite",
    "onnx": "model.onnx",
    "savedmodel": "saved_model",
    "tfjs": "tfjs_model",
    "torchscript": "model.pt",
    "given": "payload.json",
}
BY_POSITION = ("executorch", "torchscript")
EXPORTER = {"litert": "tensorflow", "savedmodel": "tensorflow"}  # which writes the artifacts; `torch` the others
MEMORY_MB = 1536

MODEL = """
framework = "given"
seed = 1
{samples}

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 3]

[routes.{format}]
options = {{ artifact = {artifact} }}
"""
PIPELINE = 'artifacts = ["{artifacts}"]\n\n[[steps]]\nfrom = "given"\nenvironment = "{environment}"\n'


@dataclass(frozen=True)
class Kit:
    """What projects are made of. tree: has the target, and the lock of the environment that steps run in."""

    tree: Path
    environment: str
    envs: Path


SHIPPED = Kit(REPOSITORY, "torch", ENVS)


@dataclass(frozen=True)
class Ground:
    """Where one project of the corpus lies, and its canaries."""

    tree: Tree
    target: str
    aim: Aim
    private: str = field(default_factory=lambda: f"PRIVATE-{secrets.token_hex(8)}")

    @classmethod
    def at(cls, root: Path, target: str) -> Ground:
        secret, write = root / "canaries" / "secret" / "secret.txt", root / "canaries" / "write"
        token = f"SECRET-{secrets.token_hex(16)}"
        for folder in (secret.parent, write):
            folder.mkdir(parents=True)
        secret.write_text(token)
        return cls(Tree(root / "project"), target, Aim(secret=secret, token=token, write=write))

    @property
    def artifacts(self) -> Path:
        return self.aim.write.parent.parent / "artifacts"


def of_artifacts(root: Path, format_: str, names: Iterable[str]) -> Ground:
    """A project that runs hostile artifacts of a format on the real target of the same name."""
    ground = Ground.at(root, format_)
    generated(ground, format_)
    shutil.copytree(REPOSITORY / "targets" / format_, ground.tree.root / "targets" / format_)
    filled(ground, format_, names)
    return ground


def of_behaviours(
    root: Path, target: str, names: Iterable[str], neighbours: Sequence[str] = NEIGHBOURS, kit: Kit = SHIPPED
) -> Ground:
    """A project whose runner, in the runtime of `target`, does what an artifact names."""
    ground, names = Ground.at(root, target), list(names)
    for name in (*names, "honest"):
        behaviour, again = name.removesuffix(".again"), name.endswith(".again")
        payload = {"behaviour": behaviour, "again": again, "weights": WEIGHTS, "aim": aim_of(ground, name)}
        if name == "honest":
            payload |= {"aim": {}, "private": f"{ground.private}-OF-A-NEIGHBOUR"}
        folder = ground.artifacts / name
        folder.mkdir(parents=True)
        (folder / "payload.json").write_text(json.dumps(payload))
    copied_target(ground, kit)
    filled(ground, "given", names, neighbours, kit)
    return ground


def aim_of(ground: Ground, name: str) -> dict[str, str]:
    """What a behaviour may aim at; a folder of its own to write to, so that what is written tells who did."""
    write = ground.aim.write / name
    write.mkdir()
    return {"secret": str(ground.aim.secret), "write": str(write), "private": ground.private}


def copied_target(ground: Ground, kit: Kit) -> None:
    """The target as it ships, but for its runner; it runs the format `given`."""
    folder = ground.tree.root / "targets" / ground.target
    ignored = shutil.ignore_patterns("run.*", "lookups.*", "__pycache__")
    shutil.copytree(kit.tree / "targets" / ground.target, folder, ignore=ignored)
    behaviours = HERE / "behaviours"
    if (folder / "package.json").exists():
        for file in behaviours.glob("*.mjs"):
            shutil.copy(file, folder)
    else:
        shutil.copy(behaviours / "run.py", folder)
        copied = shutil.ignore_patterns("run.*", "*.mjs", "__pycache__")
        shutil.copytree(behaviours, folder / "hostile" / "behaviours", ignore=copied)
        shutil.copy(HERE / "declared.py", folder / "hostile")


def filled(
    ground: Ground,
    format_: str,
    names: Iterable[str],
    neighbours: Sequence[str] = NEIGHBOURS,
    kit: Kit = SHIPPED,
) -> None:
    tree, environments = ground.tree, kit.tree / "pipelines" / "environments"
    shutil.copytree(REPOSITORY / "docker", tree.root / "docker", ignore=shutil.ignore_patterns("__pycache__"))
    for file in environments.glob(f"{kit.environment}.*"):
        (tree.root / "pipelines" / "environments").mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tree.root / "pipelines" / "environments")
    variants = kit.tree / "pipelines" / "variants"
    shutil.copytree(
        variants, tree.root / "pipelines" / "variants", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    tree.write("pipelines/frameworks/given/framework.toml", f'environment = "{kit.environment}"\n')
    tree.write("pipelines/frameworks/given/framework.py", (HERE / "project" / "framework.py").read_text())
    tree.write(
        f"pipelines/{format_}/pipeline.toml",
        PIPELINE.format(artifacts=f"*/{ENTRIES[format_]}", environment=kit.environment),
    )
    tree.write(f"pipelines/{format_}/from_given.py", step_of(format_))
    toml = tree.root / "targets" / ground.target / "target.toml"
    settings = re.sub(r"^format = .*", f'format = "{format_}"', toml.read_text().split("[resources]")[0])
    toml.write_text(f"{settings}\n[resources]\nmemory_mb = {MEMORY_MB}\n")
    for name in (*neighbours, *names):
        add_model(ground, format_, name)
    tree.build.mkdir()
    (tree.build / "envs").symlink_to(kit.envs)


def step_of(format_: str) -> str:
    text = (HERE / "project" / "step.py").read_text()
    given, answered = ("0", "0") if format_ in BY_POSITION else ("x", "y")
    return text.replace("@ENTRY@", ENTRIES[format_]).replace("@INPUT@", given).replace("@OUTPUT@", answered)


def add_model(ground: Ground, format_: str, name: str) -> None:
    artifact = ground.artifacts / ("honest" if name in NEIGHBOURS else name)
    folder = f"models/{model_of(name)}"
    text = MODEL.format(format=format_, artifact=json.dumps(str(artifact)), samples="samples = 4")
    ground.tree.write(f"{folder}/model.toml", text)
    ground.tree.write(f"{folder}/model.py", (HERE / "project" / "model.py").read_text())


def model_of(name: str) -> str:
    return name.replace(".", "-")


def generated(ground: Ground, format_: str) -> None:
    """Let the format's exporter write the artifacts."""
    aim, exporter = ground.aim, EXPORTER.get(format_, "torch")
    python = ensure_python(exporter, REPOSITORY / "pipelines" / "environments" / f"{exporter}.lock", ENVS, print)
    command = [python, "-s", "-m", "hostile.generate", format_, ground.artifacts, aim.secret, aim.token, aim.write]
    variables = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert not [path for path in aim.write.rglob("*") if path.is_file()], "the generator itself ran what it wrote"
