"""Attacks of one tenant on another: one leaves, the other looks, in two runs.

Rule 1: whatever the first leaves is named after the token, so that the second knows it.
"""

from __future__ import annotations

import glob
import os
import socket
import sys
import threading
import time

from .kit import World, attack, show

TENANTS = "tenant to tenant"
LEAVE = "leave all that another could find"
STAYS_S = 4.0
_PLACES = ("/tmp", "/var/tmp", "/dev/shm", ".")  # noqa: S108 - the attack's aim


def left_behind(world: World) -> None:
    """What the first run leaves, and stays beside for a while."""
    for place in _PLACES:
        try:
            with open(os.path.join(place, f"left-{world.token}"), "w") as file:
                file.write(world.token)
        except OSError:
            continue
    threading.Thread(target=_listen, args=(world,), daemon=True).start()
    sys.modules["left_behind"] = sys
    os.environ["LEFT_BEHIND"] = world.token
    time.sleep(STAYS_S)


def _listen(world: World) -> None:
    try:
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"\0left-{world.token}")
        server.listen()
    except OSError:
        return
    while True:
        server.accept()[0].close()


def _found(world: World, place: str) -> str | None:
    with open(os.path.join(place, f"left-{world.token}")) as file:
        return show(world, file.read())


@attack(TENANTS, alone=True)
def leave_all_that_another_could_find(world: World) -> str | None:
    left_behind(world)
    return None


@attack(TENANTS)
def find_a_temporary_file_of_another(world: World) -> str | None:
    return _found(world, "/tmp")  # noqa: S108 - the attack's aim


@attack(TENANTS)
def find_a_lasting_temporary_file_of_another(world: World) -> str | None:
    return _found(world, "/var/tmp")  # noqa: S108 - the attack's aim


@attack(TENANTS)
def find_the_shared_memory_of_another(world: World) -> str | None:
    return _found(world, "/dev/shm")  # noqa: S108 - the attack's aim


@attack(TENANTS)
def find_a_file_in_the_work_folder_of_another(world: World) -> str | None:
    return _found(world, ".")


@attack(TENANTS)
def find_the_work_folder_of_another(world: World) -> str | None:
    above = os.path.dirname(os.getcwd())
    for path in glob.glob(f"{above}/*/left-{world.token}"):
        with open(path) as file:
            return show(world, file.read())
    return None


@attack(TENANTS)
def speak_to_the_socket_of_another(world: World) -> str | None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(f"\0left-{world.token}")
    return "connected"


@attack(TENANTS)
def find_the_processes_of_another(world: World) -> str | None:
    here = os.getpid(), os.getppid()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in here:
            continue
        try:
            with open(f"/proc/{name}/cmdline", errors="replace") as file:
                words = file.read()
        except OSError:
            continue
        if "first-of-two" in words:
            return f"saw process {name}"
    return None


@attack(TENANTS)
def find_the_environment_of_another(world: World) -> str | None:
    return show(world, os.environ.get("LEFT_BEHIND", ""))


@attack(TENANTS)
def find_the_modules_of_another(world: World) -> str | None:
    return "found" if "left_behind" in sys.modules else None
