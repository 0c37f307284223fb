"""A language model that reads from left to right: two pre-norm layers, with tied embeddings."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

VOCABULARY, LENGTH, WIDTH, HEADS, LAYERS = 500, 24, 48, 4, 2
drawn = jax.nn.initializers.normal(WIDTH**-0.5)


def build() -> Any:
    return init, apply


def init(key: Array) -> dict[str, Any]:
    tokens, positions, *layers = jax.random.split(key, 2 + LAYERS)
    return {
        "tokens": jax.random.normal(tokens, (VOCABULARY, WIDTH)),
        "positions": jax.random.normal(positions, (LENGTH, WIDTH)),
        "layers": [layer(each) for each in layers],
        "norm": norm(),
    }


def layer(key: Array) -> dict[str, Any]:
    projected, mixed, up, down = jax.random.split(key, 4)
    return {
        "attention_norm": norm(),
        "projected": drawn(projected, (3, WIDTH, HEADS, WIDTH // HEADS)),  # query, key, value
        "mixed": drawn(mixed, (HEADS, WIDTH // HEADS, WIDTH)),
        "forward_norm": norm(),
        "up": drawn(up, (WIDTH, 4 * WIDTH)),
        "down": drawn(down, (4 * WIDTH, WIDTH)),
    }


def norm() -> dict[str, Array]:
    return {"scale": jnp.ones(WIDTH), "shift": jnp.zeros(WIDTH)}


def apply(parameters: dict[str, Any], ids: Array) -> Array:
    """ids: (batch, 24) → logits (batch, 24, 500)."""
    x = parameters["tokens"][ids] + parameters["positions"]
    for each in parameters["layers"]:
        x = x + attended(each, normalised(each["attention_norm"], x))
        x = x + jax.nn.silu(normalised(each["forward_norm"], x) @ each["up"]) @ each["down"]
    return normalised(parameters["norm"], x) @ parameters["tokens"].T


def attended(parameters: dict[str, Any], x: Array) -> Array:
    query, key, value = jnp.einsum("bpw,cwhd->cbhpd", x, parameters["projected"])
    scores = jnp.einsum("bhpd,bhqd->bhpq", query, key) / (WIDTH // HEADS) ** 0.5
    seen = jnp.tril(jnp.ones((LENGTH, LENGTH), bool))
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
    return jnp.einsum("bhpq,bhqd,hdw->bpw", weights, value, parameters["mixed"])


def normalised(parameters: dict[str, Array], x: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = jnp.square(centred).mean(axis=-1, keepdims=True)
    return centred * lax.rsqrt(variance + 1e-5) * parameters["scale"] + parameters["shift"]
