"""The `spec` that models' and steps' code receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tensors import Array, read_samples

if TYPE_CHECKING:
    from .tasks import SamplePaths, Signature, WireSpec, WireTensor

Sample = dict[str, Array]


@dataclass(frozen=True)
class Tensor:
    """A declared input or output.

    `by`: how the model takes an input, "position" or "keyword". `path`: where in the model's answer an output lies.
    `ragged`: the first axis varies with the data, up to the size in the shape.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    by: str = "position"
    path: str | None = None
    ragged: bool = False


@dataclass(frozen=True)
class Spec:
    """What a model declares, with its samples as arrays by declared input name, at least one."""

    name: str
    framework: str
    family: str
    variant: str
    seed: int
    calibrate: bool
    inputs: list[Tensor]
    outputs: list[Tensor]
    samples: list[Sample]
    source_signature: Signature | None = None

    @property
    def example(self) -> Sample:
        """The first sample."""
        return self.samples[0]


def build(wire: WireSpec, samples: list[SamplePaths], source_signature: Signature | None = None) -> Spec:
    """Read the samples' files. Raise ValueError for no samples, or for others than the declared inputs."""
    declared: dict[str, Any] = {**wire, "inputs": tensors(wire["inputs"]), "outputs": tensors(wire["outputs"])}
    arrays = read_samples(samples)
    names = {tensor.name for tensor in declared["inputs"]}
    for index, sample in enumerate(arrays):
        if set(sample) != names:
            raise ValueError(f"sample {index} has inputs {sorted(sample)}, the model declares {sorted(names)}")
    return Spec(**declared, samples=arrays, source_signature=source_signature)


def tensors(wire: list[WireTensor]) -> list[Tensor]:
    return [
        Tensor(
            tensor["name"],
            tensor["dtype"],
            tuple(tensor["shape"]),
            by=tensor.get("by", "position"),
            path=tensor.get("path"),
            ragged=tensor.get("ragged", False),
        )
        for tensor in wire
    ]
