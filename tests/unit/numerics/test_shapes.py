"""Shapes with free axes: what binds, what does not, and which sizes samples have."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.numerics.shapes import (
    Binding,
    Shape,
    ShapeError,
    agrees,
    bindings,
    bound,
    chosen,
    fits,
    is_of,
    listed,
    partly_bound,
    unify,
    usual_sizes,
    words,
)

NAMES = st.sampled_from(["batch", "time", "width"])
SHAPES = st.lists(st.one_of(st.integers(1, 9), NAMES), max_size=5).map(tuple)
BINDINGS = st.fixed_dictionaries({name: st.integers(1, 200) for name in ("batch", "time", "width")})


@dataclass(frozen=True)
class Tried:
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    samples: int = 4
    dims: dict[str, Tried] = field(default_factory=dict)


SIZES = st.sets(st.integers(1, 200), min_size=2, max_size=5).map(lambda found: Tried(tuple(sorted(found))))
MODELS = st.builds(Model, samples=st.integers(4, 6), dims=st.dictionaries(NAMES, SIZES, max_size=3))


@given(SHAPES, BINDINGS)
def test_what_was_bound_unifies_with_the_shape_and_gives_the_binding_back(shape: Shape, binding: Binding) -> None:
    sizes = bound(shape, binding)

    found = unify(shape, sizes)

    assert found == {name: binding[name] for name in found}
    assert bound(shape, found) == sizes
    assert fits(shape, sizes)


@given(SHAPES, SHAPES, BINDINGS)
def test_shapes_unify_in_either_order(one: Shape, other: Shape, binding: Binding) -> None:
    first, second = bound(one, binding), bound(other, binding)

    assert unify(other, second, unify(one, first)) == unify(one, first, unify(other, second))


@given(SHAPES, BINDINGS, st.sets(NAMES))
def test_binding_in_two_steps_is_binding_at_once(shape: Shape, binding: Binding, early: set[str]) -> None:
    half = partly_bound(shape, {name: binding[name] for name in early})

    assert bound(half, binding) == bound(shape, binding)


@given(SHAPES.filter(len), BINDINGS)
def test_one_size_more_or_less_does_not_fit(shape: Shape, binding: Binding) -> None:
    sizes = bound(shape, binding)

    assert not fits(shape, sizes[:-1])
    assert not fits(shape, (*sizes, 1))


@pytest.mark.parametrize(
    ("shape", "sizes", "said"),
    [
        (("batch", 3), (1, 4), "axis 1 has 4, not 3"),
        (("time", "time"), (2, 3), "axis 1 has 3, not time = 2"),
        ((1, 3), (1, 3, 1), "it has 3 axes, not the 2 of [1, 3]"),
    ],
)
def test_a_size_that_does_not_fit_is_named(shape: Shape, sizes: tuple[int, ...], said: str) -> None:
    with pytest.raises(ShapeError) as caught:
        unify(shape, sizes)

    assert str(caught.value) == said


def test_a_dim_that_nobody_binds_has_no_size() -> None:
    with pytest.raises(ShapeError, match=r"\[1, time\] is not bound by batch=1"):
        bound(("batch", "time"), {"batch": 1})


@given(MODELS)
def test_samples_cover_every_size_and_both_ends_together(model: Model) -> None:
    found = bindings(model)

    assert {name: {binding[name] for binding in found} for name in model.dims} == {
        name: set(dim.sizes) for name, dim in model.dims.items()
    }
    for end in (min, max):
        assert {name: end(dim.sizes) for name, dim in model.dims.items()} in found


@given(MODELS)
def test_the_first_samples_have_the_usual_sizes_so_that_a_fixed_artifact_is_judged_on_all_of_them(model: Model) -> None:
    found, usual = bindings(model), usual_sizes(model.dims)

    assert found[: model.samples] == [usual] * model.samples
    assert set(range(model.samples)) <= set(chosen(found, usual))
    assert all(agrees(found[index], usual) for index in chosen(found, usual))


@given(MODELS, NAMES)
def test_an_artifact_fixed_in_one_dim_still_meets_every_size_of_the_others(model: Model, fixed: str) -> None:
    found, usual = bindings(model), usual_sizes(model.dims)
    static = {fixed: usual[fixed]} if fixed in usual else {}

    left = [found[index] for index in chosen(found, static)]

    for name, dim in model.dims.items():
        if name not in static:
            assert {binding[name] for binding in left} == set(dim.sizes)


@given(MODELS)
def test_no_usual_size_is_one_where_there_is_another(model: Model) -> None:
    assert all(size > 1 for size in usual_sizes(model.dims).values())


def test_usual_sizes_differ_where_they_can() -> None:
    assert usual_sizes({"batch": Tried((1, 3)), "time": Tried((1, 3, 7))}) == {"batch": 3, "time": 7}
    assert usual_sizes({"time": Tried((1, 7, 32, 128))}) == {"time": 32}


def test_a_model_without_dims_has_its_samples_and_no_more() -> None:
    assert bindings(Model(samples=5)) == [{}] * 5


def test_shapes_and_bindings_are_told_as_people_write_them() -> None:
    assert listed(("batch", 3, None)) == "[batch, 3, ?]"
    assert words({"batch": 1, "time": 7}) == "batch=1, time=7"


def test_a_size_without_a_name_is_any() -> None:
    assert fits((None, 2), (5, 2))
    assert is_of((None, 2), ("batch", 2))
    assert not is_of((1, 2), ("batch", 2))
