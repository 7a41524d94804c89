"""Knows the kernel's calls that Python lacks, each as a function that raises OSError.

Rule 1: a call that fails says which call it was and on what.
Rule 2: numbers are needed only where the C library has no function of that name.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
SHARED_MEMORY, SHARED_FILES, WAITED_FOR, WITH_PIDFD = 0x100, 0x400, 0x4000, 0x1000
"""a clone uses our memory and our descriptors; we wait until it has its own; it has a pidfd"""
EVERY_NAMESPACE = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4

PDEATHSIG, DUMPABLE, CAPBSET_DROP, NO_NEW_PRIVS, SET_NAME, SECCOMP = 1, 4, 24, 38, 15, 22
CAP_AMBIENT, AMBIENT_CLEAR = 47, 4

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
"""younger calls have one number everywhere"""
_OPEN_TREE, _MOVE_MOUNT, _CLOSE_RANGE, _MOUNT_SETATTR = 428, 429, 436, 442
_FSCONFIG, _FSPICK, _FSPICK_SELF, _SET_STRING, _RECONFIGURE = 431, 433, 8 | 1, 1, 7
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
TREE = 1 | os.O_CLOEXEC | _AT_RECURSIVE
"""open_tree: a copy of it and of all below it"""
MOVE_EMPTY_PATH = 4
CAPABILITY_3 = 0x20080522
_CAPBSET_READ = 23

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_fork = ctypes.PyDLL(None, use_errno=True).fork


class _Attr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _ended(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _numbered(what: str, number: int, *arguments: object) -> int:
    return _ended(_libc.syscall(ctypes.c_long(number), *arguments), what)


def fork() -> int:
    """A fork as the C library does it, without what Python adds for those who have threads.

    That copies 150 pages in the child; whoever calls this has no thread, holds no lock, and
    does in the child what is left to do (see child.py).
    """
    return _ended(_fork(), "fork")


def signals(awaited: set[signal.Signals]) -> int:
    """Block these and have them told on a descriptor: nobody is interrupted."""
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    mask = (ctypes.c_uint64 * 16)(sum(1 << (it - 1) for it in awaited))
    flags = ctypes.c_int(os.O_CLOEXEC | os.O_NONBLOCK)
    return _ended(_libc.signalfd(ctypes.c_int(-1), mask, flags), "signalfd")


def unshare(flags: int) -> None:
    _ended(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def setns(fd: int, flags: int) -> None:
    _ended(_libc.setns(ctypes.c_int(fd), ctypes.c_int(flags)), f"setns({flags:#x})")


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode(),
        ctypes.c_ulong(flags),
        os.fsencode(data) if data else None,
    )
    _ended(result, f"mount {kind or 'bind'} on {target}")


def bind(source: str, target: str) -> None:
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(MS_BIND), None
    )
    _ended(result, f"bind {source} on {target}")


def make_private() -> None:
    """What is mounted from now on in this mount namespace stays in it."""
    result = _libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
    _ended(result, "make / private")


def reconfigure(mounted: int, options: dict[str, str]) -> None:
    """Change the options of a mounted file system: `mounted` is its root, opened."""
    fs = _numbered("fspick", _FSPICK, ctypes.c_int(mounted), b"", ctypes.c_uint(_FSPICK_SELF))
    try:
        for name, value in options.items():
            _configure(fs, _SET_STRING, name.encode(), value.encode())
        _configure(fs, _RECONFIGURE, None, None)
    finally:
        os.close(fs)


def _configure(fs: int, command: int, name: bytes | None, value: bytes | None) -> None:
    what = (ctypes.c_int(fs), ctypes.c_uint(command), name, value, ctypes.c_int(0))
    _numbered("fsconfig", _FSCONFIG, *what)


def umount(target: str, flags: int = DETACH) -> None:
    _ended(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    number = _PIVOT_ROOT[platform.machine()]
    _numbered("pivot_root", number, os.fsencode(new), os.fsencode(old))


def open_tree(path: str) -> int:
    """A copy of what is mounted at a path and below it, not yet mounted anywhere."""
    where, flags = ctypes.c_int(_AT_FDCWD), ctypes.c_uint(TREE)
    return _numbered(f"open_tree {path}", _OPEN_TREE, where, os.fsencode(path), flags)


def move_mount(tree: int, target: str) -> None:
    _numbered(
        f"move_mount to {target}",
        _MOVE_MOUNT,
        ctypes.c_int(tree),
        b"",
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(MOVE_EMPTY_PATH),
    )


def restrict_tree(tree: int, attributes: int) -> None:
    """Lay attributes over a whole tree of mounts: `tree` is from open_tree."""
    _set_attributes(tree, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)


def restrict_mount(path: str, attributes: int) -> None:
    """Lay attributes over the one mount at a path."""
    _set_attributes(_AT_FDCWD, os.fsencode(path), 0, attributes)


def _set_attributes(where: int, path: bytes, flags: int, attributes: int) -> None:
    wish = _Attr(attr_set=attributes)
    _numbered(
        "mount_setattr",
        _MOUNT_SETATTR,
        ctypes.c_int(where),
        path,
        ctypes.c_uint(flags),
        ctypes.byref(wish),
        ctypes.c_size_t(ctypes.sizeof(wish)),
    )


def prctl(option: int, *arguments: int) -> int:
    words = [ctypes.c_ulong(it) for it in (*arguments, 0, 0, 0, 0)[:4]]
    return _ended(_libc.prctl(ctypes.c_int(option), *words), f"prctl({option})")


def name_process(name: str) -> None:
    text = ctypes.create_string_buffer(name.encode()[:15])
    _ended(_libc.prctl(ctypes.c_int(SET_NAME), text, 0, 0, 0), "prctl(PR_SET_NAME)")


def drop_capabilities() -> None:
    """Empty every set of capabilities, the bounding one included."""
    drop, nothing = ctypes.c_int(CAPBSET_DROP), ctypes.c_ulong(0)
    for capability in range(capabilities()):
        if _libc.prctl(drop, ctypes.c_ulong(capability), nothing, nothing, nothing) < 0:
            break  # none is ours to drop
    prctl(CAP_AMBIENT, AMBIENT_CLEAR)
    head = (ctypes.c_uint32 * 2)(CAPABILITY_3, 0)
    _ended(_libc.capset(head, (ctypes.c_uint32 * 6)()), "capset")


def capabilities() -> int:
    """How many this kernel knows."""
    count = 0
    while _libc.prctl(ctypes.c_int(_CAPBSET_READ), ctypes.c_ulong(count), 0, 0, 0) >= 0:
        count += 1
    return count


def close_beyond(last: int) -> None:
    """Close every descriptor above `last`."""
    first = ctypes.c_uint(last + 1)
    _numbered("close_range", _CLOSE_RANGE, first, ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))


def collapse(start: int, length: int) -> None:
    """Back a range of our own memory with huge pages now."""
    result = _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), 25)
    _ended(result, "madvise(MADV_COLLAPSE)")
