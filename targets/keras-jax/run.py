"""Runs a .keras file with Keras on JAX, by docker/keras/modules/keras_file.py."""

from keras_file import on

VERSIONS = ("keras", "jax", "numpy")
load, run, describe = on("jax")
