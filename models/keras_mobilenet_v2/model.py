"""MobileNetV2 as keras.applications has it, a third as wide (https://arxiv.org/abs/1801.04381)."""

import keras


def build() -> keras.Model:
    return keras.applications.MobileNetV2(
        input_tensor=keras.Input((64, 64, 3), name="image"),
        alpha=0.35,
        weights=None,
        classes=10,
        classifier_activation=None,
        name="keras_mobilenet_v2",
    )
