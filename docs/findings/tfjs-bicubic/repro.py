"""Converts a bicubic resize."""

import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter


def main() -> str:
    module = tf.Module()
    larger = tf.function(lambda x: tf.image.resize(x, (8, 8), "bicubic"))
    module.serve = larger.get_concrete_function(tf.TensorSpec((1, 4, 4, 1), name="x"))
    tf.saved_model.save(module, "larger", signatures={"serving_default": module.serve})
    try:
        converter.convert_tf_saved_model("larger", "larger_tfjs")
    except ValueError as error:
        if "ResizeBicubic" not in str(error):
            raise
        return f"still there: {' '.join(str(error).split())}"
    return "gone: it is converted"


print(main())
