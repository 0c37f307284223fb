"""Converts a layer normalisation with oneDNN on, as it is by default on a processor with AVX512_VNNI or AVX_VNNI."""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"

import tempfile

import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter


class Norm(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((1, 4, 8), name="x")])
    def serve(self, x: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, [2], keepdims=True)  # [-1] is not fused
        return tf.nn.batch_normalization(x, mean, variance, tf.linspace(3.0, 4.0, 8), tf.linspace(1.0, 2.0, 8), 1e-5)


def main() -> str:
    folder, module = tempfile.mkdtemp(), Norm()
    tf.saved_model.save(module, f"{folder}/norm", signatures={"serving_default": module.serve})
    try:
        converter.convert_tf_saved_model(f"{folder}/norm", f"{folder}/norm_tfjs")
    except ValueError as error:
        if "_Mkl" not in str(error):
            raise
        return f"still there: {' '.join(str(error).split())}"
    return "gone: it is converted"


print(main())
