"""What a task leaves in its folder: links, pipes, sockets, devices, and more than there is room for."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs, say, tried


def link(place: Path, target: str | Path) -> None:
    remove(place)
    os.symlink(target, place)


def remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif place.is_symlink() or place.exists():
        place.unlink()


def output(attack: Attack) -> Path:
    """The file of the first output, with its folder made."""
    attack.out.joinpath("0").mkdir(parents=True, exist_ok=True)
    return attack.out / "0" / "y.npy"


def at_end(attack: Attack, outputs: Outputs, act: Callable[[], object]) -> Outputs:
    attack.at_end(act)
    return outputs


@hostile("log.txt is a link to a host file", outcomes=HARMLESS)
def log_is_a_link(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: link(attack.log, attack.aim["secret"]))


@hostile("log.txt is a named pipe", outcomes=HARMLESS)
def log_is_a_pipe(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (remove(attack.log), os.mkfifo(attack.log)))


@hostile("log.txt is 3 GiB of nothing", outcomes=HARMLESS)
def log_is_sparse(attack: Attack, outputs: Outputs) -> Outputs:
    def grow() -> None:
        with attack.log.open("ab") as file:
            file.truncate(3 << 30)

    return at_end(attack, outputs, grow)


@hostile("the task's folder is a link to a host folder", outcomes=HARMLESS, processes=False)
def folder_is_a_link(attack: Attack, outputs: Outputs) -> Outputs:
    def act() -> None:
        attack.folder.rename(attack.folder.with_name("moved-away"))
        attack.folder.symlink_to(Path(attack.aim["secret"]).parent)

    return at_end(attack, outputs, act)


@hostile("out is a link to a host folder", outcomes=HARMLESS)
def out_is_a_link(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: link(attack.out, Path(attack.aim["secret"]).parent))


@hostile("out is a link to the outputs of another task", outcomes=HARMLESS)
def out_is_anothers(attack: Attack, outputs: Outputs) -> Outputs:
    others = [p for p in attack.folder.parent.glob("*/out") if p != attack.out]
    say("others:", others)
    target = others[0] if others else attack.folder.parent
    return at_end(attack, outputs, lambda: link(attack.out, target))


@hostile("out is a link to the runs in the store", outcomes=HARMLESS)
def out_is_the_store(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: link(attack.out, "../../../../store/runs"))


@hostile("out is a named pipe", outcomes=HARMLESS)
def out_is_a_pipe(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (remove(attack.out), os.mkfifo(attack.out)))


@hostile("out is a socket", outcomes=HARMLESS)
def out_is_a_socket(attack: Attack, outputs: Outputs) -> Outputs:
    def act() -> None:
        remove(attack.out)
        os.chdir(attack.folder)  # a socket's path may have only 107 bytes
        socket.socket(socket.AF_UNIX).bind(attack.out.name)

    return at_end(attack, outputs, act)


@hostile("out is a device", outcomes=HARMLESS)
def out_is_a_device(attack: Attack, outputs: Outputs) -> Outputs:
    def act() -> None:
        remove(attack.out)
        say(tried(lambda: os.mknod(attack.out, 0o20666, os.makedev(1, 5))))
        if not attack.out.exists():
            link(attack.out, "/dev/zero")

    return at_end(attack, outputs, act)


@hostile("out is a regular file", outcomes=HARMLESS)
def out_is_a_file(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (remove(attack.out), attack.out.write_text("x")))


@hostile("an output is a link to a host file", outcomes=HARMLESS)
def output_is_a_link(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: link(output(attack), attack.aim["secret"]))


@hostile("an output is a named pipe", outcomes=HARMLESS)
def output_is_a_pipe(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (remove(output(attack)), os.mkfifo(output(attack))))


@hostile("an output is /dev/zero", outcomes=HARMLESS)
def output_never_ends(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: link(output(attack), "/dev/zero"))


@hostile("an output is a folder", outcomes=HARMLESS)
def output_is_a_folder(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (remove(output(attack)), output(attack).mkdir()))


@hostile("an output is 64 GiB of nothing", outcomes=HARMLESS)
def output_is_sparse(attack: Attack, outputs: Outputs) -> Outputs:
    def grow() -> None:
        with output(attack).open("ab") as file:
            file.truncate(64 << 30)

    return at_end(attack, outputs, grow)


@hostile("2 GiB of files beside the outputs", outcomes=HARMLESS, processes=False)
def out_is_full(attack: Attack, outputs: Outputs) -> Outputs:
    def fill() -> None:
        for number in range(32):
            (attack.out / f"fill-{number}").write_bytes(bytes(64 << 20))

    return at_end(attack, outputs, fill)


@hostile("20,000 files beside the outputs", outcomes=HARMLESS)
def out_is_crowded(attack: Attack, outputs: Outputs) -> Outputs:
    def crowd() -> None:
        for number in range(20_000):
            (attack.out / f"{number}.npy").touch()

    return at_end(attack, outputs, crowd)


@hostile("folders 3,000 levels deep", outcomes=HARMLESS, processes=False)
def out_is_deep(attack: Attack, outputs: Outputs) -> Outputs:
    def dig() -> None:
        os.chdir(attack.out)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")

    return at_end(attack, outputs, dig)


@hostile("files whose names are no text", outcomes=HARMLESS)
def names_are_no_text(attack: Attack, outputs: Outputs) -> Outputs:
    def name() -> None:
        base = os.fsencode(attack.out)
        for word in (b"\xff\xfe.npy", b"\x1b[2J\x07.npy", b"new\nline.npy"):
            Path(os.fsdecode(base + b"/" + word)).write_bytes(b"x")

    return at_end(attack, outputs, name)


@hostile("outputs named ../ and absolute")
def output_names_climb(attack: Attack, outputs: Outputs) -> Outputs:
    value = outputs["y"]
    return {f"../../../../..{attack.aim['write']}/climbed": value, f"{attack.aim['write']}/absolute": value}


@hostile("outputs named in control characters and lone surrogates")
def output_names_are_no_text(attack: Attack, outputs: Outputs) -> Outputs:
    return {"\x1b]0;owned\x07\x1b[2J": outputs["y"], "\udcff": outputs["y"], "a\nb\0c": outputs["y"]}


@hostile("100,000 outputs")
def outputs_are_many(attack: Attack, outputs: Outputs) -> Outputs:
    return {f"y{number}": outputs["y"] for number in range(100_000)}


@hostile("an output of 512 MiB")
def output_is_large(attack: Attack, outputs: Outputs) -> Outputs:
    import numpy as np

    return {"y": np.zeros((1, 128 << 20), dtype=np.float32)}


@hostile("its folder closed to everybody", outcomes=HARMLESS)
def folder_is_closed(attack: Attack, outputs: Outputs) -> Outputs:
    return at_end(attack, outputs, lambda: (attack.out.chmod(0), attack.folder.chmod(0)))


@hostile("folders of tasks to come replaced by links, in a race", outcomes=HARMLESS, processes=False)
def races_for_folders(attack: Attack, outputs: Outputs) -> Outputs:
    """A child that waits for new folders beside its own, and puts links to the host in their place."""
    if os.fork() == 0:
        os.setsid()
        known = set(attack.folder.parent.iterdir())
        for _ in range(200_000):
            for place in set(attack.folder.parent.iterdir()) - known:
                tried(lambda place=place: (place.rmdir(), place.symlink_to(attack.aim["write"])))  # type: ignore[misc]
                known.add(place)
        os._exit(0)
    return outputs
