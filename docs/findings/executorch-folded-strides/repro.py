"""Quantises a convolution whose kernel lies in memory as Keras keeps it, and lowers it to XNNPACK."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 3, 3, 3), requires_grad=False)  # out, height, width, in

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.conv2d(x, self.kernel.permute(0, 3, 1, 2))


def main() -> str:
    x = torch.randn(1, 3, 8, 8)
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(Model().eval(), (x,)).module(), quantizer)
    prepared(x)
    exported = torch.export.export(convert_pt2e(prepared), (x,))
    try:
        to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
    except Exception as error:
        if "NHWC" not in str(error.__cause__):
            raise
        return f"still there: {error.__cause__}"
    return "gone: it is lowered"


print(main())
