"""Ranks items for a query: scores, the five best, and running sums of the sorted scores."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return Ranking()


class Ranking(nn.Module):
    """query: (batch, 16), items: (batch, 20, 16) → best, places (batch, 5), gain (batch, 20), chosen (batch, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.item = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, query: Tensor, items: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        items = self.item(items)
        scores = torch.einsum("bw,biw->bi", self.query(query), items)
        best, places = scores.topk(5, dim=1)
        gain = scores.sort(dim=1).values.cumsum(1)
        chosen = items.gather(1, places.unsqueeze(-1).expand(-1, -1, items.shape[-1])).mean(1)
        return best, places, gain, chosen
