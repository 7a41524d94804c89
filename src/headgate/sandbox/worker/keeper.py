"""Keeps every cell of a worker: opens, watches and ends them, and speaks with the supervisor.

Rule 1: one loop, which waits for nobody: not for a cell, not for the supervisor.
Rule 2: it ends with the supervisor's end of the line, and everything in it ends with it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from headgate.sandbox.worker import bpf, first, frames, machine, nursery, root, spawner, zygote
from headgate.sandbox.worker.around import Others, Surroundings
from headgate.sandbox.worker.cell import Cell
from headgate.sandbox.worker.frames import Frame, Word


def keep(up: socket.socket, setup: dict[str, Any]) -> None:
    """Serve until the supervisor is gone."""
    program, code = bpf.compile_filter(), machine.Code()
    os.environ.clear()
    os.environ.update(first.ENV | setup["env"])
    births = socket.socket(fileno=setup["births"]) if setup["births"] >= 0 else None
    talks = [nursery.begin("spawner", (up,), lambda: spawner.serve(program, code))]
    if setup["forks"]:
        breed = functools.partial(zygote.breed, setup["imports"], program, code)
        talks.append(nursery.begin("zygote", (up, *talks), breed))
    cradle = first.Cradle(code, setup["overlays"], root.covered(setup["trees"]))
    breeds = talks[1] if setup["forks"] else None
    others = Others(breeds, talks[0], births, setup["overlays"])
    Keeper(up, others, cradle).serve()


class Keeper:
    """The loop of a worker."""

    def __init__(self, up: socket.socket, others: Others, cradle: first.Cradle) -> None:
        self._up, self._others = up, others
        self._zygote = others.zygote
        self._out = bytearray()
        self._unpacker = frames.Unpacker()
        self._selector = selectors.DefaultSelector()
        self._cells: dict[int, Cell] = {}
        self._firsts: dict[int, Cell] = {}
        self._children: dict[int, Cell] = {}
        self._around = Surroundings(
            self._say,
            self._watch,
            self._unwatch,
            cradle.make,
            self._fork,
            self._bear,
            others.zygote is not None,
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
            self._listen(self._zygote)
        self._listen(self._others.spawner)
        while True:
            if self._out:
                self._flush()  # at once: each piece of it would wake the supervisor
            for key, mask in self._selector.select(self._wait()):
                if mask & selectors.EVENT_WRITE:
                    self._flush()
                # one before it may have closed it, and its number may be another's already
                if mask & selectors.EVENT_READ and self._selector.get_map().get(key.fd) is key:
                    key.data()
            now = time.monotonic()
            for cell in list(self._cells.values()):
                self._safely(cell, cell.tick, now)

    def _listen(self, talk: socket.socket) -> None:
        self._watch(talk.fileno(), lambda: self._hear_forks(talk))

    def _wait(self) -> float | None:
        wakes = [it.wakes_at for it in self._cells.values() if it.wakes_at]
        return max(0.0, min(wakes) - time.monotonic()) if wakes else None

    def _watch(self, fd: int, call: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, call)

    def _unwatch(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def _safely(self, cell: Cell, call: Callable[..., None], *arguments: object) -> None:
        """What goes wrong with one cell ends that cell and no other."""
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the cell
            cell.fail(f"{type(error).__name__}: {error}")

    # the supervisor

    def _say(self, data: bytes) -> None:
        self._out += data
        if len(self._out) > frames.PIECE:
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
            if frame.word == Word.PREPARE:
                self._open(frame)
            elif cell := self._cells.get(frame.cell):
                self._safely(cell, self._obey, cell, frame)

    def _obey(self, cell: Cell, frame: Frame) -> None:
        match frame.word:
            case Word.FILE:
                cell.lay_file(frame.payload)
            case Word.DATA:
                cell.add_data(frame.payload)
            case Word.STDIN:
                cell.add_stdin(frame.payload)
            case Word.GO:
                cell.go(frame.said)
            case Word.RESIZE:
                cell.resize(frame.said)
            case Word.PLACED:
                cell.placed()
            case Word.LIST:
                cell.list_files(frame.said["most"])
            case _:
                cell.stop("stopped")

    def _open(self, frame: Frame) -> None:
        wish = {**frame.said, "overlays": self._others.overlays}
        cell = Cell(frame.cell, wish, self._around)
        try:
            pid = cell.open()
        except OSError as error:
            self._say(frames.pack_said(frame.cell, Word.FAILED, {"what": str(error)}))
            self._say(frames.pack(frame.cell, Word.GONE))
            return
        self._cells[frame.cell] = self._firsts[pid] = cell

    # processes

    def _fork(self, is_python: bool, number: int, fds: tuple[int, ...]) -> None:
        talk = self._zygote if is_python else self._others.spawner
        assert talk is not None
        socket.send_fds(talk, [nursery.ASKED.pack(number)], fds)

    def _bear(self, number: int, pid: int) -> bool:
        """The kernel tells the supervisor the pid as it is there."""
        if self._others.births is None:
            return False
        who = struct.pack("3i", pid, root.INSIDE, root.INSIDE)
        note = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, who)]
        self._others.births.sendmsg([struct.pack("!I", number)], note)
        return True

    def _hear_forks(self, talk: socket.socket) -> None:
        data = talk.recv(frames.NOTE)
        if not data:
            what = "the process that forks is gone"
            self._say(frames.pack_said(0, Word.FAILED, {"what": what}))
            self._flush()
            os._exit(1)
        said = nursery.read(data)
        match said["word"]:
            case "loaded":
                self._say(frames.pack_said(0, Word.UP, {"missing": said["missing"]}))
            case "born" if cell := self._cells.get(said["cell"]):
                self._children[said["pid"]] = cell
                self._safely(cell, cell.born, said["pid"])
            case "unborn" if cell := self._cells.get(said["cell"]):
                cell.fail(said["what"])
            case "cleared" if cell := self._cells.get(said["cell"]):
                self._safely(cell, cell.cleared, said["status"] == 0)
            case "ended" if ended := self._children.pop(said["pid"], None):
                self._safely(ended, ended.child_ended, said)

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
