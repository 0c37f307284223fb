"""Quantises a linear layer statically whose products cancel, so that its bias is all that it answers."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


def main() -> str:
    layer = nn.Linear(2, 1).eval().requires_grad_(False)
    layer.weight.copy_(torch.tensor([[1.0, -1.0]]))
    layer.bias.fill_(0.009)
    x = torch.tensor([[100.0, 100.0], [-100.0, -100.0]])  # a level of 200 / 255, times one of 1 / 127: steps of 0.0062
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(layer, (x,)).module(), quantizer)
    prepared(x)
    graph = convert_pt2e(prepared)
    exported = torch.export.export(graph, (x,))
    program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
    (answer,) = Runtime.get().load_program(program.buffer).load_method("forward").execute([x])
    by_graph, by_xnnpack = float(graph(x)[0]), float(answer[0])
    told = f"a bias of 0.009 comes to {by_graph:.4f} by the graph, {by_xnnpack:.4f} by XNNPACK"
    return f"gone: {told}" if abs(by_graph - by_xnnpack) < 1e-4 else f"still there: {told}"


print(main())
