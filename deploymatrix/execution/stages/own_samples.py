"""Own samples on their way into the store: checked, completed with drawn ones where they are few, and told of.

Few are: fewer than FEWEST that an artifact at the usual sizes takes, and none at another size that a dim is tried at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.execution.sampled import Sized, state_of
from deploymatrix.numerics.shapes import Binding, bound, lacking, usual_sizes, words
from deploymatrix.project.own_samples import expected_files, named, sample_files
from deploymatrix.project.sample_specs import FEWEST, first_undrawable
from deploymatrix.project.state_specs import initial_zeros
from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.numerics.tensors import Array
    from deploymatrix.project.project import Model

EXPECTED = "expected"  # the folder, in the entry of the samples
MOST = 1000  # samples: each is run many times


class UnusableSamples(Exception):
    """Own samples that nothing can be run on: which file, which array, and what to change."""


@dataclass
class Gathered:
    """A model's own samples; `rows` says by file, or by number where samples.py gave them, which ones they are."""

    samples: list[dict[str, Array]] = field(default_factory=list)
    sizes: list[Binding] = field(default_factory=list)  # of each sample
    rows: dict[str, list[int]] = field(default_factory=dict)
    expected: dict[int, dict[str, Array]] = field(default_factory=dict)

    def add(self, model: Model, stem: str, samples: list[dict[str, Array]]) -> None:
        """Append samples that have one name. Raise WrongSample for one whose sizes the model does not take."""
        from deploymatrix.numerics.own_samples import sizes_of

        self.rows[stem] = list(range(len(self.samples), len(self.samples) + len(samples)))
        self.samples += samples
        self.sizes += [sizes_of(sample, model.spec.sampled_inputs, model.spec.dims) for sample in samples]
        if len(self.samples) > MOST:
            raise UnusableSamples(f"more than {MOST:,} samples; give the {MOST:,} that tell most, or fewer")


def read_samples(model: Model) -> Gathered:
    """Read the files of own samples, in order. Raise UnusableSamples, ConfigurationError for files that are gone."""
    from deploymatrix.numerics.own_samples import split_inputs

    gathered = Gathered()
    for path, samples in _read(
        model, sample_files(model), lambda arrays: split_inputs(arrays, model.spec.sampled_inputs)
    ):
        with naming(model, path):
            gathered.add(model, path.stem, samples)
    return gathered


def add_expected(model: Model, gathered: Gathered) -> None:
    """Read the expected outputs: a file bears the name of a file of samples, or the number of one of samples.py."""
    from deploymatrix.numerics.own_samples import require_sizes, split_outputs

    for path, found in _read(
        model, expected_files(model), lambda arrays: split_outputs(arrays, model.spec.judged_outputs)
    ):
        rows = gathered.rows.get(path.stem)
        if rows is None:
            known = ", ".join(list(gathered.rows)[:5])
            raise UnusableSamples(f"{named(model.folder, path)}: there is no sample {path.stem}; there are {known}")
        if len(rows) != len(found):
            raise UnusableSamples(
                f"{named(model.folder, path)}: outputs of {len(found)} samples, and {path.stem} holds {len(rows)}; "
                "give every output the leading axis of its samples"
            )
        for row, arrays in zip(rows, found, strict=True):
            with naming(model, path):
                require_sizes(arrays, model.spec.judged_outputs, gathered.sizes[row])
            gathered.expected[row] = arrays


def write(model: Model, gathered: Gathered, folder: Path) -> dict[str, Any]:
    """Write <i>/<input>.npy and expected/<i>/<output>.npy; return what is known of them.

    Those of the usual sizes come first, since exporters trace with the first. The inputs alone are what references and
    artifacts depend on: their digest is `inputs`.
    """
    usual = usual_sizes(model.spec.dims)
    missing = lacking(gathered.sizes, model.spec.dims, FEWEST)
    samples = [*zip(gathered.samples, gathered.sizes, strict=True), *zip(_drawn(model, missing), missing, strict=True)]
    order = sorted(range(len(samples)), key=lambda index: samples[index][1] != usual)
    places = {index: str(place) for place, index in enumerate(order)}
    for index, (arrays, sizes) in enumerate(samples):
        save(folder / places[index], {**zeros(model, sizes), **arrays})
    inputs = digests.of_data({p.relative_to(folder).as_posix(): digests.of_file(p) for p in folder.rglob("*.npy")})
    for index, arrays in gathered.expected.items():
        save(folder / EXPECTED / places[index], arrays)
    return {
        "model": model.name,
        "samples": len(samples),
        "inputs": inputs,
        "expected": bool(gathered.expected),
        "said": _said(model, gathered, len(missing)),
        **({"sizes": [samples[index][1] for index in order]} if model.spec.dims else {}),
    }


def _read(model: Model, paths: list[Path], split: Any) -> Iterator[tuple[Path, list[dict[str, Array]]]]:
    from deploymatrix.numerics.array_files import read_arrays

    for path in paths:
        with naming(model, path):
            found = split(read_arrays(path))
        yield path, found


@contextmanager
def naming(model: Model, path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:  # MalformedArray and WrongSample are the former
        raise UnusableSamples(f"{named(model.folder, path)}: {error}") from None


def _drawn(model: Model, missing: list[Binding]) -> Iterator[dict[str, Array]]:
    """Draw what few own samples lack. One sample alone proves little: nothing varies, and a constant would pass."""
    from deploymatrix.numerics.samples import draw
    from deploymatrix.numerics.sequences import draw_sequence

    problem = first_undrawable(model.spec.drawn_inputs) if missing else None
    if problem:
        raise UnusableSamples(_undrawable(model, missing, problem))
    state = state_of(model)
    for index, sizes in enumerate(missing):
        drawn: dict[str, Array] = {}
        for position, declared in enumerate(model.spec.inputs):
            sized, seed = Sized(declared, bound(declared.shape, sizes)), [model.spec.seed, position]
            drawn[declared.name] = (
                draw_sequence(sized, state, seed, index, max(FEWEST, len(missing)))
                if state
                else draw(sized, seed, index)
            )
        yield drawn


def _undrawable(model: Model, missing: list[Binding], problem: str) -> str:
    """Say which samples are missing and can neither be drawn, and that these may be given, too."""
    usual = usual_sizes(model.spec.dims)
    few, how = missing.count(usual), f"completed with drawn ones, and this input says not how: {problem}"
    if few:
        at = f" at {words(usual)}" if usual else ""
        return f"{FEWEST - few} samples{at}; fewer than {FEWEST} are {how}; or give {FEWEST} samples{at}"
    return f"no sample has {words(missing[0])}; sizes that [dims] tries are {how}; or give a sample of each size"


def zeros(model: Model, sizes: Binding) -> dict[str, Array]:
    """Return the state that begins with zeros, which no own sample holds."""
    import numpy as np

    zero = initial_zeros(model.spec.feedback)
    return {t.name: np.zeros(bound(t.shape, sizes), t.dtype) for t in model.spec.inputs if t.name in zero}


def save(folder: Path, arrays: Mapping[str, Array]) -> None:
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _said(model: Model, gathered: Gathered, drawn: int) -> str:
    """Return in words what the samples are, and of which outputs of which samples something is expected."""
    own = f"{len(gathered.samples)} of {model.spec.own_samples}" + (f", {drawn} drawn" if drawn else "")
    if not gathered.expected:
        return own
    names = [o.name for o in model.spec.outputs if any(o.name in arrays for arrays in gathered.expected.values())]
    every = sum(len(arrays) for arrays in gathered.expected.values()) == len(names) * len(gathered.expected)
    which = f"outputs {', '.join(names)} of {len(gathered.expected)} of {len(gathered.samples)} samples"
    return f"{own}; expected: {which}" + ("" if every else ", not all of each")
