"""What TensorFlow's converter is told to make of a Keras model: float16 or int8 weights, int8 activations."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

LOOPED = '"unroll": false'  # in the configuration of a recurrent layer
# What int8-static leaves in float32, as from_litert.py does: all but the operators that hold nearly all weights and
# time. With everything in int8 an LSTM answers with 18 dB of signal to noise, and with 25 dB so.
FLOAT = (
    *("ADD", "SUB", "MUL", "DIV", "SUM", "MEAN", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "SQRT", "RSQRT", "ABS"),
    *(
        "LOGISTIC",
        "TANH",
        "GELU",
        "HARD_SWISH",
        "SOFTMAX",
        "LOG_SOFTMAX",
        "RELU",
        "RELU6",
        "LEAKY_RELU",
        "PRELU",
        "ELU",
    ),
    *(
        "ELU",
        "EXP",
        "LOG",
        "POW",
        "SELECT",
        "SELECT_V2",
        "GATHER",
        "GATHER_ND",
        "BATCH_TO_SPACE_ND",
        "SPACE_TO_BATCH_ND",
    ),
    *("CONCATENATION", "SPLIT", "SPLIT_V", "PACK", "UNPACK", "SLICE", "STRIDED_SLICE", "PAD", "PADV2", "MIRROR_PAD"),
    *("RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS", "TILE", "BROADCAST_TO", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE"),
    *("MAX_POOL_2D", "AVERAGE_POOL_2D", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REDUCE_MAX", "REDUCE_MIN"),
    *("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "ARG_MAX", "TOPK_V2", "CAST"),
)


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


quantised = beside("quantised")


def prepared(source: keras.Model, variant: str) -> tuple[keras.Model, list[str]]:
    """The network that a variant can be made of, and the findings that this repairs.

    The converter dies of static int8 in the loop of a recurrent layer: docs/findings/tflite-static-loops/finding.md
    """
    if variant != "int8-static" or LOOPED not in source.to_json():
        return source, []
    twin = keras.models.model_from_json(source.to_json().replace(LOOPED, '"unroll": true'))
    twin.set_weights(source.get_weights())
    twin.trainable = False
    return twin, ["tflite-static-loops"]


def converted(made: Callable[[], Any], spec: Any) -> bytes:
    """The file in the variant of the specification, whose inputs and outputs stay float32.

    made: gives a converter; each converts once. Raises ValueError where int8-dynamic leaves every weight in float32,
    and LeftInFloat32 or WrongLevels where the converter did something else to weights than to round them.
    """
    converter = made()
    if spec.variant == "fp32":
        return bytes(converter.convert())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if spec.variant == "fp16":
        converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())
    if spec.variant == "int8-static":
        converter.representative_dataset = lambda: iter(spec.calibration)
    file = static(converter) if spec.variant == "int8-static" else bytes(converter.convert())
    if spec.variant == "int8-dynamic" and not any(tensor["dtype"] == np.int8 for tensor in tensors(file)):
        raise ValueError("TensorFlow's converter quantises weights of 1,024 and more values, and the model has none")
    model, source = map(flatbuffer_utils.read_model_from_bytearray, (file, bytes(made().convert())))
    quantised.refuse(model, source, smallest=quantised.SMALLEST if spec.variant == "int8-dynamic" else 0)
    return file


def static(converter: Any) -> bytes:
    """The converter itself knows no operators that it is to leave; its debugger does, and can make a file without
    what it debugs with: https://www.tensorflow.org/lite/performance/quantization_debugger
    """
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(FLOAT))
    samples = converter.representative_dataset
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=samples, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def tensors(file: bytes) -> list[dict[str, Any]]:
    return list(tf.lite.Interpreter(model_content=file).get_tensor_details())
