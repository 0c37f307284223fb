"""A multi-layer perceptron, 64-128-128-10, with the GELU by erf that jax.nn.gelu approximates unless it is told."""

from typing import Any

import jax
from jax import Array

SIZES = (64, 128, 128, 10)


def build() -> Any:
    return init, apply


def init(key: Array) -> list[dict[str, Array]]:
    keys = jax.random.split(key, len(SIZES) - 1)
    return [layer(*each) for each in zip(keys, SIZES[:-1], SIZES[1:], strict=True)]


def layer(key: Array, given: int, made: int) -> dict[str, Array]:
    kernel, bias = jax.random.split(key)
    return {
        "kernel": jax.nn.initializers.he_normal()(kernel, (given, made)),
        "bias": 0.1 * jax.random.normal(bias, (made,)),
    }


def apply(layers: list[dict[str, Array]], features: Array) -> Array:
    """features: (batch, 64) → logits (batch, 10)."""
    *hidden, last = layers
    x = features
    for each in hidden:
        x = jax.nn.gelu(x @ each["kernel"] + each["bias"], approximate=False)
    return x @ last["kernel"] + last["bias"]
