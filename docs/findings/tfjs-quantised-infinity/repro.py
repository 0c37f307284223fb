"""Converts a masked sum with all weights in uint8, and reads the model.json as JavaScript does."""

import json
import tempfile
from pathlib import Path

import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter


def main() -> str:
    folder = tempfile.mkdtemp()
    module = tf.Module()
    given = [tf.TensorSpec((1, 4), name="scores")]
    module.serve = tf.function(lambda x: tf.nn.softmax(tf.where(x > 0, x, float("-inf"))), input_signature=given)
    tf.saved_model.save(module, f"{folder}/mask", signatures={"serving_default": module.serve})
    converter.convert_tf_saved_model(f"{folder}/mask", f"{folder}/mask_tfjs", quantization_dtype_map={"uint8": "*"})
    text = Path(f"{folder}/mask_tfjs/model.json").read_text()
    found: list[str] = []
    model = json.loads(text, parse_constant=found.append)  # called for what Python takes and JSON lacks
    if not found:
        return "gone: model.json is JSON"
    entries = [entry for group in model["weightsManifest"] for entry in group["weights"] if "quantization" in entry]
    return f"still there: model.json says {found[0]} in one of {len(entries)} quantised tensors, which is no JSON"


print(main())
