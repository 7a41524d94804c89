"""What a cell needs of the keeper it is one of: who it speaks through and what wakes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Surroundings(NamedTuple):
    """What a cell needs of its keeper."""

    say: Callable[[bytes], None]
    watch: Callable[[int, Callable[[], None]], None]
    """call when a descriptor can be read"""
    unwatch: Callable[[int], None]
    fork: Callable[[int, int, int], None]
    """a child of the zygote into the cell: its number, its first process, a socket"""
    bear: Callable[[int, int], None]
    """tell the supervisor of a new process: cell, pid"""
    program: bytes
    forks: bool
    """there is a zygote"""
