"""An artifact whose inputs or outputs are not its signature's: the step that made it is at fault, not the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .modules import DescribingRunnerModule, RunnerModule
    from .tasks import Signature
    from .tensors import Array


class WrongSignature(Exception):
    """The artifact names other inputs or outputs than its exporter said."""


def explaining(runner: RunnerModule, signature: Signature) -> RunnerModule:
    """Return the runner with a run() that raises WrongSignature where that is why it failed.

    Only a run that failed is explained: what the artifact itself says costs time, and not every runtime tells it.
    """

    def run(session: Any, inputs: dict[str, Array]) -> Any:
        try:
            return runner.run(session, inputs)
        except Exception as error:
            problem = difference(runner, session, signature)
            if problem is None:
                raise
            raise WrongSignature(problem) from error

    return cast("RunnerModule", SimpleNamespace(**{**vars(runner), "run": run}))


def difference(runner: RunnerModule, session: Any, signature: Signature) -> str | None:
    """Say which names the artifact and its signature do not share; None where they agree or nobody can tell."""
    if not hasattr(runner, "describe"):
        return None
    described = cast("DescribingRunnerModule", runner).describe(session)
    for side, tensors in (("inputs", signature["inputs"]), ("outputs", signature["outputs"])):
        own, said = {str(name) for name in described[side]}, {tensor["name"] for tensor in tensors.values()}
        if own != said:
            return f"the artifact's {side} are {sorted(own)}, and its signature says {sorted(said)}"
    return None
