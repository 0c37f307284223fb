"""A small segmenter: uneven padding, batch normalisation, SiLU, pooling, resizing, and a softmax over classes."""

import keras
from keras import layers


def build() -> keras.Model:
    image = keras.Input((17, 17, 3), name="image")
    padded = layers.ZeroPadding2D(((0, 1), (0, 1)), name="padded")(image)
    stem = layers.Conv2D(8, 3, name="stem")(padded)
    x = layers.Activation("silu", name="silu")(layers.BatchNormalization(name="norm")(stem))
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="body")(x)
    x = layers.ReLU(max_value=6.0, name="clip")(layers.UpSampling2D(2, interpolation="nearest", name="large")(x))
    classes = layers.Softmax(name="classes")(layers.Conv2D(4, 3, padding="same", name="scores")(x))
    depth = layers.Conv2D(1, 1, name="depth")(x)
    return keras.Model(image, [classes, depth], name="keras_segmenter")
