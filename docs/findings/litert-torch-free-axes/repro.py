"""Converts a linear layer with a free batch by litert-torch's own argument for it."""

import litert_torch
import torch
from torch import nn
from torch.export import Dim


def main() -> str:
    free = {0: Dim("batch", min=1, max=8)}
    try:
        litert_torch.convert(nn.Linear(8, 4).eval(), (torch.zeros(3, 8),), dynamic_shapes=(free,))
    except Exception as error:
        return f"still there: {type(error).__name__}: {str(error).splitlines()[0][:70]}"
    return "gone: it converts a linear layer with a free batch"


print(main())
