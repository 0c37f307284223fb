"""What a child sends to its server in place of its files. Where the host reads a folder, these do nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..declared import RED, hostile
from .attack import Attack, Outputs

PROMISED = (*RED, "passed")  # in processes nothing is sent, and the answer is right


def sending(attack: Attack, outputs: Outputs, make: Callable[[], bytes]) -> Outputs:
    attack.instead_of_files(make)
    return outputs


def head(path: str, size: object, **more: object) -> bytes:
    return json.dumps({"path": path, "bytes": size, **more}).encode() + b"\n"


@hostile("a file named ../ and one that is absolute", outcomes=PROMISED)
def names_climb(attack: Attack, outputs: Outputs) -> Outputs:
    place = f"{attack.aim['write']}/delivered"
    names = [place, f"../../../../../../../../../..{place}", f"0/../../../../../../../../../..{place}"]
    return sending(attack, outputs, lambda: b"".join(head(name, 1) + b"x" for name in names))


@hostile("files named by nothing, by dots, by control characters", outcomes=PROMISED)
def names_are_no_names(attack: Attack, outputs: Outputs) -> Outputs:
    names = ["", ".", "..", "/", "0/", "a\0b", "\x1b[2J", "\udcff", "log.txt", "x" * 100_000, "/".join("d" * 5000)]
    return sending(attack, outputs, lambda: b"".join(head(name, 1) + b"x" for name in names))


@hostile("a file of 2^60 bytes", outcomes=PROMISED)
def size_is_giant(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: head("0/y.npy", 1 << 60) + bytes(1 << 20))


@hostile("a file of negative size, of no size, of a size that is text", outcomes=PROMISED)
def size_is_no_size(attack: Attack, outputs: Outputs) -> Outputs:
    sizes = [-1, None, "7", 1.5, True, [1]]
    return sending(attack, outputs, lambda: b"".join(head("0/y.npy", size) for size in sizes))


@hostile("a file that ends before its size", outcomes=PROMISED)
def file_is_cut(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: head("0/y.npy", 1000) + b"x")


@hostile("files without an end", outcomes=PROMISED)
def sends_on_and_on(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: head("0/y.npy", 1 << 30) + bytes(1 << 30))


@hostile("a million empty files", outcomes=PROMISED)
def files_are_many(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: b"".join(head(f"{n}/y.npy", 0) for n in range(1_000_000)))


@hostile("the same file twice, and a file that is a folder of another", outcomes=PROMISED)
def files_collide(attack: Attack, outputs: Outputs) -> Outputs:
    names = ["0/y.npy", "0/y.npy", "0", "0/y.npy/deeper"]
    return sending(attack, outputs, lambda: b"".join(head(name, 1) + b"x" for name in names))


@hostile("a head that is no JSON", outcomes=PROMISED)
def head_is_nonsense(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: b"\xff\xfe{nonsense\n" * 100)


@hostile("a head of 100 MB without an end", outcomes=PROMISED)
def head_is_long(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: b"[" * 100_000_000)


@hostile("the messages of a server in place of files", outcomes=PROMISED)
def speaks_as_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    nonce = attack.request.get("nonce", "")
    message = {"op": "result", "nonce": nonce, "status": "ok", "stage": "run", "value": {}}
    return sending(attack, outputs, lambda: json.dumps(message).encode() + b"\n")


@hostile("nothing", outcomes=PROMISED)
def sends_nothing(attack: Attack, outputs: Outputs) -> Outputs:
    return sending(attack, outputs, lambda: b"")
