"""A GRU in two directions over a series, then another; answers with a forecast."""

import keras
from keras import layers


def build() -> keras.Model:
    series = keras.Input((10, 8), name="series")
    both = layers.Bidirectional(layers.GRU(16, return_sequences=True), name="both")(series)
    last = layers.GRU(24, name="last")(both)
    return keras.Model(series, layers.Dense(4, name="forecast")(last), name="keras_gru")
