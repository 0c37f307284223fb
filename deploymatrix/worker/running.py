"""The task `run`: an artifact's outputs for each sample, by declared name and exactly as they came."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from . import choosing, mismatched, stepping, tensors, varying, versions
from .loading import load
from .reporting import Reporter
from .tensors import Array

if TYPE_CHECKING:
    from .modules import RunnerModule
    from .protocol import Submit
    from .tasks import ArtifactTensor, OutputNames, RunArgs, RunValue

ENOUGH_S = 1.0

Sizes = dict[str, list[int]]
Run = Callable[[dict[str, Array]], Any]


def perform(request: Submit[RunArgs], reporter: Reporter) -> RunValue:
    """Write `out/<i>/<output>.npy` for each sample i; say which outputs were found, extra and missing."""
    began = time.perf_counter()
    args, out = request["args"], Path(request["out"])
    runner = cast("RunnerModule", load(Path(request["module"])))
    used = versions.of(runner)
    chosen = choosing.choosing(runner, args.get("chosen"))
    runner = stepping.stepping(mismatched.explaining(chosen, args["signature"]), args)

    reporter.stage("load")
    samples = tensors.read_samples(args["samples"])
    start = time.perf_counter()
    session = runner.load(Path(args["payload"]))
    load_s = time.perf_counter() - start

    reporter.stage("run")
    signature = args["signature"]
    declared = {entry["name"]: name for name, entry in signature["outputs"].items()}
    inputs = [prepared(sample, signature["inputs"]) for sample in samples]
    first = varying.Answers(out, declared)
    run_s: list[float] = []
    sizes = None
    for index, given in enumerate(inputs):
        sizes = tell_sizes(index, given, sizes)
        runs, seconds = timed(functools.partial(runner.run, session), given, args["repeat"])
        first.keep(runs)
        run_s.append(seconds)
    device = device_of(runner, session)
    del session  # the next one gets its memory
    until, session_s = began + request["timeout_s"], load_s + 2 * max(run_s)
    bench = varying.Bench(runner, Path(args["payload"]), inputs, first, request["threads"], until, session_s)
    checks = varying.check(bench) if args["repeat"] else []
    measured = {"load_s": load_s, "run_s": run_s, "checks": checks}
    return cast("RunValue", {**output_names(declared, first.names), **measured, "device": device, "versions": used})


def device_of(runner: Any, session: Any) -> str:
    """Return what computed, as the runner's device() says; empty for the processor itself."""
    return str(runner.device(session)) if hasattr(runner, "device") else ""


def tell_sizes(index: int, inputs: dict[str, Array], before: Sizes | None) -> Sizes:
    """Write to the log which sample comes now where its sizes are others than before: a failure may be theirs."""
    sizes = {name: list(array.shape) for name, array in inputs.items()}
    if before is not None and sizes != before:
        print(f"sample {index}: sizes {sizes}", flush=True)
    return sizes


def prepared(sample: dict[str, Array], entries: dict[str, ArtifactTensor]) -> dict[str, Array]:
    """Return a sample under the artifact's own names and dtypes. Raise ValueError for a value that does not fit."""
    if set(sample) != set(entries):
        raise ValueError(f"the sample has inputs {sorted(sample)}, the signature {sorted(entries)}")
    return {entry["name"]: tensors.cast(sample[name], entry["dtype"], name) for name, entry in entries.items()}


def timed(run: Run, inputs: dict[str, Array], repeat: int) -> tuple[list[dict[str, Array]], float]:
    """Return the outputs of all runs, and the median of their seconds; each run gets inputs of its own.

    There are no further runs once one took long enough to be measured.
    """
    outputs: list[dict[str, Array]] = []
    seconds: list[float] = []
    while len(seconds) < max(1, repeat) and sum(seconds) < ENOUGH_S:
        given = {name: array.copy() for name, array in inputs.items()}
        start = time.perf_counter()
        result = run(given)
        seconds.append(time.perf_counter() - start)
        outputs.append(tensors.checked(result, "run()"))
    return outputs, statistics.median(seconds)


def output_names(declared: dict[str, str], names: list[set[str]]) -> OutputNames:
    """Compare the declared names, by the artifact's own, with the names that each sample's run gave."""
    always, ever = set.intersection(*names), set.union(*names)
    return {
        "outputs": [name for own, name in declared.items() if own in always],
        "extra": sorted(ever - declared.keys()),
        "missing": [name for own, name in declared.items() if own not in always],
    }
