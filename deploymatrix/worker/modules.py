"""What the modules offer that users write: models, frameworks, steps and runners.

The type checker alone imports this file: a worker's start does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from .spec import Spec
from .tensors import Array


class ModelModule(Protocol):
    """`model.py`, or what stands for it where a model is given without code.

    `given_weights`: the file of model.toml's `weights`, which freeze() puts into what build() gives.
    """

    given_weights: Path | None

    def build(self) -> Any:
        """Return the framework's model."""
        ...


class SourceModule(Protocol):
    """`sources/<kind>.py` of a framework: it builds models that are given without code."""

    def build(self, given: dict[str, Any], spec: Spec) -> Any:
        """Return the framework's model."""
        ...


class OpenerModule(Protocol):
    """`framework.py` or `from_<other>.py`: it opens models whose weights are frozen."""

    def open(self, model: ModelModule, spec: Spec, weights: Path) -> Any:
        """Return the framework's model in float32 and in evaluation mode."""
        ...


class FrameworkModule(OpenerModule, Protocol):
    """`framework.py`: it freezes weights and computes reference outputs."""

    def freeze(self, model: ModelModule, spec: Spec, weights: Path) -> None:
        """Build the model, calibrate it where `spec` says so, and save its weights into the folder."""
        ...

    def reference(self, model: ModelModule, spec: Spec, weights: Path, dtype: str) -> list[dict[str, Array]]:
        """Return each sample's outputs by declared name, computed in "float64" or "float32"."""
        ...


class RepeatingFrameworkModule(FrameworkModule, Protocol):
    """A `framework.py` that can show more than a second `reference()` does, and knows further orders of summation."""

    def again(self, model: ModelModule, spec: Spec, weights: Path, dtype: str) -> list[dict[str, Array]]:
        """Return what `reference()` does, computed so that what must not count comes out otherwise."""
        ...

    def orders(
        self, model: ModelModule, spec: Spec, weights: Path
    ) -> dict[str, Callable[[], Iterable[dict[str, Array]]]]:
        """Return by name what computes each sample's outputs in float32 in another order of summation."""
        ...


class StepModule(Protocol):
    """`from_<source>.py`: it exports one format. `ENTRY` is the file or folder that it leaves in `out`.

    Where it has `OPTIONS`, these are the names of the options that it takes, or a function to which it hands them.
    """

    ENTRY: str
    __file__: str

    def export(self, source: Any, spec: Spec, out: Path, options: dict[str, Any]) -> Any:
        """Write the artifact into `out` and return its signature, which is checked afterwards."""
        ...


class RunnerModule(Protocol):
    """`run.py`: it loads and runs artifacts of one target."""

    def load(self, payload: Path) -> Any:
        """Return a session for the artifact."""
        ...

    def run(self, session: Any, inputs: dict[str, Array]) -> Any:
        """Return the outputs by the artifact's own names, which are checked afterwards."""
        ...


class DescribingRunnerModule(RunnerModule, Protocol):
    """A `run.py` that can also say what an artifact takes and gives."""

    def describe(self, session: Any) -> Any:
        """Return name, dtype and shape of inputs and outputs, which are checked afterwards."""
        ...


class DeviceRunnerModule(RunnerModule, Protocol):
    """A `run.py` whose sessions do not compute on the processor itself."""

    def device(self, session: Any) -> str:
        """Return what computes, as the runtime itself names it; empty where it is the processor."""
        ...


class SignedRunnerModule(Protocol):
    """A `run.py` of a format whose artifacts hold several signatures. SIGNATURE: the one that `load` takes unasked."""

    SIGNATURE: str

    def signatures(self, payload: Path) -> Iterable[str]:
        """Return the names of the artifact's signatures, without loading it; none where it has no names."""
        ...

    def load(self, payload: Path, signature: str = ...) -> Any:
        """Return a session for that signature of the artifact."""
        ...


class LookupsModule(Protocol):
    """`lookups.py` beside a `run.py`: it reads the artifact's graph."""

    def lookups(self, session: Any, payload: Path) -> Any:
        """Return input, table and rows of each lookup that an input reaches, which are checked afterwards."""
        ...
