"""Runs a .keras file with Keras on OpenVINO, by docker/keras/modules/keras_file.py."""

from keras_file import on

VERSIONS = ("keras", "openvino", "numpy")
# Not compiled: predict() rounds to bfloat16 where the CPU has it, docs/findings/keras-openvino-bfloat16/finding.md
load, run, describe = on("openvino", compiled=False)
