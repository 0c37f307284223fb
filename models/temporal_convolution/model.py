"""A temporal convolutional network (Bai et al. 2018, https://arxiv.org/abs/1803.01271): causal, dilation 1, 2, 4, 8."""

from torch import Tensor, nn
from torch.nn import functional


def build() -> nn.Module:
    return nn.Sequential(nn.Conv1d(6, 24, 1), *(Block(24, 2**power) for power in range(4)), nn.Conv1d(24, 4, 1))


class Block(nn.Module):
    """x: (batch, width, time); no place sees a later one."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.reach = 2 * dilation
        self.filter = nn.Conv1d(width, 2 * width, 3, dilation=dilation)
        self.mixed = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        content, gate = self.filter(functional.pad(x, (self.reach, 0))).chunk(2, dim=1)
        return x + self.mixed(content.tanh() * gate.sigmoid())
