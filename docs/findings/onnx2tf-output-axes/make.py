"""Writes hidden.onnx: the hidden state of a two-layer LSTM, of shape (2, 1, 32)."""

import torch


class Hidden(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(16, 32, num_layers=2, batch_first=True)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        return self.lstm(series)[1][0]


example = (torch.zeros(1, 12, 16),)
torch.onnx.export(Hidden().eval(), example, "hidden.onnx", dynamo=True, external_data=False, input_names=["series"])
print("hidden.onnx")
