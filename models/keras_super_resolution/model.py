"""Super-resolution: details by pixel shuffle, added to a bicubic interpolation."""

import keras
from keras import layers, ops

HEIGHT, WIDTH = 20, 24


def build() -> keras.Model:
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    x = layers.Conv2D(24, 5, padding="same", name="first")(image)
    x = layers.PReLU(shared_axes=[1, 2], name="bent")(x)
    x = layers.Conv2D(12, 3, padding="same", name="details")(x)
    x = layers.Reshape((HEIGHT, WIDTH, 2, 2, 3), name="split")(x)
    x = layers.Permute((1, 3, 2, 4, 5), name="woven")(x)
    x = layers.Reshape((2 * HEIGHT, 2 * WIDTH, 3), name="shuffled")(x)
    plain = ops.image.resize(image, (2 * HEIGHT, 2 * WIDTH), interpolation="bicubic")
    return keras.Model(image, layers.Add(name="larger")([plain, x]), name="keras_super_resolution")
