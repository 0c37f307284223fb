"""LiteRT in float32 → LiteRT in float16, or with int8 weights: by ai-edge-quantizer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils

VERSIONS = ("ai-edge-quantizer", "ai-edge-litert", "numpy")
ENTRY = "model.tflite"
OPTIONS = ("operators",)
Recipes = recipe_manager.RecipeManager
Operator = qtyping.TFLOperationName
EVERYTHING = ".*"  # a pattern of tensors' names
# Those that hold nearly all weights and time. With all operators masked attention is quantised, too: the noise of a
# transformer doubles (SNR 17 dB for 27), while a convolutional network gains neither speed nor size.
OPERATORS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_TRANSPOSE", "BATCH_MATMUL")


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


quantised = beside("quantised")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` in the variant of the specification; the tensors of its signature stay as they are.

    options: operators, those that int8-static quantises, by their names in TFLite; ["*"] for all that it can. Raises
    LeftInFloat32 or WrongLevels where the quantiser did something else to weights than it was told.
    """
    recipes = Recipes()
    RECIPES[spec.variant](recipes, options)
    made = quantizer.Quantizer(str(source), recipes.get_quantization_recipe())
    ranges = ranges_of(source, recipes, spec) if made.need_calibration else None
    made.quantize(ranges).export_model(str(out / ENTRY), overwrite=True)
    if spec.variant != "fp16":
        given, model = (flatbuffer_utils.read_model(str(file)) for file in (source, out / ENTRY))
        quantised.refuse(model, given)
    return {**spec.source_signature, "repairs": ["litert-quantizer-moving-average"] if ranges else []}


def float16(recipes: Any, options: dict[str, Any]) -> None:
    casting = recipe_manager.AlgorithmName.FLOAT_CASTING
    recipes.add_weight_only_config(EVERYTHING, Operator.ALL_SUPPORTED, num_bits=16, algorithm_key=casting)


def int8_dynamic(recipes: Any, options: dict[str, Any]) -> None:
    recipes.add_dynamic_config(EVERYTHING, Operator.ALL_SUPPORTED, num_bits=8)


def int8_weights(recipes: Any, options: dict[str, Any]) -> None:
    recipes.add_weight_only_config(EVERYTHING, Operator.ALL_SUPPORTED, num_bits=8)


def int8_static(recipes: Any, options: dict[str, Any]) -> None:
    """The named operators in int8, and embeddings, which have no activations to take a range of.

    The quantiser would make the file's own inputs and outputs int8, too: callers would have to change with the variant.
    """
    for name in options.get("operators", OPERATORS):
        recipes.add_static_config(EVERYTHING, Operator(name), activation_num_bits=8, weight_num_bits=8)
    recipes.add_dynamic_config(EVERYTHING, Operator.EMBEDDING_LOOKUP, num_bits=8)
    for end in (Operator.INPUT, Operator.OUTPUT):
        unchanged = recipe_manager.AlgorithmName.NO_QUANTIZE
        recipes.add_quantization_config(EVERYTHING, end, algorithm_key=unchanged)


RECIPES = {
    "fp16": float16,
    "int8-dynamic": int8_dynamic,
    "int8-static": int8_static,
    "int8-weights": int8_weights,
}


def ranges_of(source: Path, recipes: Any, spec: Any) -> Any:
    """The least and the largest value of each tensor over the calibration samples.

    The quantiser's own default is a moving average, which clips:
    docs/findings/litert-quantizer-moving-average/finding.md
    """
    names = {name: tensor["name"] for name, tensor in spec.source_signature["inputs"].items()}
    data = [{names[name]: array for name, array in sample.items()} for sample in spec.calibration]
    found = calibrator.Calibrator(
        source.read_bytes(),
        num_threads=1,
        mode=calibrator.CalibrationMode.CALIBRATION_PRESERVE_ALL_TENSORS,
        qsv_update_func=qsv_utils.min_max_update,
    )
    found.calibrate({"serving_default": data}, recipes)
    return found.get_model_qsvs()
