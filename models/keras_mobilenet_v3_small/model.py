"""MobileNetV3-Small as keras.applications ships it, preprocessing included: depthwise convolutions,
squeeze-and-excitation and hard-swish (Howard et al. 2019, https://arxiv.org/abs/1905.02244)."""

import keras


def build() -> keras.Model:
    return keras.applications.MobileNetV3Small(
        input_tensor=keras.Input((96, 96, 3), name="image"),
        weights=None,
        classes=10,
        classifier_activation=None,
        name="keras_mobilenet_v3_small",
    )
