"""Attacks that use up what few think of: zombies, timers, page tables, small archives.

Rule 1: what is told is how far it came; further than the run's limits is an escape.
"""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import re
import struct
import sys
import time
import zlib

from .kit import World, attack, call

RESOURCES = "resources"
MB = 1 << 20
ZOMBIES = 400
TIMERS = 150_000
SPARSE_GB = 48
UNPACKED_MB = 900
RESERVED_MB = 400
LINKS = 20_000
PATIENCE_S = 4


@attack(RESOURCES, alone=True)
def leave_zombies_without_end(world: World) -> str | None:
    for _ in range(ZOMBIES):
        if not os.fork():
            os._exit(0)
    return f"{ZOMBIES} processes that nobody asks for"


@attack(RESOURCES, alone=True)
def set_timers_without_end(world: World) -> str | None:
    event = struct.pack("=Qii48x", 0, 0, 1)
    timer = ctypes.create_string_buffer(8)
    for _ in range(TIMERS):
        call("timer_create", 1, event, timer)
    return f"{TIMERS} timers"


@attack(RESOURCES, alone=True)
def take_memory_in_page_tables(world: World) -> str | None:
    """One byte of every two megabytes: a page of tables for each."""
    held = mmap.mmap(-1, SPARSE_GB << 30, flags=mmap.MAP_PRIVATE | 0x4000)
    for place in range(0, SPARSE_GB << 30, 2 * MB):
        _ = held[place]
    return f"tables of {SPARSE_GB} GB"


@attack(RESOURCES, alone=True)
def unpack_a_small_archive_that_is_large(world: World) -> str | None:
    packer = zlib.compressobj(9)
    small = b"".join(packer.compress(bytes(MB)) for _ in range(UNPACKED_MB)) + packer.flush()
    return f"{len(zlib.decompress(small)) // MB} MB out of {len(small)} bytes"


@attack(RESOURCES, alone=True)
def match_a_pattern_without_end(world: World) -> str | None:
    re.match(r"(a+)+$", "a" * 60 + "b")
    return "it came to an end"


@attack(RESOURCES, alone=True)
def recurse_until_the_stack_is_gone(world: World) -> str | None:
    sys.setrecursionlimit(1 << 30)

    def deeper(depth: int) -> int:
        return deeper(depth + 1) + sum([depth])

    return f"{deeper(0)} deep"


@attack(RESOURCES, alone=True)
def raise_without_end(world: World) -> str | None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            raise ValueError("x" * 1000)
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
    return f"for {PATIENCE_S} s"


@attack(RESOURCES, alone=True)
def reserve_the_disk_without_writing(world: World) -> str | None:
    taken = 0
    for number in range(RESERVED_MB // 32):
        fd = os.open(f"reserved-{number}", os.O_CREAT | os.O_WRONLY)
        os.posix_fallocate(fd, 0, 32 * MB)
        os.close(fd)
        taken += 32
        time.sleep(0.05)
    return f"{taken} MB"


@attack(RESOURCES, alone=True)
def make_links_without_end(world: World) -> str | None:
    for number in range(LINKS):
        os.symlink("x" * 4000, f"link-{number}")
    return f"{LINKS} links of 4 KB"


@attack(RESOURCES, alone=True)
def hang_at_its_end(world: World) -> str | None:
    atexit.register(lambda: time.sleep(60))
    return None


@attack(RESOURCES, alone=True)
def close_its_output_and_go_on(world: World) -> str | None:
    os.closerange(0, 3)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        os.getpid()
    return None


@attack(RESOURCES, alone=True)
def say_that_it_has_ended_and_go_on(world: World) -> str | None:
    """In the words by which a child of ours says so."""
    with open("/proc/self/comm", "w") as file:
        file.write("hg!0:")
    os.closerange(0, 3)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        os.getpid()
    return None
