"""Quantises a linear layer dynamically; asks XNNPACK and the converted graph about a small row beside a large one."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


def main() -> str:
    layer = nn.Linear(4, 1, bias=False).eval().requires_grad_(False)
    nn.init.ones_(layer.weight)
    x = torch.tensor([[0.01] * 4, [100.0] * 4])  # with one scale for both, a step is 100 / 255: the small row is 0
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True))
    prepared = prepare_pt2e(torch.export.export(layer, (x,)).module(), quantizer)
    prepared(x)
    graph = convert_pt2e(prepared)
    exported = torch.export.export(graph, (x,))
    program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
    (answer,) = Runtime.get().load_program(program.buffer).load_method("forward").execute([x])
    by_graph, by_xnnpack, exact = (float(values[0, 0]) for values in (graph(x), answer, layer(x)))
    told = f"the small row comes to {by_graph:.3f} by the graph, {by_xnnpack:.3f} by XNNPACK, {exact:.3f} in float32"
    return f"gone: {told}" if abs(by_graph - by_xnnpack) < 1e-3 else f"still there: {told}"


print(main())
