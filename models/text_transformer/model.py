"""A masked language model: a small pre-norm transformer encoder with padding mask and tied embeddings.

The mask is applied as `masked_fill` with infinity and no other constant, so that the float64 reference holds no
float32 number but the weights.
"""

from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, LENGTH, WIDTH, HEADS, LAYERS = 1000, 32, 64, 4, 3


def build() -> nn.Module:
    return TextTransformer()


class TextTransformer(nn.Module):
    """ids, mask: int64 (batch, 32) → logits (batch, 32, 1000), pooled (batch, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(nn.init.normal_(nn.Embedding(LENGTH, WIDTH).weight.detach()))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        padding = mask == 0
        x = self.tokens(ids) + self.positions
        for layer in self.layers:
            x = layer(x, padding)
        x = self.norm(x)
        kept = x.masked_fill(padding.unsqueeze(-1), 0)
        return self.head(x), kept.sum(dim=1) / mask.sum(dim=1, keepdim=True)


class Layer(nn.Module):
    """Self-attention, then a feed-forward network, each normalised before and added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.mixed = nn.Linear(WIDTH, WIDTH)
        self.forward_norm = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        x = x + self.attend(self.attention_norm(x), padding)
        return x + self.down(functional.gelu(self.up(self.forward_norm(x))))

    def attend(self, x: Tensor, padding: Tensor) -> Tensor:
        query, key, value = (heads(projection(x)) for projection in (self.query, self.key, self.value))
        scores = query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
        weights = scores.masked_fill(padding[:, None, None, :], float("-inf")).softmax(dim=-1)
        return self.mixed((weights @ value).transpose(1, 2).flatten(2))


def heads(x: Tensor) -> Tensor:
    """(batch, position, width) → (batch, head, position, width of a head)."""
    return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
