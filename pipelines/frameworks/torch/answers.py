"""Where in a model's answer the declared outputs lie, and a module that takes and gives what model.toml declares.

An answer may nest dicts, tuples, lists and dataclasses (transformers' ModelOutput is both); None stands for nothing.
docs/reference/what-you-write.md states the rules.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

FILE = "answers.json"  # beside the weights, only where the network's own answers are not those that are declared
Steps = tuple[str, ...]
MOST_SHOWN = 12


class Declared(nn.Module):
    """Takes tensors in the order of the declared inputs and returns a tuple in the order of the declared outputs."""

    takes_declared = True

    def __init__(self, network: nn.Module, spec: Any, paths: list[Steps]) -> None:
        super().__init__()
        self.network = network
        self.keywords = [keyword_of(declared) for declared in spec.inputs]
        self.paths = paths

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        answer = called(self.network, self.keywords, tensors)
        return tuple(at(answer, path) for path in self.paths)

    def to(self, *args: Any, **kwargs: Any) -> Declared:
        """As of the network, which may have a to() of its own."""
        self.network.to(*args, **kwargs)
        return self


def note(network: nn.Module, spec: Any, inputs: list[Tensor], weights: Path) -> None:
    """Ask the network once, and write where the declared outputs lie; nothing where it gives just these.

    Raises ValueError, in the words of model.toml, for an answer in which they are not to be found.
    """
    if getattr(network, "takes_declared", False):
        return
    keywords = [keyword_of(declared) for declared in spec.inputs]
    with torch.no_grad():
        answer = called(network, keywords, inputs)
    paths = located(answer, spec.outputs)
    if any(keywords) or not is_plain(answer, paths):
        (weights / FILE).write_text(json.dumps({"outputs": paths}), encoding="utf-8")


def opened(network: nn.Module, spec: Any, weights: Path) -> nn.Module:
    """The network, or what takes and gives for it what is declared."""
    noted = weights / FILE
    if not noted.is_file():
        return network
    paths = [tuple(path) for path in json.loads(noted.read_text(encoding="utf-8"))["outputs"]]
    return Declared(network, spec, paths).train(network.training)


def asked(network: nn.Module, spec: Any, inputs: list[Tensor]) -> Any:
    """What a network that was not opened yet gives, as it gives it."""
    taken = getattr(network, "takes_declared", False)
    return called(network, [None if taken else keyword_of(declared) for declared in spec.inputs], inputs)


def declared(answer: Any, spec: Any) -> list[Tensor]:
    """The declared outputs in what a network gives that was not opened yet."""
    if isinstance(answer, Tensor):
        return [answer]
    return [at(answer, path) for path in located(answer, spec.outputs)]


def called(network: nn.Module, keywords: list[str | None], tensors: Any) -> Any:
    pairs = list(zip(keywords, tensors, strict=True))
    positional = [tensor for keyword, tensor in pairs if keyword is None]
    return network(*positional, **{keyword: tensor for keyword, tensor in pairs if keyword is not None})


def keyword_of(declared: Any) -> str | None:
    return declared.name if declared.by == "keyword" else None


def is_plain(answer: Any, paths: list[Steps]) -> bool:
    """Tell whether exporters get the declared outputs from the answer as it is: a tensor, or a tuple in their order."""
    if isinstance(answer, Tensor):
        return True
    flat = isinstance(answer, tuple) and all(isinstance(part, Tensor) for part in answer)
    return flat and paths == [(str(i),) for i in range(len(answer))]


def located(answer: Any, outputs: list[Any]) -> list[Steps]:
    """The path of each declared output: as it says itself, else by name in a dict, else by position of all tensors."""
    names, by_name = names_of(answer), {output.name: output.path for output in outputs}
    if names is None and not any(by_name.values()):
        return by_position(answer, outputs)
    paths = [steps_to(answer, name, path, names) for name, path in by_name.items()]
    for (name, _), steps in zip(by_name.items(), paths, strict=True):
        check_tensor(answer, name, steps)
    return paths


def by_position(answer: Any, outputs: list[Any]) -> list[Steps]:
    found = list(flattened(answer))
    if len(found) != len(outputs):
        raise ValueError(
            f"the model gives {counted(len(found), 'tensor')}, model.toml declares {counted(len(outputs), 'output')}: "
            f"it gives {shown(found)}; "
            f"declared are {declared_words(outputs)}. Declare each of them, or say with path = "
            '"…" which of them an output is'
        )
    return [path for path, _ in found]


def steps_to(answer: Any, name: str, path: str | None, names: list[str] | None) -> Steps:
    if path is not None:
        return tuple(path.split("."))
    if names is None:
        raise ValueError(
            f"output {name!r} has no path, and others have: the model gives {shown(list(flattened(answer)))}, where "
            "positions and paths do not go together; give every output its path"
        )
    if name not in names:
        raise ValueError(
            f"the model answers with {kind_of(answer)} of {shown(list(flattened(answer)))}; output {name!r} of "
            'model.toml is none of its names: name the output so, or give it path = "…"'
        )
    return (name,)


def check_tensor(answer: Any, name: str, steps: Steps) -> None:
    """Raise ValueError unless a tensor lies there."""
    path = ".".join(steps)
    try:
        found = at(answer, steps)
    except (KeyError, IndexError, AttributeError, ValueError, TypeError):
        raise ValueError(
            f"output {name!r}: nothing lies at path = {path!r}; the model gives {shown(list(flattened(answer)))}"
        ) from None
    if not isinstance(found, Tensor):
        inner = list(flattened(found, steps))
        held = f", which holds {shown(inner)}" if inner else ""
        raise ValueError(f"output {name!r}: at path = {path!r} lies {kind_of(found)}, not a tensor{held}")


def at(answer: Any, steps: Steps) -> Any:
    """What lies at a path: a key of a dict, a number in a tuple or list, else an attribute."""
    for step in steps:
        if isinstance(answer, Mapping):
            answer = answer[step] if step in answer else answer[int(step)]
        elif isinstance(answer, (tuple, list)) and step.isdigit():
            answer = answer[int(step)]
        else:
            answer = getattr(answer, step)
    return answer


def flattened(answer: Any, before: Steps = ()) -> Iterator[tuple[Steps, Tensor]]:
    """Yield all tensors with their paths, depth first; what is neither a tensor nor holds some is passed over."""
    if isinstance(answer, Tensor):
        yield before, answer
    elif isinstance(answer, Mapping):
        for key, value in answer.items():
            yield from flattened(value, (*before, str(key)))
    elif isinstance(answer, (tuple, list)):
        for index, value in enumerate(answer):
            yield from flattened(value, (*before, str(index)))
    elif is_dataclass(answer):
        for field in dataclasses.fields(answer):
            yield from flattened(getattr(answer, field.name), (*before, field.name))


def names_of(answer: Any) -> list[str] | None:
    """The names that a dict or a dataclass gives its parts; None for what has none."""
    if isinstance(answer, Mapping):
        return [str(key) for key in answer]
    return [field.name for field in dataclasses.fields(answer)] if is_dataclass(answer) else None


def is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def kind_of(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def shown(found: list[tuple[Steps, Tensor]]) -> str:
    """The tensors of an answer, in words: path, dtype and shape of each."""
    words = [f"{'.'.join(path)} {tensor_words(tensor)}".lstrip() for path, tensor in found[:MOST_SHOWN]]
    more = [f"{len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else []
    return ", ".join([*words, *more]) or "no tensor"


def tensor_words(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"


def declared_words(outputs: list[Any]) -> str:
    return ", ".join(f"{output.name} {output.dtype}{list(output.shape)}" for output in outputs)


def counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
