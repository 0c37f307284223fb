"""A photo of any value range and a category, prepared by Keras's own preprocessing layers, then classified."""

import keras
from keras import layers


def build() -> keras.Model:
    photo = keras.Input((48, 40, 3), name="photo")
    category = keras.Input((1,), dtype="int32", name="category")
    x = layers.Resizing(24, 24, interpolation="bilinear", name="resized")(photo)
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaled")(x)
    x = layers.Normalization(mean=[-0.03, -0.09, -0.19], variance=[0.21, 0.2, 0.2], name="normalised")(x)
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="first")(x)
    x = layers.Conv2D(24, 3, strides=2, activation="relu", name="second")(x)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    kind = layers.CategoryEncoding(6, output_mode="one_hot", name="kind")(category)
    logits = layers.Dense(5, name="logits")(layers.Concatenate(name="both")([x, kind]))
    return keras.Model([photo, category], logits, name="keras_preprocessing")
