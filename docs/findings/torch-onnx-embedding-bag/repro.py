"""Exports a bag of embeddings to ONNX, and looks for the loop."""

import torch
from torch import nn


def main() -> str:
    bags = nn.EmbeddingBag(9, 4, mode="sum", padding_idx=0).eval()
    program = torch.onnx.export(bags, (torch.ones(1, 3, dtype=torch.int64),), dynamo=True, verbose=False)
    kinds = {node.op_type for node in program.model.graph.all_nodes()}
    kinds |= {node.op_type for function in program.model.functions.values() for node in function.all_nodes()}
    held = sorted(kinds & {"Loop", "SequenceInsert", "ConcatFromSequence"})
    return f"still there: {', '.join(held)}" if held else "gone: the bag is exported without a loop"


print(main())
