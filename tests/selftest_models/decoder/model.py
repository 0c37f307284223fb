"""One block of a causal language model: two masks, of the future and of padding, filled with a large finite number."""

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, LENGTH, WIDTH = 40, 12, 24
FAR = -1e9  # what exported language models fill their masks with


def build() -> nn.Module:
    return Decoder()


class Decoder(nn.Module):
    """ids, mask: int64 (batch, 12) → logits (batch, 12, 40), attention (batch, 12, 12)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(LENGTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.up, self.down = nn.Linear(WIDTH, 48), nn.Linear(48, WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.tokens(ids) + self.positions(torch.arange(LENGTH))
        seen = self.norm(x)
        scores = self.query(seen) @ self.key(seen).transpose(1, 2) / WIDTH**0.5
        past = torch.tril(torch.ones(LENGTH, LENGTH, dtype=torch.bool))
        scores = scores.masked_fill(past.logical_not(), FAR).masked_fill((mask == 0).unsqueeze(1), FAR)
        attention = scores.softmax(dim=-1)
        x = x + attention @ self.value(seen)
        x = x + self.down(functional.gelu(self.up(x)))
        return self.head(x), attention
