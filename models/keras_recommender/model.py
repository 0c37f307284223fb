"""Two towers: a user with what they bought, and candidates; their dot products are the scores."""

import keras
from keras import initializers, layers

WIDTH = 16


def build() -> keras.Model:
    user = keras.Input((1,), dtype="int32", name="user")
    candidates = keras.Input((8,), dtype="int32", name="candidates")
    bought = keras.Input((6,), dtype="int32", name="bought")
    items = table(300, "items")
    history = layers.GlobalAveragePooling1D(name="history")(items(bought))
    who = layers.Flatten(name="who")(table(100, "users")(user))
    tower = layers.Dense(WIDTH, activation="tanh", name="tower")(layers.Concatenate(name="both")([who, history]))
    scores = layers.Dot(axes=(2, 1), name="scores")([items(candidates), tower])
    return keras.Model([user, candidates, bought], scores, name="keras_recommender")


def table(rows: int, name: str) -> layers.Layer:
    return layers.Embedding(rows, WIDTH, embeddings_initializer=initializers.RandomNormal(stddev=0.5), name=name)
