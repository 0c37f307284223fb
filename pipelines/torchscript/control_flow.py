"""torch.cond and while_loop, which torch.jit.trace refuses, kept as TorchScript's own `if` and `while`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx import GraphModule, Interpreter, Node

COND, WHILE = torch.ops.higher_order.cond, torch.ops.higher_order.while_loop
Script = Callable[..., list[Tensor]]


class Scripted(nn.Module):
    """An exported program that torch.jit.trace takes: it runs scripts in place of cond and while_loop."""

    def __init__(self, program: ExportedProgram, inputs: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.training = False  # eval() would call that of program.module(), which has none
        self.program = program.module(check_guards=False)
        self.scripts: dict[Node, Script] = {}
        self(*inputs)  # makes the scripts: they hold traces, which cannot be made while another one is

    def forward(self, *inputs: Tensor) -> Any:
        return Flow(self.program, self.scripts).run(*inputs)


class Flow(Interpreter):
    """Runs a graph with a script in place of each cond and while_loop; makes these scripts unless it is traced."""

    def __init__(self, graph: GraphModule, scripts: dict[Node, Script]) -> None:
        super().__init__(graph)
        self.scripts = scripts

    def run_node(self, n: Node) -> Any:
        if n.target not in (COND, WHILE):
            return super().run_node(n)
        args, _ = self.fetch_args_kwargs_from_env(n)
        tensors = (args[0], list(args[3])) if n.target is COND else (list(args[2]), list(args[3]))
        if not torch.jit.is_tracing():
            self.scripts[n] = self.branch(*args) if n.target is COND else self.loop(*args)
        return self.scripts[n](*tensors)

    def branch(self, _: Tensor, yes: GraphModule, no: GraphModule, operands: Sequence[Tensor]) -> Script:
        when_true, when_false = self.traced(yes, operands), self.traced(no, operands)

        def chosen(test: Tensor, tensors: list[Tensor]) -> list[Tensor]:
            return when_true(tensors) if bool(test) else when_false(tensors)

        return torch.jit.script(chosen)

    def loop(self, test: GraphModule, body: GraphModule, state: Sequence[Tensor], operands: Sequence[Tensor]) -> Script:
        goes_on, turned = self.traced(test, (*state, *operands)), self.traced(body, (*state, *operands))

        def repeated(carried: list[Tensor], tensors: list[Tensor]) -> list[Tensor]:
            while bool(goes_on(carried + tensors)[0]):
                carried = turned(carried + tensors)
            return carried

        return torch.jit.script(repeated)

    def traced(self, graph: GraphModule, operands: Sequence[Tensor]) -> Script:
        """The trace of a branch or a body; itself it may hold scripts, which its first run makes."""

        def run(tensors: list[Tensor]) -> list[Tensor]:
            answer = Flow(graph, self.scripts).run(*tensors)
            return [answer] if isinstance(answer, Tensor) else list(answer)

        run(list(operands))
        return torch.jit.trace(run, (list(operands),), strict=False, check_trace=False)
