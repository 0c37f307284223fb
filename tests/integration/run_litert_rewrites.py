"""Runs rewrites of the step to LiteRT beside what they stand for, where torch is; names each that differs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Network(nn.Module):
    """All cases at once: one export instead of many."""

    def __init__(self, functions: list[Any], counts: list[int]) -> None:
        super().__init__()
        self.functions, self.counts = functions, counts

    def forward(self, *inputs: Tensor) -> Any:
        rest = iter(inputs)
        return [f(*(next(rest) for _ in range(count))) for f, count in zip(self.functions, self.counts, strict=True)]


def whole_numbers() -> Tensor:
    """Over the whole range of int64, of all magnitudes, with its corners."""
    wide = torch.randint(-(2**63), 2**63 - 1, (500,), generator=torch.Generator().manual_seed(0))
    corners = torch.tensor([0, 1, -1, 2**31, -(2**31), 2**32, 2**62, -(2**62), 2**63 - 1, -(2**63)])
    return torch.cat([wide, wide >> 20, wide >> 40, corners])


def cases() -> dict[str, tuple[Any, tuple[Tensor, ...]]]:
    torch.manual_seed(0)
    image, row, numbers = torch.randn(2, 3, 5, 6), torch.randn(2, 7), whole_numbers()
    ids, bags, starts = torch.randint(0, 4, (2, 7)), torch.randint(0, 9, (7,)), torch.tensor([0, 2, 2, 5])
    table, share = torch.randn(9, 4), torch.randn(7)
    kernel = torch.randn(3, 2, 3, 4)
    return {
        "mul": (lambda x: x * 2654435761, (numbers,)),
        "add": (lambda x: x + 2654435761, (numbers,)),
        "xor": (lambda x, y: x ^ y, (numbers, numbers.flip(0))),
        "and": (lambda x: x & 0xFFFFF, (numbers,)),
        **{f"shift {bits}": (lambda x, bits=bits: x >> bits, (numbers,)) for bits in (0, 1, 15, 16, 31, 32, 47, 62)},
        "pow": (lambda x: x.reshape(1, 2, 3, 5, 6) ** 3, (image,)),
        "sort": (lambda x: x.sort(1, descending=True), (row,)),
        "one_hot": (lambda x: functional.one_hot(x, 4), (ids,)),
        "scatter_add": (lambda x, i: torch.ones(3, 5).scatter_add(1, i, x), (row, ids)),
        "index_add": (lambda x, i: torch.ones(2, 4).index_add(1, i, x, alpha=2), (row, ids[0])),
        "bags": (lambda i, o: functional.embedding_bag(i, table, o, mode="mean", padding_idx=3), (bags, starts)),
        "weights": (
            lambda i, o, w: functional.embedding_bag(i, table, o, mode="sum", per_sample_weights=w),
            (bags, starts, share),
        ),
        "nearest": (lambda x: functional.interpolate(x, size=(8, 10), mode="nearest"), (image,)),
        "factor": (lambda x: functional.interpolate(x, scale_factor=1.7, mode="nearest"), (image,)),
        "output_padding": (lambda x: functional.conv_transpose2d(x, kernel, None, 2, 1, 1), (image,)),
        "beyond": (lambda x: functional.conv_transpose2d(x, kernel, torch.ones(2), 3, 0, 2), (image,)),
        "rfft2": (lambda x: torch.fft.rfft2(x, norm="ortho").abs(), (image,)),
        "irfft2": (lambda x: torch.fft.irfft2(torch.fft.rfft2(x), s=(5, 6)), (image,)),
        "odd": (lambda x: torch.fft.irfft(torch.fft.rfft(x) * torch.complex(x[:, :4], x[:, 3:]), n=7), (row,)),
        "fft": (lambda x: torch.view_as_real(torch.fft.ifft(torch.fft.fft(x) * 1j, norm="forward")), (row,)),
        "cond": (lambda x: torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,)), (row,)),
    }


def main(steps: Path) -> None:
    rewrites, chosen = load(steps / "torch_rewrites.py"), cases()
    inputs = tuple(tensor for _, given in chosen.values() for tensor in given)
    network = Network([function for function, _ in chosen.values()], [len(given) for _, given in chosen.values()])
    rewritten, repairs = rewrites.rewritten(network.eval(), inputs)
    for name, expected, found in zip(chosen, network(*inputs), rewritten(*inputs), strict=True):
        try:
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        except AssertionError as error:
            print(f"{name}: {error}")
    print(*sorted(repairs), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
