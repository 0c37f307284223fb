"""All of something: processes, memory, disk, descriptors, time, words."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import threading
import time
from pathlib import Path

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs, say, tried

LIBC = ctypes.CDLL(None, use_errno=True)
IPC_CREAT = 0o1000


@hostile("a fork bomb", outcomes=HARMLESS, processes=False)
def forks(attack: Attack, outputs: Outputs) -> Outputs:
    for _ in range(16):
        try:
            if os.fork() == 0:
                os.setsid()
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    tried(lambda: os.fork())
        except OSError as error:
            say(error)
            break
    return outputs


@hostile("a memory bomb", processes=False)
def allocates(attack: Attack, outputs: Outputs) -> Outputs:
    hoard = []
    while True:
        hoard.append(bytearray(os.urandom(1 << 10) * (1 << 14)))


@hostile("a memory bomb in shared memory, which no process's size shows", processes=False)
def allocates_shared(attack: Attack, outputs: Outputs) -> Outputs:
    hoard = []
    while True:
        page = mmap.mmap(-1, 64 << 20)
        for at in range(0, 64 << 20, 4096):
            page[at] = 1
        hoard.append(page)


@hostile("a full /tmp", outcomes=HARMLESS, processes=False)
def fills_tmp(attack: Attack, outputs: Outputs) -> Outputs:
    fill("/tmp/hostile-left-full")
    return outputs


@hostile("a full /dev/shm", outcomes=HARMLESS, processes=False)
def fills_shm(attack: Attack, outputs: Outputs) -> Outputs:
    fill("/dev/shm/hostile-left-full")
    return outputs


def fill(path: str) -> None:
    def write() -> None:
        with open(path, "wb", 0) as file:
            while True:
                file.write(bytes(1 << 20))

    say(path, tried(write))


@hostile("all inodes of /tmp", outcomes=HARMLESS, processes=False)
def fills_inodes(attack: Attack, outputs: Outputs) -> Outputs:
    def touch() -> None:
        for number in range(200_000):
            Path(f"/tmp/hostile-left-{number}").touch()

    say(tried(touch))
    return outputs


@hostile("System V shared memory, queues and semaphores that stay", outcomes=HARMLESS, processes=False)
def leaves_ipc(attack: Attack, outputs: Outputs) -> Outputs:
    for key in range(1, 20):
        LIBC.shmget(0x0BAD0000 + key, 1 << 20, IPC_CREAT | 0o666)
        LIBC.msgget(0x0BAD0000 + key, IPC_CREAT | 0o666)
        LIBC.semget(0x0BAD0000 + key, 4, IPC_CREAT | 0o666)
    return outputs


@hostile("POSIX message queues and files in /dev/shm that stay", outcomes=HARMLESS, processes=False)
def leaves_queues(attack: Attack, outputs: Outputs) -> Outputs:
    library = ctypes.CDLL("librt.so.1", use_errno=True)
    say("queue", library.mq_open(b"/hostile-left", os.O_CREAT | os.O_RDWR, 0o666, None))
    say(tried(lambda: Path("/dev/shm/hostile-left").write_text("x")))
    return outputs


@hostile("files in /tmp that stay", outcomes=HARMLESS, processes=False)
def leaves_files(attack: Attack, outputs: Outputs) -> Outputs:
    def leave() -> None:
        Path("/tmp/hostile-left").write_text("x")
        os.chmod("/tmp/hostile-left", 0o666)

    say(tried(leave))
    return outputs


@hostile("all descriptors", outcomes=HARMLESS, processes=False)
def opens_descriptors(attack: Attack, outputs: Outputs) -> Outputs:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    opened = []
    try:
        while len(opened) < 200_000:
            opened.append(os.pipe())
    except OSError as error:
        say(len(opened), error)
    for pair in opened[-64:]:
        os.close(pair[0]), os.close(pair[1])
    return outputs


@hostile("10,000 threads", outcomes=HARMLESS, processes=False)
def starts_threads(attack: Attack, outputs: Outputs) -> Outputs:
    def start() -> None:
        for _ in range(10_000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

    say(tried(start))
    return outputs


@hostile("a core dump of 1 GiB")
def dumps_core(attack: Attack, outputs: Outputs) -> Outputs:
    say(tried(lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))))
    os.chdir(attack.folder)
    hoard = bytearray(os.urandom(1 << 20)) * 512
    os.kill(os.getpid(), signal.SIGQUIT)
    return {**outputs, "hoard": hoard}


@hostile("the processor, in four processes of their own", outcomes=("timed_out",), processes=False)
def spins(attack: Attack, outputs: Outputs) -> Outputs:
    for _ in range(4):
        if os.fork() == 0:
            os.setsid()
            break
    while True:
        pass


@hostile("200 MiB of words", outcomes=HARMLESS)
def floods(attack: Attack, outputs: Outputs) -> Outputs:
    for _ in range(200):
        os.write(1, b"flood\x1b[2J\n" * 104_857)
    return outputs


@hostile("words without an end", outcomes=("timed_out",))
def floods_for_ever(attack: Attack, outputs: Outputs) -> Outputs:
    while True:
        os.write(2, b"flood" * 13_000)


@hostile("sleep, with every signal ignored", outcomes=("timed_out",))
def ignores_signals(attack: Attack, outputs: Outputs) -> Outputs:
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        tried(lambda number=number: signal.signal(number, signal.SIG_IGN))  # type: ignore[misc]
    while True:
        time.sleep(1)


@hostile("it stops itself", outcomes=("timed_out",))
def stops_itself(attack: Attack, outputs: Outputs) -> Outputs:
    os.kill(os.getpid(), signal.SIGSTOP)
    return outputs
