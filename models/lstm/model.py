"""Two LSTM layers over a series; answers with logits for every step and with the layers' last hidden states."""

from torch import Tensor, nn


def build() -> nn.Module:
    return Tagger()


class Tagger(nn.Module):
    """series: (batch, 12, 16) → logits (batch, 12, 10), hidden (2, batch, 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, series: Tensor) -> tuple[Tensor, Tensor]:
        states, (hidden, _) = self.lstm(series)
        return self.head(states), hidden
