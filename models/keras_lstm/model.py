"""Two LSTM layers over a series; answers with a forecast and with the upper layer's hidden states."""

import keras


def build() -> keras.Model:
    series = keras.Input((12, 16), name="series")
    lower = keras.layers.LSTM(32, return_sequences=True, name="lower")(series)
    states = keras.layers.LSTM(32, return_sequences=True, name="upper")(lower)
    forecast = keras.layers.Dense(4, name="forecast")(keras.layers.Flatten(name="flat")(states))
    return keras.Model(series, [forecast, states], name="keras_lstm")
