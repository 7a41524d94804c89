"""The words that supervisor and worker exchange: length, cell, word, payload.

Rule 1: a frame is whole or not there; whoever reads bounds what a frame may hold.
Rule 2: a payload is raw bytes (output, parts of files) or one JSON object.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

HEAD = struct.Struct("!IIB")
PIECE = 128 * 1024
"""of a file or of output, in one frame: short enough that no cell waits long for another"""
MOST = 64 << 20
NOTE = 128 * 1024


class Word(IntEnum):
    """What a frame says."""

    # to the worker
    PREPARE = 1
    FILE = 2
    """a file of the order begins: its path and mode"""
    DATA = 3
    """more bytes of that file"""
    STDIN = 4
    GO = 5
    KILL = 6
    RESIZE = 8
    """how much the files of the next order may take"""
    LIST = 7
    """what lies in the work folder"""
    PLACED = 9
    """a process that was born is where its resources are counted"""
    # to the supervisor
    UP = 16
    FAILED = 17
    """of cell 0: the worker could not be set up; of others: the cell broke"""
    READY = 18
    LISTED = 19
    STDOUT = 20
    STDERR = 21
    ENDED = 22
    """of a step"""
    FOUND = 23
    """an artefact begins"""
    PIECE = 24
    """more bytes of that artefact"""
    DONE = 25
    GONE = 26
    """nothing of the cell is left"""


class Frame(NamedTuple):
    """One word of the conversation."""

    cell: int
    word: int
    payload: bytes

    @property
    def said(self) -> Any:
        """What it says, of one that is no raw bytes."""
        return json.loads(self.payload)


class Broken(ValueError):
    """The other side does not keep to the format."""


def pack(cell: int, word: Word, payload: bytes = b"") -> bytes:
    return HEAD.pack(len(payload), cell, word) + payload


def pack_said(cell: int, word: Word, said: object) -> bytes:
    return pack(cell, word, json.dumps(said, separators=(",", ":")).encode())


class Unpacker:
    """Turns bytes, however they are cut, into frames."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._rest += data
        at = 0
        while len(self._rest) - at >= HEAD.size:
            length, cell, word = HEAD.unpack_from(self._rest, at)
            if length > MOST:
                raise Broken(f"a frame of {length} bytes")
            end = at + HEAD.size + length
            if len(self._rest) < end:
                break
            payload = bytes(self._rest[at + HEAD.size : end])
            at = end
            yield Frame(cell, word, payload)
        del self._rest[:at]


def tell(sock: socket.socket, said: object, fds: tuple[int, ...] = ()) -> None:
    """One note with descriptors, between processes of a worker (a SEQPACKET socket)."""
    socket.send_fds(sock, [json.dumps(said, separators=(",", ":")).encode()], list(fds))


def hear(sock: socket.socket) -> tuple[Any, list[int]]:
    """The next such note; None once the other side is gone."""
    data, fds, _, _ = socket.recv_fds(sock, NOTE, 8)
    return (read(data) if data else None), fds


def read(data: bytes) -> Any:
    """What such a note says."""
    return json.loads(data)
