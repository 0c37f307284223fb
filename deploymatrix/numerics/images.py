"""Images drawn as photographs are: smooth, since the amplitude of a spatial frequency f falls as 1/f.

White noise has as much of the highest frequencies as of any, so a pooling or a resize leaves little of it but its mean.
The spectrum of natural images: D. J. Field, "Relations between the statistics of natural images and the response
properties of cortical cells", 1987.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

OF_ITS_OWN = 0.3  # amplitude of what a channel does not share with the others: colours of a photograph are much alike
CHANNELS = (1, 3, 4)


class Drawn(Protocol):
    """An input as it is declared."""

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...

    @property
    def layout(self) -> Literal["channels_first", "channels_last"] | None: ...


def image(declared: Drawn, seed: list[int], index: int) -> NDArray[np.generic]:
    """Draw images of 3 or 4 axes; the whole range from low to high is used, by default 0 to 1, of uint8 0 to 255.

    Samples 2 and 3 of each four use the upper and the lower half. An odd sample is the negative of the one before.
    """
    first = channels_first(declared.shape, declared.layout)
    shape = declared.shape if first else (*declared.shape[:-3], declared.shape[-1], *declared.shape[-3:-1])
    pair, mirrored = divmod(index, 2)
    values = _natural(shape, np.random.default_rng([*seed, pair]))
    values = values if pair % 2 == 0 else (1 + values) / 2
    values = 1 - values if mirrored else values
    return _ranged(values if first else np.moveaxis(values, -3, -1), declared)


def channels_first(shape: tuple[int, ...], layout: str | None) -> bool:
    """Tell whether the channels are the third axis from the end, and not the last; by the shape where nobody says."""
    return layout == "channels_first" if layout is not None else shape[-3] in CHANNELS


def _natural(shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw images of shape (…, channels, height, width), each from 0 to 1."""
    grey = _smooth((*shape[:-3], 1, *shape[-2:]), generator)
    mixed = grey + OF_ITS_OWN * _smooth(shape, generator)
    lowest = mixed.min(axis=(-3, -2, -1), keepdims=True)
    extent = mixed.max(axis=(-3, -2, -1), keepdims=True) - lowest
    scaled: NDArray[np.float64] = (mixed - lowest) / np.where(extent > 0, extent, 1.0)
    return scaled


def _smooth(shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw noise with an amplitude of 1/f, of deviation 1 along the last two axes."""
    height, width = shape[-2:]
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    amplitude = 1 / np.where(frequency > 0, frequency, np.inf)  # without the mean, which is the range's matter
    spectrum = np.fft.rfft2(generator.standard_normal(shape)) * amplitude
    values: NDArray[np.float64] = np.fft.irfft2(spectrum, s=(height, width))
    deviation = values.std(axis=(-2, -1), keepdims=True)
    return values / np.where(deviation > 0, deviation, 1.0)


def _ranged(values: NDArray[np.float64], declared: Drawn) -> NDArray[np.generic]:
    low = 0.0 if declared.low is None else declared.low
    high = (255.0 if declared.dtype == "uint8" else 1.0) if declared.high is None else declared.high
    ranged = low + values * (high - low)
    dtype = np.dtype(declared.dtype)
    rounded = np.rint(ranged) if dtype.kind == "u" else ranged
    return np.clip(rounded, low, high).astype(dtype)
