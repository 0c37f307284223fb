"""Converts max pooling of an image, channels last, to ONNX, and runs it."""

import jax
import jax2onnx
import numpy as np
import onnxruntime
from jax import lax


def pooled(x: jax.Array) -> jax.Array:
    return lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def main() -> str:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    model = jax2onnx.to_onnx(pooled, [jax.ShapeDtypeStruct(image.shape, image.dtype)], input_names=["x"])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    try:
        [found] = session.run(None, {"x": image})
    except Exception as error:
        return f"still there: {str(error).partition('Status Message: ')[2]}"
    wrong = abs(found - pooled(image)).max()
    return f"still there: wrong by {wrong}" if wrong else "gone: it pools"


print(main())
