"""Triton with one model: python server.py <payload> <port> <port of gRPC>. Its binary comes with nvidia-pytriton."""

import os
import sys
from importlib.metadata import distribution
from pathlib import Path

import onnx_model
from v2 import KINDS

TRITON = Path(str(distribution("nvidia-pytriton").locate_file("pytriton/tritonserver")))
MODELS, BACKENDS = Path("models").absolute(), Path("backends").absolute()  # in the server's own folder


def declared(word: str, tensors: list) -> str:
    """Inputs or outputs as config.pbtxt has them: Triton itself refuses others. -1 is a free size."""
    entries = []
    for tensor in tensors:
        dims = [size if isinstance(size, int) else -1 for size in tensor.shape]
        dtype = {"float": "float32", "double": "float64"}.get(kind := tensor.type[7:-1], kind)
        kind = KINDS[dtype]
        entries.append(f'{{ name: "{tensor.name}" data_type: TYPE_{kind} dims: {dims} }}')
    return f"{word} [ {', '.join(entries)} ]\n"


session = onnx_model.OnnxModel(sys.argv[1]).session
(MODELS / "model" / "1").mkdir(parents=True)
packages = [str(Path(onnx_model.__file__).parent), str(TRITON.parents[1])]
found = f"import sys\n\nsys.path[1:1] = {packages}\n"  # the Python in Triton is isolated: it reads no PYTHONPATH
(MODELS / "model" / "1" / "model.py").write_text(found + Path(__file__).with_name("model.py").read_text())
(MODELS / "model" / "config.pbtxt").write_text(
    'backend: "python"\ninstance_group [ { kind: KIND_CPU } ]\n'
    + declared("input", session.get_inputs())
    + declared("output", session.get_outputs())
)
(BACKENDS / "python").mkdir(parents=True)  # the backend wants the stub of this Python beside itself
stub = TRITON / "python_backend_stubs" / "3.11" / "triton_python_backend_stub"
for file in (*(TRITON / "backends" / "python").iterdir(), stub):
    (BACKENDS / "python" / file.name).symlink_to(file)
options = {
    **{"model-repository": MODELS, "backend-directory": BACKENDS, "allow-metrics": "false", "log-verbose": 0},
    **{"http-address": "127.0.0.1", "http-port": sys.argv[2]},
    **{"grpc-address": "127.0.0.1", "grpc-port": sys.argv[3]},
}
os.environ |= {
    "MODEL": sys.argv[1],
    "LD_LIBRARY_PATH": str(TRITON.parents[1] / "nvidia_pytriton.libs"),
    "PATH": "/usr/bin:/usr/local/bin",  # where the Python in Triton looks for its standard library
}
binary = TRITON / "bin" / "tritonserver"
os.execv(binary, [str(binary), *(f"--{name}={value}" for name, value in options.items())])
