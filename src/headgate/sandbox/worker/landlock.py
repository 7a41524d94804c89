"""Decides what of the file system, the network and other processes code may name: by Landlock.

Rule 1: everything the kernel's version can hold is asked to be held; what is named is let in.
Rule 2: a path to read that is not there is passed over; one to write must be there.
Rule 3: no device node can be made, and none spoken to but those that are named.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import NamedTuple

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_BELOW_PATH = 1
_KEEP_AUDIT_QUIET = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE = 1 << 4 | 1 << 5
_MAKE_DEVICES = 1 << 6 | 1 << 11
_MAKE = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12
_REFER, _TRUNCATE, _DEVICE_IOCTL = 1 << 13, 1 << 14, 1 << 15

_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE_IOCTL
"""rights that mean something for a path that is not a folder; the others are refused there"""
_FS_SINCE = (
    (1, _EXECUTE | _WRITE | _READ | _LIST | _REMOVE | _MAKE_DEVICES | _MAKE),
    (2, _REFER),
    (3, _TRUNCATE),
    (5, _DEVICE_IOCTL),
)
_TCP_SINCE, _TCP = 4, 0b11
_SCOPE_SINCE, _SCOPE = 6, 0b11
"""no abstract socket and no signal out of its own domain"""
_QUIET_SINCE = 7

_libc = ctypes.CDLL(None, use_errno=True)
"""opened once: a fork that confines itself would pay for it in fresh pages"""


class Reach(NamedTuple):
    """What may still be named once confined."""

    read: tuple[str, ...] = ()
    """below these: read, listed, executed"""
    write: tuple[str, ...] = ()
    """below these: anything but device nodes"""
    devices: tuple[str, ...] = ()
    """such as /dev/null: read and written"""


def best() -> int:
    """The version of Landlock this kernel has; 0: none, or it is switched off."""
    answer = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(0, int(answer))


def asked(version: int) -> tuple[bytes, int]:
    """What a set of rules is asked to hold, and the flags it is laid with."""
    tcp = _TCP if version >= _TCP_SINCE else 0
    scope = _SCOPE if version >= _SCOPE_SINCE else 0
    flags = _KEEP_AUDIT_QUIET if version >= _QUIET_SINCE else 0
    return struct.pack("=QQQ", _held(version), tcp, scope), flags


def rights(reach: Reach, version: int) -> list[tuple[str, int]]:
    """The rights that are left below each path, by what the path is here."""
    held = _held(version)
    return [
        *((path, (_EXECUTE | _READ | _LIST) & held) for path in reach.read),
        *((path, held & ~_MAKE_DEVICES & ~_DEVICE_IOCTL) for path in reach.write),
        *((path, (_READ | _WRITE | _TRUNCATE) & held & _OF_FILES) for path in reach.devices),
    ]


def confine(reach: Reach, version: int | None = None) -> int:
    """Confine this thread and all it starts; the version used, 0 where there is none.

    To be called while the process has one thread; sets no_new_privs.
    """
    version = best() if version is None else version
    if not version:
        return 0
    words, flags = asked(version)
    rules = _libc.syscall(_CREATE_RULESET, words, ctypes.c_size_t(len(words)), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "a Landlock ruleset was refused")
    try:
        for path, left in rights(reach, version):
            _add(rules, path, left, is_needed=path in reach.write)
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))):
            raise OSError(ctypes.get_errno(), "no_new_privs was refused")
        if _libc.syscall(_RESTRICT_SELF, rules, flags):
            raise OSError(ctypes.get_errno(), "Landlock's restriction was refused")
    finally:
        os.close(rules)
    return version


def _add(rules: int, path: str, rights: int, *, is_needed: bool) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        if is_needed:
            raise
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        if _libc.syscall(_ADD_RULE, rules, _RULE_BELOW_PATH, rule, 0):
            raise OSError(ctypes.get_errno(), f"Landlock did not take {path!r}")
    finally:
        os.close(place)


def _held(version: int) -> int:
    rights = 0
    for since, these in _FS_SINCE:
        rights |= these if version >= since else 0
    return rights
