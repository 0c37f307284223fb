"""What exporters' logs say about the truth of artifacts: the shipped rules on real lines, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.exporter_warnings import MOST, warnings_in
from deploymatrix.project.specs import PipelineSpec
from deploymatrix.project.toml_files import read_spec
from deploymatrix.project.warning_specs import WarningRule
from tests.runtimes import SHIPPED

FIXED = "We can't record the data flow of Python values, so this value will be treated as a constant in the future."
KERAS = "/envs/torch/lib/python3.11/site-packages/keras/src"
LSTM = "self.lstm._flat_weights[0], self.lstm._flat_weights[1] were assigned during export."
RULE = WarningRule(rule="a-rule", pattern="TracerWarning", means="The trace may be wrong.")


def found(format_: str, log: str) -> list[str]:
    return [w["rule"] for w in warnings_in(log, f"{format_}/from_x", SHIPPED.pipelines[format_].warnings)]


@pytest.mark.parametrize(
    ("format_", "rule", "line"),
    [
        (
            "torchscript",
            "value-fixed",
            f"/p/model.py:7: TracerWarning: Converting a tensor to a Python boolean might {FIXED}",
        ),
        (
            "torchscript",
            "value-fixed",
            "/p/model.py:7: TracerWarning: Converting a tensor to a NumPy array might cause",
        ),
        (
            "torchscript",
            "in-place",
            "/p/model.py:9: TracerWarning: There are 2 live references to the data region being modified when tracing "
            "in-place operator copy_.",
        ),
        (
            "torchscript",
            "trace-differs",
            "/p/x.py:1: TracerWarning: Output nr 1. of the traced function does not match the corresponding output of",
        ),
        (
            "torchscript",
            "not-deterministic",
            "/p/x.py:1: TracerWarning: Trace had nondeterministic nodes. Did you forget call .eval()",
        ),
        (
            "onnx",
            "state-lost",
            "/p/x.py:144: UserWarning: The tensor attribute self.seen was assigned during export. Such attributes must",
        ),
        (
            "executorch",
            "state-lost",
            "x.py:1: UserWarning: The tensor attributes self.a, self.b were assigned during export",
        ),
        ("onnx", "training-mode", "x.py:7: UserWarning: Exporting a model while it is in training mode. Please ensure"),
        (
            "onnx",
            "training-mode",
            "Node n of type FusedBatchNormV3 has is_training set to true, which is not supperted.",
        ),
        ("onnx", "invalid-model", "W1 x.py:9] Conversion successful but the ONNX model fails ONNX checker. Please"),
        ("onnx", "state-removed", "Removed Identity StatefulPartitionedCall/AssignVariableOp"),
        ("litert", "training-mode", "WARNING:root:Your model is converted in training mode. Please set the module in"),
        ("savedmodel", "run-once", "WARNING: AutoGraph could not transform <function f> and will run it as-is."),
        (
            "savedmodel",
            "pooling-redefined",
            "\x1b[33mWARNING:\x1b[0m Current pooling with ceil_mode = 1 follows pytorch implementation since",
        ),
    ],
)
def test_the_shipped_rules_find_what_exporters_say(format_: str, rule: str, line: str) -> None:
    assert found(format_, f"something else\n{line}\n  code()\n") == [rule]


SHAPES = f"{KERAS}/backend/torch/nn.py:599: TracerWarning: Converting a tensor to a Python boolean might {FIXED}"
SIZES = f"{KERAS}/backend/common/variables.py:634: TracerWarning: Converting a tensor to a Python integer might {FIXED}"
CONSTANT = "/p/model.py:3: TracerWarning: torch.tensor results are registered as constants in the trace."
OF_LSTM = f"contextlib.py:144: UserWarning: The tensor attributes {LSTM}"


@pytest.mark.parametrize(
    ("format_", "line", "code"),
    [
        ("torchscript", SHAPES, "if in_channels % kernel_in_channels != 0:"),
        ("torchscript", SIZES, "d = int(d)"),
        ("torchscript", CONSTANT, "scale = torch.tensor(0.5)"),
        ("onnx", OF_LSTM, "next(self.gen)"),
        ("onnx", "W1 x/_registration.py:107] torchvision is not installed. Skipping torchvision::nms", ""),
    ],
)
def test_they_leave_alone_what_means_no_harm(format_: str, line: str, code: str) -> None:
    assert found(format_, f"{line}\n  {code}\n") == []


def test_a_branch_inside_of_keras_that_depends_on_data_is_found() -> None:
    line = f"{KERAS}/backend/torch/core.py:400: TracerWarning: Converting a tensor to a Python boolean might"

    assert found("torchscript", f"{line}\n  if pred:\n") == ["value-fixed"]


def test_a_text_has_no_folder_of_this_machine_and_stands_once() -> None:
    line = "/home/me/project/model.py:7: TracerWarning: see https://example.org/a/b"
    log = f"{line}\n  if y.sum() > 0:\n{line}\n  if y.sum() > 0:\n"

    (warning,) = warnings_in(log, "torchscript/from_torch", [RULE])

    assert warning == {
        "step": "torchscript/from_torch",
        "rule": "a-rule",
        "text": "model.py:7: TracerWarning: see https://example.org/a/b [if y.sum() > 0:]",
        "means": "The trace may be wrong.",
    }


def test_the_order_in_a_log_does_not_count_and_few_of_many_are_kept() -> None:
    lines = [f"model.py:{n}: TracerWarning: x\n" for n in range(100)]

    assert warnings_in("".join(lines), "s", [RULE]) == warnings_in("".join(reversed(lines)), "s", [RULE])
    assert len(warnings_in("".join(lines), "s", [RULE])) == MOST


def test_a_pattern_that_is_none_is_an_error_that_names_the_key(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.toml"
    rule = '[[warnings]]\nrule = "a"\npattern = "(unclosed"\nmeans = "It is wrong."\n'
    file.write_text(f'[[steps]]\nfrom = "torch"\nenvironment = "torch"\n{rule}')

    with pytest.raises(ConfigurationError, match=r"warnings\.0\.pattern: this is no regular expression"):
        read_spec(file, PipelineSpec)
