"""Free axes in model.toml: what may be written, and what a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.toml_files import read_spec

MODEL = """
framework = "torch"

[dims]
batch = [1, 3]
time = { min = 1, max = 128, try = [7, 32] }

[[inputs]]
name = "x"
dtype = "float32"
shape = ["batch", "time", 8]

[[outputs]]
name = "y"
dtype = "float32"
shape = ["batch", 4]
"""


def read(folder: Path, text: str) -> ModelSpec:
    path = folder / "model.toml"
    path.write_text(text)
    return read_spec(path, ModelSpec)


def test_a_dim_is_tried_at_its_ends_too(tmp_path: Path) -> None:
    spec = read(tmp_path, MODEL)

    assert spec.inputs[0].shape == ("batch", "time", 8)
    assert {name: dim.sizes for name, dim in spec.dims.items()} == {"batch": (1, 3), "time": (1, 7, 32, 128)}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "batch = [1, 3]\n",
            "",
            "dims: a shape names 'batch', which is not declared; write its sizes: [dims] batch = [1, 3]",
        ),
        (
            'shape = ["batch", 4]',
            'shape = ["batch", "classes"]',
            "dims: a shape names 'classes', which is not declared",
        ),
        (
            "batch = [1, 3]\n",
            "batch = [1, 3]\nwidth = [2, 4]\n",
            "dims.width: no shape has it; write 'width' in the shape",
        ),
        (
            "batch = [1, 3]\n",
            "batch = [1, 3]\nclasses = [2, 4]\n",
            "dims.classes: outputs alone have it, and nothing binds it; write 'classes' in the shape of an input",
        ),
        ("[1, 3]", "[3]", "dims.batch: a dim of one size is none: try a second size, or write 3 in the shapes"),
        ("[1, 3]", "[]", "dims.batch"),
        ("[1, 3]", "3", "dims.batch: write the sizes to try, such as [1, 3], or { min = 1, max = 128, try = [1, 32] }"),
        ("[1, 3]", "[0, 3]", "dims.batch"),
        ("max = 128", "max = 16", "dims.time: try holds a size outside of 1 to 16; correct try, min or max"),
        ("max = 128", "maximum = 128", "dims.time.maximum"),
        (
            'shape = ["batch", 4]',
            'ragged = true\nshape = ["batch", 4]',
            "ragged = true and the dim 'batch' do not go together in one axis",
        ),
        ('"time", 8]', "1.5, 8]", "inputs.0.shape.1: a size is a number, at least 1, or the name of a dim in [dims]"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = MODEL.replace(before, after, 1)
    if "classes = " in after:
        text = text.replace('shape = ["batch", 4]', 'shape = ["batch", "classes"]')

    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)

    assert "model.toml: " in str(caught.value)
    assert said in str(caught.value)
