"""Which samples a task takes, and in which sizes: an artifact that is fixed to some sizes answers samples of these."""

from __future__ import annotations

from deploymatrix.numerics.shapes import Binding, bindings, chosen, usual_sizes, words
from deploymatrix.project.project import Model
from deploymatrix.store.entries import Entry


def static_of(source: Entry) -> dict[str, int]:
    """Return the dims that an artifact has at one size only; a reference, which is of the model itself, has none."""
    return dict(source.about.get("static", {}))


def static_problem(model: Model, static: dict[str, int]) -> str | None:
    """Say why an artifact cannot be fixed to these sizes: a dim that there is not, or another size than the usual."""
    usual = usual_sizes(model.spec.dims)
    wrong = {name: size for name, size in static.items() if usual.get(name) != size}
    return f"it is said to be fixed to {words(wrong)}; the usual sizes are {words(usual)}" if wrong else None


def samples_for(model: Model, source: Entry) -> tuple[int, ...]:
    """Return which of the model's samples an artifact can take."""
    return chosen(bindings(model.spec), static_of(source))


def bindings_for(model: Model, source: Entry) -> list[Binding]:
    """Return the sizes of the dims in each of these samples."""
    all_of_them = bindings(model.spec)
    return [all_of_them[index] for index in samples_for(model, source)]


def sized(model: Model, sample: int, source: Entry) -> str:
    """Return the sizes of one of these samples, such as "batch=1, time=7"; empty for a model without dims."""
    found = bindings_for(model, source)
    return words(found[sample]) if sample < len(found) else ""
