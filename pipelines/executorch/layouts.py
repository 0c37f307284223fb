"""Has XNNPACK lay out channels last what a dynamically quantised convolution takes, and nothing that comes before it.

ChannelsLastTaggedReshapePass goes back from such a convolution along first arguments, past what is quantised, and lays
out anew what it ends at, for all who take it: docs/findings/executorch-dynamic-layout/finding.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from executorch.backends.xnnpack._passes.channels_last_tagged_reshape_pass import ChannelsLastTaggedReshapePass
from executorch.backends.xnnpack.utils.quant_utils import is_dynamic_qdq
from torch.fx import GraphModule, Node

lay_out = ChannelsLastTaggedReshapePass.input_to_nhwc


@contextmanager
def bounded() -> Iterator[list[str]]:
    """While a program is lowered. Yields a list, to which each convolution adds that it was repaired."""
    repairs: list[str] = []

    def input_to_nhwc(self: Any, graph_module: GraphModule, taken: Node, layer: Node) -> None:
        if not is_dynamic_qdq(taken) or self.is_nhwc_node(taken):
            lay_out(self, graph_module, taken, layer)
            return
        quantise: Any = taken.args[0]
        source, (choose, _) = quantise.args[0], quantise.args[1].args
        if goes_on(source) or not set(source.users) <= {choose, quantise}:
            repairs.append("executorch-dynamic-layout")
        for user in (choose, quantise):
            lay_out(self, graph_module, source, user)

    with mock.patch.object(ChannelsLastTaggedReshapePass, "input_to_nhwc", input_to_nhwc):
        yield repairs


def goes_on(source: Node) -> bool:
    """Tell whether the pass would not stop here."""
    return bool(source.args) and isinstance(source.args[0], Node)
