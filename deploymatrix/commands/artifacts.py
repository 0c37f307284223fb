"""`verify` and `compare`: artifacts that somebody else made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from deploymatrix import errors
from deploymatrix.commands.options import AsJson, Isolation, echo, print_json, project_of

if TYPE_CHECKING:
    from deploymatrix.verify.agreement import Agreement
    from deploymatrix.verify.ranges import Range
    from deploymatrix.verify.verify import Verification

Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=ARTIFACT_NAME",
        help="An input or output that has another name in the artifact; repeatable.",
    ),
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="NAME=LOW:HIGH",
        help="What an input's values are, HIGH excluded, as in ids=0:256; repeatable.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--constant", metavar="OUTPUT", help="An output that may be the same for all samples; repeatable."),
]
Dims = Annotated[
    list[str] | None,
    typer.Option(
        "--dim",
        metavar="NAME=SIZE,…",
        help="Sizes in which a free axis is drawn, as in batch=1,3; repeatable.",
    ),
]
Signature = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of several in the artifact [default: serving_default, or the only one]."),
]
SignatureA = Annotated[str | None, typer.Option(metavar="NAME", help="The same for A alone.")]
SignatureB = Annotated[str | None, typer.Option(metavar="NAME", help="The same for B alone.")]
Inputs = Annotated[
    list[Path] | None,
    typer.Option(metavar="NPZ", help="The inputs of a sample, by name; repeatable; none where it takes none."),
]
Target = Annotated[str | None, typer.Option("-t", "--target", help="The target that runs it [default: by its name].")]
Files = Annotated[
    list[Path] | None,
    typer.Option(metavar="NPZ", help="A sample, by A's names; repeatable [default: drawn from A's signature]."),
]
SharedLimit = Annotated[
    float | None, typer.Option(metavar="X", min=0.0, help="Of max|b - a| / max|a| [default: both targets' summed].")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit code 1 also when inputs are blind.")]
Seed = Annotated[
    int,
    typer.Option(min=0, help="For drawn inputs. Integers of which nobody tells the range are 0 and 1: blind."),
]
Samples = Annotated[
    int | None,
    typer.Option(min=1, help="To draw [default: 4, or up to 64 where a lookup has more rows than 4 touch]."),
]
Seconds = Annotated[float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds for loading and running.")]


def register(app: typer.Typer) -> None:
    app.command()(verify)
    app.command()(compare)


def verify(
    context: typer.Context,
    artifact: Annotated[Path, typer.Argument(help=".onnx, .tflite, .pte, .pt, a SavedModel or TF.js folder, …")],
    reference: Annotated[
        list[Path], typer.Option(metavar="NPZ", help="The outputs that it must give, by name; one for each --inputs.")
    ],
    inputs: Inputs = None,
    target: Target = None,
    signature: Signature = None,
    mapping: Mapping = None,
    ranges: Ranges = None,
    constant: Constants = None,
    limit: Annotated[
        float | None,
        typer.Option(metavar="X", min=0.0, help="Of max|y - r| / max|r| [default: the target's for fp32]."),
    ] = None,
    isolation: Isolation = "auto",
    timeout: Seconds = 120.0,
    json: AsJson = False,
) -> None:
    """Run an artifact that you have and compare its answers with yours. Exit code 1 when it fails."""
    from deploymatrix.verify.arrays import read_samples, require_pairs
    from deploymatrix.verify.verify import Claim
    from deploymatrix.verify.verify import verify as decide

    if inputs:
        require_pairs(inputs, reference)
    claim = Claim(
        artifact=artifact,
        target=target,
        signature=signature,
        inputs=read_samples(inputs) if inputs else [{} for _ in reference],
        reference=read_samples(reference),
        limit=limit,
        timeout_s=timeout,
        **_knowledge(mapping, ranges, constant),
    )
    verification = decide(project_of(context, anywhere=True), claim, isolation, _say)
    _show(verification, f"{verification.artifact} on {verification.target}, {verification.isolation} isolation", json)


def compare(
    context: typer.Context,
    first: Annotated[Path, typer.Argument(metavar="A", help="Its answers are the reference.")],
    second: Annotated[Path, typer.Argument(metavar="B")],
    inputs: Files = None,
    target_a: Annotated[str | None, typer.Option(help="The target that runs A [default: by its name].")] = None,
    target_b: Annotated[str | None, typer.Option(help="The target that runs B [default: by its name].")] = None,
    signature: Signature = None,
    signature_a: SignatureA = None,
    signature_b: SignatureB = None,
    mapping: Mapping = None,
    ranges: Ranges = None,
    dims: Dims = None,
    constant: Constants = None,
    strict: Strict = False,
    seed: Seed = 0,
    samples: Samples = None,
    limit: SharedLimit = None,
    isolation: Isolation = "auto",
    timeout: Seconds = 120.0,
    json: AsJson = False,
) -> None:
    """Run two artifacts of one model on the same inputs. Exit code 1 when an output disagrees."""
    from deploymatrix.verify.agreement import compare_artifacts
    from deploymatrix.verify.arrays import read_samples
    from deploymatrix.verify.sharing import Pair

    pair = Pair(
        first=first,
        second=second,
        first_target=target_a,
        second_target=target_b,
        first_signature=signature_a or signature,
        second_signature=signature_b or signature,
        inputs=read_samples(inputs) if inputs else None,
        dims=_sizes(dims),
        seed=seed,
        samples=samples,
        limit=limit,
        timeout_s=timeout,
        **_knowledge(mapping, ranges, constant),
    )
    agreement = compare_artifacts(project_of(context, anywhere=True), pair, isolation, _say)
    _show(agreement, _title(agreement), json)
    _require_known(agreement, strict)


class _Knowledge(TypedDict):
    """What the user says of names and values, as both commands take it."""

    mapping: dict[str, str]
    ranges: dict[str, Range]
    constant: tuple[str, ...]


def _knowledge(mapping: list[str] | None, ranges: list[str] | None, constant: list[str] | None) -> _Knowledge:
    from deploymatrix.verify.pairing import read_mapping
    from deploymatrix.verify.ranges import read_ranges

    return {
        "mapping": read_mapping(mapping or ()),
        "ranges": read_ranges(ranges or ()),
        "constant": tuple(constant or ()),
    }


def _sizes(dims: list[str] | None) -> dict[str, tuple[int, ...]]:
    from deploymatrix.verify.dims import read_dims

    return read_dims(dims or ())


def _require_known(agreement: Agreement, strict: bool) -> None:
    if strict and agreement.inputs is not None and agreement.inputs.knowledge == "blind":
        raise typer.Exit(errors.GATE_FAILED)


def _title(agreement: Agreement) -> str:
    title = f"{agreement.second} on {agreement.targets[1]} against {agreement.first} on {agreement.targets[0]}"
    return f"{title}, {agreement.samples} samples, {agreement.isolation} isolation"


def _show(verdict: Verification | Agreement, title: str, as_json: bool) -> None:
    """Print what was proved first, then of which inputs, then the outputs; warnings go to stderr."""
    from deploymatrix.verify.telling import first_line, input_lines, warnings

    if as_json:
        print_json(verdict.model_dump(mode="json"))
    else:
        from rich.console import Console

        from deploymatrix.report.outputs import print_outputs

        echo(first_line(verdict.outcome, verdict.stage, verdict.detail, verdict.inputs))
        for line in input_lines(verdict.inputs) if verdict.inputs else ():
            echo(line)
        print_outputs(title, verdict.outputs, Console())
    for text in warnings(verdict.inputs) if verdict.inputs else ():
        _say(f"warning: {text}")
    if not verdict.passed:
        raise typer.Exit(errors.GATE_FAILED)


def _say(message: str) -> None:
    echo(message, err=True)
