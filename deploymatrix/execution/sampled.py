"""Which samples a task takes, and in which sizes: an artifact that is fixed to some sizes answers samples of these."""

from __future__ import annotations

from deploymatrix.numerics.shapes import Binding, bindings, chosen, usual_sizes, words
from deploymatrix.numerics.state import State
from deploymatrix.project.model_specs import Input
from deploymatrix.project.project import Model
from deploymatrix.project.sample_specs import layout_of
from deploymatrix.store.entries import Entry


def static_of(source: Entry) -> dict[str, int]:
    """Return the dims that an artifact has at one size only; a reference, which is of the model itself, has none."""
    return dict(source.about.get("static", {}))


def static_problem(model: Model, static: dict[str, int]) -> str | None:
    """Say why an artifact cannot be fixed to these sizes: a dim that there is not, or another size than the usual."""
    usual = usual_sizes(model.spec.dims)
    wrong = {name: size for name, size in static.items() if usual.get(name) != size}
    return f"it is said to be fixed to {words(wrong)}; the usual sizes are {words(usual)}" if wrong else None


def bindings_of(model: Model, counted: Entry | None) -> list[Binding]:
    """Return the sizes of the dims in each of the model's samples: as many as there are, whoever asks.

    counted: what says how many own samples there are: these themselves, or the reference; drawn ones need neither.
    """
    if model.spec.own_samples is None:
        return bindings(model.spec)
    assert counted is not None, f"{model.name} has own samples"
    return [dict(sizes) for sizes in counted.about.get("sizes") or [{}] * counted.about["samples"]]


def samples_for(model: Model, source: Entry, counted: Entry | None) -> tuple[int, ...]:
    """Return which of the model's samples an artifact can take."""
    return chosen(bindings_of(model, counted), static_of(source))


def bindings_for(model: Model, source: Entry, counted: Entry | None) -> list[Binding]:
    """Return the sizes of the dims in each of these samples."""
    all_of_them = bindings_of(model, counted)
    return [all_of_them[index] for index in chosen(all_of_them, static_of(source))]


def sized(model: Model, sample: int, source: Entry, counted: Entry | None) -> str:
    """Return the sizes of one of these samples, such as "batch=1, time=7"; empty for a model without dims."""
    found = bindings_for(model, source, counted)
    return words(found[sample]) if sample < len(found) else ""


def state_of(model: Model) -> State | None:
    """Return how many steps the model's samples have, and with what its state begins; None for a model without."""
    pairs = model.spec.feedback
    return State(steps=model.spec.steps, initial={pair.input: pair.initial for pair in pairs}) if pairs else None


class Sized:
    """An input with the sizes that it has in one sample."""

    def __init__(self, declared: Input, shape: tuple[int, ...]) -> None:
        self.name, self.dtype, self.values = declared.name, declared.dtype, declared.values
        self.low, self.high, self.shape = declared.low, declared.high, shape
        self.choice, self.pad, self.layout = declared.choice, declared.pad, layout_of(declared)
