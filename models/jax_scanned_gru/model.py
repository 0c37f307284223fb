"""A gated recurrent cell over a series, by lax.scan; the loop also carries the largest state so far."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

FEATURES, UNITS = 8, 24
drawn = jax.nn.initializers.lecun_normal()


def build() -> Any:
    return init, apply


def init(key: Array) -> dict[str, Array]:
    given, recurrent, bias = jax.random.split(key, 3)
    return {
        "given": drawn(given, (FEATURES, 3 * UNITS)),
        "recurrent": drawn(recurrent, (UNITS, 3 * UNITS)),
        "bias": 0.1 * jax.random.normal(bias, (3 * UNITS,)),
    }


def apply(parameters: dict[str, Array], series: Array) -> tuple[Array, Array]:
    """series: (12, batch, 8) → states (12, batch, 24), largest (batch, 24)."""
    first = jnp.zeros((series.shape[1], UNITS), series.dtype)

    def step(carried: tuple[Array, Array], x: Array) -> tuple[tuple[Array, Array], Array]:
        state, largest = carried
        state = moved(parameters, state, x)
        return (state, jnp.maximum(largest, state)), state

    (_, largest), states = lax.scan(step, (first, first - 1), series)
    return states, largest


def moved(parameters: dict[str, Array], state: Array, x: Array) -> Array:
    reset, update, new = jnp.split(x @ parameters["given"] + parameters["bias"], 3, axis=-1)
    from_reset, from_update, from_new = jnp.split(state @ parameters["recurrent"], 3, axis=-1)
    update = jax.nn.sigmoid(update + from_update)
    candidate = jnp.tanh(new + jax.nn.sigmoid(reset + from_reset) * from_new)
    return update * state + (1 - update) * candidate
