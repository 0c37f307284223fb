"""The LSTM of ONNX Runtime with int8 weights, in exact arithmetic but for what it rounds on purpose.

Which activations share a scale follows from onnxruntime/core/providers/cpu/rnn: ComputeGemm of rnn_helpers.cc, which
scales all that it is given, and its calls in uni_directional_lstm.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx.reference.op_run import OpRun
from onnx.reference.ops.op_lstm import LSTM as Plain

Array = np.ndarray


class DynamicQuantizeLSTM(OpRun):  # type: ignore[misc]
    """ONNX Runtime's LSTM with int8 weights: before each product it scales the activations, all by one number.

    What is scaled at once is the whole input, of all steps and sequences; and the state of all sequences, step by step,
    as by one thread: of more, each scales its own sequences. Activation functions other than the usual ones, clip,
    input_forget and lengths of sequences raise NotImplementedError, so that nothing is answered wrongly.
    """

    op_domain = "com.microsoft"

    def _run(
        self,
        x: Array,
        w: Array,
        r: Array,
        b: Array | None = None,
        lengths: Array | None = None,
        h: Array | None = None,
        c: Array | None = None,
        p: Array | None = None,
        w_scale: Array | None = None,
        w_zero: Array | None = None,
        r_scale: Array | None = None,
        r_zero: Array | None = None,
        **attributes: Any,
    ) -> tuple[Array, ...]:
        refuse(attributes, lengths)
        hidden, directions, batch = r.shape[1], r.shape[0], x.shape[1]
        backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
        answers = []
        for at, back in enumerate(backwards[attributes.get("direction") or "forward"]):
            weights = dequantized(w[at], w_scale, w_zero, at), dequantized(r[at], r_scale, r_zero, at)
            bias = np.zeros(4 * hidden) if b is None else np.add(*np.split(b[at], 2))
            holes = np.zeros((3, hidden)) if p is None else p[at].reshape(3, hidden)
            state = np.zeros((batch, hidden)) if h is None else h[at], np.zeros((batch, hidden)) if c is None else c[at]
            answers.append(steps(x[::-1] if back else x, weights, bias, holes, state))
            if back:
                answers[-1] = (answers[-1][0][::-1], *answers[-1][1:])
        assert len(answers) == directions
        outputs = [np.stack(parts, axis) for parts, axis in zip(zip(*answers, strict=True), (1, 0, 0), strict=True)]
        return tuple(outputs[: len(self.onnx_node.output)])


class LSTM(Plain):  # type: ignore[misc]
    """As ONNX's own, which leaves out without a word what it does not know."""

    op_domain = ""

    def _run(
        self, x: Array, w: Array, r: Array, b: Any = None, lengths: Any = None, *rest: Any, **attributes: Any
    ) -> Any:
        refuse(attributes, lengths)
        return super()._run(x, w, r, b, lengths, *rest, **attributes)


def refuse(attributes: dict[str, Any], lengths: Array | None) -> None:
    """Raise NotImplementedError for what is not computed here."""
    usual = ["Sigmoid", "Tanh", "Tanh"]
    functions = list(attributes.get("activations") or usual)
    asked = [name for name in ("clip", "input_forget", "activation_alpha", "activation_beta") if attributes.get(name)]
    if functions != usual * (len(functions) // 3) or asked or lengths is not None:
        raise NotImplementedError(f"an LSTM with {functions}, {asked}, lengths of sequences: {lengths}")


def steps(x: Array, weights: tuple[Array, Array], bias: Array, holes: Array, state: tuple[Array, Array]) -> Any:
    """All states, the last one, and the last cell state of one direction. x: (steps, sequences, features)."""
    hidden, cell = state
    given = rounded(x) @ weights[0] + bias
    states = []
    for part in given:
        into, out, forget, new = np.split(part + rounded(hidden) @ weights[1], 4, axis=-1)  # ONNX's order: i, o, f, c
        kept = sigmoid(forget + holes[2] * cell) * cell
        cell = kept + sigmoid(into + holes[0] * cell) * np.tanh(new)
        hidden = sigmoid(out + holes[1] * cell) * np.tanh(cell)
        states.append(hidden)
    return np.stack(states), hidden, cell


def rounded(values: Array) -> Array:
    """Activations at the 256 levels that ONNX Runtime gives them; levels and zero point are found in float32."""
    low, high = np.float32(min(values.min(initial=0.0), 0.0)), np.float32(max(values.max(initial=0.0), 0.0))
    scale = np.float32(1.0) if low == high else np.float32((high - low) / np.float32(255))
    zero = np.clip(np.rint(np.float32(-low / scale)), 0, 255)
    return (np.clip(np.rint(values / np.float64(scale)) + zero, 0, 255) - zero) * np.float64(scale)


def dequantized(weights: Array, scale: Any, zero: Any, direction: int) -> Array:
    """Weights of a direction, (features, 4 x hidden), as the numbers that they stand for."""
    return (weights.astype("float64") - zero[direction].astype("float64")) * scale[direction]


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


OPERATORS = (DynamicQuantizeLSTM, LSTM)
