"""Decides which calls to the kernel untrusted code may make, as a seccomp filter of our own.

Rule 1: what needs a network, another process, another namespace, a device or the kernel itself
is refused; what asyncio, numpy, Node, Go, rustc and R need to run is not.
Rule 2: a refusal is an errno that programs know how to live with: ENOSYS where they fall back.
Rule 3: a call newer than those that were read here is answered as if the kernel lacked it.
Rule 4: another architecture's calls (32 bit, x32) would dodge the numbers: they kill.
Rule 5: memory that no process shows as its own (System V, memfd, queues) is refused, because
what is not seen cannot be limited.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Set
from typing import NamedTuple

Op = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant"""

_LOAD, _AND, _RETURN, _GO, _EQUAL, _AT_LEAST = 0x20, 0x54, 0x06, 0x05, 0x15, 0x35
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000
_LAST_READ = 469
"""file_setattr: the newest call whose meaning was read before this table was written"""
_ONE_BYTE = 255
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


class Check(NamedTuple):
    """What an argument must be for the call to pass."""

    argument: int
    mask: int
    values: tuple[int, ...]
    is_list_of_allowed: bool = True


class Machine(NamedTuple):
    """A processor architecture as the kernel names it, and where its numbers stand below."""

    audit: int
    column: int


MACHINES = {
    "x86_64": Machine(0xC000003E, 0),
    "aarch64": Machine(0xC00000B7, 1),
    "arm64": Machine(0xC00000B7, 1),
}

_NONE = -1
_NUMBERS: dict[str, tuple[int, int]] = {
    # reaching others
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "kill": (62, 129),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "prlimit64": (302, 261),
    "fcntl": (72, 25),
    # files that walls of paths do not keep: what is asked by name, and not opened
    "inotify_init": (253, _NONE),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "getxattrat": (464, 464),
    "listxattrat": (465, 465),
    "removexattrat": (466, 466),
    "truncate": (76, 45),
    "open": (2, _NONE),
    "openat": (257, 56),
    "openat2": (437, 437),
    "chown": (92, _NONE),
    "lchown": (94, _NONE),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    # namespaces and mounts
    "clone": (56, 220),
    "clone3": (435, 435),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
    # the kernel's larger surfaces
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "lsm_get_self_attr": (459, 459),
    "lsm_set_self_attr": (460, 460),
    "lsm_list_modules": (461, 461),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "personality": (135, 92),
    "modify_ldt": (154, _NONE),
    "vmsplice": (278, 75),
    "remap_file_pages": (216, 234),
    "ioctl": (16, 29),
    # the machine's administration
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, _NONE),
    "query_module": (178, _NONE),
    "get_kernel_syms": (177, _NONE),
    "nfsservctl": (180, 42),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, _NONE),
    "ioperm": (173, _NONE),
    "lookup_dcookie": (212, 18),
    "vhangup": (153, 58),
    "uselib": (134, _NONE),
    "ustat": (136, _NONE),
    "sysfs": (139, _NONE),
    "_sysctl": (156, _NONE),
    "sync": (162, 81),
    "syncfs": (306, 267),
    # memory that no process shows, or on another node
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450),
    # files that would act for another user
    "chmod": (90, _NONE),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
}

_ABSENT = frozenset(
    {
        "clone3",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "userfaultfd",
        "statmount",
        "listmount",
        "lsm_get_self_attr",
        "lsm_set_self_attr",
        "lsm_list_modules",
        "vmsplice",
        "memfd_create",
        "memfd_secret",
        "shmget",
        "shmat",
        "shmctl",
        "semget",
        "semop",
        "semctl",
        "semtimedop",
        "msgget",
        "msgsnd",
        "msgrcv",
        "msgctl",
        "mq_open",
        "mq_unlink",
        "modify_ldt",
        "remap_file_pages",
        "create_module",
        "query_module",
        "get_kernel_syms",
        "nfsservctl",
        "lookup_dcookie",
        "uselib",
        "ustat",
        "sysfs",
        "_sysctl",
    }
)
_PRETENDED = frozenset({"sync", "syncfs"})
"""they would make the whole machine write: they do nothing, and say it is done"""

_AF_UNIX = (1,)
_WITH_PEER = (1, 5)
"""SOCK_STREAM and SOCK_SEQPACKET: a pair of them speaks to nobody else"""
_NEW_NAMESPACES = 0x7E020000
_TRACED_CHILD = 0x00002000
_SET_ID = 0o6000
_WORD = 0xFFFFFFFF
_PLAIN_PERSONALITIES = (0, _WORD)
_TYPE_INTO_TERMINAL = (0x5412, 0x541C)
"""TIOCSTI, TIOCLINUX"""
_LEASE = (1024,)
"""F_SETLEASE: whoever writes to the file waits for the one that holds it"""
_LEASE_OR_OWNER = (*_LEASE, 8, 10, 15, 1026)
"""and F_SETOWN, F_SETSIG, F_SETOWN_EX, F_NOTIFY: signals that the kernel sends for it"""
_ITSELF = Check(0, _WORD, (0,))
_NO_SET_ID = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2}

_CHECKED: dict[str, tuple[int, tuple[Check, ...]]] = {
    "socket": (errno.EAFNOSUPPORT, (Check(0, _WORD, _AF_UNIX),)),
    "socketpair": (errno.EAFNOSUPPORT, (Check(0, _WORD, _AF_UNIX),)),
    "clone": (errno.EPERM, (Check(0, _NEW_NAMESPACES | _TRACED_CHILD, (0,)),)),
    "personality": (errno.EPERM, (Check(0, _WORD, _PLAIN_PERSONALITIES),)),
    "fcntl": (errno.EINVAL, (Check(1, _WORD, _LEASE, is_list_of_allowed=False),)),
    "ioctl": (errno.EPERM, (Check(1, _WORD, _TYPE_INTO_TERMINAL, is_list_of_allowed=False),)),
    **{
        name: (errno.EPERM, (Check(argument, _SET_ID, (0,)),))
        for name, argument in _NO_SET_ID.items()
    },
}
_SHARED: dict[str, tuple[int, tuple[Check, ...]]] = {
    "socket": (errno.EAFNOSUPPORT, (Check(0, _WORD, ()),)),
    "socketpair": (
        errno.EAFNOSUPPORT,
        (Check(0, _WORD, _AF_UNIX), Check(1, 0xF, _WITH_PEER)),
    ),
    "kill": (errno.EPERM, (Check(0, _WORD, (_WORD,), is_list_of_allowed=False),)),
    "setpriority": (errno.EPERM, (_ITSELF, Check(1, _WORD, (0,)))),
    "ioprio_set": (errno.EPERM, (Check(0, _WORD, (1,)), Check(1, _WORD, (0,)))),
    "sched_setaffinity": (errno.EPERM, (_ITSELF,)),
    "sched_setscheduler": (errno.EPERM, (_ITSELF,)),
    "sched_setparam": (errno.EPERM, (_ITSELF,)),
    "sched_setattr": (errno.EPERM, (_ITSELF,)),
    "prlimit64": (errno.EPERM, (_ITSELF,)),
    "fcntl": (errno.EINVAL, (Check(1, _WORD, _LEASE_OR_OWNER, is_list_of_allowed=False),)),
    **dict.fromkeys(("inotify_init", "inotify_init1", "inotify_add_watch"), (errno.ENOSYS, ())),
    **dict.fromkeys(
        (
            *("setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "listxattr"),
            *("llistxattr", "removexattr", "lremovexattr", "fremovexattr", "setxattrat"),
            *("getxattrat", "listxattrat", "removexattrat"),
        ),
        (errno.EOPNOTSUPP, ()),
    ),
    **dict.fromkeys(("chown", "lchown", "fchown", "fchownat"), (errno.EPERM, ())),
}
"""what a namespace would have kept from code that shares the machine's"""
HOLDS_CUTTING = 3
"""the version of Landlock that keeps a file that may not be written from being cut short"""
_CUTS = (os.O_TRUNC, os.O_TRUNC | os.O_ACCMODE)
"""opened to be cut, and not to be written: older ones see no wish to write in it"""
_CUTTING: dict[str, tuple[int, tuple[Check, ...]]] = {
    "truncate": (errno.EPERM, ()),
    "open": (errno.EPERM, (Check(1, os.O_TRUNC | os.O_ACCMODE, _CUTS, False),)),
    "openat": (errno.EPERM, (Check(2, os.O_TRUNC | os.O_ACCMODE, _CUTS, False),)),
    "openat2": (errno.ENOSYS, ()),
}
_ONLY_SHARED = frozenset(_SHARED) - frozenset(_CHECKED) | {"connect"}


def compile_filter(
    machine: str = "", *, is_shared: bool = False, landlock: int = HOLDS_CUTTING
) -> bytes:
    """The filter for `machine` (as uname says it; "": this one).

    `is_shared`: the code has no namespaces of its own (the landlock tier); then sockets, other
    processes' settings and signals to everybody are refused too, and what the version of
    Landlock there does not hold.
    """
    known = MACHINES.get(machine or os.uname().machine)
    if known is None:
        raise LookupError(f"no table of system calls for {machine or os.uname().machine!r}")
    checked = dict(_CHECKED)
    if is_shared:
        checked |= _SHARED
        checked |= _CUTTING if landlock < HOLDS_CUTTING else {}
    left_out = frozenset(_CUTTING) | (frozenset() if is_shared else _ONLY_SHARED)
    spans = _spans(known.column, checked, left_out - checked.keys())
    ops = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_tree(spans),
    ]
    return b"".join(struct.pack("=HBBI", *op) for op in ops)


def refusals() -> dict[str, tuple[int, tuple[Check, ...]]]:
    """By name what the filter refuses, with which errno, and the checks that let it pass.

    For those who hand their filter over in words: an engine of containers.
    """
    named = (it for it in _NUMBERS if it not in _ONLY_SHARED | _CUTTING.keys())
    return {it: _CHECKED.get(it, (_refusal(it), ())) for it in named}


def install(program: bytes) -> None:
    """Put this process, and all it will become, behind the filter; it cannot be taken off."""
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    ops = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(ops))
    whole = ctypes.create_string_buffer(head, len(head))
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(whole), 0, 0):
        raise OSError(ctypes.get_errno(), "the seccomp filter was refused")


_Checked = dict[str, tuple[int, tuple[Check, ...]]]


def _spans(column: int, checked: _Checked, left_out: Set[str]) -> list[tuple[int, list[Op]]]:
    """Where each run of call numbers with the same answer begins, and that answer."""
    answers: dict[int, list[Op]] = {}
    for name, numbers in _NUMBERS.items():
        if numbers[column] != _NONE and name not in left_out:
            answers[numbers[column]] = _answer(*checked.get(name, (_refusal(name), ())))
    spans: list[tuple[int, list[Op]]] = []
    for number in range(_LAST_READ + 1):
        answer = answers.get(number, [_return(_ALLOW)])
        if not spans or spans[-1][1] != answer:
            spans.append((number, answer))
    spans.append((_LAST_READ + 1, [_return(_ERRNO | errno.ENOSYS)]))
    spans.append((_X32, [_return(_KILL)]))
    return spans


def _answer(code: int, checks: tuple[Check, ...]) -> list[Op]:
    if not checks:
        return [_return(_ERRNO | code)]
    return [op for check in checks for op in _checked(check, code)] + [_return(_ALLOW)]


def _refusal(name: str) -> int:
    if name in _PRETENDED:
        return 0
    return errno.ENOSYS if name in _ABSENT else errno.EPERM


def _checked(check: Check, code: int) -> list[Op]:
    """Goes on behind itself if the argument is as it must be.

    The low half is what the kernel reads of every argument in the tables above: one that has
    more in its high half is judged by what the kernel will see.
    """
    count = len(check.values)
    found, lost = (1, 0) if check.is_list_of_allowed else (0, 1)
    ops: list[Op] = [
        (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * check.argument),
        (_AND, 0, 0, check.mask),
    ]
    for place, value in enumerate(check.values):
        ops.append((_EQUAL, count - place - 1 + found, 0, value))
    if lost:
        ops[-1] = (_EQUAL, 0, 1, check.values[-1])
    return [*ops, _return(_ERRNO | code)]


def _tree(spans: list[tuple[int, list[Op]]]) -> list[Op]:
    """A binary search over the spans: eight comparisons instead of a hundred."""
    if len(spans) == 1:
        return spans[0][1]
    middle = len(spans) // 2
    lower, upper = _tree(spans[:middle]), _tree(spans[middle:])
    first = spans[middle][0]
    if len(lower) <= _ONE_BYTE:
        return [(_AT_LEAST, len(lower), 0, first), *lower, *upper]
    return [(_AT_LEAST, 0, 1, first), (_GO, 0, 0, len(lower)), *lower, *upper]


def _return(answer: int) -> Op:
    return (_RETURN, 0, 0, answer)
