"""All about a cell: what happened, where, whose fault it is, and how to see it again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploymatrix.matrix.budgets import latency_ratio
from deploymatrix.matrix.causes import cause_of
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.layers import table
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.output_records import DecisionsRecord, OutputRecord, WorstRecord
from deploymatrix.matrix.records import Cell
from deploymatrix.printable import printable
from deploymatrix.project.findings import Finding
from deploymatrix.report.accuracy import accuracy_words
from deploymatrix.report.device import device_words, platform_words
from deploymatrix.report.stability import stability
from deploymatrix.report.worth import share

TRACEBACK = "Traceback (most recent call last):"
ERROR = re.compile(r"\b(\w*error|exception|fatal|abort(ed)?|panic|segmentation fault|assert\w*|failed|killed)\b", re.I)
LOG_LINES = 14
LONGEST_LINE = 240


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A finding whose defect a step of the cell repaired; a finding that no tree has is known by its name alone.

    sees: what a user of the plain converter sees. page: where to read on. repro: the command that shows the defect.
    """

    name: str
    title: str = ""
    sees: str = ""
    page: str = ""
    repro: str = ""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One cell. digests: what it depends on. log: the decisive lines. similar: cells of the same cause.

    agreement: whose answers are alike, in words.
    """

    cell: Cell
    measurement: Measurement | None
    digests: dict[str, str]
    log: tuple[str, ...]
    similar: tuple[str, ...]
    repro: str | None
    repairs: tuple[Repair, ...] = ()
    agreement: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: the matrix's record of the cell, and beside it what the matrix does not hold."""
        measured = self.measurement.model_dump(mode="json") if self.measurement else None
        beside = {key: value for key, value in asdict(self).items() if key not in ("cell", "measurement")}
        return {**beside, "name": self.cell.name, "cell": self.cell.model_dump(mode="json"), "measurement": measured}


def repairs_of(cell: Cell, findings: Mapping[str, Finding]) -> tuple[Repair, ...]:
    """Return the cell's repairs with what their findings say; a step of the user's may name others."""
    return tuple(_told(name, findings.get(name)) for name in cell.repairs)


def _told(name: str, finding: Finding | None) -> Repair:
    if finding is None:
        return Repair(name=name)
    spec = finding.spec
    shown_by = f"deploymatrix findings {name}"
    return Repair(name=name, title=spec.title, sees=spec.sees, page=finding.link, repro=shown_by)


def decisive_lines(log: str) -> tuple[str, ...]:
    """Return the last traceback of a log, abridged in its middle; else its last lines about an error; else its end."""
    lines = [_clean(line) for line in log.splitlines() if line.strip()]
    starts = [index for index, line in enumerate(lines) if TRACEBACK in line]
    if starts:
        return tuple(_abridged(_block(lines[starts[-1] :])))
    about_errors = [line for line in lines if ERROR.search(line)]
    return tuple((about_errors or lines)[-LOG_LINES:])


YARDSTICK = (
    "float32: the model's code rounds to it and cannot be kept from it, so the limit follows from how far float32 is "
    "off from itself"
)


ADVICE = (
    "keep {} in float32, by the options of the step that quantises; or give its weights a smaller range: a scale for "
    "each channel, clipping, or training"
)


def as_text(explanation: Explanation) -> Iterator[str]:
    """Yield lines for a terminal."""
    cell = explanation.cell
    yield printable(explain_red(cell) if cell.verdict != "ok" else f"{cell.name}: passed")
    yield from _field("cause", cause_of(cell))
    yield from _field("route", " → ".join(cell.route))
    yield from _field("steps", ", ".join(cell.steps))
    yield from _field("verdict", f"{cell.verdict}{f' ({cell.isolation})' if cell.isolation else ''}")
    if cell.expectation:
        until = f", until {cell.expectation.expires}" if cell.expectation.expires else ""
        yield from _field("expected", f"{cell.expectation.reason} ({cell.expectation.link}{until})")
    yield from _field("blame", cell.blame or "")
    yield from _block_of("detail", cell.detail.splitlines() if "\n" in cell.detail else [])
    yield from _field("artifact", f"{cell.artifact.bytes:,} bytes" if cell.artifact else "")
    yield from _field("static", cell.fixed)
    yield from _field("made for", f"{cell.processor}, and no other processor" if cell.processor else "")
    yield from _field("changes", "; ".join(cell.changes))
    yield from _field("samples", cell.own_samples)
    yield from _field("accuracy", accuracy_words(cell.accuracy))
    yield from _field("checks", stability(cell))
    yield from _block_of("agrees", explanation.agreement)
    yield from _field("platform", platform_words(cell))
    yield from _field("device", device_words(cell))
    if cell.yardstick != "float64":
        yield from _field("yardstick", YARDSTICK)
    yield from _block_of("warnings", [f"{w.rule}, {w.step}: {w.means} {w.text}" for w in cell.warnings])
    yield from _block_of("reads", [f"{name} {digest[:12]}" for name, digest in cell.reads.items()])
    for repair in explanation.repairs:
        yield from _repair(repair)
    yield from _block_of("digests", [f"{name}: {digest}" for name, digest in explanation.digests.items()])
    yield from _block_of("versions", [f"{name} {version}" for name, version in sorted(cell.versions.items())])
    yield from _block_of("outputs", [_output(output) for output in cell.outputs])
    yield from _layers(cell)
    yield from _field("times", _times(explanation.measurement))
    yield from _field("beside", _beside(cell, explanation.measurement))
    yield from _block_of(f"log ({cell.log})", list(explanation.log))
    yield from _field("similar", ", ".join(explanation.similar))
    yield from _field("repro", explanation.repro or "")


def _layers(cell: Cell) -> Iterator[str]:
    """Yield which layers bring in the noise, of an artifact that fails by itself."""
    if cell.layers:
        yield from _block_of("layers", [*table(cell.layers), ADVICE.format(cell.layers[0].name)])


def _field(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"  {name:<9} {_clean(text)}"


def _block_of(name: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from [f"  {name}"] if name else []
        yield from (f"    {_clean(line)}" for line in lines)


def _repair(repair: Repair) -> Iterator[str]:
    yield from _field("repaired", f"{repair.name}{f': {repair.title}' if repair.title else ''}")
    known = [("plainly", repair.sees), ("read", repair.page), ("see it", repair.repro)]
    yield from _block_of("", [f"{name:<8}{text}" for name, text in known if text])


def _output(output: OutputRecord) -> str:
    """Write one output's figures; leave out those that nobody measured."""
    figures = [
        ("error", output.error),
        ("limit", output.limit),
        ("of the limit", output.headroom),
        ("eager", output.eager_error),
        ("max_abs", output.max_abs),
        ("cosine", output.cosine),
        ("snr_db", output.snr_db),
    ]
    shown = ", ".join(f"{name} {value:.3g}" for name, value in figures if value is not None)
    problem = f": {output.problem}" if output.problem else ""
    rows = "" if output.rows is None else f", rows {', '.join(str(answered) for answered, _ in output.rows)}"
    return f"{output.name} {output.type}{problem}: {shown}{rows}{_worst(output.worst)}{_decided(output.decisions)}"


def _decided(found: DecisionsRecord | None) -> str:
    """Say of integers of what is quantised how many are decided otherwise than by float64."""
    if found is None:
        return ""
    shares = f"by the graph {found.lost:.3g}, by the runtime {found.answered:.3g}, at most {found.limit:.3g}"
    return f"; of {found.values} values are decided otherwise: {shares}"


def _worst(worst: WorstRecord | None) -> str:
    """Say where an output uses the largest share of its limit."""
    if worst is None:
        return ""
    where = "the whole" if worst.axis is None else f"axis {worst.axis}, slice {worst.index}"
    place = f"sample {worst.sample}, element {list(worst.position)}"
    figures = f"error {worst.error:.3g}, limit {worst.limit:.3g}, eager {worst.noise:.3g}"
    return f"; worst in {'values far out of its range' if worst.far else where} ({place}): {figures}"


def _times(measurement: Measurement | None) -> str:
    if measurement is None:
        return ""
    seconds = [("export", measurement.export_s), ("load", measurement.load_s), ("run", measurement.run_s)]
    shown = [f"{name} {value:.3g} s" for name, value in [*seconds, ("eager", measurement.eager_s)] if value is not None]
    ratio = latency_ratio(measurement)
    shown += [f"{ratio:.3g} times eager"] if ratio is not None else []
    shown += [f"peak {measurement.peak_mb:.0f} MiB"] if measurement.peak_mb is not None else []
    return ", ".join(shown)


def _beside(cell: Cell, measurement: Measurement | None) -> str:
    """Say what the variant is beside full precision, as far as that was measured."""
    shares = [("size", cell.size_ratio)]
    shares += [("time", measurement.latency_ratio), ("memory", measurement.memory_ratio)] if measurement else []
    known = [f"{share(value)} of the {what}" for what, value in shares if value is not None]
    return f"{cell.beside}: {', '.join(known)}" if known else ""


def _block(lines: Sequence[str]) -> list[str]:
    """Return a traceback: its indented lines, and the lines of the message that ends it."""
    body = next((i for i, line in enumerate(lines[1:], 1) if not line.startswith(" ")), len(lines))
    return list(lines[: body + 6])


def _abridged(lines: list[str]) -> list[str]:
    if len(lines) <= LOG_LINES:
        return lines
    return [lines[0], f"  … {len(lines) - LOG_LINES} lines left out …", *lines[-LOG_LINES + 1 :]]


def _clean(line: str) -> str:
    """Clean a line of a log, which must not steer the terminal."""
    return printable(line)[:LONGEST_LINE].rstrip()
