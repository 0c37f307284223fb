"""Two Conformer blocks (Gulati et al. 2020, https://arxiv.org/abs/2005.08100) over the bands of a spectrogram."""

from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS = 48, 4


def build() -> nn.Module:
    return Conformer()


class Conformer(nn.Module):
    """levels: (batch, time, 40) → symbols (batch, time, 29)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(40, WIDTH)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(WIDTH, 29)

    def forward(self, levels: Tensor) -> Tensor:
        return self.head(self.blocks(self.enter(levels))).log_softmax(-1)


class Block(nn.Module):
    """Half a feed-forward network, attention, convolution, the other half."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = feed_forward(), feed_forward()
        self.attention_norm, self.convolution_norm, self.norm = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.query_key_value, self.mixed = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.gated = nn.Conv1d(WIDTH, 2 * WIDTH, 1)
        self.filter = nn.Conv1d(WIDTH, WIDTH, 7, padding=3, groups=WIDTH)
        self.filter_norm, self.out = nn.BatchNorm1d(WIDTH), nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.first(x) / 2
        x = x + self.attend(self.attention_norm(x))
        x = x + self.convolve(self.convolution_norm(x).transpose(1, 2)).transpose(1, 2)
        return self.norm(x + self.second(x) / 2)

    def attend(self, x: Tensor) -> Tensor:
        heads = self.query_key_value(x).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2])
        return self.mixed(attended.transpose(1, 2).flatten(2))

    def convolve(self, x: Tensor) -> Tensor:
        return self.out(functional.silu(self.filter_norm(self.filter(functional.glu(self.gated(x), dim=1)))))


def feed_forward() -> nn.Module:
    return nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.SiLU(), nn.Linear(2 * WIDTH, WIDTH))
