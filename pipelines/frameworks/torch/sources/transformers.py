"""A model of the `transformers` library: from a configuration, weights drawn from the seed, or from a local folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

VERSIONS = ("transformers", "torch")
SAFE = {"trust_remote_code": False, "weights_only": True}


def build(given: dict[str, Any], spec: Any) -> nn.Module:
    """The model in float32; inputs are named as its forward() takes them, outputs as its answer holds them or by path.

    given: path of a folder with config.json and weights, or config (a table, or the path of such a JSON file);
    architecture, the name of a class, by default the one that the configuration names; options, laid over the
    configuration, for instance attn_implementation = "eager" (whose float64 reference is one of float32 softmax).
    Nothing is fetched from the network, no code of the folder is run, and weights are tensors alone: not so where trust
    is given and options say otherwise.
    Raises ValueError when no architecture is named or transformers has none of that name.
    """
    config = configuration(given)
    options = {**SAFE, **given["options"]} if given["path"] is not None else given["options"]
    unsafe = [name for name in given["options"] if name in SAFE]
    if unsafe and not given["trust"]:
        raise PermissionError(f"source.options has {', '.join(unsafe)}, and model.toml has no source.trust")
    architecture = class_named(given["architecture"] or next(iter(config.get("architectures") or []), None))
    if given["path"] is not None:
        network = architecture.from_pretrained(given["path"], local_files_only=True, dtype=torch.float32, **options)
    else:
        network = architecture._from_config(architecture.config_class.from_dict({**config, **options}))
    return Named(network, [tensor.name for tensor in spec.inputs])


def configuration(given: dict[str, Any]) -> dict[str, Any]:
    source = given["config"]
    if isinstance(source, dict):
        return source
    file = Path(source) if source is not None else Path(given["path"]) / "config.json"
    return json.loads(file.read_text(encoding="utf-8"))


def class_named(name: str | None) -> Any:
    if name is None:
        raise ValueError("the configuration names no architecture: add source.architecture to model.toml")
    found = getattr(transformers, name, None)
    if not hasattr(found, "from_pretrained"):
        raise ValueError(f"source.architecture: transformers {transformers.__version__} has no model {name}")
    return found


class Named(nn.Module):
    """Takes tensors in the order of the declared inputs, by their names in the network's forward()."""

    def __init__(self, network: nn.Module, inputs: list[str]) -> None:
        super().__init__()
        self.network = network
        self.inputs = inputs

    def forward(self, *tensors: torch.Tensor, **named: torch.Tensor) -> Any:
        positional = [name for name in self.inputs if name not in named]
        return self.network(**dict(zip(positional, tensors, strict=True)), **named)
