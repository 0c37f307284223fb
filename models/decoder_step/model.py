"""One step of a causal decoder with rotary positions, RMS norm and gated units, as in Llama
(https://arxiv.org/abs/2302.13971); it takes its cache and gives it back one place longer."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, WIDTH, HEADS, LAYERS = 300, 48, 4, 2
HEAD = WIDTH // HEADS


def build() -> nn.Module:
    return Decoder()


class Decoder(nn.Module):
    """ids: int64 (batch, 1); past_keys, past_values: (batch, 2, 4, past, 12) → logits (batch, 300) and the cache."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = nn.RMSNorm(WIDTH, eps=1e-6), nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.register_buffer("speeds", 100.0 ** (-torch.arange(0, HEAD, 2) / HEAD), persistent=False)

    def forward(self, ids: Tensor, *, past_keys: Tensor, past_values: Tensor) -> dict[str, Any]:
        angle = past_keys.shape[3] * self.speeds
        turn = (angle.cos(), angle.sin())
        x, keys, values = self.tokens(ids), [], []
        for number, layer in enumerate(self.layers):
            x, key, value = layer(x, turn, past_keys[:, number], past_values[:, number])
            keys.append(key)
            values.append(value)
        cache = {"keys": torch.stack(keys, dim=1), "values": torch.stack(values, dim=1)}
        return {"logits": self.head(self.norm(x))[:, -1], "cache": cache}


class Layer(nn.Module):
    """Attention of the latest place to all so far, then a gated feed-forward network."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm, self.forward_norm = nn.RMSNorm(WIDTH, eps=1e-6), nn.RMSNorm(WIDTH, eps=1e-6)
        self.query, self.key, self.value, self.mixed = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(WIDTH, 96, bias=False), nn.Linear(WIDTH, 96, bias=False)
        self.down = nn.Linear(96, WIDTH, bias=False)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        y = self.attention_norm(x)
        query, key = (turned(heads(projection(y)), *turn) for projection in (self.query, self.key))
        keys = torch.cat([keys, key], dim=2)
        values = torch.cat([values, heads(self.value(y))], dim=2)
        attended = functional.scaled_dot_product_attention(query, keys, values)
        x = x + self.mixed(attended.transpose(1, 2).flatten(2))
        y = self.forward_norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y)), keys, values


def heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, HEAD)).transpose(1, 2)


def turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotate each pair of the last axis, whose halves hold the pairs' first and second numbers."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
