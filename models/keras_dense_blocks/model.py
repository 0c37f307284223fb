"""A small DenseNet (Huang et al. 2016, https://arxiv.org/abs/1608.06993): three blocks of four layers."""

import keras
from keras import layers

GROWTH = 12


def build() -> keras.Model:
    image = keras.Input((48, 48, 3), name="image")
    x = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False)(image)
    for block in range(3):
        if block:
            x = layers.AveragePooling2D(2)(convolved(x, x.shape[-1] // 2, 1))
        for _ in range(4):
            x = layers.Concatenate()([x, convolved(convolved(x, 4 * GROWTH, 1), GROWTH, 3)])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)), name="keras_dense_blocks")


def convolved(x: keras.KerasTensor, channels: int, size: int) -> keras.KerasTensor:
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.Conv2D(channels, size, padding="same", use_bias=False)(x)
