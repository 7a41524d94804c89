"""Whom a worker's processes speak with: a keeper with others, a cell through its keeper."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NamedTuple


class Others(NamedTuple):
    """Whom a keeper speaks with besides its supervisor."""

    zygote: socket.socket | None
    spawner: socket.socket
    births: socket.socket | None
    overlays: list[str]
    """trees that each cell may write to"""
    covered: list[str]
    """trees that lie where a cell has its own files"""


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
    spawn: Callable[[dict[str, Any], int], int]
    """the first process of a cell, as wished, with a socket: its id"""
    forks: bool
    """there is a zygote"""
