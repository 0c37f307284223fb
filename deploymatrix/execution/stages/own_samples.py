"""Own samples on their way into the store: checked, completed with drawn ones where they are few, and told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.execution.sampled import Sized, state_of
from deploymatrix.numerics.shapes import bound
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
    rows: dict[str, list[int]] = field(default_factory=dict)
    expected: dict[int, dict[str, Array]] = field(default_factory=dict)

    def add(self, stem: str, samples: list[dict[str, Array]]) -> None:
        """Append samples that have one name."""
        self.rows[stem] = list(range(len(self.samples), len(self.samples) + len(samples)))
        self.samples += samples
        if len(self.samples) > MOST:
            raise UnusableSamples(f"more than {MOST:,} samples; give the {MOST:,} that tell most, or fewer")


def read_samples(model: Model) -> Gathered:
    """Read the files of own samples, in order. Raise UnusableSamples, ConfigurationError for files that are gone."""
    from deploymatrix.numerics.own_samples import split_inputs

    gathered = Gathered()
    for path, samples in _read(
        model, sample_files(model), lambda arrays: split_inputs(arrays, model.spec.sampled_inputs)
    ):
        gathered.add(path.stem, samples)
    return gathered


def add_expected(model: Model, gathered: Gathered) -> None:
    """Read the expected outputs: a file bears the name of a file of samples, or the number of one of samples.py."""
    from deploymatrix.numerics.own_samples import split_outputs

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
        gathered.expected |= dict(zip(rows, found, strict=True))


def write(model: Model, gathered: Gathered, folder: Path) -> dict[str, Any]:
    """Write <i>/<input>.npy and expected/<i>/<output>.npy; return what is known of them.

    The inputs alone are what references and artifacts depend on: their digest is `inputs`.
    """
    own = len(gathered.samples)
    samples = [*gathered.samples, *_drawn(model, FEWEST - own)]
    for index, arrays in enumerate(samples):
        _save(folder / str(index), {**_zeros(model), **arrays})
    inputs = digests.of_data({p.relative_to(folder).as_posix(): digests.of_file(p) for p in folder.rglob("*.npy")})
    for index, arrays in gathered.expected.items():
        _save(folder / EXPECTED / str(index), arrays)
    return {
        "model": model.name,
        "samples": len(samples),
        "inputs": inputs,
        "expected": bool(gathered.expected),
        "said": _said(model, gathered, len(samples) - own),
    }


def _read(model: Model, paths: list[Path], split: Any) -> Iterator[tuple[Path, list[dict[str, Array]]]]:
    from deploymatrix.numerics.array_files import read_arrays

    for path in paths:
        try:
            yield path, split(read_arrays(path))
        except (ValueError, OSError) as error:  # MalformedArray and WrongSample are the former
            raise UnusableSamples(f"{named(model.folder, path)}: {error}") from None


def _drawn(model: Model, missing: int) -> Iterator[dict[str, Array]]:
    """Draw what few own samples lack. One sample alone proves little: nothing varies, and a constant would pass."""
    from deploymatrix.numerics.samples import draw
    from deploymatrix.numerics.sequences import draw_sequence

    if missing <= 0:
        return
    problem = first_undrawable(model.spec.drawn_inputs)
    if problem:
        raise UnusableSamples(
            f"{FEWEST - missing} samples; fewer than {FEWEST} are completed with drawn ones, and this input says not "
            f"how: {problem}; or give {FEWEST} samples"
        )
    state = state_of(model)
    for index in range(missing):
        drawn: dict[str, Array] = {}
        for position, declared in enumerate(model.spec.inputs):
            sized, seed = Sized(declared, bound(declared.shape, {})), [model.spec.seed, position]
            drawn[declared.name] = (
                draw_sequence(sized, state, seed, index, FEWEST) if state else draw(sized, seed, index)
            )
        yield drawn


def _zeros(model: Model) -> dict[str, Array]:
    """Return the state that begins with zeros, which no own sample holds."""
    import numpy as np

    zero = initial_zeros(model.spec.feedback)
    return {t.name: np.zeros(bound(t.shape, {}), t.dtype) for t in model.spec.inputs if t.name in zero}


def _save(folder: Path, arrays: Mapping[str, Array]) -> None:
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
