"""Twelve questions that a task asks of where it runs. Each answer begins with "refused" or "allowed"."""

from __future__ import annotations

import glob
import importlib.metadata
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import Attack
from .attacking import LIBC, NAMESPACES, PTRACE_ATTACH, called, readable
from .lingering import staying

SEEN_S = 2.5  # a survivor shows its name a second after its task is over


def ask(attack: Attack, again: bool) -> None:
    """Print what was found as one line of the log; leave a process behind, for the probe that is the second one."""
    time.sleep(SEEN_S if again else 0)
    questions = {name: answered(lambda ask=ask: ask(attack)) for name, ask in QUESTIONS.items()}
    found = {"questions": questions, "granted": granted(), "packages": packages(), "interfaces": interfaces()}
    print("PROBE", json.dumps(found), file=sys.stderr, flush=True)
    staying(lambda: None)


def answered(question: Callable[[], object]) -> str:
    try:
        found = question()
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return f"allowed: {found}" if found else "refused"


def foreign_artifacts(attack: Attack) -> object:
    private = f"{attack.aim['private']}-OF-A-NEIGHBOUR".encode()
    own = Path(attack.request["args"]["payload"])
    for root in (Path("/deploymatrix"), *own.parents[:4]):
        for path, size in readable(root):
            if path != own and size < 1 << 20 and private in path.read_bytes():
                return path
    inbox = Path("/deploymatrix/inbox")  # where the tasks' own things lie, under names that nobody can guess
    return os.listdir(inbox) if inbox.exists() else None


def writes_outside(attack: Attack) -> object:
    """Try to write in every folder that can be seen, and in those that nobody would list."""
    seen = [folder for folder, _, _ in os.walk("/") if not folder.startswith(("/proc", "/sys", str(attack.folder)))]
    known = [
        "/",
        "/tmp",
        "/var/tmp",
        "/run",
        "/dev",
        "/dev/shm",
        "/dev/mqueue",
        *(str(p) for p in attack.folder.parents),
    ]
    return [folder for folder in {*seen, *known} if can_write(folder)][:5]


def can_write(folder: str) -> bool:
    place = os.path.join(folder, f"hostile-left-{os.getpid()}")
    try:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(place)
    except OSError:
        return False
    return True


def network(attack: Attack) -> object:
    return socket.create_connection(("192.0.2.1", 80), 2)


def traces_server(attack: Attack) -> object:
    if os.access(f"/proc/{os.getppid()}/mem", os.R_OK) and can_open(f"/proc/{os.getppid()}/mem"):
        return "memory"
    called(LIBC.ptrace(PTRACE_ATTACH, os.getppid(), 0, 0))
    os.waitpid(os.getppid(), 0x40000000)
    LIBC.ptrace(17, os.getppid(), 0, 0)
    return "ptrace"


def can_open(path: str) -> bool:
    try:
        open(path, "rb").close()
    except OSError:
        return False
    return True


def signals_server(attack: Attack) -> object:
    os.kill(os.getppid(), 0)
    return "kill"


def another_user(attack: Attack) -> object:
    own, taken = os.getuid(), []
    for other in {0, 1, 65532, own - 1, own + 1} - {own}:
        for change in (os.setuid, os.setgid):
            try:
                change(other)
                taken.append(f"{change.__name__}({other})")
            except OSError:
                continue
    return taken or ("root" if own == 0 else None)


def capabilities(attack: Attack) -> object:
    status = fields("/proc/self/status")
    return [name for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") if int(status[name], 16)]


def setuid_programs(attack: Attack) -> object:
    if fields("/proc/self/status")["NoNewPrivs"] != "1":
        return "no_new_privs is not set"
    run = subprocess.run(["su", "-c", "id"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    return b"uid=0" in run.stdout


def mounts(attack: Attack) -> object:
    if LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
        return "mount"
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    places = [place for _, place, kind, options, *_ in lines if "rw" in options.split(",") and kind not in KERNEL]
    places = [place for place in places if not place.startswith("/proc/")]  # what the engine hides there
    return [place for place in places if not str(attack.folder).startswith(place) and can_write(place)]


KERNEL = ("proc", "sysfs", "devpts", "cgroup", "cgroup2")


def devices(attack: Attack) -> object:
    harmless = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx")}
    others = {path for path in glob.glob("/dev/*") if not os.path.isdir(path)} - harmless
    opened = [path for path in others if not os.path.islink(path) and can_open(path)]
    return opened or called(LIBC.mknod(f"{attack.folder}/device".encode(), 0o60666, os.makedev(254, 0))) + 1


def namespaces(attack: Attack) -> object:
    made = []
    for name, flag in NAMESPACES.items():
        pid = os.fork()
        if pid == 0:
            os._exit(0 if LIBC.unshare(flag) == 0 else 1)
        if os.waitpid(pid, 0)[1] == 0:
            made.append(name)
    return made


def survivors(attack: Attack) -> object:
    """Processes of tasks that are over."""
    return [path for path in glob.glob("/proc/[0-9]*/comm") if name_of(path) == "survivor"]


def name_of(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


QUESTIONS: dict[str, Callable[[Attack], object]] = {
    "reads artifacts of others": foreign_artifacts,
    "writes outside of its folder": writes_outside,
    "reaches the network": network,
    "traces its server": traces_server,
    "signals its server": signals_server,
    "becomes another user": another_user,
    "has capabilities": capabilities,
    "gains rights by programs": setuid_programs,
    "mounts": mounts,
    "opens devices": devices,
    "makes namespaces": namespaces,
    "outlives its task": survivors,
}


def granted() -> dict[str, str]:
    """What a runtime needs: a folder for temporary files, and a home."""
    answers = {}
    for name, folder in {"tmp": tempfile.gettempdir(), "home": os.path.expanduser("~"), "cwd": os.getcwd()}.items():
        try:
            Path(folder, "granted").write_text("x")
            answers[name] = "granted"
        except OSError as error:
            answers[name] = type(error).__name__
    return answers


def packages() -> list[str]:
    return sorted({re.sub(r"[-_.]+", "-", d.name).lower() for d in importlib.metadata.distributions()})


def interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name != "lo" and is_up(name)]


def is_up(interface: str) -> int:
    return int(Path(f"/sys/class/net/{interface}/flags").read_text(), 16) & 1


def fields(path: str) -> dict[str, Any]:
    lines = Path(path).read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}
