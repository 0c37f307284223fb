"""A small causal decoder with a cache of keys and values: a token in, the most likely next one out.

The cache has its full size from the first step on. What lies behind the position is masked: a counter says how much of
it is filled. So every step has the same shapes, which is what exporters of static graphs need. Both layers share the
cache, [batch, time, layers * features].
"""

from __future__ import annotations

import torch
from torch import nn

TOKENS, LENGTH, FEATURES, LAYERS = 48, 32, 16, 2


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.after = nn.LayerNorm(FEATURES), nn.LayerNorm(FEATURES)
        self.query, self.key, self.value, self.mix = (nn.Linear(FEATURES, FEATURES) for _ in range(4))
        self.wide, self.narrow = nn.Linear(FEATURES, 2 * FEATURES), nn.Linear(2 * FEATURES, FEATURES)

    def forward(
        self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, here: torch.Tensor, seen: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x: [batch, features]; keys, values: [batch, time, features]; here, seen: [batch, time, 1], ones and zeros."""
        y = self.norm(x)
        keys = keys * (1 - here) + self.key(y).unsqueeze(1) * here
        values = values * (1 - here) + self.value(y).unsqueeze(1) * here
        scores = (keys * self.query(y).unsqueeze(1)).sum(-1, keepdim=True) * FEATURES**-0.5
        weights = torch.softmax(scores + (seen - 1) * 1e4, dim=1)
        x = x + self.mix((weights * values).sum(1))
        return x + self.narrow(torch.relu(self.wide(self.after(x)))), keys, values


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(TOKENS, FEATURES), nn.Embedding(LENGTH, FEATURES)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(FEATURES), nn.Linear(FEATURES, TOKENS)
        self.register_buffer("steps", torch.arange(LENGTH))

    def forward(
        self, token: torch.Tensor, position: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        here = (self.steps == position.unsqueeze(1)).to(keys.dtype).unsqueeze(-1)
        seen = (self.steps <= position.unsqueeze(1)).to(keys.dtype).unsqueeze(-1)
        x = self.tokens(token) + self.places(position)
        kept = [], []
        parts = zip(self.layers, keys.chunk(LAYERS, -1), values.chunk(LAYERS, -1), strict=True)
        for layer, own_keys, own_values in parts:
            x, own_keys, own_values = layer(x, own_keys, own_values, here, seen)
            kept[0].append(own_keys)
            kept[1].append(own_values)
        logits = self.head(self.norm(x))
        return logits, logits.argmax(-1), position + 1, torch.cat(kept[0], -1), torch.cat(kept[1], -1)


def build() -> nn.Module:
    return Decoder()
