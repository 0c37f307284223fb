"""The `spec` that models' and steps' code receives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .stepping import first_steps
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
    shape: tuple[int | str, ...]
    by: str = "position"
    path: str | None = None
    ragged: bool = False

    @property
    def free(self) -> dict[int, str]:
        """The axes whose size is a dim's, and the dims' names."""
        return {axis: size for axis, size in enumerate(self.shape) if isinstance(size, str)}


@dataclass(frozen=True)
class Dim:
    """The sizes from min to max that an artifact must take. `usual`: the first sample's."""

    min: int
    max: int
    usual: int


@dataclass(frozen=True)
class Spec:
    """What a model declares, with its samples as arrays by declared input name, at least one.

    Of a model with state, `samples` are their first steps, and `sequences` hold all `steps` of each: an input that
    `feedback` does not name has a leading axis of steps there. `feedback`: by input, the output that is fed back.
    `calibration`: samples that judge nothing, for a variant whose ranges are taken from samples.
    """

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
    dims: dict[str, Dim] = field(default_factory=dict)  # those that are free; none, where every size is a number
    steps: int = 1
    feedback: dict[str, str] = field(default_factory=dict)
    sequences: list[Sample] = field(default_factory=list)
    calibration: list[Sample] = field(default_factory=list)

    def fixed(self, names: Iterable[str]) -> Spec:
        """Return the specification with these dims at their usual sizes."""
        sizes = {name: self.dims[name].usual for name in names}
        return replace(
            self,
            inputs=[at_sizes(tensor, sizes) for tensor in self.inputs],
            outputs=[at_sizes(tensor, sizes) for tensor in self.outputs],
            dims={name: dim for name, dim in self.dims.items() if name not in sizes},
        )

    def chosen(self, order: Sequence[int]) -> Spec:
        """Return the specification with these samples, in this order."""
        sequences = [self.sequences[index] for index in order] if self.sequences else []
        return replace(self, samples=[self.samples[index] for index in order], sequences=sequences)

    @property
    def example(self) -> Sample:
        """The first sample."""
        return self.samples[0]


def build(
    wire: WireSpec,
    samples: list[SamplePaths],
    source_signature: Signature | None = None,
    *,
    calibration: list[SamplePaths] | None = None,
) -> Spec:
    """Read the samples' files. Raise ValueError for no samples, or for others than the declared inputs."""
    declared: dict[str, Any] = {**wire, "inputs": tensors(wire["inputs"]), "outputs": tensors(wire["outputs"])}
    dims, state = declared.pop("dims", {}), declared.pop("state", None)
    arrays, calibrating = read_samples(samples), read_samples(calibration) if calibration else []
    names = {tensor.name for tensor in declared["inputs"]}
    for index, sample in enumerate(arrays):
        if set(sample) != names:
            raise ValueError(f"sample {index} has inputs {sorted(sample)}, the model declares {sorted(names)}")
    if state is not None:
        declared |= {**state, "sequences": arrays}
        arrays, calibrating = (list(first_steps(each, state["feedback"])) for each in (arrays, calibrating))
    free = {name: Dim(**sizes, usual=usual_size(name, declared["inputs"], arrays[0])) for name, sizes in dims.items()}
    return Spec(**declared, samples=arrays, source_signature=source_signature, dims=free, calibration=calibrating)


def usual_size(name: str, inputs: list[Tensor], sample: Sample) -> int:
    """Return the size of a dim in the first sample. Raise ValueError where no input has it."""
    for tensor in inputs:
        for axis, dim in tensor.free.items():
            if dim == name:
                return int(sample[tensor.name].shape[axis])
    raise ValueError(f"no input has an axis {name!r}")


def at_sizes(tensor: Tensor, sizes: dict[str, int]) -> Tensor:
    return replace(
        tensor, shape=tuple(sizes.get(size, size) if isinstance(size, str) else size for size in tensor.shape)
    )


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
