"""A long short-term memory over a sequence of any length: batch and time are free."""

from torch import Tensor, nn


def build() -> nn.Module:
    return Recurrent()


class Recurrent(nn.Module):
    """x: float32 (batch, time, 8) → last (batch, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 12, batch_first=True)
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.lstm(x)
        return self.head(states[:, -1])
