"""Two convolutions of one input, with int8 weights and ranges taken call by call, on XNNPACK, as in SqueezeNet."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


class Fire(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.one(x), self.three(x)], 1)


def main() -> str:
    torch.manual_seed(0)
    model, inputs = Fire().eval(), (torch.randn(1, 8, 8, 8),)
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True))
    prepared = prepare_pt2e(torch.export.export(model, inputs).module(), quantizer)
    prepared(*inputs)
    graph = convert_pt2e(prepared)
    exported = torch.export.export(graph, inputs)
    file = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch().buffer
    program = Runtime.get().load_program(file)
    (answer,) = program.load_method("forward").execute(list(inputs))
    expected = graph(*inputs)
    off = float((answer - expected).norm() / expected.norm())
    return f"gone: off by {off:.0%}" if off < 0.02 else f"still there: off by {off:.0%}"


print(main())
