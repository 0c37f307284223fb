"""A small U-Net: down by strides and pooling, up by a transposed convolution and by interpolation."""

import keras
from keras import layers


def build() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    top = layers.Conv2D(12, 3, padding="same", activation="relu", name="top")(image)
    middle = layers.SeparableConv2D(24, 3, strides=2, padding="same", activation="relu", name="middle")(top)
    bottom = layers.MaxPooling2D(2, name="pool")(middle)
    bottom = layers.Conv2D(32, 3, padding="same", activation="relu", name="bottom")(bottom)
    x = layers.Conv2DTranspose(24, 3, strides=2, padding="same", activation="relu", name="to_middle")(bottom)
    x = layers.Concatenate(name="with_middle")([middle, x])
    x = layers.UpSampling2D(2, interpolation="bilinear", name="to_top")(x)
    x = layers.Concatenate(name="with_top")([top, x])
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="last")(x)
    return keras.Model(image, layers.Conv2D(4, 1, name="classes")(x), name="keras_unet")
