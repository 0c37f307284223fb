"""Converts a bicubic resize with built-in operators."""

import tensorflow as tf


def main() -> str:
    network = tf.function(
        lambda image: tf.image.resize(image, (4, 4), method="bicubic"),
        input_signature=[tf.TensorSpec((1, 2, 2, 1), name="image")],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])
    try:
        converter.convert()
    except Exception as error:
        if "ResizeBicubic" not in str(error):
            raise
        return "still there: 'tf.ResizeBicubic' op is neither a custom op nor a flex op"
    return "gone: it is converted"


print(main())
