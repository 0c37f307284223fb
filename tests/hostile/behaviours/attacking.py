"""Attempts on the server, on siblings, and on what the container does not give."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs, frames, say, tried, wrong

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
NAMESPACES = {"user": 0x10000000, "mount": 0x00020000, "pid": 0x20000000, "net": 0x40000000}
PIDFD_OPEN, PIDFD_GETFD, PROCESS_VM_WRITEV = 434, 438, 311


def others() -> Iterator[int]:
    """Every process but this one."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            yield int(name)


def called(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


@hostile("ptrace of its server", outcomes=HARMLESS, processes=False)
def traces_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    attached = tried(lambda: called(LIBC.ptrace(PTRACE_ATTACH, os.getppid(), 0, 0)))
    say("attached to the server:", attached)
    if attached.startswith("done"):
        say("HELD NOT: ptrace of the server")
        os.waitpid(os.getppid(), 0x40000000)
        LIBC.ptrace(PTRACE_DETACH, os.getppid(), 0, 0)
    return outputs


@hostile("ptrace of every other process", outcomes=HARMLESS, processes=False)
def traces_siblings(attack: Attack, outputs: Outputs) -> Outputs:
    for pid in others():
        if tried(lambda pid=pid: called(LIBC.ptrace(PTRACE_ATTACH, pid, 0, 0))).startswith("done"):  # type: ignore[misc]
            say("HELD NOT: ptrace of", pid)
            LIBC.ptrace(PTRACE_DETACH, pid, 0, 0)
    return outputs


@hostile("/proc/<pid>/mem of its server", outcomes=HARMLESS)
def reads_the_servers_memory(attack: Attack, outputs: Outputs) -> Outputs:
    def read() -> int:
        with open(f"/proc/{os.getppid()}/maps") as maps, open(f"/proc/{os.getppid()}/mem", "rb", 0) as memory:
            start, end = (int(word, 16) for word in next(m for m in maps if "rw-p" in m).split()[0].split("-"))
            memory.seek(start)
            return len(memory.read(min(end - start, 4096)))

    done = tried(read)
    say("HELD NOT: memory of the server" if done.startswith("done") else done)
    return outputs


@hostile("descriptors of its server: pidfd_getfd and /proc/<pid>/fd", outcomes=HARMLESS)
def takes_the_servers_descriptors(attack: Attack, outputs: Outputs) -> Outputs:
    server = os.getppid()

    def take() -> list[str]:
        pidfd = called(LIBC.syscall(PIDFD_OPEN, server, 0))
        return [os.readlink(f"/proc/self/fd/{called(LIBC.syscall(PIDFD_GETFD, pidfd, fd, 0))}") for fd in range(8)]

    for done in (tried(take), tried(lambda: os.listdir(f"/proc/{server}/fd"))):
        say("HELD NOT: descriptors of the server" if done.startswith("done") else done)
    return outputs


@hostile("environment and command line of every process", outcomes=HARMLESS)
def reads_environments(attack: Attack, outputs: Outputs) -> Outputs:
    for pid in [os.getppid(), 1]:
        done = tried(lambda pid=pid: Path(f"/proc/{pid}/environ").read_bytes())  # type: ignore[misc]
        say("HELD NOT: environment of a process that is not its own" if done.startswith("done") else done)
    return outputs


@hostile("SIGSTOP to its server", outcomes=HARMLESS, processes=False)
def stops_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    say("stopped the server:", tried(lambda: os.kill(os.getppid(), signal.SIGSTOP)))
    return outputs


@hostile("SIGKILL to its server", outcomes=HARMLESS, processes=False)
def kills_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    say("killed the server:", tried(lambda: os.kill(os.getppid(), signal.SIGKILL)))
    return outputs


@hostile("SIGKILL to every process that it may signal", outcomes=HARMLESS, processes=False)
def kills_all(attack: Attack, outputs: Outputs) -> Outputs:
    say("killed all:", tried(lambda: os.kill(-1, signal.SIGKILL)))
    return outputs


@hostile("priority and limits of its server", outcomes=HARMLESS, processes=False)
def limits_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    import resource

    done = tried(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3)))
    say("HELD NOT: limits of the server" if done.startswith("done") else done)
    return outputs


@hostile("another user: setuid, setgid, setgroups", outcomes=HARMLESS, processes=False)
def becomes_another(attack: Attack, outputs: Outputs) -> Outputs:
    own = os.getuid()
    for target in {0, 1, 65532, own - 1, own + 1} - {own}:
        for change in (os.setgid, os.setuid):
            done = tried(lambda change=change, target=target: change(target))  # type: ignore[misc]
            say(f"HELD NOT: {change.__name__}({target})" if done.startswith("done") else done)
    say(tried(lambda: os.setgroups([0])))
    return outputs


@hostile("programs that run as root", outcomes=HARMLESS, processes=False)
def runs_setuid_programs(attack: Attack, outputs: Outputs) -> Outputs:
    for command in (["su", "-c", "id"], ["mount", "-t", "tmpfs", "x", "/tmp"], ["chsh", "-s", "/bin/sh"]):
        run = tried(
            lambda c=command: subprocess.run(c, capture_output=True, timeout=3, stdin=subprocess.DEVNULL).stdout
        )  # type: ignore[misc]
        say("HELD NOT: a program ran as root" if "uid=0" in run else run)
    return outputs


@hostile("new namespaces: user, mount, pid, net", outcomes=HARMLESS, processes=False)
def makes_namespaces(attack: Attack, outputs: Outputs) -> Outputs:
    for name, flag in NAMESPACES.items():
        pid = os.fork()
        if pid == 0:
            os._exit(0 if LIBC.unshare(flag) == 0 else 1)
        if os.waitpid(pid, 0)[1] == 0:
            say(f"HELD NOT: a {name} namespace")
    return outputs


@hostile("the artifacts and samples of other cells", outcomes=HARMLESS)
def reads_others(attack: Attack, outputs: Outputs) -> Outputs:
    """Whatever can be listed from the roots that a task knows of is searched for what stands in others' artifacts."""
    private = f"{attack.aim['private']}-OF-A-NEIGHBOUR".encode()
    payload = Path(attack.request.get("args", {}).get("payload", "/"))
    for root in {Path("/deploymatrix"), attack.folder.parent, *payload.parents[:3]}:
        for path, size in readable(root):
            if size < 1 << 20 and path != payload and private in path.read_bytes():
                say("HELD NOT: an artifact of another cell,", path)
    return outputs


@hostile(
    "the artifacts of tasks beside it, whose places stand in the memory that its server handed on", outcomes=HARMLESS
)
def remembers_others(attack: Attack, outputs: Outputs) -> Outputs:
    """A fork has the server's variables: the requests under way, with the names of folders that cannot be guessed."""
    own, found = attack.request.get("nonce"), {}
    for frame in frames():
        for value in list(frame.f_locals.values()):
            for attempt in getattr(value, "attempts", {}).values():
                found[attempt.request["nonce"]] = attempt.request["args"].get("payload", "")
    for payload in {place for nonce, place in found.items() if nonce != own}:
        done = tried(lambda payload=payload: len(Path(payload).read_bytes()))  # type: ignore[misc]
        say("HELD NOT: the artifact of a task beside it" if done.startswith("done") else done)
    return outputs


def readable(root: Path) -> Iterator[tuple[Path, int]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                yield path, path.stat().st_size


@hostile("a host file by its path", outcomes=HARMLESS)
def reads_the_host(attack: Attack, outputs: Outputs) -> Outputs:
    say(tried(lambda: Path(attack.aim["secret"]).read_text()))
    for root in ("/proc/1/root", "/proc/self/root", f"/proc/{os.getppid()}/root", f"/proc/{os.getppid()}/cwd"):
        say(tried(lambda root=root: Path(f"{root}{attack.aim['secret']}").read_text()))  # type: ignore[misc]
    return outputs


@hostile("a host file written by its path", outcomes=HARMLESS)
def writes_the_host(attack: Attack, outputs: Outputs) -> Outputs:
    say(tried(lambda: Path(attack.aim["write"], "written").write_text("x")))
    return outputs


@hostile("a file on every mount", outcomes=HARMLESS, processes=False)
def writes_every_mount(attack: Attack, outputs: Outputs) -> Outputs:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        folder = line.split()[1]
        done = tried(lambda folder=folder: Path(folder, "hostile-planted").write_text("x"))  # type: ignore[misc]
        say(folder, done[:60])
    return outputs


@hostile("its own artifact and sample, changed in place", outcomes=HARMLESS)
def writes_its_inputs(attack: Attack, outputs: Outputs) -> Outputs:
    args = attack.request.get("args", {})
    paths = [args.get("payload"), *(path for sample in args.get("samples", []) for path in sample.values())]
    for path in filter(None, paths):
        done = tried(lambda path=path: (os.chmod(path, 0o666), Path(path).write_bytes(b"changed")))  # type: ignore[misc]
        say("HELD NOT: its own inputs" if done.startswith("done") else done)
    return outputs


@hostile("the worker's and the target's code, changed", outcomes=HARMLESS, processes=False)
def writes_the_worker(attack: Attack, outputs: Outputs) -> Outputs:
    for folder in ("/deploymatrix/worker", "/deploymatrix/target", "/runtime", "/usr/bin"):
        done = tried(lambda folder=folder: Path(folder, "sitecustomize.py").write_text("x"))  # type: ignore[misc]
        say(f"HELD NOT: {folder}" if done.startswith("done") else done)
    return outputs


@hostile("the network, by address, by name, by abstract socket", outcomes=HARMLESS, processes=False)
def calls_out(attack: Attack, outputs: Outputs) -> Outputs:
    for done in (
        tried(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
        tried(lambda: socket.getaddrinfo("example.com", 80)),
        tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    ):
        say("HELD NOT: the network" if done.startswith("done") else done)
    return outputs


@hostile("devices: made, opened, written", outcomes=HARMLESS, processes=False)
def opens_devices(attack: Attack, outputs: Outputs) -> Outputs:
    say(tried(lambda: os.mknod("/tmp/device", 0o60666, os.makedev(254, 0))))
    for name in (
        "/dev/mem",
        "/dev/kmsg",
        "/dev/sda",
        "/dev/vda",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
    ):
        done = tried(lambda name=name: os.close(os.open(name, os.O_RDWR)))  # type: ignore[misc]
        say(f"HELD NOT: {name}" if done.startswith("done") else done)
    return outputs


@hostile("the answers of tasks beside it, overwritten", outcomes=HARMLESS, processes=False)
def overwrites_others(attack: Attack, outputs: Outputs) -> Outputs:
    """Every .npy that lies in the folders of other tasks, now."""
    import numpy as np

    for path in attack.folder.parent.glob("*/out/**/*.npy"):
        if attack.folder not in path.parents:
            done = tried(lambda path=path: np.save(path, wrong({"y": np.load(path)})["y"]))  # type: ignore[misc]
            say("HELD NOT: the answer of another task" if done.startswith("done") else done)
    return outputs
