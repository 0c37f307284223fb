"""An encoder of the library x-transformers: rotary positions, RMS norm and gated feed-forward layers."""

from __future__ import annotations

import torch
from torch import nn
from x_transformers import Encoder, TransformerWrapper


class Logits(nn.Module):
    """Takes ids as int64 (batch, time) and returns logits (batch, time, tokens)."""

    def __init__(self) -> None:
        super().__init__()
        layers = Encoder(dim=32, depth=1, heads=2, rotary_pos_emb=True, use_rmsnorm=True, ff_glu=True)
        self.network = TransformerWrapper(num_tokens=64, max_seq_len=16, attn_layers=layers)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.network(ids)


def build() -> nn.Module:
    return Logits()
