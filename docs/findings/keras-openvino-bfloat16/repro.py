"""Asks which precision Keras on OpenVINO asks for: of predict(), and of what a call of the model computes."""

import os
import sys

sys.path.insert(0, os.environ["DEPLOYMATRIX_PACKAGES"])  # of the runtime: Keras and OpenVINO
os.environ["KERAS_BACKEND"] = "openvino"

import keras
import numpy as np
import openvino
from keras.src.backend.openvino import core, trainer


def main() -> str:
    asked = []

    def compile_model(model, device, config=None):
        asked.append((config or {}).get("INFERENCE_PRECISION_HINT"))
        return openvino.Core().compile_model(model, device, config or {})

    trainer.ov.compile_model = core.compile_model = compile_model
    x = np.ones((1, 8), "float32")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
    asked.clear()
    keras.ops.convert_to_numpy(model(x))
    called = asked[-1]
    asked.clear()
    model.predict_on_batch(x)
    if asked[-1] == "f32":
        return "gone: predict() asks for float32"
    return f"still there: a call asks for {called}, predict() for {asked[-1]}"


print(main())
