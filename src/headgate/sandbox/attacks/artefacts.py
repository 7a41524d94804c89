"""Attacks on whoever collects the files that a run leaves: links, bombs and races.

Rule 1: nothing is told from inside: the outside looks at what it was handed.
"""

from __future__ import annotations

import os
import socket
import time

from .kit import World, attack, detached

ARTEFACTS = "artefacts"
MANY = 5_000
DEEP = 500
RACE_S = 2.0


def _output() -> str:
    folder = os.environ.get("OUTPUT_DIR", "output")
    os.makedirs(folder, exist_ok=True)
    return folder


@attack(ARTEFACTS, alone=True)
def hand_out_a_link_to_a_file(world: World) -> str | None:
    os.symlink(world.at("secret"), os.path.join(_output(), "chart.png"))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_link_to_a_folder(world: World) -> str | None:
    os.symlink(world.folder, os.path.join(_output(), "charts"))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_hard_link(world: World) -> str | None:
    os.link(world.at("secret"), os.path.join(_output(), "hard.txt"))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_the_environment_of_the_collector(world: World) -> str | None:
    os.symlink("/proc/self/environ", os.path.join(_output(), "environ.txt"))
    return None


@attack(ARTEFACTS, alone=True)
def make_the_output_folder_a_link(world: World) -> str | None:
    folder = _output()
    os.rename(folder, folder + "-before")
    os.symlink(world.folder, folder)
    return None


@attack(ARTEFACTS, alone=True)
def climb_by_the_name_of_a_file(world: World) -> str | None:
    """Whoever writes the name down elsewhere must not climb with it."""
    folder = os.path.join(_output(), "a\n..")
    os.makedirs(folder)
    with open(os.path.join(folder, "x\u202egnp.exe"), "w") as file:
        file.write("x")
    with open(os.path.join(os.fsencode(_output()), b"not-\xff-text"), "w") as file:
        file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def hang_the_collector_on_a_pipe(world: World) -> str | None:
    os.mkfifo(os.path.join(_output(), "pipe.csv"))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_a_socket(world: World) -> str | None:
    socket.socket(socket.AF_UNIX).bind(os.path.join(_output(), "socket"))
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_more_than_may_be(world: World) -> str | None:
    with open(os.path.join(_output(), "large.bin"), "wb") as file:
        file.truncate(40 << 20)
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_more_files_than_may_be(world: World) -> str | None:
    folder = _output()
    for number in range(MANY):
        with open(os.path.join(folder, f"{number}.txt"), "w") as file:
            file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def hand_out_folders_within_folders(world: World) -> str | None:
    os.chdir(_output())
    for _ in range(DEEP):
        os.mkdir("d")
        os.chdir("d")
    with open("end.txt", "w") as file:
        file.write("x")
    return None


@attack(ARTEFACTS, alone=True)
def change_a_file_into_a_link_while_it_is_collected(world: World) -> str | None:
    path = os.path.join(_output(), "report.txt")
    with open(path, "w") as file:
        file.write("x")
    detached(lambda: _race(path, world.at("secret")))
    return None


def _race(path: str, aim: str) -> None:
    end = time.monotonic() + RACE_S
    while time.monotonic() < end:
        os.symlink(aim, path + "~")
        os.replace(path + "~", path)
        with open(path + "~", "w") as file:
            file.write("x")
        os.replace(path + "~", path)
