"""A recommender as DLRM (Naumov et al. 2019, https://arxiv.org/abs/1906.00091): ids, figures and their products."""

import torch
from torch import Tensor, nn

WIDTH = 16


def build() -> nn.Module:
    return Recommender()


class Recommender(nn.Module):
    """bought: int64 (batch, 10), place: int64 (batch), figures: (batch, 6) → score (batch)."""

    def __init__(self) -> None:
        super().__init__()
        self.items = nn.EmbeddingBag(500, WIDTH, mode="sum", padding_idx=0)
        self.places = nn.Embedding(50, WIDTH)
        self.dense = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, WIDTH))
        self.score = nn.Sequential(nn.Linear(WIDTH + 3, 32), nn.ReLU(), nn.Linear(32, 1))
        self.register_buffer("pairs", torch.triu_indices(3, 3, offset=1), persistent=False)

    def forward(self, bought: Tensor, place: Tensor, figures: Tensor) -> Tensor:
        dense = self.dense(figures.log1p())
        x = torch.stack([dense, self.items(bought), self.places(place)], dim=1)
        products = (x @ x.transpose(1, 2))[:, self.pairs[0], self.pairs[1]]
        return self.score(torch.cat([dense, products], dim=1)).squeeze(1)
