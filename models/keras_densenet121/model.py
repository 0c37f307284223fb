"""DenseNet-121 as keras.applications has it (Huang et al. 2016, https://arxiv.org/abs/1608.06993)."""

import keras


def build() -> keras.Model:
    return keras.applications.DenseNet121(
        input_tensor=keras.Input((32, 32, 3), name="image"),
        weights=None,
        classes=10,
        classifier_activation=None,
        name="keras_densenet121",
    )
