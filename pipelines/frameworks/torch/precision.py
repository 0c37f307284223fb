"""References in float64 of models whose code casts to float32: the casts are lifted while the reference is computed.

docs/decisions/casts-are-lifted.md says when, and what is done where they cannot be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakIdKeyDictionary

Prepared = Callable[[torch.dtype], Callable[[], tuple[Tensor, ...]]]  # opens a network, which then answers
Plan = Literal["plain", "lifted", "float32"]
NARROW = (torch.float32, torch.float16, torch.bfloat16)


class Lifting(TorchDispatchMode):
    """Turns float32 into `dtype` in every operation: casts, constants and factories; nothing where that is float32.

    `lifted`: whether there was anything to turn. `left`: operations on values that an earlier one had rounded all the
    same, by that one's name.
    """

    supports_higher_order_operators = True  # torch.cond and its like: what they are made of is run as it is

    def __init__(self, dtype: torch.dtype, *, halves: bool) -> None:
        super().__init__()
        self.dtype = dtype
        self.turned = {torch.float32, *([torch.float16] if halves else [])} if dtype != torch.float32 else set()
        self.lifted = False
        self.left: set[str] = set()
        self.rounded: Any = WeakIdKeyDictionary()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not self.turned or not isinstance(func, OpOverload):
            return func(*args, **kwargs)
        given = tree_leaves((args, kwargs))
        self.left |= {self.rounded[value] for value in given if isinstance(value, Tensor) and value in self.rounded}
        keeps = func._schema.is_mutable or func.is_view
        args, kwargs = tree_map(self.without_tensors if keeps else self.wide, (args, kwargs))
        answer = func(*args, **kwargs)
        self.look_at(answer, given, kwargs, name=str(func), mutates=func._schema.is_mutable)
        return answer

    def look_at(self, answer: Any, given: list[Any], kwargs: dict[str, Any], *, name: str, mutates: bool) -> None:
        """Take note of what came out narrow, and of constants that came out wide because nobody named a dtype."""
        tensors = [value for value in given if isinstance(value, Tensor)]
        for value in tree_leaves(answer):
            if not isinstance(value, Tensor):
                continue
            if value.dtype == self.dtype and not tensors and kwargs.get("dtype") is None:
                self.lifted = True
            rounds = mutates or any(t.dtype == self.dtype or t in self.rounded for t in tensors)
            if value.dtype in NARROW and rounds:
                self.rounded[value] = name

    def wide(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value.dtype in self.turned:
            self.lifted = True
            return value.to(self.dtype)
        return self.without_tensors(value)

    def without_tensors(self, value: Any) -> Any:
        if isinstance(value, torch.dtype) and value in self.turned:
            self.lifted = True
            return self.dtype
        return value


def plan(prepared: Prepared, *, halves: bool) -> Plan:
    """How the float64 reference is computed, tried on what a network of a dtype answers.

    "plain": no cast was seen, or the lifting itself fails where the model does not. "float32": where a cast is neither
    seen to be lifted nor harmless, there is no reference in float64.
    """
    compute, lifting = prepared(torch.float64), Lifting(torch.float64, halves=halves)
    try:
        with on(lifting):
            answers = compute()
    except Exception as error:  # higher-order operators take no mode; the model alone decides then
        print(f"casts are not lifted: {type(error).__name__}: {error}")
        return plan_without_lifting(prepared)
    narrow = any(answer.dtype in NARROW for answer in answers)
    if not lifting.lifted and not lifting.left and not narrow:
        return "plain"
    if lifting.left or narrow:
        print(f"no float64 reference: narrower values come from {', '.join(sorted(lifting.left)) or 'a last cast'}")
        return "float32"
    if not is_neutral(prepared):
        print("no float64 reference: in float32 the lifting changes answers")
        return "float32"
    return "lifted"


def plan_without_lifting(prepared: Prepared) -> Plan:
    try:
        answers = prepared(torch.float64)()
    except RuntimeError as error:  # dtypes that do not go together
        print(f"no float64 reference: {error}")
        return "float32"
    return "float32" if any(answer.dtype in NARROW for answer in answers) else "plain"


def is_neutral(prepared: Prepared) -> bool:
    """Tell whether float32 comes out the same bit by bit with the mode on: what is lifted is all that it changes."""
    compute = prepared(torch.float32)
    plain = compute()
    with on(Lifting(torch.float32, halves=False)):
        through = compute()
    pairs = zip(plain, through, strict=True)
    return all(one.dtype == other.dtype and one.numpy().tobytes() == other.numpy().tobytes() for one, other in pairs)


@contextmanager
def on(mode: Lifting) -> Iterator[None]:
    """With the mode, and with its dtype for floating tensors that name none."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(mode.dtype)
    try:
        with mode:
            yield
    finally:
        torch.set_default_dtype(before)
        if "torch._dynamo" in sys.modules:  # what torch.cond compiled below a mode fails without it
            torch._dynamo.reset()
