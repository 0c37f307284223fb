"""A GRU that reads a series in both directions; answers with a forecast and with its states."""

from torch import Tensor, nn


def build() -> nn.Module:
    return Forecaster()


class Forecaster(nn.Module):
    """series: (batch, 12, 8) → forecast (batch, 6), states (batch, 12, 48)."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(8, 24, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 6)

    def forward(self, series: Tensor) -> tuple[Tensor, Tensor]:
        states, _ = self.gru(series)
        return self.head(states[:, -1]), states
