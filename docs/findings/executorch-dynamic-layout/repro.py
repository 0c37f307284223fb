"""Multiplies two tensors and convolves the product with int8 weights, ranges taken call by call, on XNNPACK."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 4, 3, bias=False)

    def forward(self, x: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        return self.mix(x * gate)


def main() -> str:
    torch.manual_seed(0)
    square = run(torch.randn(1, 3, 3, 3), torch.rand(1, 3, 1, 1))  # as many channels as rows: the wrong axes fit, too
    other = run(torch.randn(1, 3, 8, 8), torch.rand(1, 3, 1, 1))
    padded = run(torch.randn(1, 3, 8, 8), None)
    told = f"channels as many as rows: {square}; fewer: {other}; behind a pad: {padded}"
    return f"gone: {told}" if {square, other, padded} == {"right"} else f"still there: {told}"


def run(x: torch.Tensor, gate: torch.Tensor | None) -> str:
    model: nn.Module = Gated() if gate is not None else nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3))
    inputs = (x,) if gate is None else (x, gate)
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True))
    prepared = prepare_pt2e(torch.export.export(model.eval(), inputs).module(), quantizer)
    prepared(*inputs)
    graph = convert_pt2e(prepared)
    exported = torch.export.export(graph, inputs)
    file = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch().buffer
    program = Runtime.get().load_program(file)
    try:
        (answer,) = program.load_method("forward").execute(list(inputs))
    except RuntimeError as error:
        return str(error).splitlines()[0].rpartition("with ")[2]
    expected = graph(*inputs)
    off = float((answer - expected).norm() / expected.norm())
    return "right" if off < 0.02 else f"off by {off:.0%}"


print(main())
