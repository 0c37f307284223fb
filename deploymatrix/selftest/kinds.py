"""The kinds of mutants: what is made wrong, and by whom.

A kind of the maker `weight` or `graph` is made in the model's own framework, by pipelines/frameworks/<framework>/
sources/<maker>_mutant.py, and goes through exporters and runtimes as any model. `artifact` and `answer` change what
these left, on the host.

Where noise is judged, as in variants of few bits, `quantised` changes a number of the artifact's quantisation, by
pipelines/<format>/mutants/quantised_mutant.py, and `calibration` the samples that ranges are taken from, by
pipelines/variants/calibration_mutant.py. Of the others, those are made that answers of few levels must reveal, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deploymatrix.errors import ConfigurationError

Family = Literal["control", "numeric", "structural", "quantised"]
Maker = Literal["weight", "graph", "artifact", "answer", "quantised", "calibration"]
Judgement = Literal["rounding", "noise"]
GOALS: dict[Family, float] = {"structural": 1.0, "numeric": 0.995, "quantised": 0.95}  # the least share that is killed


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to be wrong. A `control` is right: it must pass."""

    name: str
    family: Family
    maker: Maker
    means: str

    def fits(self, judgement: Judgement) -> bool:
        """Tell whether cells of this judgement must reveal it."""
        few = self.maker in FEW_LEVELS
        return few or self.name in COARSE if judgement == "noise" else not few


_TABLE: tuple[tuple[Maker, Family, str, str], ...] = (
    ("weight", "control", "unchanged", "the frozen weights, read back"),
    ("graph", "control", "exported", "the graph that is edited for others, as it is"),
    ("weight", "numeric", "tensor-1.01", "one weight tensor times 1.01"),
    ("weight", "numeric", "tensor-1.001", "one weight tensor times 1.001"),
    ("weight", "numeric", "channel-1.05", "one channel of a weight times 1.05"),
    ("weight", "numeric", "element-doubled", "one element of a weight doubled"),
    ("weight", "numeric", "float16-weights", "all weights rounded to float16"),
    ("weight", "structural", "bias-dropped", "a bias is zero"),
    ("weight", "structural", "rows-swapped", "two rows of a matrix change places"),
    ("weight", "structural", "embedding-row-zeroed", "one row of an embedding is zero"),
    ("weight", "structural", "other-statistics", "a batch normalisation with each channel's neighbour's statistics"),
    ("graph", "numeric", "float16-inside", "one product rounded to float16"),
    ("graph", "numeric", "epsilon-100", "the epsilon of a normalisation times 100"),
    ("graph", "structural", "relu-clipped", "a ReLU is a ReLU6"),
    ("graph", "structural", "relu6-unclipped", "a ReLU6 is a ReLU"),
    ("graph", "structural", "gelu-other", "an exact GELU is the tanh approximation, or the other way"),
    ("graph", "structural", "gelu-to-silu", "a GELU is a SiLU"),
    ("graph", "structural", "silu-to-gelu", "a SiLU is a GELU"),
    ("graph", "structural", "sigmoid-hard", "a sigmoid is a hard sigmoid"),
    ("graph", "structural", "gates-hard", "the gates of a recurrent layer are hard sigmoids"),
    ("graph", "structural", "softmax-axis", "a softmax along another axis"),
    ("graph", "structural", "mask-inverted", "an attention mask the other way round"),
    ("graph", "structural", "mask-ignored", "an attention mask left out"),
    ("graph", "structural", "causal-shifted", "a causal mask off by one"),
    ("graph", "structural", "padding-shifted", "the padding of a convolution shifted by one"),
    ("graph", "structural", "pooling-ceil", "pooling rounds the other way at the border"),
    ("graph", "structural", "resize-mode", "resizing in another mode"),
    ("graph", "structural", "int64-truncated", "an int64 result goes through int32"),
    ("artifact", "structural", "truncated", "the largest file ends in the middle"),
    ("artifact", "structural", "bits-flipped", "eight bytes in each sixteenth of the largest file are inverted"),
    ("artifact", "structural", "stale-seed", "the artifact of the same model with weights of another seed"),
    ("artifact", "structural", "other-model", "the artifact of another model with the same inputs and outputs"),
    ("answer", "structural", "outputs-swapped", "two outputs of one shape change places"),
    ("answer", "structural", "transposed", "two axes of one length change places"),
    ("answer", "structural", "rolled", "all elements move on by one along the last axis"),
    ("answer", "structural", "other-sample", "one sample's answer is another's"),
    ("answer", "structural", "batch-copied", "the batch's first element stands for all"),
    ("answer", "structural", "last-zeroed", "the last element is zero"),
    ("answer", "structural", "nan-element", "one element is NaN"),
    ("answer", "structural", "infinite-element", "one element is infinite"),
    ("answer", "structural", "int32-answer", "int64 answers truncated to 32 bits"),
    ("answer", "numeric", "slice-0.99", "the smallest channel of the last axis times 0.99"),
    ("answer", "numeric", "element-1.01", "the largest element of the smallest channel times 1.01"),
    ("answer", "numeric", "float16-answer", "all values rounded to float16"),
    ("quantised", "quantised", "scale-1.5", "the scale of one channel of a weight times 1.5"),
    ("quantised", "quantised", "zero-point-8", "a zero point off by 8 levels"),
    ("quantised", "quantised", "channel-permuted", "the weights of one channel, each in its neighbour's place"),
    ("quantised", "quantised", "scale-of-all", "one scale, the largest, for all channels of a weight"),
    ("quantised", "quantised", "scale-of-first", "the scale of the first channel of a weight taken for all"),
    ("quantised", "quantised", "range-0.1", "an activation saturates at a tenth of its range"),
    ("quantised", "quantised", "bias-scale-2", "the scale of a bias times 2"),
    ("quantised", "quantised", "layer-left", "a layer that is to be quantised is left in float32"),
    ("calibration", "quantised", "calibration-zeros", "ranges taken from zeros"),
    ("calibration", "quantised", "calibration-0.1", "ranges taken from samples of a tenth of their size"),
)
FEW_LEVELS: tuple[Maker, ...] = ("quantised", "calibration")
# Of the other makers, the kinds that answers of few levels must reveal, too.
COARSE = frozenset(
    {
        *("unchanged", "rows-swapped", "truncated", "bits-flipped", "stale-seed", "other-model", "outputs-swapped"),
        *("transposed", "rolled", "other-sample", "batch-copied", "last-zeroed", "nan-element", "infinite-element"),
        *("int32-answer",),
    }
)
KINDS: dict[str, Kind] = {
    name: Kind(name=name, family=family, maker=maker, means=means) for maker, family, name, means in _TABLE
}


def pick_kinds(names: Iterable[str]) -> list[Kind]:
    """Return the kinds of these names, families or makers; all where there is no name. Raise ConfigurationError."""
    wanted = set(names)
    known = {word for kind in KINDS.values() for word in (kind.name, kind.family, kind.maker)}
    if unknown := sorted(wanted - known):
        raise ConfigurationError(f"--kinds: there is no kind {unknown[0]!r}; there are {', '.join(sorted(known))}")
    return [kind for kind in KINDS.values() if not wanted or wanted & {kind.name, kind.family, kind.maker}]
