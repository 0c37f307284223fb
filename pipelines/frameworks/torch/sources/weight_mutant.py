"""A model made wrong on purpose, for `deploymatrix selftest`: another model, with one change to its frozen weights.

Mutants whose computation is changed are made by graph_mutant.py.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

VERSIONS = ("torch", "safetensors", "numpy")


class NoSite(LookupError):
    """The model has nothing, or nothing more, that this kind of mutant could change."""


def build(given: dict[str, Any], spec: Any) -> nn.Module:
    """given: path of the original's weights; options: module and given of the original, kind and pick of the mutant.

    Raises NoSite where the model has no site for the kind, or has had them all.
    """
    options = given["options"]
    network = original(given, spec)
    kind, pick = options["kind"], options["pick"]
    if kind == "unchanged":
        chosen([network], pick)
        return network
    if kind not in WEIGHTS:
        raise NoSite("PyTorch has no such kind")
    torch.manual_seed(pick)
    with torch.no_grad():
        find, change = WEIGHTS[kind]
        name, site = chosen([*find(network)], pick)
        change(site)
    print(f"mutant: {name}")
    return network


def original(given: dict[str, Any], spec: Any) -> nn.Module:
    """The model that a mutant is made of. Raises PermissionError unless selftest, or somebody with trust, names it."""
    if not given["trust"]:
        raise PermissionError("a mutant imports the module that its options name, and model.toml has no source.trust")
    options, weights = given["options"], Path(given["path"])
    framework = imported(Path(__file__).parents[1] / "framework.py")
    module = imported(Path(options["module"]))
    if options["given"] is not None:
        source = module
        module = SimpleNamespace(build=lambda: source.build(options["given"], spec))
    return framework.open(module, spec, weights)


def imported(path: Path) -> ModuleType:
    name = f"deploymatrix_original_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(sites: list[Any], pick: int) -> Any:
    """The site of a pick: the first one, then the last one, then those that halve the distances."""
    if pick >= len(sites):
        raise NoSite(f"the model has {len(sites)} sites for it")
    last = len(sites) - 1
    spread = dict.fromkeys([0, last, *(round(last * i / 2**level) for level in range(1, 9) for i in range(2**level))])
    return sites[[*spread, *(i for i in range(len(sites)) if i not in spread)][pick]]


def matrices(network: nn.Module) -> Any:
    return ((name, p) for name, p in network.named_parameters() if p.ndim >= 2)


def square_matrices(network: nn.Module) -> Any:
    return ((name, p) for name, p in network.named_parameters() if p.ndim == 2)


def biases(network: nn.Module) -> Any:
    return ((name, p) for name, p in network.named_parameters() if "bias" in name.rsplit(".", 1)[-1] and p.any())


def embeddings(network: nn.Module) -> Any:
    return ((name, layer.weight) for name, layer in network.named_modules() if isinstance(layer, nn.Embedding))


def normalisations(network: nn.Module) -> Any:
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    layers = ((name, layer) for name, layer in network.named_modules() if isinstance(layer, kinds))
    return ((name, layer) for name, layer in layers if layer.running_mean is not None)


def whole(network: nn.Module) -> Any:
    yield "all parameters", network


def scale(factor: float) -> Callable[[Tensor], None]:
    def change(weight: Tensor) -> None:
        weight.mul_(factor)

    return change


def scale_channel(weight: Tensor) -> None:
    weight[int(torch.randint(len(weight), ()))].mul_(1.05)


def double_element(weight: Tensor) -> None:
    """Double an element of middling size: most are neither the largest nor near zero."""
    flat = weight.view(-1)
    flat[int(flat.abs().median(dim=0).indices)].mul_(2)


def drop(bias: Tensor) -> None:
    bias.zero_()


def swap_rows(weight: Tensor) -> None:
    first, second = 0, len(weight) // 2
    weight[[first, second]] = weight[[second, first]]


def zero_row(weight: Tensor) -> None:
    weight[int(torch.randint(len(weight), ()))].zero_()


def other_statistics(layer: Any) -> None:
    """Statistics as of other data: each channel has its neighbour's."""
    layer.running_mean.copy_(layer.running_mean.roll(1))
    layer.running_var.copy_(layer.running_var.roll(1))


def round_weights(network: nn.Module) -> None:
    for weight in network.parameters():
        weight.copy_(weight.to(torch.float16).to(weight.dtype))


WEIGHTS: dict[str, tuple[Callable[[nn.Module], Any], Callable[[Any], None]]] = {
    "tensor-1.01": (matrices, scale(1.01)),
    "tensor-1.001": (matrices, scale(1.001)),
    "channel-1.05": (matrices, scale_channel),
    "element-doubled": (matrices, double_element),
    "bias-dropped": (biases, drop),
    "rows-swapped": (square_matrices, swap_rows),
    "embedding-row-zeroed": (embeddings, zero_row),
    "other-statistics": (normalisations, other_statistics),
    "float16-weights": (whole, round_weights),
}
