"""Whom a worker's processes speak with: a keeper with others, a cell through its keeper."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from headgate.sandbox.worker.first import First


class Others(NamedTuple):
    """Whom a keeper speaks with besides its supervisor."""

    zygote: socket.socket | None
    spawner: socket.socket
    births: socket.socket | None
    overlays: list[str]
    """trees that each cell may write to"""


class Surroundings(NamedTuple):
    """What a cell needs of its keeper."""

    say: Callable[[bytes], None]
    watch: Callable[[int, Callable[[], None]], None]
    """call when a descriptor can be read"""
    unwatch: Callable[[int], None]
    make: Callable[[dict[str, Any]], First]
    """the first process of a cell, as wished"""
    fork: Callable[[bool, int, tuple[int, ...]], None]
    """a child into a cell that waits for Python, or for a program: the cell's number, its first
    process and a socket; without a socket: one that ends all others"""
    bear: Callable[[int, int], bool]
    """tell the supervisor of a new process (cell, pid); whether it will say: placed"""
    forks: bool
    """there is a zygote"""
