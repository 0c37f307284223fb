"""The model class that TorchServe loads."""

from pathlib import Path
from typing import Any

from onnx_model import OnnxModel, WrongInput
from ts.utils.util import PredictionException
from v2 import arrays_of, tensors_of


class Served:
    def initialize(self, context: Any) -> None:
        folder = Path(context.system_properties["model_dir"])
        self.model = OnnxModel(folder / context.manifest["model"]["serializedFile"])

    def handle(self, data: list[dict[str, Any]], context: Any) -> list[dict[str, Any]]:
        """One request at a time: the archive asks for no batches."""
        (request,) = data
        try:
            return [{"outputs": tensors_of(self.model(arrays_of(request["body"]["inputs"])))}]
        except WrongInput as error:
            raise PredictionException(str(error), 400) from error
