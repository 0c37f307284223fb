"""The types of the tasks' arguments and values, as they stand in messages: JSON objects with paths as strings.

The type checker alone imports this file: a worker's start does not pay for it.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict, final

SamplePaths = dict[str, str]  # .npy files by declared input name


class WireTensor(TypedDict):
    """A declared input or output. `by` is an input's; `path` and `ragged` are an output's."""

    name: str
    dtype: str
    shape: list[int | str]
    by: NotRequired[str]
    path: NotRequired[str | None]
    ragged: NotRequired[bool]


class WireDim(TypedDict):
    """The sizes that a free axis may have."""

    min: int
    max: int


class WireState(TypedDict):
    """How many steps a sample has, and by input the output that is fed back into it."""

    steps: int
    feedback: dict[str, str]


class WireSpec(TypedDict):
    """The fields of `Spec` that travel as they are."""

    name: str
    framework: str
    family: str
    variant: str
    seed: int
    calibrate: bool
    inputs: list[WireTensor]
    outputs: list[WireTensor]
    dims: NotRequired[dict[str, WireDim]]
    state: NotRequired[WireState]


class ArtifactTensor(TypedDict):
    """The artifact's own name, dtype and shape of a declared input or output.

    A size is a number, the name of a dim, or None where it varies and bears no name.
    """

    name: str
    dtype: str
    shape: list[int | str | None]


class Signature(TypedDict):
    """The artifact's tensors by declared name, in declared order."""

    inputs: dict[str, ArtifactTensor]
    outputs: dict[str, ArtifactTensor]


class WireImports(TypedDict):
    """Where a model's code finds modules: folders, which come first, and a folder of packages, which comes last."""

    folders: list[str]
    packages: str | None


class SampleArgs(TypedDict):
    """The arguments of `sample`. `sampler`: the model's samples.py; `most`: how many samples it may give."""

    sampler: str
    imports: WireImports
    spec: WireSpec
    most: int


class ReferenceArgs(TypedDict):
    """The arguments of `reference`. `given` is a model without code; None where the model's module has build().

    `given_weights`: a file that goes into what build() gives.
    """

    model: str
    given: NotRequired[dict[str, Any] | None]
    given_weights: NotRequired[str | None]
    imports: NotRequired[WireImports]
    spec: WireSpec
    samples: list[SamplePaths]


@final
class FrameworkSource(TypedDict):
    """A framework's model as the source of an export. `framework` is the module that opens it."""

    framework: str
    model: str
    given: NotRequired[dict[str, Any] | None]
    imports: NotRequired[WireImports]
    weights: str


@final
class ArtifactSource(TypedDict):
    """Another artifact as the source of an export."""

    artifact: str
    signature: Signature


class ExportArgs(TypedDict):
    """The arguments of `export`. `options` go to the step as they are.

    `calibration`: samples of their own, that ranges are taken from; there for a variant that needs them.
    """

    spec: WireSpec
    samples: list[SamplePaths]
    calibration: NotRequired[list[SamplePaths]]
    options: dict[str, Any]
    source: FrameworkSource | ArtifactSource


class RunArgs(TypedDict):
    """The arguments of `run`. `chosen`: the name of one of the artifact's signatures, where it holds several.

    `repeat`: how often each sample is run, for its time; with 0 it is run once, and nothing is varied afterwards.

    With `state`, an input that is not fed back has a leading axis of steps in samples.
    """

    payload: str
    chosen: NotRequired[str | None]
    signature: Signature
    samples: list[SamplePaths]
    repeat: int
    state: NotRequired[WireState]


class DescribeArgs(TypedDict):
    """The arguments of `describe`. `chosen`: as in `run`."""

    payload: str
    chosen: NotRequired[str | None]


class SampleValue(TypedDict):
    """The value of `sample`: how many samples lie in `out`."""

    samples: int
    versions: dict[str, str]


class ReferenceValue(TypedDict):
    """The value of `reference`. `eager_s` is the float32 model's seconds a sample.

    `orders`: the further orders of summation in which float32 was computed. `yardstick`: the dtype that the float64
    reference truly has, "float32" where there is none in float64.
    """

    versions: dict[str, str]
    eager_s: float
    orders: list[str]
    yardstick: str


class ExportValue(TypedDict):
    """The value of `export`. `entry` is the artifact's file or folder, seen from `out`; `repairs` names findings.

    `static`: the size of each dim that the step could not leave free.
    """

    entry: str
    signature: Signature
    static: dict[str, int]
    repairs: list[str]
    versions: dict[str, str]


class OutputNames(TypedDict):
    """Declared names found in every sample, names that nobody declared, declared names lacking in some."""

    outputs: list[str]
    extra: list[str]
    missing: list[str]


class RunValue(OutputNames):
    """The value of `run`. `run_s` holds one figure a sample: the median of the repeated runs.

    `checks`: which of repeat, load, order and threads were varied; out/again holds what came out otherwise.
    `device`: what computed, as the runner's device() says; empty for the processor itself.
    """

    load_s: float
    run_s: list[float]
    checks: list[str]
    device: str
    versions: dict[str, str]


class DescribedTensor(TypedDict):
    """What an artifact says of one tensor; None is what it does not say, in a shape also what varies
    and bears no name.
    """

    dtype: str | None
    shape: list[int | str | None] | None


class LookupEntry(TypedDict):
    """A table of the artifact whose rows an input's integers choose, from 0 up to, but not including, `rows`."""

    input: str
    table: str
    rows: int


class DescribeValue(TypedDict):
    """The value of `describe`; None where the runner has no describe(), and for `lookups` no lookups() beside it.

    `signatures`: the names among which one can be chosen, None where the runner offers no choice; `chosen`: the one
    that is described. Where it is None although there are names, nothing was loaded.
    `unread`: what lookups() raised; an artifact that runs is not wrong because its graph could not be followed.
    """

    inputs: dict[str, DescribedTensor] | None
    outputs: dict[str, DescribedTensor] | None
    lookups: list[LookupEntry] | None
    unread: str | None
    signatures: list[str] | None
    chosen: str | None
    versions: dict[str, str]
