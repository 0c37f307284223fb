"""How `verify` and `compare` say what was proved: one line first, a line for each input, and warnings."""

from __future__ import annotations

from collections.abc import Iterator

from deploymatrix.matrix.records import Outcome, Stage
from deploymatrix.verify.known import InputRecord, InputsRecord, LookupRecord


def first_line(outcome: Outcome, stage: Stage | None, detail: str, inputs: InputsRecord | None) -> str:
    """Say the outcome, and of a comparison on how many samples it was made, of which inputs."""
    where = f" in stage {stage}" if stage else ""
    proved = "" if inputs is None else f"{_count(inputs.samples)}, inputs: {inputs.knowledge}{_in_short(inputs)}"
    if outcome == "passed":
        return f"passed on {proved}"
    return f"{outcome}{where}: {detail}" + (f" ({proved})" if proved else "")


def input_lines(inputs: InputsRecord) -> Iterator[str]:
    """Say of each input its type and range, of each free axis its sizes, of each lookup how much of it was touched."""
    for entry in inputs.inputs:
        sizes = ", ".join(map(str, entry.shape))
        yield f"  {entry.name}: {entry.dtype}[{sizes}], {_how(entry)}"
        if entry.lost_by is not None:
            yield f"  {entry.name} is no input of {entry.lost_by}; answers did not change where its values did"
    for dim in inputs.dims:
        source = "usual sizes, which nobody told: see --dim" if dim.known_by is None else f"from {dim.known_by}"
        yield f"  {dim.name} = {', '.join(map(str, dim.sizes))} ({source})"
    for lookup in inputs.lookups:
        share = f"{lookup.touched} of {lookup.rows} rows touched ({_share(lookup)})"
        yield f"  {lookup.table} in {lookup.artifact}, looked up by {lookup.input}: {share}"


def warnings(inputs: InputsRecord) -> Iterator[str]:
    """Say what the verdict does not show: blind inputs, one sample only, graphs that could not be followed."""
    for entry in inputs.blind:
        yield (
            f"input {entry.name} was drawn blindly, as {_integers(entry)}: no artifact tells what its integers mean, "
            f"so other values are untested; give --range {entry.name}=LOW:HIGH or --inputs"
        )
    if inputs.samples == 1 and inputs.inputs:
        yield "one sample does not show whether answers depend on the inputs; take more of them"
    for text in inputs.unread:
        yield f"the graph could not be followed, so its lookups are unknown: {text}"


def guessed_sizes(inputs: InputsRecord | None) -> str:
    """Return " (batch = 1, 3 …)" where sizes are drawn that nobody told: an artifact may not take them."""
    guessed = [dim for dim in inputs.dims if dim.known_by is None] if inputs else []
    shown = "; ".join(f"{dim.name} = {', '.join(map(str, dim.sizes))}" for dim in guessed)
    return (
        f" (the sizes of its free axes are merely usual ones: {shown}; if it takes others, give --dim)" if shown else ""
    )


def _in_short(inputs: InputsRecord) -> str:
    """Return " (ids: 0..255, 100 % of token.weight touched)": of blind inputs and those that look up."""
    parts = [f"{entry.name}: {_integers(entry)}, drawn without a range" for entry in inputs.blind]
    for entry in inputs.inputs:
        lookups = [lookup for lookup in inputs.lookups if lookup.input == entry.name]
        if lookups:
            least = min(lookups, key=lambda lookup: lookup.touched / max(lookup.rows, 1))
            parts.append(f"{entry.name}: {_span(entry)}, {_share(least)} of {least.table} touched")
    return f" ({'; '.join(parts)})" if parts else ""


def _how(entry: InputRecord) -> str:
    span = f"values {_span(entry)}"
    if entry.values == "given":
        return f"given, {span}" + ("" if entry.distinct is None else f", {entry.distinct} different")
    if entry.values == "integers":
        source = "blind" if entry.known_by is None else f"from {entry.known_by}"
        assert entry.low is not None and entry.high is not None, "integers have a range"
        whole = int(entry.high) - int(entry.low)
        return f"integers {_integers(entry)} ({source}), {entry.distinct} of {whole} different"
    if entry.values == "uniform":
        return f"uniform from {entry.low:g} to {entry.high:g} (from {entry.known_by}), {span}"
    return f"{entry.values}, {span}"


def _integers(entry: InputRecord) -> str:
    assert entry.low is not None and entry.high is not None, "integers have a range"
    return f"{int(entry.low)}..{int(entry.high) - 1}"


def _span(entry: InputRecord) -> str:
    if entry.smallest is None or entry.largest is None:
        return "not finite"
    return f"{entry.smallest:.6g}..{entry.largest:.6g}"


def _share(lookup: LookupRecord) -> str:
    """Return per cent, and never 100 where a row is missing."""
    share = 100 * lookup.touched / max(lookup.rows, 1)
    return f"{share if share in (0, 100) else min(share, 99.9):.3g} %"


def _count(samples: int) -> str:
    return f"{samples} sample" + ("" if samples == 1 else "s")
