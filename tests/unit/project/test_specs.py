"""A mistake in a TOML file is refused, and the message names the file, the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import USAGE, ConfigurationError
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.nearest import nearest
from deploymatrix.project.specs import PipelineSpec, TargetSpec
from deploymatrix.project.strict import Strict
from deploymatrix.project.toml_files import read_spec

MODEL = """
framework = "numpy"
seed = 3
samples = 4

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 3]

[timeouts]
export = 10

[routes.npz]
from = "numpy"
"""

PIPELINE = """
[[steps]]
from = "numpy"
environment = "numpy"
"""

TARGET = """
format = "npz"
runner = "python"
variants = ["fp32"]

[limits.fp32]
multiple = 12
floor = 2e-6
ceiling = 5e-4

[[expectations]]
cell = "linear/npz/fp32"
outcome = "mismatch"
reason = "upstream rounds the wrong way"
link = "https://example.org/1"
"""

LIMITS = TARGET[TARGET.index("[limits") : TARGET.index("[[exp")]

FILES: dict[type[Strict], str] = {ModelSpec: MODEL, PipelineSpec: PIPELINE, TargetSpec: TARGET}


def complaint(path: Path, kind: type[Strict], text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_spec(path, kind)
    assert caught.value.exit_code == USAGE
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", FILES)
def test_the_examples_are_right(tmp_path: Path, kind: type[Strict]) -> None:
    path = tmp_path / "it.toml"
    path.write_text(FILES[kind], encoding="utf-8")

    assert isinstance(read_spec(path, kind), kind)


@pytest.mark.parametrize(
    ("kind", "right", "typo", "key", "remedy"),
    [
        (ModelSpec, "seed = 3", "sed = 3", "sed", "did you mean 'seed'?"),
        (
            ModelSpec,
            'dtype = "float32"\nshape = [1, 4]',
            'dtyp = "float32"\nshape = [1, 4]',
            "inputs.0.dtyp",
            "'dtype'",
        ),
        (ModelSpec, "export = 10", "exprot = 10", "timeouts.exprot", "did you mean 'export'?"),
        (ModelSpec, 'from = "numpy"', 'form = "numpy"', "routes.npz.form", "did you mean 'from'?"),
        (PipelineSpec, "environment", "enviroment", "steps.0.enviroment", "did you mean 'environment'?"),
        (TargetSpec, "format", "fromat", "fromat", "did you mean 'format'?"),
        (TargetSpec, "reason", "raeson", "expectations.0.raeson", "did you mean 'reason'?"),
        (TargetSpec, "[limits.fp32]", "[zzz]", "zzz", "known: "),
        (TargetSpec, "multiple", "multipel", "limits.fp32.multipel", "did you mean 'multiple'?"),
    ],
)
def test_an_unknown_key_gets_the_nearest_known_one(
    tmp_path: Path, kind: type[Strict], right: str, typo: str, key: str, remedy: str
) -> None:
    text = complaint(tmp_path / "it.toml", kind, FILES[kind].replace(right, typo, 1))

    assert f"{key}: unknown key" in text
    assert remedy in text


@pytest.mark.parametrize(
    ("kind", "right", "key"),
    [
        (ModelSpec, 'framework = "numpy"', "framework"),
        (ModelSpec, 'name = "y"', "outputs.0.name"),
        (PipelineSpec, 'environment = "numpy"', "steps.0.environment"),
        (TargetSpec, 'runner = "python"', "runner"),
        (TargetSpec, 'link = "https://example.org/1"', "expectations.0.link"),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, kind: type[Strict], right: str, key: str) -> None:
    text = complaint(tmp_path / "it.toml", kind, FILES[kind].replace(right, "", 1))

    assert f"{key}: missing; add it" in text


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "key"),
    [
        (ModelSpec, "samples = 4", "samples = 3", "samples"),
        (ModelSpec, "samples = 4", 'samples = "many"', "samples"),
        (ModelSpec, "[1, 4]", "[1, 0]", "inputs.0.shape.1"),
        (ModelSpec, "[1, 4]", "[1, -1]", "inputs.0.shape.1"),
        (ModelSpec, 'dtype = "float32"\nshape = [1, 4]', 'dtype = "float33"\nshape = [1, 4]', "inputs.0.dtype"),
        (ModelSpec, 'name = "x"', 'name = "x-1"', "inputs.0.name"),
        (ModelSpec, "export = 10", "export = 0", "timeouts.export"),
        (ModelSpec, "export = 10", "export = inf", "timeouts.export"),
        (TargetSpec, "2e-6", "0.0", "limits.fp32.floor"),
        (TargetSpec, "5e-4", "1.0", "limits.fp32.ceiling"),
        (TargetSpec, "2e-6", "nan", "limits.fp32.floor"),
        (TargetSpec, "= 12", "= 0.5", "limits.fp32.multiple"),
        (TargetSpec, "https://example.org/1", "later", "expectations.0.link"),
        (TargetSpec, "upstream rounds the wrong way", "broken", "expectations.0.reason"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(
    tmp_path: Path, kind: type[Strict], right: str, wrong: str, key: str
) -> None:
    text = complaint(tmp_path / "it.toml", kind, FILES[kind].replace(right, wrong, 1))

    assert f": {key}: " in text
    assert "(it is " in text


@pytest.mark.parametrize(
    ("declaration", "why"),
    [
        ('dtype = "float32"\nvalues = "uniform"', "needs low and high"),
        ('dtype = "int64"\nvalues = "integers"\nlow = 0', "needs low and high"),
        ('dtype = "float32"\nvalues = "uniform"\nlow = 1\nhigh = 1', "low must be below high"),
        ('dtype = "float32"\nvalues = "uniform"\nlow = 0\nhigh = inf', "finite"),
        ('dtype = "float32"\nvalues = "integers"\nlow = 0\nhigh = 2', "needs an integer dtype"),
        ('dtype = "int64"', 'needs values = "integers"'),
        ('dtype = "float32"\nlow = 0\nhigh = 1', "low and high mean nothing"),
    ],
)
def test_values_that_cannot_be_drawn_are_refused(tmp_path: Path, declaration: str, why: str) -> None:
    text = MODEL.replace('dtype = "float32"\nshape = [1, 4]', f"{declaration}\nshape = [1, 4]")

    assert why in complaint(tmp_path / "model.toml", ModelSpec, text)


def test_names_of_inputs_differ(tmp_path: Path) -> None:
    text = MODEL.replace("[[outputs]]", '[[inputs]]\nname = "x"\ndtype = "float32"\nshape = [1]\n\n[[outputs]]')

    assert "names must differ: x, x" in complaint(tmp_path / "model.toml", ModelSpec, text)


@pytest.mark.parametrize(
    ("kind", "new", "old", "key", "remedy"),
    [
        (PipelineSpec, '[[steps]]\nfrom = "numpy"', '[[sources]]\nsource = "numpy"', "sources", "write [[steps]]"),
        (PipelineSpec, 'from = "numpy"', 'source = "numpy"', "steps.0.source", 'write from = "…"'),
        (ModelSpec, 'from = "numpy"', 'source = "numpy"', "routes.npz.source", 'write from = "…"'),
    ],
)
def test_a_key_of_earlier_versions_gets_its_new_name(
    tmp_path: Path, kind: type[Strict], new: str, old: str, key: str, remedy: str
) -> None:
    text = complaint(tmp_path / "it.toml", kind, FILES[kind].replace(new, old, 1))

    assert text.startswith(f"{tmp_path / 'it.toml'}: {key}: this key has another name now; {remedy}")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ('variants = ["fp32", "fp32"]', "variants must differ: fp32, fp32"),
        ("", "variants: missing; add it"),
        ("variants = []", "variants: "),
    ],
)
def test_variants_are_some_and_differ(tmp_path: Path, declared: str, why: str) -> None:
    text = complaint(tmp_path / "target.toml", TargetSpec, TARGET.replace('variants = ["fp32"]', declared))

    assert why in text


def test_a_limit_declares_no_variant(tmp_path: Path) -> None:
    text = complaint(
        tmp_path / "target.toml", TargetSpec, TARGET.replace(LIMITS, LIMITS + LIMITS.replace("fp32", "fp16"))
    )

    assert "limits has fp16, which variants does not declare" in text


def test_one_number_is_no_limit_any_more(tmp_path: Path) -> None:
    text = complaint(tmp_path / "target.toml", TargetSpec, TARGET.replace(LIMITS, "[limits]\nfp32 = 1e-5\n\n"))

    assert f"{tmp_path / 'target.toml'}: limits.fp32: a limit follows from the model now; write a table" in text
    assert "{ multiple = 12, floor = 2e-6, ceiling = 5e-4 } (it is 1e-05)" in text


def test_bounds_out_of_order_are_named(tmp_path: Path) -> None:
    text = complaint(tmp_path / "target.toml", TargetSpec, TARGET.replace("2e-6", "6e-4"))

    assert "limits.fp32: floor must not be above ceiling" in text


@pytest.mark.parametrize(
    ("own", "key"),
    [
        ("error = 1e-5", "limits.fp32.reason: missing"),
        ('error = 1e-5\nreason = "because"', "limits.fp32.reason"),
        ('error = 1.0\nreason = "a figure that users accepted"', "limits.fp32.error"),
    ],
)
def test_a_models_limit_needs_a_reason(tmp_path: Path, own: str, key: str) -> None:
    text = complaint(tmp_path / "model.toml", ModelSpec, f"{MODEL}\n[limits.fp32]\n{own}\n")

    assert key in text


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = complaint(
        tmp_path / "model.toml", ModelSpec, MODEL.replace("seed", "sed").replace("samples = 4", "samples = 1")
    )

    assert "sed: unknown key" in text
    assert "samples: " in text


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "not valid TOML" in complaint(tmp_path / "model.toml", ModelSpec, "framework = ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"target\.toml: the file is missing"):
        read_spec(tmp_path / "target.toml", TargetSpec)


def test_nearest_tells_all_names_when_none_is_near() -> None:
    assert nearest("qqqqqq", ["onnx", "litert"]) == "known: litert, onnx"
