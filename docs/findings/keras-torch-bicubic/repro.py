"""Doubles a row with one bright pixel by Keras's bicubic resize on torch; TensorFlow's weights have a = -0.5."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

TENSORFLOW = [-0.0234, -0.0703, 0.2266, 0.8672]  # tf.image.resize, and Keras on TensorFlow


def main() -> str:
    image = np.zeros((1, 9, 9, 1), "float32")
    image[0, :, 4] = 1
    doubled = keras.ops.image.resize(image, (9, 18), interpolation="bicubic")
    weights = [round(float(weight), 4) for weight in doubled[0, 4, 5:9, 0]]
    if np.allclose(weights, TENSORFLOW, atol=1e-3):
        return "gone: both backends have the same weights"
    return f"still there: {weights} instead of {TENSORFLOW}"


print(main())
