"""Keeps every cell of a worker: opens, watches and ends them, and speaks with the supervisor.

Rule 1: one loop, which waits for nobody: not for a cell, not for the supervisor.
Rule 2: it ends with the supervisor's end of the line, and everything in it ends with it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from headgate.sandbox.worker import bpf, frames, zygote
from headgate.sandbox.worker.cell import Cell, Surroundings
from headgate.sandbox.worker.frames import Frame, Word


def keep(up: socket.socket, setup: dict[str, Any]) -> None:
    """Serve until the supervisor is gone."""
    program = bpf.compile_filter()
    os.environ.clear()
    os.environ.update(setup["env"] | zygote.environment())
    talk = _start_zygote(up, setup, program) if setup["forks"] else None
    Keeper(up, talk, program).serve()


def _start_zygote(up: socket.socket, setup: dict[str, Any], program: bytes) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        up.close()
        try:
            zygote.breed(theirs, setup["imports"], program)
        finally:
            os._exit(1)
    theirs.close()
    return ours


class Keeper:
    """The loop of a worker."""

    def __init__(self, up: socket.socket, talk: socket.socket | None, program: bytes) -> None:
        self._up, self._zygote = up, talk
        self._out = bytearray()
        self._unpacker = frames.Unpacker()
        self._selector = selectors.DefaultSelector()
        self._cells: dict[int, Cell] = {}
        self._firsts: dict[int, Cell] = {}
        self._children: dict[int, Cell] = {}
        self._around = Surroundings(
            self._say, self._watch, self._unwatch, self._fork, program, talk is not None
        )

    def serve(self) -> None:
        self._up.setblocking(False)
        self._watch(self._up.fileno(), self._hear)
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self._watch(wake.fileno(), lambda: self._reap(wake))
        if self._zygote is None:
            self._say(frames.pack_said(0, Word.UP, {"missing": {}}))
        else:
            self._watch(self._zygote.fileno(), self._hear_zygote)
        while True:
            for key, mask in self._selector.select(self._wait()):
                if mask & selectors.EVENT_WRITE:
                    self._flush()
                if mask & selectors.EVENT_READ and key.fd in self._selector.get_map():
                    key.data()
            now = time.monotonic()
            for cell in list(self._cells.values()):
                cell.tick(now)

    def _wait(self) -> float | None:
        ends = [it.deadline for it in self._cells.values() if it.deadline]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _watch(self, fd: int, call: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, call)

    def _unwatch(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    # the supervisor

    def _say(self, data: bytes) -> None:
        self._out += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._out:
                sent = self._up.send(self._out[: 1 << 20])
                del self._out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            os._exit(0)  # the supervisor is gone
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        key = self._selector.get_key(self._up)
        if key.events != mask:
            self._selector.modify(self._up, mask, key.data)

    def _hear(self) -> None:
        try:
            data = self._up.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            os._exit(0)  # the supervisor is gone
        for frame in self._unpacker.feed(data):
            self._obey(frame)

    def _obey(self, frame: Frame) -> None:
        if frame.word == Word.PREPARE:
            self._open(frame)
            return
        cell = self._cells.get(frame.cell)
        if cell is None:
            return  # it ended before this was heard
        match frame.word:
            case Word.FILE:
                cell.lay_file(frame.payload)
            case Word.DATA:
                cell.add_data(frame.payload)
            case Word.STDIN:
                cell.add_stdin(frame.payload)
            case Word.GO:
                cell.go(frame.said)
            case Word.KILL:
                cell.stop("stopped")

    def _open(self, frame: Frame) -> None:
        cell = Cell(frame.cell, frame.said, self._around)
        self._cells[frame.cell] = cell
        self._firsts[cell.open()] = cell

    # processes

    def _fork(self, number: int, first: int, sock: int) -> None:
        assert self._zygote is not None
        frames.tell(self._zygote, {"cell": number}, (first, sock))

    def _hear_zygote(self) -> None:
        assert self._zygote is not None
        said, _ = frames.hear(self._zygote)
        if said is None:
            self._say(frames.pack_said(0, Word.FAILED, {"what": "the zygote is gone"}))
            os._exit(1)
        match said["word"]:
            case "loaded":
                self._say(frames.pack_said(0, Word.UP, {"missing": said["missing"]}))
            case "born" if cell := self._cells.get(said["cell"]):
                self._children[said["pid"]] = cell
                cell.born(said["pid"])
            case "unborn" if cell := self._cells.get(said["cell"]):
                cell.fail(said["what"])
            case "ended" if cell := self._children.pop(said["pid"], None):
                cell.child_ended(said)

    def _reap(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            cell = self._firsts.pop(pid, None)
            if cell is not None:
                cell.first_ended()
                self._cells.pop(cell.number, None)
