"""ONNX in float32 → ONNX in float16, or with int8 weights: by ONNX Runtime's own converters, and what these leave."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

VERSIONS = ("onnx", "onnxruntime", "numpy")
ENTRY = "model.onnx"
OPTIONS = ("operators",)
UNSORTED = "onnxruntime-float16-order"
SATURATION = "onnxruntime-int8-saturation"


def beside(name: str) -> Any:
    """The module of a file of this folder, or of another format's, which are no places to import from."""
    path = (Path(__file__).parent / name).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


quantising, quantised, sorting = beside("quantising"), beside("quantised"), beside("sorting")
left_in_float, levels = beside("left_in_float"), beside("../variants/levels.py")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx` in the variant of the specification; names, dtypes and shapes of its ends stay.

    options: operators, those that int8-static quantises. Raises ValueError for a variant that is none of these,
    onnx.checker.ValidationError when the file is not valid ONNX, LeftInFloat32 where a layer is not quantised, and
    WrongLevels where one is quantised to other numbers.
    """
    made = MAKERS.get(spec.variant)
    if made is None:
        raise ValueError(f"{spec.variant} is none of {', '.join(MAKERS)}")
    signature = spec.source_signature
    model, repairs = made(source, spec, signature, options)
    onnx.save(model, out / ENTRY)
    quantising.check(model)
    if spec.variant != "fp16":
        refuse(model, source, spec.variant, options)
    return {
        "inputs": {name: tensor["name"] for name, tensor in signature["inputs"].items()},
        "outputs": {name: tensor["name"] for name, tensor in signature["outputs"].items()},
        "repairs": repairs,
    }


def refuse(model: onnx.ModelProto, source: Path, variant: str, options: dict[str, Any]) -> None:
    """Raise what tells that the quantiser did something else than it was told to the weights of the source."""
    operators = tuple(options.get("operators", quantising.OPERATORS))
    # Grouped convolutions stay in int8-dynamic: quantising.py says why.
    every, left = left_in_float.weights(model.graph, operators, grouped=variant != "int8-dynamic")
    levels.refuse_left(left, layers=len(every), total=sum(every.values()))
    held = (levels.Weight(*told) for told in quantised.told(quantised.Graph(model)))
    levels.refuse(held, quantising.given(source))


def half(source: Path, _spec: Any, _signature: Any, _options: Any) -> tuple[onnx.ModelProto, list[str]]:
    """In float16 but for its ends. The converter adds the casts of these at the end of the list of nodes."""
    model = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    return model, [UNSORTED] if sorting.sort(model.graph) else []


def dynamic(source: Path, _spec: Any, _signature: Any, _options: Any) -> tuple[onnx.ModelProto, list[str]]:
    """With int8 weights, and activations that are scaled call by call."""
    return unsigned(source, quantising.dynamic(source))


def static(
    source: Path, spec: Any, signature: dict[str, Any], options: dict[str, Any]
) -> tuple[onnx.ModelProto, list[str]]:
    """With int8 weights, a scale for each channel, and activations of ranges that the calibration samples show."""
    names = {name: tensor["name"] for name, tensor in signature["inputs"].items()}
    samples = [{names[name]: array for name, array in sample.items()} for sample in spec.calibration]
    operators = options.get("operators", quantising.OPERATORS)
    return unsigned(source, quantising.static(source, samples, operators))


def unsigned(source: Path, model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    known = {tensor.name for tensor in onnx.load(source).graph.initializer}
    return model, [SATURATION] if quantising.make_unsigned(model.graph, known) else []


MAKERS = {"fp16": half, "int8-dynamic": dynamic, "int8-static": static}
