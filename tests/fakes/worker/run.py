"""A runner that does what its payload says: `{"do": <function>, "at": "load" | "run"}`, or doubles."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

SETS_THREADS = True
loaded = []


def load(payload):
    order = json.loads(Path(payload).read_text())
    loaded.append(order)
    order["runs"] = 0
    order["threads"] = int(os.environ["DEPLOYMATRIX_THREADS"])
    if order.get("at") == "load":
        globals()[order["do"]](order)
    return order


def run(session, inputs):
    session["runs"] += 1
    session["inputs"] = inputs
    session.setdefault("first", inputs)
    outputs = {"y": 2 * inputs["x"]}
    if "do" in session and session.get("at") != "load":
        return globals()[session["do"]](session) or outputs
    return outputs


def device(session):
    return session.get("device", "")


def fail(order):
    raise ValueError("on purpose")


def surrogate(order):
    raise ValueError("bad: \udcff")


def leave(order):
    sys.exit(0)


def segfault(order):
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(order):
    os.abort()


def bad_alloc(order):
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def kill_self(order):
    os.kill(os.getpid(), signal.SIGKILL)


def exit_silently(order):
    os._exit(0)


def hang(order):
    """Tells its process id through a FIFO that stays open for as long as it, or a child of it, lives."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(order["alive"])
    threading.Event().wait()


def hang_in_turn(order):
    """Hangs the first time, once somebody listens; is well-behaved the second."""
    if first_time(order):
        hang(order)


def allocate(order):
    hoard = []
    while True:
        hoard.append(np.ones(1 << 20))


def memory_error(order):
    raise MemoryError("no more")


def leave_a_child_behind(order):
    alive = tell(order["alive"])
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[alive])


def forge(order):
    """Claims success on every descriptor that it finds, in the protocol's words but without the nonce."""
    claim = {"nonce": "guessed", "stage": "run", "reply": {"status": "ok", "value": {"outputs": ["y"]}}}
    result = {"op": "result", "nonce": "guessed", "status": "ok", "stage": "run", "value": {}}
    for fd in range(64):
        for line in (claim, result, "}{ not JSON"):
            try:
                os.write(fd, json.dumps(line).encode() + b"\n")
            except OSError:
                continue
    os._exit(0)


def chatter(order):
    """5 MB, of which the first and the last words can be told."""
    os.write(1, b"first words\n")
    for _ in range(5):
        print("x" * 999_999)
    print("last words")


def meet(order):
    """Returns only once another request has opened the other end; the second time at once."""
    if first_time(order):
        os.close(os.open(order["fifo"], os.O_RDONLY if order["mode"] == "r" else os.O_WRONLY))


def kill_server(order):
    """Once another request is under way; the second time at once."""
    if first_time(order):
        os.read(os.open(order["alive"], os.O_RDONLY), 1)
    os.kill(os.getppid(), signal.SIGKILL)
    threading.Event().wait()


def misname(order):
    return {"z": np.zeros(2), "y:0": np.zeros(2)}


def no_arrays(order):
    return {"y": [1, 2]}


def threads(order):
    return {"y": np.array([int(os.environ["DEPLOYMATRIX_THREADS"]), int(os.environ["OMP_NUM_THREADS"])])}


def variables(order):
    print(os.environ["FROM_HELLO"], os.environ["FROM_START"])


def count_runs(order):
    return {"y": np.float32([order["runs"], 0])}


def count_loads(order):
    return {"y": np.float32([len(loaded), 0])}


def keep_first(order):
    """Adds the first inputs that the session ever saw."""
    return {"y": order["inputs"]["x"] + order["first"]["x"]}


def show_threads(order):
    return {"y": np.float32([order["threads"], 0])}


def need_both(order):
    """Answers otherwise only where the first inputs and the threads are others."""
    return {"y": np.float32([order["threads"] > 1 and order["first"]["x"][0] > 1, 0])}


def refuse_again(order):
    if len(loaded) > 1:
        raise ValueError("a session is open already")


def survive(order):
    """Leaves a process that is nobody's child and nobody's group, and lives until somebody kills it."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(1, b"survivor %d\n" % os.getpid())
            threading.Event().wait()
        os._exit(0)
    os.wait()


def principal(order):
    """Says who it is and what it can reach: one number for each question, 1 where it could."""
    tries = [
        lambda: os.kill(os.getppid(), signal.SIGCONT),
        lambda: open(f"/proc/{os.getppid()}/mem", "rb").close(),
        lambda: os.listdir(f"/proc/{os.getppid()}/fd"),
        lambda: os.setuid(0),
        lambda: Path(order["room"], "left").write_text("x"),
        lambda: os.listdir(order["room"] + "/../other/task"),
    ]
    print(f"uid {os.getuid()} gid {os.getgid()} groups {os.getgroups()} home {os.environ['HOME']}", flush=True)
    Path(os.environ["TMPDIR"], "own").write_text("x")
    print("could", [int(did(one)) for one in tries], flush=True)


def leave_files(order):
    """Leaves a folder that its owner may not enter, links, a pipe and many files."""
    folder = Path(os.environ["TMPDIR"], f"deep-{len(loaded)}/er")
    folder.mkdir(parents=True)
    for number in range(300):
        (folder / f".{number}").touch()
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/")
    folder.chmod(0)
    folder.parent.chmod(0)


def speak(order):
    """Writes lines to the server as its own child would, with the right nonce, and ends without another word."""
    for line in order["lines"]:
        os.write(found("reporter").fd, line.replace("NONCE", found("request")["nonce"]).encode() + b"\n")
    os._exit(0)


def send(order):
    """Writes into the stream of its files."""
    if first_time(order):
        os.write(found("files_fd"), order["text"].encode())


def take_time(order):
    threading.Event().wait(order["seconds"])


def stop_server(order):
    os.kill(os.getppid(), signal.SIGSTOP)
    threading.Event().wait()


def found(name):
    """Return what a caller calls by that name: native code would find it in memory."""
    frame = sys._getframe()
    while name not in frame.f_locals or frame.f_code.co_name == "found":
        frame = frame.f_back
    return frame.f_locals[name]


def tell(fifo):
    alive = os.open(fifo, os.O_WRONLY)
    os.write(alive, b"%d\n" % os.getpid())
    return alive


def first_time(order):
    try:
        Path(order["once"]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def did(one):
    try:
        one()
    except OSError:
        return False
    return True
