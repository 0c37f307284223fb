"""Layers of a quantised graph: how much of the noise each of them adds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from deploymatrix.matrix.frozen import Frozen

MOST = 8  # of a cell's record
MOST_TIMES = 100  # the noise at the end: beyond, next to nothing arrives there, and how little tells nobody anything

Power = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=300)]


class LayerRecord(Frozen):
    """One layer, named as in the artifact's own format.

    own, so_far: the power of noise at its output, relative to that of the signal: of what it makes of exact inputs, and
    of what the graph up to it makes. share: of the noise at the model's outputs, what there is where this layer alone
    is quantised; above 1 where the noise of other layers cancels it; None where nobody looked.
    """

    name: Name
    operator: Name
    own: Power
    so_far: Power
    share: Power | None


def worst(layers: Iterable[LayerRecord]) -> tuple[LayerRecord, ...]:
    """Return the layers that bring in most of the noise, the worst first."""
    return tuple(sorted(layers, key=lambda layer: (-(layer.share or 0.0), -layer.own))[:MOST])


def entering(layers: tuple[LayerRecord, ...]) -> str:
    """Say in a few words where the noise enters; empty where nobody looked."""
    if not layers:
        return ""
    first, share = layers[0], layers[0].share
    part = f", {_of_the_noise(share)}" if share is not None else ""
    return f"noise enters at {first.name} ({first.operator}{part})"


def table(layers: tuple[LayerRecord, ...]) -> Iterator[str]:
    """Yield the lines of a table: the ratio of signal to noise in decibel that each layer has by itself and so far."""
    width = max([len("layer"), *(len(layer.name) for layer in layers)])
    wide = max([len("operator"), *(len(layer.operator) for layer in layers)])
    yield f"{'layer':{width}}  {'operator':{wide}}  by itself    so far  share of the noise at the end"
    for layer in layers:
        share = "" if layer.share is None else _percent(layer.share) or _times(layer.share)
        ratios = f"{_decibel(layer.own):>9} {_decibel(layer.so_far):>9}"
        yield f"{layer.name:{width}}  {layer.operator:{wide}}  {ratios}  {share:>5}".rstrip()


def _decibel(power: float) -> str:
    return f"{-10 * math.log10(power):.1f} dB" if power > 0 else "exact"


def _of_the_noise(share: float) -> str:
    percent = _percent(share)
    return f"{percent} of it" if percent else f"alone {_times(share)} the noise at the end"


def _percent(share: float) -> str:
    """Return a share of a whole; nothing for what is more than that."""
    percent = f"{100 * share:.0f}"
    return f"{percent} %" if float(percent) <= 100 else ""


def _times(share: float) -> str:
    return f"{share:.3g} times" if share <= MOST_TIMES else f"more than {MOST_TIMES} times"
