"""A multi-layer perceptron, 784-128-10: the size of the classic MNIST example."""

import keras


def build() -> keras.Model:
    pixels = keras.Input((784,), name="pixels")
    hidden = keras.layers.Dense(128, activation="relu", name="hidden")(pixels)
    logits = keras.layers.Dense(10, name="logits")(hidden)
    return keras.Model(pixels, logits, name="keras_mlp")
