"""The line that a reader needs, chosen from the messages of all exporters and runtimes as they really are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.execution.decisive import decisive

VECTORS = Path(__file__).parents[2] / "vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "exporter_messages.json").read_text(encoding="utf-8"))["cases"]
EXPORTERS = {path.parent.name + "/" + path.stem for path in VECTORS.parents[1].glob("pipelines/*/from_*.py")}
BANNER = re.compile(r"This is step \d/\d|Next steps|^[\W\d]*$|Exception encountered when calling|sanity checks")


def first_line(chain: list[dict[str, str]], log: str = "") -> str:
    return decisive(chain, log).split("\n", 1)[0]


def raised(type_: str, message: str, link: str = "") -> dict[str, str]:
    return {"type": type_, "message": message, "link": link}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_line_that_a_reader_needs_is_chosen(case: dict[str, Any]) -> None:
    assert first_line(case["chain"], case["log"]) == case["expected"]


def test_no_real_message_is_told_by_a_banner_or_by_a_bare_number() -> None:
    told = {case["name"]: first_line(case["chain"], case["log"]) for case in CASES}

    assert not {name: line for name, line in told.items() if not line or BANNER.search(line)}


def test_every_exporter_is_heard() -> None:
    heard = {case["name"].split(" ")[0] for case in CASES}

    assert heard >= EXPORTERS - {"frameworks/from_keras"}
    assert heard >= {"onnx", "torchscript", "executorch", "litert", "savedmodel"}, "and runtimes"


def test_the_innermost_cause_counts_before_its_consequences() -> None:
    chain = [
        raised("ConversionError", "Failed to convert the exported program to an ONNX model. This is step 3/3 of …"),
        raised("ConversionError", "Error when translating node %x", "cause"),
        raised("DispatchError", "No ONNX function found for aten.foo", "cause"),
    ]

    assert first_line(chain) == "DispatchError: No ONNX function found for aten.foo"


def test_an_attempt_that_was_under_way_is_no_cause() -> None:
    chain = [raised("ValueError", "the shapes do not fit"), raised("KeyError", "'cache'", "context")]

    assert first_line(chain) == "ValueError: the shapes do not fit"


def test_what_a_bare_exit_hides_is_the_cause() -> None:
    chain = [raised("SystemExit", "1"), raised("ValueError", "Dimensions must be equal", "context")]

    assert first_line(chain) == "ValueError: Dimensions must be equal"


def test_the_first_exception_of_a_group_counts() -> None:
    chain = [raised("ExceptionGroup", "several (2 sub-exceptions)"), raised("TypeError", "no float16", "group")]

    assert first_line(chain) == "TypeError: no float16"


def test_a_bare_array_is_left_for_what_the_log_says() -> None:
    chain = [raised("ValueError", "[[ 1.0000 -2.5e-03]\n [ 3.0 4.0]]")]
    log = "step 1\n\x1b[31mERROR:\x1b[0m DFT input last dimension must be 1 or 2.\n"

    assert first_line(chain, log).startswith("DFT input last dimension must be 1 or 2. (ValueError")


def test_a_number_of_the_runtime_is_told_after_what_its_log_says() -> None:
    chain = [raised("RuntimeError", "Failed to execute method forward, error: 0x12")]
    log = "[cpuinfo_utils.cpp:71] Reading file\n[method.cpp:1203] Input 0 has unexpected scalar type\n"

    line = first_line(chain, log)

    assert line == "Input 0 has unexpected scalar type (RuntimeError: Failed to execute method forward, error: 0x12)"


def test_a_wrong_signature_counts_before_what_the_runtime_said_of_it() -> None:
    chain = [raised("WrongSignature", "the artifact's inputs are a, b"), raised("ValueError", "b is missing", "cause")]

    assert first_line(chain) == "WrongSignature: the artifact's inputs are a, b"


def test_a_message_does_not_steer_a_terminal_and_is_not_long() -> None:
    told = decisive([raised("E", "\x1b[31mbad\x1b[0m " + "x" * 5000 + "\n" * 3 + "y\n" * 40)], "")

    assert told.startswith("E: bad x") and len(told) <= 600 and len(told.splitlines()) <= 6


def test_without_an_exception_there_is_nothing_to_tell() -> None:
    assert decisive([], "Error: something") == ""
