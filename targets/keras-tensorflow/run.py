"""Runs a .keras file with Keras on TensorFlow, by docker/keras/modules/keras_file.py."""

from keras_file import on

VERSIONS = ("keras", "tensorflow", "numpy")
load, run, describe = on("tensorflow")
