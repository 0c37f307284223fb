"""A Keras model rebuilt to take its inputs and give its outputs as lists, in the order of model.toml.

A functional model's structure is known before it runs, so this happens once, before the weights are frozen: what
exporters open is the rebuilt model. docs/reference/what-you-write.md states the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

Steps = tuple[str, ...]


def arranged(network: keras.Model, spec: Any) -> keras.Model:
    """The network itself where it has this form already. Raises ValueError, in the words of model.toml, for outputs
    that are not to be found.
    """
    if not isinstance(network, keras.Model) or not isinstance(getattr(network, "inputs", None), list):
        return network
    inputs = ordered(network, spec)
    paths = located(network.output, spec.outputs)
    outputs = [at(network.output, path) for path in paths]
    if is_plain(network.output, outputs) and is_plain(network.input, inputs):
        return network
    return keras.Model(inputs, outputs, name=network.name)


def ordered(network: keras.Model, spec: Any) -> list[Any]:
    """The inputs in declared order: by name where they have the declared ones, as they stand where all are others."""
    found = {tensor.name: tensor for tensor in network.inputs}
    names = [declared.name for declared in spec.inputs]
    if len(network.inputs) != len(names):
        raise ValueError(
            f"the model takes {len(network.inputs)} inputs ({', '.join(found)}), model.toml declares {len(names)} "
            f"({', '.join(names)})"
        )
    return [found[name] for name in names] if set(found) == set(names) else list(network.inputs)


def is_plain(structure: Any, tensors: list[Any]) -> bool:
    """Tell whether a structure is one tensor, or a flat list or tuple of just these, in their order."""
    parts = list(structure) if isinstance(structure, (list, tuple)) else [structure]
    return len(parts) == len(tensors) and all(one is other for one, other in zip(parts, tensors, strict=True))


def located(answer: Any, outputs: list[Any]) -> list[Steps]:
    """The path of each declared output: as it says itself, else by name in a dict, else by position of all tensors."""
    found = list(flattened(answer))
    if isinstance(answer, Mapping) or any(output.path for output in outputs):
        return [steps_to(answer, output, found) for output in outputs]
    if len(found) != len(outputs):
        raise ValueError(
            f"the model gives {counted(len(found), 'tensor')}, model.toml declares {counted(len(outputs), 'output')}: "
            f"it gives {shown(found)}; "
            f"declared are {', '.join(f'{o.name} {o.dtype}{list(o.shape)}' for o in outputs)}. "
            'Declare each of them, or say with path = "…" which of them an output is'
        )
    return [path for path, _ in found]


def steps_to(answer: Any, output: Any, found: list[tuple[Steps, Any]]) -> Steps:
    if output.path is None and not isinstance(answer, Mapping):
        raise ValueError(
            f"output {output.name!r} has no path, and others have: the model gives {shown(found)}, where positions and "
            "paths do not go together; give every output its path"
        )
    steps = (output.name,) if output.path is None else tuple(output.path.split("."))
    if steps not in [path for path, _ in found]:
        raise ValueError(
            f"output {output.name!r}: nothing lies at {'.'.join(steps)!r}; the model gives {shown(found)}: name the "
            'output as one of these, or give it path = "…"'
        )
    return steps


def at(answer: Any, steps: Steps) -> Any:
    for step in steps:
        answer = answer[step] if isinstance(answer, Mapping) else answer[int(step)]
    return answer


def flattened(answer: Any, before: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield all tensors with their paths, depth first; None is passed over."""
    if isinstance(answer, Mapping):
        for key, value in answer.items():
            yield from flattened(value, (*before, str(key)))
    elif isinstance(answer, (tuple, list)):
        for index, value in enumerate(answer):
            yield from flattened(value, (*before, str(index)))
    elif answer is not None:
        yield before, answer


def shown(found: list[tuple[Steps, Any]]) -> str:
    return ", ".join(f"{'.'.join(path)} {tensor.dtype}{list(tensor.shape)}".lstrip() for path, tensor in found)


def counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
