"""What a runner's container can and cannot do, asked from inside every target's own image."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.container_labels import process_start
from deploymatrix.containers import ContainerChannel, Mount, container_channel, engine, reap, reap_stale
from deploymatrix.images import Image, ensure_image

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
TARGETS = sorted(path.parent.name for path in ROOT.glob("targets/*/target.toml"))
SMALL = "onnx"
RUN = f"tests-{os.getpid()}"
# What no runner may hold; each target's own runtime is named in its lock.
EXPORTERS = {
    "coremltools",
    "keras",
    "litert-torch",
    "onnx",
    "onnx2tf",
    "onnxscript",
    "tensorflowjs",
    "tf2onnx",
    "torchao",
}
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
# A container of a run whose process then dies without a word.
ABANDON = """
import os, signal, sys
from deploymatrix.containers import container_channel, engine
from deploymatrix.images import Image
channel = container_channel(engine(), Image(tag=sys.argv[1], digest="", id=""), [], run_id=sys.argv[2], memory_mb=128,
                            command=["sleep", "600"])
print(channel.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

Start = Callable[..., ContainerChannel]


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    found = engine()
    if found is None:
        pytest.skip("no Docker engine answers: there is no container to look into")
    yield found
    reap(found, RUN)


@pytest.fixture(scope="session")
def image_of(client: Any) -> Callable[[str], Image]:
    """The images that runs use: built into the project's own build folder, once."""

    def ensure(target: str) -> Image:
        runner = _runner(target)
        lock = "package-lock.json" if runner == "node" else "requirements.lock"
        return ensure_image(
            client,
            docker_dir=ROOT / "docker",
            target=target,
            runner=runner,
            lock=ROOT / "targets" / target / lock,
            build=ROOT / "build",
            say=print,
        )

    return ensure


@pytest.fixture
def start(client: Any, image_of: Callable[[str], Image]) -> Start:
    """Starts a command in the small image of a Python target."""

    def channel(code: str, *mounts: Mount, memory_mb: int = 256, run_id: str = RUN) -> ContainerChannel:
        command = ["python3", "-c", code]
        return container_channel(
            client, image_of(SMALL), mounts, run_id=run_id, memory_mb=memory_mb, cpus=1, command=command
        )

    return channel


def _runner(target: str) -> str:
    spec = tomllib.loads((ROOT / "targets" / target / "target.toml").read_text())
    return str(spec["runner"])


@pytest.fixture(scope="session", params=TARGETS)
def probe(request: pytest.FixtureRequest, client: Any, image_of: Any, tmp_path_factory: Any) -> dict[str, Any]:
    """What a program in the target's container finds."""
    inputs, out = tmp_path_factory.mktemp("inputs"), tmp_path_factory.mktemp("out")
    command = ["node", "-e", NODE_PROBE] if _runner(request.param) == "node" else ["python3", "-c", PYTHON_PROBE]
    channel = container_channel(
        client,
        image_of(request.param),
        [Mount(inputs, "/deploymatrix/inputs"), Mount(out, "/deploymatrix/out", writable=True)],
        run_id=RUN,
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
    if _runner(probe["target"]) == "node":
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        assert set(probe["packages"]) == {where.removeprefix("node_modules/") for where in locked if where}
        return
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)==", (folder / "requirements.lock").read_text(), re.MULTILINE))
    accelerators = {name for name in probe["packages"] if re.match(r"(nvidia|cuda)-|triton$", name)}
    assert set(probe["packages"]) - accelerators == {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    assert not set(probe["packages"]) & (EXPORTERS | INSTALLERS)


def test_the_engine_was_told_every_limit(client: Any, start: Start):
    channel = start("import sys; sys.stdin.read()")
    host = client.api.inspect_container(channel.id)["HostConfig"]
    channel.kill()

    assert host["NetworkMode"] == "none" and host["ReadonlyRootfs"] and host["Init"]
    assert host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges"] and not host["Privileged"]
    assert host["Memory"] == host["MemorySwap"] == 256 * 1024**2
    assert (host["NanoCpus"], host["PidsLimit"]) == (10**9, 512)
    assert set(host["Tmpfs"]["/tmp"].split(",")) >= {"noexec", "nosuid", "nodev"}


def test_lines_come_whole_whatever_is_said_beside_them(start: Start):
    code = "import sys\nfor i in range(3):\n print('e' * 70000, file=sys.stderr); print(str(i) * 2_000_000, flush=True)"

    lines = list(start(code).lines())

    assert lines == [str(i).encode() * 2_000_000 + b"\n" for i in range(3)]


def test_what_is_sent_arrives_and_the_end_of_the_channel_is_the_end(start: Start):
    channel = start("import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)")
    lines = channel.lines()
    channel.send(b"one\n")
    assert next(lines) == b"ONE\n"
    channel.send(b"two\n")
    assert next(lines) == b"TWO\n"

    channel.kill()
    channel.kill()

    assert list(lines) == []


@pytest.mark.parametrize(
    ("code", "cause", "word"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signaled", "SIGSEGV"),
        ("import os; os.abort()", "signaled", "SIGABRT"),
        ("import sys; sys.exit('the reason')", "no_reply", "the reason"),
        ("pass", "no_reply", "exit code 0"),
    ],
)
def test_the_cause_of_death_is_told(start: Start, code: str, cause: str, word: str):
    channel = start(code)

    assert list(channel.lines()) == []
    assert channel.cause_of_death()[0] == cause
    assert word in channel.cause_of_death()[1]


EAT = "b'x' * (1 << 30)"


@pytest.mark.parametrize(
    "code", [EAT, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {EAT!r}])"], ids=["worker", "child"]
)
def test_out_of_memory_is_told_even_when_only_a_child_died(start: Start, code: str):
    channel = start(code, memory_mb=64)

    assert list(channel.lines()) == []
    assert channel.cause_of_death()[0] == "out_of_memory"


def test_a_container_killed_from_outside_ends_the_channel(client: Any, start: Start):
    channel = start("import sys; print('up', flush=True); sys.stdin.read()")
    lines = channel.lines()
    assert next(lines) == b"up\n"

    client.api.kill(channel.id)

    assert list(lines) == []
    assert channel.cause_of_death()[0] == "signaled"


def test_an_ended_container_is_removed(client: Any, start: Start):
    channel = start("pass")
    list(channel.lines())

    assert channel.id not in _ids(client)


def test_paths_are_translated_by_the_nearest_mount(start: Start, tmp_path: Path):
    inner = tmp_path / "inner"
    inner.mkdir()
    channel = start("pass", Mount(tmp_path, "/deploymatrix/a"), Mount(inner, "/deploymatrix/b"))

    assert channel.translate(tmp_path / "x" / "y.npy") == "/deploymatrix/a/x/y.npy"
    assert channel.translate(inner) == "/deploymatrix/b"
    with pytest.raises(ValueError, match="none of the folders"):
        channel.translate(Path("/somewhere/else"))
    channel.kill()


def test_a_run_reaps_its_own_containers_only(client: Any, start: Start):
    mine = start("import sys; sys.stdin.read()", run_id=f"{RUN}-mine")
    other = start("import sys; sys.stdin.read()")

    assert reap(client, f"{RUN}-mine") == 1

    assert list(mine.lines()) == []
    assert other.id in _ids(client)
    other.kill()


def test_containers_of_a_dead_run_are_reaped_and_those_of_a_living_one_are_not(
    client: Any, start: Start, image_of: Callable[[str], Image]
):
    living = start("import sys; sys.stdin.read()")
    command = [sys.executable, "-c", ABANDON, image_of(SMALL).tag, f"{RUN}-dead"]
    abandoned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    dead = abandoned.stdout.strip()
    assert dead in _ids(client), abandoned.stderr

    assert reap_stale(client) >= 1

    assert dead not in _ids(client)
    assert living.id in _ids(client)
    living.kill()


def test_a_process_is_known_by_its_start():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert process_start(other.pid) == process_start(other.pid) != process_start(os.getpid())

    assert process_start(other.pid) is None


def _ids(client: Any) -> set[str]:
    return {container["Id"] for container in client.api.containers(all=True)}
