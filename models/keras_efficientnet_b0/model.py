"""EfficientNet-B0 as keras.applications has it (Tan and Le 2019, https://arxiv.org/abs/1905.11946)."""

import keras


def build() -> keras.Model:
    return keras.applications.EfficientNetB0(
        input_tensor=keras.Input((64, 64, 3), name="image"),
        weights=None,
        classes=10,
        classifier_activation=None,
        name="keras_efficientnet_b0",
    )
