"""Replies that are none: what goes over a child's own line to its server, and from there to the host."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs


def replying(attack: Attack, outputs: Outputs, change: Callable[[bytes], bytes]) -> Outputs:
    attack.instead_of_reply(change)
    return outputs


def with_value(**changes: Any) -> Callable[[bytes], bytes]:
    """The reply, with keys of its value replaced."""

    def change(line: bytes) -> bytes:
        message = json.loads(line)
        message["reply"]["value"].update(changes)
        return encoded(message)

    return change


def with_reply(make: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def change(line: bytes) -> bytes:
        message = json.loads(line)
        return encoded(message | {"reply": make(message["reply"])})

    return change


def encoded(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


@hostile("a reply that is no JSON")
def is_no_json(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: b'{"reply": nonsense \xff\xfe\x00\n')


@hostile("a reply of 200,000 brackets")
def is_deep(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: b"[" * 200_000 + b"\n")


@hostile("a reply whose value is 50,000 brackets deep")
def is_deep_inside(attack: Attack, outputs: Outputs) -> Outputs:
    deep = b"[" * 50_000 + b"]" * 50_000
    return replying(attack, outputs, lambda line: line.replace(b'"value": {', b'"value": {"deep": ' + deep + b", ", 1))


@hostile("a line of 1 GiB without an end")
def is_long(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: b"x" * (1 << 30))


@hostile("a reply of 256 MiB, in order otherwise", outcomes=HARMLESS)
def is_large(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(more="x" * (256 << 20)))


@hostile("a reply without its keys")
def lacks_keys(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: {}))


@hostile("a value without its keys")
def value_lacks_keys(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: {"status": "ok", "value": {}}))


@hostile("a reply that is ok, without a value")
def has_no_value(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: {"status": "ok"}))


@hostile("a reply that is null")
def is_null(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: None))


@hostile("a reply that is a list")
def is_a_list(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: [reply]))


@hostile("a status that nobody knows")
def status_is_unknown(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_reply(lambda reply: reply | {"status": "excellent"}))


@hostile("keys that nobody knows, and those of the server", outcomes=HARMLESS)
def has_more_keys(attack: Attack, outputs: Outputs) -> Outputs:
    more = {"wall_s": 0, "exit_code": "x", "signal": 7, "reads": ["/etc/passwd"], "import_s": "now"}
    return replying(attack, outputs, with_reply(lambda reply: reply | more))


@hostile("an error of the wrong types")
def error_has_wrong_types(attack: Attack, outputs: Outputs) -> Outputs:
    error = {"type": 7, "message": ["a"], "traceback": {}, "chain": "x"}
    return replying(attack, outputs, with_reply(lambda reply: {"status": "failed", "error": error}))


@hostile("outputs that are a number")
def outputs_are_a_number(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(outputs=7, extra=None, missing={"a": 1}))


@hostile("times that are no numbers")
def times_are_no_numbers(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(load_s="fast", run_s={"a": "b"}))


@hostile("times that are NaN, infinite and negative")
def times_are_not_finite(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(load_s=float("nan"), run_s=[float("inf"), -1.0, 1e308, 0]))


@hostile("numbers of 5,000 digits")
def numbers_are_long(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: line.replace(b'"load_s": ', b'"load_s": ' + b"9" * 5000, 1))


@hostile("times for 100,000 samples", outcomes=HARMLESS)
def times_are_many(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(run_s=[0.1] * 100_000))


@hostile("checks that nobody made, and versions that are no text")
def checks_are_invented(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, with_value(checks=["../../x", 7, None], versions={"numpy": ["1"], "": None}))


@hostile("names that climb, in the lists of outputs")
def names_climb(attack: Attack, outputs: Outputs) -> Outputs:
    climbing = f"../../../../..{attack.aim['write']}/reply"
    return replying(attack, outputs, with_value(outputs=[climbing], extra=[climbing], missing=[climbing]))


@hostile("names of lone surrogates and terminal escapes")
def names_are_no_text(attack: Attack, outputs: Outputs) -> Outputs:
    names = ["\udcff", "\x1b]0;owned\x07\x1b[2J", "<script>alert(1)</script>", "a\0b"]
    return replying(attack, outputs, with_value(extra=names))


@hostile("the nonce of another task")
def nonce_is_anothers(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: encoded(json.loads(line) | {"nonce": "0" * 32}))


@hostile("two replies, the second one another", outcomes=HARMLESS)
def replies_twice(attack: Attack, outputs: Outputs) -> Outputs:
    second = with_reply(lambda reply: {"status": "failed", "error": {"type": "T", "message": "m", "traceback": ""}})
    return replying(attack, outputs, lambda line: line + second(line))


@hostile("1,000 replies", outcomes=HARMLESS)
def replies_on_and_on(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: line * 1000)


@hostile("a reply, then a crash")
def replies_and_crashes(attack: Attack, outputs: Outputs) -> Outputs:
    attack.at_exit(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    return outputs


@hostile("a reply without the end of its line")
def reply_has_no_end(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: line[:-1])


@hostile("a reply, and then the child goes on for ever")
def replies_and_stays(attack: Attack, outputs: Outputs) -> Outputs:
    def stay() -> None:
        while True:
            signal.pause()

    attack.at_exit(stay)
    return outputs


@hostile("the messages of a server: a result of its own making", outcomes=HARMLESS)
def speaks_as_the_server(attack: Attack, outputs: Outputs) -> Outputs:
    """To every descriptor that is open, and to those of the parent."""
    nonce = attack.request.get("nonce", "")
    line = encoded({"op": "result", "nonce": nonce, "status": "ok", "stage": "run", "value": {}, "error": None})
    for folder in ("/proc/self/fd", f"/proc/{os.getppid()}/fd"):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            try:
                own = int(name) if "self" in folder else os.open(f"{folder}/{name}", os.O_WRONLY | os.O_NONBLOCK)
                if own > 2:
                    os.set_blocking(own, False)
                    os.write(own, line)
            except OSError:
                continue
    return outputs


@hostile("nothing at all: it ends with code 0")
def says_nothing(attack: Attack, outputs: Outputs) -> Outputs:
    os._exit(0)


@hostile("stages that nobody knows", outcomes=HARMLESS)
def stage_is_unknown(attack: Attack, outputs: Outputs) -> Outputs:
    return replying(attack, outputs, lambda line: encoded(json.loads(line) | {"stage": "\x1b[2J\udcff"}))
