"""State in model.toml: what is fed back, and what a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.toml_files import read_spec

MODEL = """
framework = "torch"
steps = 8

[[feedback]]
output = "state_out"
input = "state_in"

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[inputs]]
name = "state_in"
dtype = "float32"
shape = [1, 6]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 2]

[[outputs]]
name = "state_out"
dtype = "float32"
shape = [1, 6]
"""


def read(folder: Path, text: str) -> ModelSpec:
    path = folder / "model.toml"
    path.write_text(text)
    return read_spec(path, ModelSpec)


def test_samples_and_judged_outputs_have_a_leading_axis_of_steps(tmp_path: Path) -> None:
    spec = read(tmp_path, MODEL)

    assert [(tensor.name, tensor.shape) for tensor in spec.sampled_inputs] == [("x", (8, 1, 4))]
    assert [(tensor.name, tensor.shape) for tensor in spec.judged_outputs] == [
        ("y", (8, 1, 2)),
        ("state_out", (8, 1, 6)),
    ]
    assert [tensor.shape for tensor in spec.outputs] == [(1, 2), (1, 6)]


def test_a_first_state_that_is_sampled_has_the_shape_of_one_step(tmp_path: Path) -> None:
    spec = read(tmp_path, MODEL.replace('input = "state_in"', 'input = "state_in"\ninitial = "sampled"', 1))

    assert [(tensor.name, tensor.shape) for tensor in spec.sampled_inputs] == [
        ("x", (8, 1, 4)),
        ("state_in", (1, 6)),
    ]


def test_there_are_32_steps_unless_the_model_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, MODEL.replace("steps = 8\n", "")).steps == 32


def test_state_of_integers_that_begins_with_zeros_need_not_say_how_it_is_drawn(tmp_path: Path) -> None:
    text = MODEL.replace('dtype = "float32"\nshape = [1, 6]', 'dtype = "int64"\nshape = [1, 6]')

    assert read(tmp_path, text).inputs[1].dtype == "int64"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            'name = "state_out"\ndtype = "float32"\nshape = [1, 6]',
            'name = "state_out"\ndtype = "float32"\nshape = [1, 7]',
            "feedback: output 'state_out' is float32[1, 7] and input 'state_in' is float32[1, 6]",
        ),
        (
            'name = "state_out"\ndtype = "float32"',
            'name = "state_out"\ndtype = "float64"',
            "feedback: output 'state_out' is float64[1, 6] and input 'state_in' is float32[1, 6]",
        ),
        ('output = "state_out"', 'output = "state"', "there is no output 'state'; there are y, state_out"),
        ('input = "state_in"', 'input = "state"', "there is no input 'state'; there are x, state_in"),
        (
            "[[inputs]]\n",
            '[[feedback]]\noutput = "y"\ninput = "state_in"\n[[inputs]]\n',
            "feedback: output 'y' is float32[1, 2]",
        ),
        (
            "[[inputs]]\n",
            '[[feedback]]\noutput = "state_out"\ninput = "state_in"\n[[inputs]]\n',
            "output 'state_out' is in two of the tables",
        ),
        ('[[feedback]]\noutput = "state_out"\ninput = "state_in"\n', "", "steps means nothing for a model without"),
        ("steps = 8", "steps = 1", "steps"),
        ("shape = [1, 2]", "shape = [1, 2]\nragged = true", "y: ragged = true and [[feedback]] do not go together yet"),
        ("shape = [1, 2]", "shape = [1, 1, 1, 1, 1, 1, 1, 2]", "y: 8 axes; with [[feedback]] there are at most 7"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_file(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, MODEL.replace(before, after, 1))

    assert said in str(raised.value)
