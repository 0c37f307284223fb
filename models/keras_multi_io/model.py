"""An image and a row of attributes in; a score and a heatmap, two outputs of different rank, out."""

import keras
from keras import layers


def build() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    attributes = keras.Input((12,), name="attributes")
    features = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="stem")(image)
    context = layers.Dense(16, activation="relu", name="context")(attributes)
    gate = layers.Activation("sigmoid", name="gate")(context)
    gated = layers.Multiply(name="gated")([features, layers.Reshape((1, 1, 16), name="spread")(gate)])
    heatmap = layers.Conv2D(2, 3, padding="same", name="heatmap")(gated)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(gated)
    score = layers.Dense(3, name="score")(layers.Concatenate(name="joined")([pooled, context]))
    return keras.Model([image, attributes], [score, heatmap], name="keras_multi_io")
