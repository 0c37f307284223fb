"""What a runner's container can and cannot do, asked from inside every target's own image."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.host.container_channel import Mount, container_channel
from tests.runtimes import EXPORTERS, language_of

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
TARGETS = sorted(path.parent.name for path in ROOT.glob("targets/*/target.toml"))
INSTALLERS = {"pip", "setuptools", "uv"}

# Prints one JSON object. Each attempt is "allowed" or the name of the error that refused it.
PYTHON_PROBE = """
import importlib.metadata, json, os, re, socket, subprocess

def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "allowed"

def write(path):
    with open(path, "w") as file:
        file.write("x")

def run_from_tmp():
    write("/tmp/program")
    os.chmod("/tmp/program", 0o755)
    subprocess.run(["/tmp/program"], check=True)

def is_up(interface):
    return int(open(f"/sys/class/net/{interface}/flags").read(), 16) & 1

status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "refused": {
        "network": attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
        "names": attempt(lambda: socket.getaddrinfo("example.com", 80)),
        "root": attempt(lambda: write("/probe")),
        "packages": attempt(lambda: write("/runtime/probe")),
        "inputs": attempt(lambda: write("/deploymatrix/inputs/probe")),
        "become root": attempt(lambda: os.setuid(0)),
        "run from /tmp": attempt(run_from_tmp),
    },
    "granted": {
        "out": attempt(lambda: write("/deploymatrix/out/probe")),
        "/tmp": attempt(lambda: write("/tmp/probe")),
        "home": attempt(lambda: write(os.path.expanduser("~/probe"))),
    },
    "uid": os.getuid(),
    "gid": os.getgid(),
    "capabilities": [status[name].strip() for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "interfaces": [name for _, name in socket.if_nameindex() if name != "lo" and is_up(name)],
    "packages": sorted(re.sub(r"[-_.]+", "-", d.name).lower() for d in importlib.metadata.distributions()),
}))
"""
NODE_PROBE = """
const fs = require("fs"), net = require("net"), os = require("os"), { execFileSync } = require("child_process");
const attempt = (action) => { try { action(); return "allowed"; } catch (error) { return error.code ?? error.name; } };
const write = (path) => () => fs.writeFileSync(path, "x");
const runFromTmp = () => {
  fs.writeFileSync("/tmp/program", "#!/bin/sh\\n", { mode: 0o755 });
  execFileSync("/tmp/program");
};
const connects = (options) => new Promise((resolve) => {
  const socket = net.connect({ ...options, timeout: 2000 });
  socket.on("connect", () => resolve("allowed"));
  socket.on("error", (error) => resolve(error.code));
  socket.on("timeout", () => resolve("timeout"));
});
const status = Object.fromEntries(
  fs.readFileSync("/proc/self/status", "utf8").trim().split("\\n").map((line) => line.split(/:\\s*/)));
const packages = fs.readdirSync("/node_modules").flatMap((name) =>
  name.startsWith("@") ? fs.readdirSync(`/node_modules/${name}`).map((inner) => `${name}/${inner}`) : [name]);
(async () => console.log(JSON.stringify({
  refused: {
    network: await connects({ host: "192.0.2.1", port: 80 }),
    names: await connects({ host: "example.com", port: 80 }),
    root: attempt(write("/probe")),
    packages: attempt(write("/node_modules/probe")),
    inputs: attempt(write("/deploymatrix/inputs/probe")),
    "become root": attempt(() => process.setuid(0)),
    "run from /tmp": attempt(runFromTmp),
  },
  granted: {
    out: attempt(write("/deploymatrix/out/probe")),
    "/tmp": attempt(write("/tmp/probe")),
    home: attempt(write(`${os.homedir()}/probe`)),
  },
  uid: process.getuid(),
  gid: process.getgid(),
  capabilities: ["CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"].map((name) => status[name]),
  no_new_privileges: status.NoNewPrivs,
  interfaces: Object.keys(os.networkInterfaces()).filter((name) => name !== "lo"),
  packages,
})))();
"""


@pytest.fixture(scope="session", params=TARGETS)
def probe(
    request: pytest.FixtureRequest, client: Any, image_of: Any, containers_of: str, tmp_path_factory: Any
) -> dict[str, Any]:
    """What a program in the target's container finds."""
    inputs, out = tmp_path_factory.mktemp("inputs"), tmp_path_factory.mktemp("out")
    command = ["node", "-e", NODE_PROBE] if language_of(request.param) == ".mjs" else ["python3", "-c", PYTHON_PROBE]
    channel = container_channel(
        client,
        image_of(request.param),
        [Mount(inputs, "/deploymatrix/inputs"), Mount(out, "/deploymatrix/out", writable=True)],
        run_id=containers_of,
        memory_mb=512,
        cpus=1,
        command=command,
    )
    lines = list(channel.lines())
    assert len(lines) == 1, channel.cause_of_death()
    assert (out / "probe").read_text() == "x"
    found: dict[str, Any] = json.loads(lines[0])
    return found | {"target": request.param}


def test_everything_beyond_the_run_is_refused(probe: dict[str, Any]):
    assert {what for what, answer in probe["refused"].items() if answer == "allowed"} == set()
    assert probe["interfaces"] == []


def test_what_the_run_needs_is_granted(probe: dict[str, Any]):
    assert set(probe["granted"].values()) == {"allowed"}


def test_there_is_no_privilege_and_no_way_to_one(probe: dict[str, Any]):
    assert probe["uid"] != 0 and probe["gid"] != 0
    assert set(probe["capabilities"]) == {"0" * 16}
    assert probe["no_new_privileges"] == "1"


def test_the_image_holds_what_the_lock_pins_and_no_exporter(probe: dict[str, Any]):
    folder = ROOT / "targets" / probe["target"]
    if language_of(probe["target"]) == ".mjs":
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        assert set(probe["packages"]) == {where.removeprefix("node_modules/") for where in locked if where}
        return
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)==", (folder / "requirements.lock").read_text(), re.MULTILINE))
    accelerators = {name for name in probe["packages"] if re.match(r"(nvidia|cuda)-|triton$", name)}
    assert set(probe["packages"]) - accelerators == {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    assert not set(probe["packages"]) & (EXPORTERS | INSTALLERS)
