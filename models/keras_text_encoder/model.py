"""A text classifier: two transformer layers, then the mean over the tokens that are not padding."""

import keras
from keras import layers, ops

LENGTH, VOCABULARY, WIDTH = 16, 200, 32


def build() -> keras.Model:
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    token = ops.not_equal(ids, 0)
    x = layers.Embedding(VOCABULARY, WIDTH, name="tokens")(ids)
    for number in (1, 2):
        x = layer(x, ops.expand_dims(token, 1), f"layer{number}")
    kept = ops.expand_dims(ops.where(token, 1.0, 0.0), -1)
    pooled = ops.sum(x * kept, axis=1) / ops.sum(kept, axis=1)
    return keras.Model(ids, [layers.Dense(5, name="classes")(pooled), x], name="keras_text_encoder")


def layer(x: keras.KerasTensor, seen: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """x: (batch, 16, 32), seen: bool (batch, 1, 16), which places others may look at."""
    attention = layers.MultiHeadAttention(4, WIDTH // 4, name=f"{name}_attention")
    x = layers.LayerNormalization(name=f"{name}_attended")(x + attention(x, x, attention_mask=seen))
    hidden = layers.Dense(2 * WIDTH, activation="gelu", name=f"{name}_up")(x)
    return layers.LayerNormalization(name=f"{name}_norm")(x + layers.Dense(WIDTH, name=f"{name}_down")(hidden))
