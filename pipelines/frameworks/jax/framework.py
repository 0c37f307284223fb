"""How JAX models are built, frozen, opened and answered for: in the `jax` environment.

A model is a pair of functions, as Flax and stax have them: init(key) makes the parameters, a tree of arrays, and
apply(parameters, *inputs) answers. What open() returns has its parameters in it. It takes its inputs by position, in
the order of model.toml, and returns a tuple of arrays in the order of model.toml.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

VERSIONS = ("jax", "jaxlib", "safetensors", "numpy")
FILE = "model.safetensors"
NARROW = ("float32", "float16", "bfloat16")
ROUNDINGS = 2  # models with weights rounded otherwise, where nothing else tells how accurate float32 is


@dataclass(frozen=True, eq=False)
class Network:
    """A model with its parameters, by position in and out."""

    apply: Callable[..., Any]
    parameters: Any
    spec: Any

    def __call__(self, *inputs: Any) -> tuple[jax.Array, ...]:
        pairs = list(zip(self.spec.inputs, inputs, strict=True))
        named = {declared.name: array for declared, array in pairs if declared.by == "keyword"}
        placed = [array for declared, array in pairs if declared.by == "position"]
        return arranged(self.apply(self.parameters, *placed, **named), self.spec)


def freeze(model: ModuleType, spec: Any, weights: Path) -> None:
    """Make the parameters from the seed, or take those that are given. Saves `weights/model.safetensors`.

    Raises ValueError for a specification that JAX cannot follow, or parameters in another precision than float32.
    """
    use_declared_threads()
    refuse_what_is_not_followed(spec)
    init, _ = model.build()
    parameters = named(init(jax.random.key(spec.seed)))
    require_float32(parameters)
    if model.given_weights is not None:
        parameters = taken(parameters, model.given_weights)
    weights.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in parameters.items()}, str(weights / FILE))
    for sample in spec.samples:  # what is compiled now, for each size, is not compiled in the time of a reference
        answer(compiled(model, spec, weights), spec, sample, "float32")


def open(model: ModuleType, spec: Any, weights: Path) -> Network:
    """The model with its frozen float32 parameters. Of init(), only what it would make counts: nothing is drawn."""
    use_declared_threads()
    init, apply = model.build()
    arrays = load_file(str(weights / FILE))
    wanted = jax.eval_shape(init, jax.random.key(spec.seed))
    parameters = jax.tree.unflatten(jax.tree.structure(wanted), [jnp.asarray(arrays[name]) for name in named(wanted)])
    return Network(apply, parameters, spec)


def reference(model: ModuleType, spec: Any, weights: Path, dtype: str) -> list[dict[str, np.ndarray]]:
    """Outputs of each sample by declared name, in `dtype`: float64 operation by operation, float32 by jax.jit.

    JAX is run compiled, so that is what artifacts are held to, in errors and in time. Where there is no reference in
    float64, that of float32 stands for it: yardstick().
    """
    if dtype == "float32":
        network = compiled(model, spec, weights)
    elif yardstick(model, spec, weights) == "float32":
        return [widened(sample) for sample in reference(model, spec, weights, "float32")]
    else:
        network = in_float64(open(model, spec, weights))
    return [answer(network, spec, sample, dtype) for sample in spec.samples]


def yardstick(model: ModuleType, spec: Any, weights: Path) -> str:
    """The dtype that the float64 reference truly has: "float32" where the model's code rounds to something narrower."""
    network = in_float64(open(model, spec, weights))
    try:
        with jax.enable_x64(True):
            traced = jax.make_jaxpr(network)(*arrays_of(spec, spec.samples[0], "float64"))
    except TypeError as error:  # dtypes that do not go together, as those of a loop's state
        print(f"no float64 reference: {error}")
        return "float32"
    rounding = sorted({str(equation.primitive) for equation in equations(traced.jaxpr) if narrows(equation)})
    if rounding:
        print(f"no float64 reference: narrower values come from {', '.join(rounding)}")
    return "float32" if rounding else "float64"


def orders(model: ModuleType, spec: Any, weights: Path) -> dict[str, Callable[[], list[dict[str, np.ndarray]]]]:
    """Float32 in other orders of summation: operation by operation, and all samples in one batch."""
    network = open(model, spec, weights)
    offered = {"operations": lambda: [answer(network, spec, sample, "float32") for sample in spec.samples]}
    if all(tensor.shape[:1] == (1,) for tensor in (*spec.inputs, *spec.outputs)):
        offered["batch"] = functools.partial(in_one_batch, network, spec)
    if yardstick(model, spec, weights) == "float32":
        roundings = range(1, ROUNDINGS + 1)
        offered |= {f"rounding-{i}": functools.partial(rounded_otherwise, network, spec, i) for i in roundings}
    return offered


def refuse_what_is_not_followed(spec: Any) -> None:
    wide = [tensor for tensor in (*spec.inputs, *spec.outputs) if tensor.dtype in ("int64", "uint64", "float64")]
    if wide:
        told = ", ".join(f"{tensor.name} {tensor.dtype}" for tensor in wide)
        raise ValueError(f"JAX computes in 32 bits unless it is told otherwise: declare {told} with 32")
    if spec.calibrate:
        raise ValueError("calibrate = true: models of JAX are not calibrated; let init() scale what it draws")


def named(parameters: Any) -> dict[str, Any]:
    """The leaves by their paths, as "layers.0.kernel", in the tree's own order."""
    leaves = jax.tree.leaves_with_path(parameters)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def require_float32(parameters: dict[str, Any]) -> None:
    for name, leaf in parameters.items():
        if jnp.issubdtype(leaf.dtype, jnp.floating) and leaf.dtype != jnp.float32:
            raise ValueError(
                f"init() makes parameters in another precision than float32: {name} is {leaf.dtype}. Make them in "
                "float32: narrower precisions are variants, which the exporters make"
            )


def taken(own: dict[str, Any], file: Path) -> dict[str, np.ndarray]:
    """A file's arrays. Raises ValueError unless they are exactly those that init() makes."""
    found = load_file(str(file))
    told = {
        "missing in the file": own.keys() - found.keys(),
        "unexpected in the file": found.keys() - own.keys(),
        "of another shape or dtype": {
            name for name in own.keys() & found.keys() if not is_like(own[name], found[name])
        },
    }
    if any(told.values()):
        words = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in told.items() if names)
        raise ValueError(f"{file.name} is not of what build() returns; {words}")
    return found


def is_like(one: Any, other: Any) -> bool:
    return (one.shape, one.dtype) == (other.shape, other.dtype)


def arranged(answer: Any, spec: Any) -> tuple[Any, ...]:
    """The declared outputs: each by its path, or by its name in a dict, or else all arrays in their order.

    Raises ValueError where there are more or fewer arrays than declared outputs.
    """
    if isinstance(answer, Mapping) or any(output.path for output in spec.outputs):
        return tuple(at(answer, output.path or output.name) for output in spec.outputs)
    arrays = tuple(jax.tree.leaves(answer))
    if len(arrays) != len(spec.outputs):
        raise ValueError(f"the model gives {len(arrays)} arrays, model.toml declares {len(spec.outputs)} outputs")
    return arrays


def at(answer: Any, path: str) -> Any:
    for step in path.split("."):
        answer = answer[step] if isinstance(answer, Mapping) else answer[int(step)]
    return answer


def compiled(model: ModuleType, spec: Any, weights: Path) -> Callable[..., Any]:
    """The frozen network under jax.jit, opened and compiled once for the file."""
    key = (weights, (weights / FILE).stat().st_mtime_ns)
    if key not in COMPILED:
        COMPILED[key] = jax.jit(open(model, spec, weights))
    return COMPILED[key]


COMPILED: dict[tuple[Path, int], Callable[..., Any]] = {}


def in_float64(network: Network) -> Network:
    with jax.enable_x64(True):
        return replace(network, parameters=jax.tree.map(lambda leaf: jnp.asarray(widest(leaf)), network.parameters))


def widest(array: Any) -> np.ndarray:
    """Of a floating dtype, in float64."""
    array = np.asarray(array)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def widened(sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: widest(array) for name, array in sample.items()}


def equations(jaxpr: Any) -> Iterator[Any]:
    """Those of a traced function and of the functions, loops and branches in it."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from equations(inner)


def narrows(equation: Any) -> bool:
    given = any(str(getattr(variable.aval, "dtype", "")) == "float64" for variable in equation.invars)
    return given and any(str(getattr(variable.aval, "dtype", "")) in NARROW for variable in equation.outvars)


def answer(network: Callable[..., Any], spec: Any, sample: dict[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """With 64 bits on, integers that the model makes are wider, too: they come out as they are declared."""
    with jax.enable_x64(dtype == "float64"):
        arrays = [np.asarray(array) for array in network(*arrays_of(spec, sample, dtype))]
    pairs = list(zip(spec.outputs, arrays, strict=True))
    if dtype == "float64":
        pairs = [(d, array.astype(d.dtype) if array.dtype.kind in "iu" else array) for d, array in pairs]
    return {declared.name: array for declared, array in pairs}


def arrays_of(spec: Any, sample: dict[str, np.ndarray], dtype: str) -> list[Any]:
    given = [sample[declared.name] for declared in spec.inputs]
    return [jnp.asarray(widest(array) if dtype == "float64" else array) for array in given]


def in_one_batch(network: Network, spec: Any) -> list[dict[str, np.ndarray]]:
    """All samples at once. Raises ValueError where the first axis of an output is not that of the samples."""
    names = [declared.name for declared in spec.inputs]
    together = {name: np.concatenate([sample[name] for sample in spec.samples]) for name in names}
    arrays = answer(network, spec, together, "float32")
    parts = {name: np.split(array, len(spec.samples)) for name, array in arrays.items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(len(spec.samples))]


def rounded_otherwise(network: Network, spec: Any, seed: int) -> list[dict[str, np.ndarray]]:
    """With every weight one step up or down, or as it is: what the rounding of each operation could come to."""
    generator = np.random.default_rng(seed)

    def moved(leaf: Any) -> Any:
        values = np.asarray(leaf)
        if values.dtype.kind != "f":
            return leaf
        return jnp.asarray(np.nextafter(values, values + generator.integers(-1, 2, values.shape).astype(values.dtype)))

    other = replace(network, parameters=jax.tree.map(moved, network.parameters))
    return [answer(other, spec, sample, "float32") for sample in spec.samples]


def use_declared_threads() -> None:
    """Split operations over DEPLOYMATRIX_THREADS cores: XLA reads NPROC when a process first computes."""
    if "DEPLOYMATRIX_THREADS" in os.environ:
        os.environ["NPROC"] = os.environ["DEPLOYMATRIX_THREADS"]
