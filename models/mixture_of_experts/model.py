"""A mixture of experts: of four networks, each token asks the two that its gate rates highest."""

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY, WIDTH, HIDDEN, EXPERTS, ASKED = 200, 32, 64, 4, 2


def build() -> nn.Module:
    return Mixture()


class Mixture(nn.Module):
    """ids: int64 (batch, 16) → logits (batch, 16, 200), shares (batch, 16, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.norm = nn.Embedding(VOCABULARY, WIDTH), nn.LayerNorm(WIDTH)
        self.gate = nn.Linear(WIDTH, EXPERTS)
        self.up = nn.Parameter(torch.randn(EXPERTS, WIDTH, HIDDEN) / WIDTH**0.5)
        self.down = nn.Parameter(torch.randn(EXPERTS, HIDDEN, WIDTH) / HIDDEN**0.5)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        x = self.norm(self.tokens(ids))
        best, which = self.gate(x).topk(ASKED, dim=-1)
        shares = torch.zeros_like(x[..., :EXPERTS]).scatter(-1, which, best.softmax(-1))
        hidden = functional.gelu(torch.einsum("bpw,ewh->bpeh", x, self.up))
        answers = torch.einsum("bpeh,ehw->bpew", hidden, self.down)
        return self.head(x + (answers * shares.unsqueeze(-1)).sum(2)), shares
