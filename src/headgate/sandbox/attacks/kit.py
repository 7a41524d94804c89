"""What attacks share inside: the decoys they are told of, how they are listed, raw calls.

Rule 1: standard library only: this file is laid into the place that is attacked.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple


class World(NamedTuple):
    """The decoys outside, and where they stand."""

    token: str
    """whoever shows it has read a decoy"""
    folder: str
    """of the host, with decoys in it"""
    shared: str
    """a decoy in the host's /dev/shm"""
    victim: int
    """a process of the host; its environment holds the token"""
    tcp: int
    tcp6: int
    udp: int
    socket: str
    """path of a listening socket"""
    datagrams: str
    """path of a socket that takes datagrams"""
    abstract: str
    segment: int
    """a System V memory segment with the token; -1: none"""
    descriptor: int
    """open and inheritable in the process that ordered the run; it reads the token"""
    interpreter: str
    """a file of the interpreter's library"""
    machine: str = ""
    """its name"""

    def at(self, name: str) -> str:
        """The path of a decoy in the folder."""
        return os.path.join(self.folder, name)


Act = Callable[[World], "str | None"]


class Attack(NamedTuple):
    """One way out."""

    name: str
    family: str
    act: Act
    alone: bool
    """takes a run of its own: it ends in a limit"""


LISTED: list[Attack] = []
WORDS_MOST = 160
PATIENCE_S = 4
"""of one attack among many"""


def attack(family: str, *, alone: bool = False) -> Callable[[Act], Act]:
    """List a function as an attack of a family."""

    def listed(act: Act) -> Act:
        name = act.__name__.replace("_", " ")
        LISTED.append(Attack(name, family, act, alone))
        return act

    return listed


class Said(NamedTuple):
    """What an attack says of itself."""

    name: str
    escaped: bool
    words: str


def tried(one: Attack, world: World) -> Said:
    """Run an attack here and now."""
    try:
        evidence = one.act(world)
    except OSError as error:
        return Said(one.name, False, (error.strerror or str(error))[:WORDS_MOST])
    except Exception as error:  # noqa: BLE001 - an attack may fail in any way
        return Said(one.name, False, f"{type(error).__name__}: {error}"[:WORDS_MOST])
    return Said(one.name, bool(evidence), (evidence or "nothing came of it")[:WORDS_MOST])


def tried_apart(one: Attack, world: World) -> Said:
    """Run an attack in a child, so that it may die of it."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        signal.alarm(PATIENCE_S)
        said = tried(one, world)
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if text:
        return Said(*json.loads(text))
    return Said(one.name, False, f"ended by {os.waitstatus_to_exitcode(status)}")


def detached(act: Callable[[], object]) -> None:
    """Do something in a grandchild that has left its session and its parent."""
    if os.fork():
        return
    try:
        os.setsid()
        if not os.fork():
            act()
    finally:
        os._exit(0)


def main(text: str, names: list[str]) -> None:
    """Try the named attacks; none named: all that need no run of their own."""
    world = World(**json.loads(text))
    if len(names) == 1:
        say(tried(next(it for it in LISTED if it.name == names[0]), world))
        return
    for one in LISTED:
        if one.name in names or (not names and not one.alone):
            say(tried_apart(one, world))


def say(said: Said) -> None:
    """Tell the outside."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def show(world: World, text: str) -> str | None:
    """The evidence, if it holds the token."""
    return f"read {world.token}" if world.token in text else None


NUMBERS = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone": (56, 220),
    "clone3": (435, 435),
    "mount": (165, 40),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "personality": (135, 92),
    "syslog": (103, 116),
    "acct": (163, 89),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "quotactl": (179, 60),
    "fanotify_init": (300, 262),
    "memfd_create": (319, 279),
    "vmsplice": (278, 75),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "prlimit64": (302, 261),
    "ioprio_set": (251, 30),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "statmount": (457, 457),
    "setdomainname": (171, 162),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
    "memfd_secret": (447, 447),
    "mount_setattr": (442, 442),
    "fspick": (433, 433),
    "listmount": (458, 458),
    "listns": (470, 470),
    "modify_ldt": (154, -1),
    "ioperm": (173, -1),
    "remap_file_pages": (216, 234),
    "lsm_list_modules": (461, 461),
    "kexec_file_load": (320, 294),
    "delete_module": (176, 106),
    "quotactl_fd": (443, 443),
    "renameat2": (316, 276),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "move_pages": (279, 239),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_writev": (311, 271),
    "timer_create": (222, 107),
}


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """A raw call to the kernel; OSError where it refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    number = NUMBERS[name][0 if os.uname().machine == "x86_64" else 1]
    ready = [ctypes.c_long(it) if isinstance(it, int) else it for it in arguments]
    answer = int(libc.syscall(ctypes.c_long(number), *ready))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


def reached(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> str:
    """A call that complains of its arguments was let in."""
    try:
        return f"{name} answered {call(name, *arguments)}"
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENOENT, errno.E2BIG):
            return f"{name} was let in: {error.strerror}"
        raise


def wait_for(holds: Callable[[], bool], seconds: float) -> bool:
    """Does it come true within that time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
