"""Carries the conversations of many threads over one socket: each thread has a line of its own.

Rule 1: what is asked on a line is done by one thread, the same each time, as the asking one is.
Rule 2: frames are taken in the order they came; whoever waits reads for all, else the watcher.
Rule 3: there is no watcher until one side has a second thread, and both know of it then.
"""

from __future__ import annotations

import collections
import socket
import struct
import threading
import time
from _thread import _count
from collections.abc import Callable
from json import JSONEncoder, loads
from typing import Any

LARGEST = 256 << 20
AT_ONCE, LARGEST_READ = 1 << 14, 1 << 20
MOST_LINES = 1024
OVER = ["over"]
"""what the thread of a line is handed when the thread at its other end has ended"""
_written = JSONEncoder(separators=(",", ":")).encode
_sleep = time.sleep  # a test may put another in its place


class Gone(Exception):
    """The other process ended, or sent what cannot be understood."""


class Wire:
    """Frames of JSON over a socket, each after its length."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = bytearray()
        """and not taken yet"""

    def send(self, frame: object) -> None:
        data = _written(frame).encode()
        try:
            self._sock.sendall(struct.pack("<Q", len(data)) + data)
        except OSError as e:
            raise Gone("the process of the code has ended") from e

    def receive(self) -> Any:
        (size,) = struct.unpack("<Q", self._exactly(8))
        if size > LARGEST:
            raise Gone("the code sent a value larger than is taken")
        try:
            return loads(self._exactly(size))
        except (ValueError, RecursionError) as e:
            raise Gone("the code sent what is no frame") from e

    def _exactly(self, size: int) -> bytearray:
        read = self._read
        while len(read) < size:
            try:
                more = self._sock.recv(max(AT_ONCE, min(size - len(read), LARGEST_READ)))
            except OSError as e:
                raise Gone("the process of the code has ended") from e
            if not more:
                raise Gone("the process of the code has ended")
            read += more
        taken = read[:size]
        del read[:size]
        return taken


class _Mine:
    """Ends with its thread, and says so."""

    def __init__(self, number: int, ended: list[int]) -> None:
        self.number, self._ended = number, ended

    def __del__(self) -> None:
        self._ended.append(self.number)


class Lines:
    """Who waits for what of one socket."""

    def __init__(self, wire: Wire, serve: Callable[[int], None]) -> None:
        """`serve` is run, in a thread of its own, for a line that the other side opened."""
        self.wire, self._serve = wire, serve
        self.ended: list[int] = []
        """lines whose threads ended here: the other side is to be told"""
        self._here = threading.local()
        self._here.line = 0
        self._inboxes: dict[int, collections.deque[Any]] = {0: collections.deque()}
        self._change = threading.Condition(threading.Lock())
        self._is_read = self._is_watched = False
        self._opened, self._parity = 0, 1
        self._taken, self._done = 0, 0
        self._gone: Gone | None = None
        self._before = _count()

    def answer(self) -> None:
        """This thread serves the first line; the other side opened it."""
        self._here.line, self._parity = 0, 2

    def enter(self, line: int) -> None:
        self._here.line = line

    def here(self) -> int:
        """The line of this thread."""
        found = getattr(self._here, "line", None)
        if found is None:
            with self._change:
                self._opened += 1
                found = self._here.line = self._opened * 2 + self._parity
                self._inboxes[found] = collections.deque()
            self._here.mine = _Mine(found, self.ended)
        if found and not self._is_watched:
            self.watch()
        return int(found)

    def has_threads(self) -> bool:
        """Whether somebody here may ask while the other side waits for another one's answer."""
        return _count() > self._before + self._is_watched

    def is_one_after_another(self) -> bool:
        """Whether no frame can come while another one is answered."""
        return not self._is_watched and not self.has_threads()

    def watch(self) -> None:
        """From now on frames are read also while nobody waits for one."""
        if not self._is_watched:
            self._is_watched = True
            threading._start_new_thread(self._watch, ())  # type: ignore[attr-defined] # no thread that tests would count

    def next(self, line: int) -> Any:
        """The next frame of this line; the caller decodes it and then lets others go on."""
        while True:
            with self._change:
                while self._is_read and not self._inboxes[line] and not self._gone:
                    self._change.wait()
                if self._inboxes[line]:
                    turn, frame = self._inboxes[line].popleft()
                    while turn != self._done + 1 and not self._gone:
                        self._change.wait()
                    self._here.turn = turn
                    return frame
                if self._gone:
                    raise Gone(str(self._gone))
                self._is_read = True
            self._read()

    def let_go(self) -> None:
        """The frame of this thread is decoded: the next may be."""
        turn = getattr(self._here, "turn", 0)
        if turn:
            self._here.turn = 0
            with self._change:
                self._done = max(self._done, turn)
                self._change.notify_all()

    def why(self) -> str:
        """Why nothing can be asked any more; "": it can."""
        return str(self._gone or "")

    def end(self, numbers: Any) -> None:
        """The other side's threads of these lines have ended."""
        if not isinstance(numbers, list):
            raise Gone("the code sent what is no frame")
        with self._change:
            for it in numbers:
                if it and it in self._inboxes:
                    self._taken += 1
                    self._inboxes[it].append((self._taken, OVER))
            self._change.notify_all()

    def fail(self, e: BaseException) -> None:
        """Nothing can be asked any more."""
        with self._change:
            self._gone = self._gone or (
                e if isinstance(e, Gone) else Gone(f"the code sent {e}")
            )
            self._change.notify_all()

    def forget(self, line: int) -> None:
        self.let_go()
        with self._change:
            self._inboxes.pop(line, None)

    def _read(self) -> None:
        """One frame, put where it belongs."""
        opened = None
        try:
            frame = self.wire.receive()
            if not isinstance(frame, list) or len(frame) < 2 or not isinstance(frame[1], int):
                raise Gone("the code sent what is no frame")
        except Gone as e:
            with self._change:
                self._gone, self._is_read = e, False
                self._change.notify_all()
            return
        with self._change:
            self._taken += 1
            line = frame[1]
            if line not in self._inboxes:
                if len(self._inboxes) >= MOST_LINES or frame[0] != "ask":
                    self._gone = Gone("the code asked on more lines than there may be")
                self._inboxes[line] = collections.deque()
                opened = line
            self._inboxes[line].append((self._taken, frame))
            self._is_read = False
            self._change.notify_all()
        if opened is not None and not self._gone:
            self.watch()
            try:
                threading.Thread(target=self._serve, args=(opened,), daemon=True).start()
            except RuntimeError as e:
                self.fail(Gone(f"the code left no thread to answer it: {e}"))

    def _watch(self) -> None:
        while not self._gone:
            with self._change:
                is_free = not self._is_read
                self._is_read = True
            if is_free:
                self._read()
            # who asks again and again had better read for itself: to be woken by each of its
            # frames would cost more than to look, which takes 0.1 ms of CPU in a second
            _sleep(0.004)
