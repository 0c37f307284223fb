from __future__ import annotations

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.shapes import Size
from deploymatrix.verify.artifacts import Slot
from deploymatrix.verify.dims import MOST_CORNERS, Dim, bound, corners, free_dims, joined, named, read_dims, taken


def slots(**shapes: tuple[Size, ...]) -> dict[str, Slot]:
    return {name: Slot(dtype="float32", shape=shape) for name, shape in shapes.items()}


def shapes(found: dict[str, Slot]) -> dict[str, object]:
    return {name: slot.shape for name, slot in found.items()}


def dim(name: str, *sizes: int) -> Dim:
    return Dim(name=name, sizes=sizes, known_by=None)


def test_sizes_are_read() -> None:
    assert read_dims(["batch=1,3,3", "a=b=7"]) == {"batch": (1, 3), "a=b": (7,)}


@pytest.mark.parametrize(
    "option", ["batch", "batch=", "=1", "batch=0", "batch=1,", "batch=-1", "batch=x", "b=99999999999"]
)
def test_what_is_no_size_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match="write NAME=SIZE"):
        read_dims([option])


def test_two_options_of_one_axis_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="an earlier --dim"):
        read_dims(["batch=1", "batch=2"])


def test_axes_without_names_are_named_by_their_place() -> None:
    found = named(slots(ids=(None, None), mask=(None, None), x=(1, "time")), ())
    assert shapes(found) == {"ids": ("batch", "axis1"), "mask": ("batch", "axis1"), "x": (1, "time")}


def test_one_inputs_axis_can_be_named_apart() -> None:
    found = named(slots(ids=(None, None), mask=(None, None)), {"ids.1"})
    assert shapes(found) == {"ids": ("batch", "ids.1"), "mask": ("batch", "axis1")}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("batch", 4), (1, 4), (1, 4)),
        ((1, 4), ("batch", 4), (1, 4)),
        (("batch", "time"), ("n", "s0"), ("batch", "time")),
        (("batch",), ("batch", 4), ("batch",)),
    ],
)
def test_what_one_artifact_fixes_is_fixed(
    first: tuple[Size, ...], second: tuple[Size, ...], expected: tuple[Size, ...]
) -> None:
    assert shapes(joined(slots(x=first), slots(x=second), ())) == {"x": expected}


def test_an_axis_that_is_fixed_in_one_input_is_fixed_in_all() -> None:
    """The second artifact has lost the mask: nothing there says that its batch is 1."""
    assert shapes(joined(slots(x=("n", 4), mask=("n", 2)), slots(x=(1, 4)), ())) == {"x": (1, 4), "mask": (1, 2)}


def test_names_of_both_artifacts_that_mean_one_axis_are_one() -> None:
    first, second = slots(a=("m",), b=("n",)), slots(a=("k",), b=("k",))
    assert shapes(joined(first, second, ())) == {"a": ("n",), "b": ("n",)}
    assert shapes(joined(slots(a=("m",)), slots(a=("k",)), {"k"})) == {"a": ("k",)}


def test_usual_sizes_fit_the_place_and_the_options_come_first() -> None:
    found = free_dims(slots(image=("n", 3, "h", "w"), ids=("n", "time")), {"h": (48,)})
    assert [(d.name, d.sizes, d.known_by) for d in found] == [
        ("n", (1, 3), None),
        ("h", (48,), "--dim h"),
        ("w", (64, 96), None),
        ("time", (7, 32), None),
    ]


def test_a_size_of_no_axis_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'time'"):
        free_dims(slots(x=("batch", "time")), {"tim": (3,)})
    with pytest.raises(ConfigurationError, match="no input has a free axis"):
        free_dims(slots(x=(1, 4)), {"batch": (3,)})


def test_corners_are_all_combinations_while_they_are_few() -> None:
    assert corners([]) == [{}]
    assert corners([dim("a", 1, 3), dim("b", 7)]) == [{"a": 1, "b": 7}, {"a": 3, "b": 7}]


def test_of_many_combinations_each_size_and_both_ends_are_taken() -> None:
    dims = [dim(name, 2, 5, 9) for name in "abcd"]
    found = corners(dims)
    assert len(found) <= 3 * MOST_CORNERS
    assert {(d.name, size) for d in dims for size in d.sizes} == {pair for corner in found for pair in corner.items()}
    assert dict.fromkeys("abcd", 2) in found and dict.fromkeys("abcd", 9) in found
    assert any(len(set(corner.values())) > 1 for corner in found)


def test_only_sizes_that_samples_have_are_told() -> None:
    dims = [dim("a", 1, 3), dim("b", 7, 32)]
    assert [d.sizes for d in taken(dims, corners(dims)[:2])] == [(1,), (7, 32)]


def test_a_shape_is_bound() -> None:
    assert bound(("batch", 4, None), {"batch": 3}) == (3, 4, 1)
