"""What a server must do besides answering: two requests at once, and mistakes that it refuses and outlives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from v2 import Arrays, Refused


class ServerFault(Exception):
    """The server does what no server may, whatever its answers are worth."""


def check(client: Any, inputs: Arrays, answer: Arrays) -> None:
    """Raise ServerFault for the first check that fails. `answer`: what the client got for the inputs."""
    others = {name: np.flip(array).copy() for name, array in inputs.items()}
    expected = [answer, client.ask(others)]
    with ThreadPoolExecutor(2) as two:
        at_once = list(two.map(client.ask, [inputs, others]))
    for one, wanted in zip(at_once, expected, strict=True):
        if not same(one, wanted):
            raise ServerFault(f"{client.name}: of two requests at once, one is answered otherwise than alone")
    for mistake, wrong in mistakes(inputs).items():
        refuse(client, mistake, wrong)
        if not same(client.ask(inputs), answer):
            raise ServerFault(f"{client.name}: after {mistake} was refused, the next answer is another one")


def mistakes(inputs: Arrays) -> dict[str, Arrays]:
    """The inputs with one mistake in the first: its dtype, its number of axes."""
    name, array = next(iter(inputs.items()))
    dtype = "int64" if array.dtype.kind == "f" else "float32"
    return {"a wrong dtype": {**inputs, name: array.astype(dtype)}, "a wrong shape": {**inputs, name: array[None]}}


def refuse(client: Any, mistake: str, wrong: Arrays) -> None:
    """Raise ServerFault unless the server says that it is the client's fault."""
    try:
        client.ask(wrong)
    except Refused as refused:
        print(f"{client.name}: {mistake} is refused: {str(refused)[:300]}", flush=True)
    except RuntimeError as error:
        raise ServerFault(f"{client.name}: {mistake} is called the server's own fault: {error}") from None
    else:
        raise ServerFault(f"{client.name}: {mistake} is answered as if it were right")


def same(one: Arrays, other: Arrays) -> bool:
    """Tell whether answers agree bit by bit."""
    return one.keys() == other.keys() and all(
        one[name].dtype == array.dtype and one[name].shape == array.shape and one[name].tobytes() == array.tobytes()
        for name, array in other.items()
    )
