"""Attacks of one run on the next of the same tenant: one leaves, the other looks, after it.

Rule 1: whatever the first leaves is named after the token, so that the second knows it.
"""

from __future__ import annotations

import builtins
import glob
import os
import socket
import sys
import time

from .kit import World, attack, detached, show

HEIRS = "run to run"
LEAVE = "leave all that the next run could find"
_STARTS = ("sitecustomize", "usercustomize", "heirloom", "antigravity")
_FAR_FUTURE = 30
_TEXT = "import builtins\nbuiltins.heirloom = {token!r}\n"


def _folders() -> list[str]:
    named = [os.environ.get(it, "") for it in ("TMPDIR", "OUTPUT_DIR", "XDG_CACHE_HOME")]
    return [it for it in (".", "/tmp", "/var/tmp", "/dev/shm", *named) if it]  # noqa: S108 - the aim


@attack(HEIRS, alone=True)
def leave_all_that_the_next_run_could_find(world: World) -> str | None:
    names = [f"{it}.py" for it in _STARTS]
    names += [os.path.join(it, f"heir-{world.token}") for it in _folders()]
    for name in names:
        try:
            with open(name, "w") as file:
                file.write(_TEXT.format(token=world.token))
        except OSError:
            continue
    builtins.heirloom = world.token  # type: ignore[attr-defined]
    os.environ["HEIRLOOM"] = world.token
    sys.modules["heirloom_in_memory"] = sys
    os.getlogin = lambda: world.token
    detached(lambda: _stay(world))
    time.sleep(0.2)
    return None


def _stay(world: World) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"\0heir-{world.token}")
    server.listen()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.set_inheritable(server.fileno(), True)
    words = [f"{world.token}-heir", str(_FAR_FUTURE)]
    os.execv("/bin/sleep", words)  # noqa: S606 - the attack's aim


@attack(HEIRS)
def be_started_by_what_the_run_before_left(world: World) -> str | None:
    return show(world, getattr(builtins, "heirloom", ""))


@attack(HEIRS)
def load_a_module_that_the_run_before_left(world: World) -> str | None:
    __import__("heirloom")
    return show(world, getattr(builtins, "heirloom", ""))


@attack(HEIRS)
def find_a_file_of_the_run_before(world: World) -> str | None:
    found = [os.path.join(it, f"heir-{world.token}") for it in _folders()]
    found = [it for it in found if os.path.exists(it)]
    for path in found:
        if os.path.exists(path):
            os.unlink(path)
    return f"found {len(found)}" if found else None


@attack(HEIRS)
def find_the_work_folder_of_the_run_before(world: World) -> str | None:
    above = os.path.dirname(os.getcwd())
    found = glob.glob(f"{above}/*/heir-{world.token}") + glob.glob(
        f"{above}/*/*/heir-{world.token}"
    )
    return found[0] if found else None


@attack(HEIRS)
def find_a_process_of_the_run_before(world: World) -> str | None:
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", errors="replace") as file:
                words = file.read()
        except OSError:
            continue
        if words.startswith(f"{world.token}-heir"):
            os.kill(int(name), 9)
            return f"saw process {name}"
    return None


@attack(HEIRS)
def speak_to_a_socket_of_the_run_before(world: World) -> str | None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(f"\0heir-{world.token}")
    return "connected"


@attack(HEIRS)
def find_the_environment_of_the_run_before(world: World) -> str | None:
    return show(world, os.environ.get("HEIRLOOM", ""))


@attack(HEIRS)
def find_a_module_that_the_run_before_loaded(world: World) -> str | None:
    return "found" if "heirloom_in_memory" in sys.modules else None


@attack(HEIRS)
def find_a_function_that_the_run_before_replaced(world: World) -> str | None:
    return show(world, os.getlogin())
