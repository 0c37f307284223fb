"""A small residual network for images of 32 by 24, channels last, with group normalisation.

Pooling is lax.reduce_window, which JAX has in place of named operators: the maximum with padding, the mean without.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

GROUPS, CLASSES = 4, 10
WIDTHS = (16, 32)


def build() -> Any:
    return init, apply


def init(key: Array) -> dict[str, Any]:
    stem, head, *blocks = jax.random.split(key, 2 + len(WIDTHS))
    given = (WIDTHS[0], *WIDTHS[:-1])
    return {
        "stem": convolution(stem, 3, 3, WIDTHS[0]),
        "blocks": [block(*each) for each in zip(blocks, given, WIDTHS, strict=True)],
        "head": jax.nn.initializers.lecun_normal()(head, (WIDTHS[-1], CLASSES)),
    }


def convolution(key: Array, side: int, given: int, made: int) -> dict[str, Array]:
    """A kernel, and the scale and shift of the normalisation behind it."""
    kernel, scale, shift = jax.random.split(key, 3)
    return {
        "kernel": jax.nn.initializers.he_normal()(kernel, (side, side, given, made)),
        "scale": 1 + 0.1 * jax.random.normal(scale, (made,)),
        "shift": 0.1 * jax.random.normal(shift, (made,)),
    }


def block(key: Array, given: int, made: int) -> dict[str, Any]:
    first, second, aside = jax.random.split(key, 3)
    return {
        "first": convolution(first, 3, given, made),
        "second": convolution(second, 3, made, made),
        "aside": convolution(aside, 1, given, made),
    }


def apply(parameters: dict[str, Any], image: Array) -> dict[str, Array]:
    """image: (batch, 32, 24, 3) → logits (batch, 10), features (batch, 8, 6, 32)."""
    x = jax.nn.relu(convolved(parameters["stem"], image))
    x = largest(x)
    for each in parameters["blocks"]:
        x = residual(each, x)
    features = mean(x)
    return {"logits": features.mean(axis=(1, 2)) @ parameters["head"], "features": features}


def residual(parameters: dict[str, Any], x: Array) -> Array:
    inner = jax.nn.relu(convolved(parameters["first"], x))
    return jax.nn.relu(convolved(parameters["second"], inner) + convolved(parameters["aside"], x))


def convolved(parameters: dict[str, Array], x: Array) -> Array:
    x = lax.conv_general_dilated(x, parameters["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return normalised(x) * parameters["scale"] + parameters["shift"]


def normalised(x: Array) -> Array:
    """Each group of channels of each image, to mean 0 and variance 1."""
    grouped = x.reshape(*x.shape[:-1], GROUPS, -1)
    average = grouped.mean(axis=(1, 2, 4), keepdims=True)
    variance = jnp.square(grouped - average).mean(axis=(1, 2, 4), keepdims=True)
    return ((grouped - average) * lax.rsqrt(variance + 1e-5)).reshape(x.shape)


def largest(x: Array) -> Array:
    """Of 3 by 3, at every other place; half the rows and columns."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")


def mean(x: Array) -> Array:
    """Of 2 by 2; half the rows and columns."""
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
