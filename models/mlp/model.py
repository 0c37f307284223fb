"""A multi-layer perceptron, 784-128-10 with ReLU: the size of the classic MNIST example."""

from torch import nn


def build() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
