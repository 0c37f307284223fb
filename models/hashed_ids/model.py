"""Hashes large ids into a table of 64 rows, as recommenders do where there are more ids than memory."""

from torch import Tensor, nn

BUCKETS, FACTOR = 64, 2654435761  # Knuth's multiplicative hash


def build() -> nn.Module:
    return Hashed()


class Hashed(nn.Module):
    """ids: int64 (batch, 6) → buckets int64 (batch, 6), score (batch, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.head = nn.Embedding(BUCKETS, 16), nn.Linear(16, 4)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        low, high = ids & 0xFFFFF, ids >> 20
        mixed = (low * FACTOR) ^ (high * 40503)
        buckets = (mixed >> 7) % BUCKETS
        return buckets, self.head(self.rows(buckets).mean(1))
