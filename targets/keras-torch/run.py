"""Runs a .keras file with Keras on PyTorch, by docker/keras/modules/keras_file.py."""

from keras_file import on

VERSIONS = ("keras", "torch", "numpy")
load, run, describe = on("torch")
