"""A key, and the parts of it that one model's files make: its code, its source, and what its samples come from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploymatrix.numerics.shapes import bindings
from deploymatrix.project.model_specs import Input
from deploymatrix.project.own_samples import files_beside, named, own_files
from deploymatrix.project.project import Model
from deploymatrix.project.sample_specs import FURTHER as FURTHER_VALUES
from deploymatrix.store import digests

NUMERICS = Path(__file__).parents[1] / "numerics"
DRAWING = (NUMERICS / "samples.py",)
FURTHER = (NUMERICS / "distributions.py", NUMERICS / "images.py")  # of inputs that are drawn by these
SEQUENCES = (NUMERICS / "sequences.py",)  # of models with state
READING = tuple(
    NUMERICS / name for name in ("array_files.py", "npy.py", "own_samples.py", "ragged.py", "shapes.py", "tensors.py")
)


@dataclass(frozen=True)
class Key:
    """What a result depends on, by name; its digest is where the result lies in the store."""

    parts: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        return digests.of_data(self.parts)

    def with_reads(self, reads: dict[str, str]) -> Key:
        """Return the key of a task that also read these files."""
        return Key({**self.parts, "reads": reads}) if reads else self

    def changes_since(self, before: dict[str, Any]) -> list[str]:
        """List the names of the parts that are not as they were; of what was read or sampled the files' names."""
        changed = sorted(name for name in {*self.parts, *before} if self.parts.get(name) != before.get(name))
        for part in {"reads", "files"}.intersection(changed):
            now, then = self.parts.get(part, {}), before.get(part, {})
            files = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
            changed[changed.index(part)] = f"{part} ({', '.join(files)})"
        return changed


class ModelFiles:
    """The digests of one model's files, read once for all tasks that depend on them."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def samples(self) -> Key:
        """Samples depend on the seed, their number, the inputs' declarations and the code that draws them.

        Own ones depend on their files besides, and on what is expected of them.
        """
        spec = self._model.spec
        key = {
            "seed": spec.seed,
            "samples": spec.samples,
            "inputs": [declaration(tensor) for tensor in spec.inputs],
            "code": code_of(DRAWING)
            + (code_of(FURTHER) if any(t.values in FURTHER_VALUES for t in spec.inputs) else []),
            **({"sizes": self._sizes} if spec.dims else {}),
            **({"state": self._state} if spec.feedback else {}),
        }
        if spec.own_samples is None:
            return Key(key)
        outputs = [tensor.model_dump(mode="json") for tensor in spec.outputs] if spec.expected else []
        own = {
            "expected": spec.expected,
            "outputs": outputs,
            "files": own_digests(self._model),
            "reading": code_of(READING),
        }
        return Key({**key, **own})

    @property
    def _sizes(self) -> list[dict[str, int]] | dict[str, tuple[int, ...]]:
        """What the samples' sizes follow from; of own ones, what they are held against."""
        spec = self._model.spec
        return bindings(spec) if spec.own_samples is None else {name: dim.sizes for name, dim in spec.dims.items()}

    @property
    def _state(self) -> list[Any]:
        spec = self._model.spec
        return [spec.steps, {pair.input: pair.initial for pair in spec.feedback}, code_of(SEQUENCES)]

    @cached_property
    def code(self) -> str:
        """The model's module and all that lies beside it; what model.toml says is the specification's matter.

        Of further folders that it imports from, the names that an import may mean: files are found as they are read.
        """
        named_by = [self._model.spec.pythonpath, [importable(folder) for folder in self._model.import_folders]]
        return digests.of_data([digests.of_code(self._model.module), self.beside, *(named_by if named_by[0] else [])])

    @cached_property
    def beside(self) -> str:
        """What lies in the model's folder, but for model.toml, own samples, and what is expected of them."""
        without = frozenset({"model.toml"}) | files_beside(self._model)
        return digests.of_code_folder(self._model.folder, without=without)

    @cached_property
    def source(self) -> str | None:
        """A model that model.toml gives without code: what it says, and the files that it names; given weights, too."""
        model = self._model
        files = [digests.of_code_folder(p) if p.is_dir() else digests.of_file(p) for p in model.source_paths]
        if model.source_module is None:
            return digests.of_data([model.spec.weights, files]) if files else None
        return digests.of_data([model.spec.source.model_dump(mode="json"), files, digests.of_code(model.source_module)])


def importable(folder: Path) -> list[str]:
    """List what an import may mean in a folder: one that is added may take the place of another one."""
    found = [path for path in folder.iterdir() if path.suffix in (".py", ".so") or path.is_dir()]
    return sorted(path.name for path in found if not path.name.startswith((".", "__")))


def declaration(tensor: Input) -> dict[str, Any]:
    """Return what an input's samples depend on; keys that came later only where they are given, as others' do not.

    How the model takes it (`by`) changes nothing of them.
    """
    later = {"choice", "pad", "layout"}
    return tensor.model_dump(mode="json", exclude={"by", *(name for name in later if getattr(tensor, name) is None)})


def own_digests(model: Model, *, fresh: bool = False) -> dict[str, str]:
    """Digest the files of own samples and expected outputs by name, in order. fresh: read them, whatever is known."""
    digest = digests.of_file if fresh else digests.of_code
    return {named(model.folder, path): digest(path) for path in own_files(model)}


@functools.cache
def code_of(files: tuple[Path, ...]) -> list[str]:
    """Digest files of code, one by one."""
    return [digests.of_code(path) for path in files]
