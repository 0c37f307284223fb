"""An encoder and a decoder with cross-attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762), small."""

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, WIDTH, HEADS, LONGEST = 200, 48, 4, 20


def build() -> nn.Module:
    return Translator()


class Translator(nn.Module):
    """source: int64 (batch, 20), target: int64 (batch, 12) → logits (batch, 12, 200)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Parameter(torch.randn(LONGEST, WIDTH) / 4)
        self.encoder = nn.ModuleList(Layer(crosses=False) for _ in range(2))
        self.decoder = nn.ModuleList(Layer(crosses=True) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.head.weight = self.tokens.weight
        ahead = torch.ones(LONGEST, LONGEST, dtype=torch.bool).triu(1)
        self.register_buffer("ahead", ahead, persistent=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padding = (source == 0)[:, None, None, :]
        seen = self.tokens(source) + self.places[: source.shape[1]]
        for layer in self.encoder:
            seen = layer(seen, padding)
        x = self.tokens(target) + self.places[: target.shape[1]]
        ahead = self.ahead[: target.shape[1], : target.shape[1]]
        for layer in self.decoder:
            x = layer(x, ahead, seen, padding)
        return self.head(self.norm(x))


class Layer(nn.Module):
    """Self-attention, attention to what was `seen` where the layer crosses, then a feed-forward network."""

    def __init__(self, *, crosses: bool) -> None:
        super().__init__()
        self.own, self.other = Attention(), Attention() if crosses else None
        self.forward_norm = nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor, hidden: Tensor, seen: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        x = x + self.own(x, None, hidden)
        if self.other is not None:
            x = x + self.other(x, seen, padding)
        return x + self.down(functional.relu(self.up(self.forward_norm(x))))


class Attention(nn.Module):
    """From each place of `x` to those of `seen`, or of itself, that are not `hidden`."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.mixed = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: Tensor, seen: Tensor | None, hidden: Tensor) -> Tensor:
        x = self.norm(x)
        seen = x if seen is None else seen
        query, key, value = heads(self.query(x)), heads(self.key(seen)), heads(self.value(seen))
        scores = query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        return self.mixed((weights @ value).transpose(1, 2).flatten(2))


def heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
