"""The supervisor of many workers on one host: owns the port, starts them, and sees them end.

Rule 1: it serves no call and holds no state that a call needs: its death loses nothing.
Rule 2: the first worker starts alone: a mistake that stops it is told once, and by itself.
Rule 3: a worker that dies is replaced, at once the first time and then after ever longer waits;
only when none is left that serves, and they keep dying as they start, does it give up.
Rule 4: one that hangs is killed, as it would keep its callers waiting.
Rule 5: it sleeps until a signal, a word from a worker or the end of a wait.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from headgate.gateway import serve
from headgate.gateway.board import Board
from headgate.gateway.lifeline import HURRY, RELOAD, STOP, Post
from headgate.gateway.peers import sign_of

TOLD_TO_RELOAD, RELOADED = "told_to_reload", "workers_reloaded"
"""events: a signal came, and what workers said of it"""
WAITS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""before a worker is replaced, by how often in a row one died young in its place"""
YOUNG_S = 30.0
KEPT_OPEN_S = 0.5
"""callers wait in a dead worker's socket for its successor if that comes as soon as this"""
STARTS_TRIED = 5
LOOK_S = 10.0
"""how often it is looked whether workers show signs of life, which they do every second"""
HUNG_S = 60.0
HURRY_S = 5.0
MARGIN_S = 15.0
"""how much longer than drain_s workers may take to end before they are killed"""
SHARES = sys.platform == "linux"
"""does this system spread callers over several sockets on one port"""


@dataclass(slots=True)
class Worker:
    """A process that serves, and our end of the line to it."""

    place: int
    process: subprocess.Popen[bytes]
    line: socket.socket
    born: float
    told: bytes = b""
    ready: dict[str, Any] | None = None
    """what it said when it was ready to serve"""

    @property
    def pid(self) -> int:
        return self.process.pid

    def order(self, word: str) -> None:
        with contextlib.suppress(OSError):
            self.line.send(word.encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a crew is asked to be."""

    workers: int
    listen: serve.Listen
    command: Callable[[Post], Sequence[str]]
    """how a worker is started"""
    greet: Callable[[list[dict[str, Any]]], None]
    """called once, when all are ready, with what each of them said"""
    say: Callable[[str, dict[str, Any]], None]
    """(event, facts), each with a message: for whoever watches, and for the log"""


@dataclass(slots=True)
class Crew:
    """Runs until told to stop; used by the main thread of a process that does nothing else."""

    wish: Wish
    board: Board
    clock: Callable[[], float] = time.monotonic
    _workers: dict[int, Worker] = field(default_factory=dict)
    _sockets: dict[int, socket.socket] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)
    """when the workers that are missing start, by place"""
    _deaths: dict[int, int] = field(default_factory=dict)
    """in a row, of workers that died young"""
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _signals: list[int] = field(default_factory=list)
    _heard: set[str] = field(default_factory=set)
    """what workers said of the reload that is under way: what all say is said once"""
    _running: dict[int, int] = field(default_factory=dict)
    """calls in flight when it was told to stop, by worker"""
    _stopping: int = 0
    """signals to stop so far"""
    _kill_at: float | None = None
    _look_at: float = 0.0
    _greeted: bool = False
    _status: int = 0

    def run(self) -> int:
        """What the process exits with. OSError: the port cannot be had."""
        held = serve.reserve(self.wish.listen)
        wakes, woken = socket.socketpair()
        try:
            port = held.getsockname()[1]
            self.wish = replace(self.wish, listen=replace(self.wish.listen, port=port))
            self._socket_of(1)
            self._hear_signals(woken)
            wakes.setblocking(False)
            self._selector.register(wakes, selectors.EVENT_READ)
            self._start(1)
            while self._workers or (self._due and not self._stopping):
                self._turn(wakes)
        finally:
            signal.set_wakeup_fd(-1)
            for each in (held, wakes, woken, *self._sockets.values()):
                each.close()
            self._selector.close()
        return serve.INTERRUPTED if self._stopping > 1 else self._status

    def _turn(self, wakes: socket.socket) -> None:
        for key, _ in self._selector.select(self._patience()):
            if key.fileobj is wakes:
                with contextlib.suppress(BlockingIOError):
                    while wakes.recv(4096):
                        pass
            else:
                self._hear(key.data)
        while self._signals:
            self._obey(self._signals.pop(0))
        for worker in list(self._workers.values()):
            if worker.process.poll() is not None:
                self._bury(worker)
        self._keep_time()

    def _patience(self) -> float | None:
        """How long there is nothing to do."""
        dates = [*self._due.values(), self._look_at]
        if self._kill_at is not None:
            dates.append(self._kill_at)
        return max(0.0, min(dates) - self.clock())

    # ---- signals

    def _hear_signals(self, woken: socket.socket) -> None:
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda number, _: self._signals.append(number))

    def _obey(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._say(TOLD_TO_RELOAD, "")
            self._order(RELOAD)
        elif number in (signal.SIGINT, signal.SIGTERM):
            self._stop()

    def _stop(self) -> None:
        """Let running calls finish; the second time end them, the third time end everything."""
        self._stopping += 1
        self._due.clear()
        for place in list(self._sockets):
            self._release(place)
        if self._stopping == 1:
            self._kill_at = self.clock() + self.wish.listen.drain_s + MARGIN_S
            self._order(STOP)
        elif self._stopping == 2:
            self._kill_at = self.clock() + HURRY_S
            self._order(HURRY)
        else:
            self._kill()

    def _order(self, word: str, *, to_all_but: Worker | None = None) -> None:
        self._heard.clear()
        for worker in self._workers.values():
            if worker is not to_all_but:
                worker.order(word)

    def _kill(self) -> None:
        for worker in self._workers.values():
            worker.process.kill()

    def _keep_time(self) -> None:
        now = self.clock()
        if self._look_at <= now:
            self._look_at = now + LOOK_S
            self._look(now)
        for place, due in list(self._due.items()):
            if due <= now:
                del self._due[place]
                self._replace(place)
        if self._kill_at is not None and self._kill_at <= now:
            self._kill_at = None
            if self._workers:
                pids = ", ".join(str(worker.pid) for worker in self._workers.values())
                self._say("killed", f"workers that did not end in time are killed: {pids}")
                self._status = 1
                self._kill()

    def _look(self, now: float) -> None:
        """Kill a worker whose event loop hangs: its callers would wait for ever."""
        for worker in self._workers.values():
            sign = sign_of(self.board, worker.place)
            if sign is None or sign.pid != worker.pid or sign.at > now - HUNG_S:
                continue
            words = (
                f"worker {worker.place} (pid {worker.pid}) has hung for {now - sign.at:.0f} s"
            )
            self._say("worker_hung", f"{words}: it is killed", worker=worker.place)
            worker.process.kill()

    # ---- workers

    def _socket_of(self, place: int) -> socket.socket:
        """The socket this worker accepts on: it outlives the worker, and so do its callers."""
        name = place if SHARES else 1
        if name not in self._sockets:
            self._sockets[name] = serve.bind(self.wish.listen, shared=True)
        return self._sockets[name]

    def _release(self, place: int) -> None:
        """Let nobody wait there any more: the others, or other hosts, get its callers."""
        if place in self._sockets and (SHARES or self._stopping):
            self._sockets.pop(place).close()

    def _start(self, place: int) -> None:
        ours, theirs = socket.socketpair()
        listening, board = self._socket_of(place).fileno(), self.board.descriptor
        post = Post(place, self.wish.workers, listening, theirs.fileno(), board)
        process = subprocess.Popen(  # noqa: S603 - this program itself
            self.wish.command(post),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(listening, theirs.fileno(), board),
            process_group=0,  # a terminal's Ctrl-C is for us to pass on, once
        )
        theirs.close()
        ours.setblocking(False)
        worker = Worker(place, process, ours, self.clock())
        self._workers[place] = worker
        self._selector.register(ours, selectors.EVENT_READ, worker)

    def _replace(self, place: int) -> None:
        try:
            self._start(place)
        except OSError as error:
            deaths = self._deaths[place] = self._deaths.get(place, 0) + 1
            wait = max(1.0, _wait(deaths))
            self._due[place] = self.clock() + wait
            why = f"worker {place} cannot be started: {error.strerror}; again in {wait:g} s"
            self._say("worker_not_started", why, worker=place)

    def _hear(self, worker: Worker) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            got = worker.line.recv(65536)
            if not got:
                self._selector.unregister(worker.line)
            worker.told += got
        *lines, worker.told = worker.told.split(b"\n")
        for line in lines:
            self._learn(worker, msgspec.json.decode(line))

    def _learn(self, worker: Worker, told: dict[str, Any]) -> None:
        if "ready" in told:
            worker.ready = told["ready"]
            self._welcome(worker)
        elif "reloaded" in told:
            self._order(RELOAD, to_all_but=worker)
        elif "running" in told and not self._stopping:
            self._release(worker.place)  # somebody else told it to stop
        elif "running" in told:
            self._running[worker.pid] = told["running"]
            total = sum(self._running.values())
            if total and self._running.keys() >= {each.pid for each in self._workers.values()}:
                words = f"stopping: {total} running calls are finished first"
                self._say("stopping", f"{words}\na second signal ends them now", calls=total)
        elif "heard" in told and told["heard"] not in self._heard:
            self._heard.add(told["heard"])
            self._say(RELOADED, told["heard"])

    def _welcome(self, worker: Worker) -> None:
        if not self._greeted and worker.place == 1 and not self._stopping:
            for place in range(2, self.wish.workers + 1):
                if place not in self._workers and place not in self._due:
                    self._start(place)
        ready = [each.ready for each in self._workers.values() if each.ready is not None]
        if self._greeted:
            lost = _lost(worker.ready or {})
            self._say(
                "worker_started",
                f"worker {worker.place} is up again (pid {worker.pid}){lost}",
                worker=worker.place,
                pid=worker.pid,
            )
        elif len(ready) == self.wish.workers and not self._stopping:
            self._greeted = True
            self.wish.greet(ready)

    def _bury(self, worker: Worker) -> None:
        """Take note of a worker's end, and see to its successor."""
        self._hear_last(worker)
        del self._workers[worker.place]
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.line)
        worker.line.close()
        status = worker.process.returncode
        if self._stopping:
            self._status = self._status or (1 if status not in (0, serve.INTERRUPTED) else 0)
            return
        young = worker.ready is None or self.clock() - worker.born < YOUNG_S
        deaths = self._deaths.get(worker.place, 0) + 1 if young else 0
        self._deaths[worker.place] = deaths
        how = _ending(status)
        # the first one has said itself why it cannot start
        silent = not self._greeted and status > 0
        if self._hopeless(worker, status):
            self._give_up(worker, "" if silent else how)
            return
        wait = _wait(deaths)
        self._due[worker.place] = self.clock() + wait
        if wait > KEPT_OPEN_S and SHARES:
            self._release(worker.place)
        when = f"in {wait:g} s" if wait else "at once"
        self._say(
            "worker_ended",
            f"worker {worker.place} (pid {worker.pid}) {how}; another starts {when}",
            worker=worker.place,
            pid=worker.pid,
            status=status,
        )

    def _hear_last(self, worker: Worker) -> None:
        if worker.line in {key.fileobj for key in self._selector.get_map().values()}:
            self._hear(worker)

    def _hopeless(self, worker: Worker, status: int) -> bool:
        """Would another one die as it starts, too, while nobody serves."""
        if worker.ready is not None or any(each.ready for each in self._workers.values()):
            return False
        if not self._greeted and worker.place == 1 and status > 0:
            return True
        return self._deaths[worker.place] >= STARTS_TRIED

    def _give_up(self, worker: Worker, how: str) -> None:
        if how:
            self._say(
                "gave_up",
                f"giving up: no worker serves, and worker {worker.place} {how} as it started"
                + (f", {STARTS_TRIED} times in a row" if self._greeted else ""),
            )
        self._status = max(1, worker.process.returncode)
        self._stopping = 1
        self._due.clear()
        self._kill_at = self.clock() + HURRY_S
        self._order(STOP)

    def _say(self, event: str, message: str, **facts: object) -> None:
        self.wish.say(event, {"message": message, **facts})


def _lost(ready: dict[str, Any]) -> str:
    """What a worker found left open by the one before it."""
    if not ready.get("orphans"):
        return ""
    named = "".join(f"\n  {name}" for name in ready["named"])
    return f"; {ready['orphans']} calls were left open and may have been billed:{named}"


def _wait(deaths: int) -> float:
    return WAITS_S[min(max(0, deaths - 1), len(WAITS_S) - 1)]


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def interpreter() -> list[str]:
    """The words that start this program anew; the folder it is started in names no module."""
    return [sys.executable, "-P", "-m", "headgate"]
