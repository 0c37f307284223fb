"""A convolution along time and pooling over time, in Keras: batch and time are free."""

import keras


def build() -> keras.Model:
    x = keras.Input((None, 8), name="x")
    near = keras.layers.Conv1D(16, 3, padding="same", activation="relu")(x)
    near = keras.layers.LayerNormalization()(near)
    tags = keras.layers.Dense(4, name="tags")(near)
    pooled = keras.layers.Dense(5, name="pooled")(keras.layers.GlobalAveragePooling1D()(near))
    return keras.Model(x, [tags, pooled])
