"""Causal convolutions with dilation 1, 2 and 4 over a series of any length."""

import keras
from keras import layers


def build() -> keras.Model:
    series = keras.Input((None, 6), name="series")
    x = layers.Conv1D(24, 1, name="enter")(series)
    for dilation in (1, 2, 4):
        y = layers.Conv1D(24, 3, padding="causal", dilation_rate=dilation, activation="swish", name=f"by{dilation}")(x)
        x = layers.Add(name=f"added{dilation}")([x, y])
    pooled = layers.GlobalMaxPooling1D(name="pooled")(x)
    return keras.Model(series, [layers.Conv1D(4, 1, name="forecast")(x), pooled], name="keras_tcn")
