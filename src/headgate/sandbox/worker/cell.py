"""Is one cell as the keeper sees it: its processes, its order, its limits, its end.

Rule 1: whatever ends it, its processes are ended first, then what it left is collected.
Rule 2: the first reason that ended it is its status.
Rule 3: what its processes say is believed of themselves only, and bounded.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import time
from typing import Any

from headgate.sandbox.worker import child, collect, frames, place, usage
from headgate.sandbox.worker.around import Surroundings
from headgate.sandbox.worker.frames import Word
from headgate.sandbox.worker.nursery import name_of
from headgate.sandbox.worker.streams import Line, Stream, read_answer

FIRST_S, TICK_S, HELD_S = 0.02, 0.01, 0.05
"""until the first look at what a cell uses, between two, and where a group holds its memory"""
_LIFETIME_S = 1_000_000
"""of processor time, of a session's process: no limit, in a number the kernel takes"""
_OF_SIGNALS = {int(signal.SIGXCPU): "cpu", int(signal.SIGXFSZ): "file"}


class Cell:
    """One cell."""

    def __init__(self, number: int, wish: dict[str, Any], around: Surroundings) -> None:
        self.number, self._wish, self._around = number, wish, around
        self._first_fd = self._files = -1
        self._child: socket.socket | None = None
        self._child_pid = self._unplaced = 0
        self._waits_for_python, self._tick_s = around.forks, TICK_S
        self._is_here = self._is_over = self._is_told = False
        self._laying: place.Laying | None = None
        self._stdin = -1
        self._watch: usage.Watch | None = None
        self._line: Line | None = None
        self._collected: dict[str, tuple[int, int, int]] = {}
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._order: dict[str, Any] = {}
        self._step = -1
        self._streams: list[Stream] = []
        self._reason = self._unlaid = ""
        self._is_done = False
        self._lost = self._rss_kb = 0
        self._cpu_ms = self._cpu_before_ms = 0.0
        self._begun = self._step_begun = self._deadline = self._ms = 0.0
        self._look_at = 0.0

    def open(self) -> int:
        """Make it; the id of its first process."""
        made = self._around.make(self._wish)
        self._first_fd, self._files = made.pidfd, made.files
        self._watch = usage.Watch(made.proc, made.files)
        self._fork(self._around.forks)
        return made.pid

    def _fork(self, is_python: bool) -> None:
        """A process that waits for an order of its kind."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._around.fork(is_python, self.number, (self._first_fd, theirs.fileno()))
        self._child, self._waits_for_python = ours, is_python
        self._is_here, self._child_pid = False, 0
        self._around.watch(ours.fileno(), self._hear_child)

    def born(self, pid: int) -> None:
        """The child that was asked for."""
        self._child_pid = pid
        self._bear(pid)
        self._tell_ready()

    def _bear(self, pid: int) -> None:
        is_held = self._around.bear(self.number, pid)
        self._unplaced += is_held
        self._tick_s = HELD_S if is_held else TICK_S

    def placed(self) -> None:
        """The supervisor counts what one more of its processes uses."""
        self._unplaced -= 1
        self._tell_ready()

    def _hear_child(self) -> None:
        assert self._child is not None
        try:
            data = self._child.recv(frames.NOTE)
        except OSError:
            data = b""  # it ended before it read what we said
        if not data:
            self._drop_child()
            return
        said = child.read(data)
        if said["word"] == "here":
            self._is_here = True
            self._cpu_before_ms += said["cpu_ms"]
            if self._waits_for_python and self._watch is not None:
                self._watch.begin()
            self._tell_ready()
        else:
            self.fail(said["what"])

    def _drop_child(self) -> None:
        waiting, self._child = self._child, None
        if waiting is not None:
            self._around.unwatch(waiting.fileno())
            waiting.close()

    def _tell_ready(self) -> None:
        if not self._is_here or not self._child_pid or self._child is None:
            return
        if self._step >= 0:
            self._begin_step()
        elif not self._is_told:
            self._is_told = True
            self._say(Word.READY)

    # its order

    def resize(self, sizes: dict[str, int]) -> None:
        """Before the files of the order: they are held to its limits."""
        self._wish |= sizes
        self._reason = self._reason or place.resize(self._files, self._wish)

    def lay_file(self, payload: bytes) -> None:
        head = json.loads(payload)
        self._end_laying()
        self._laying = place.Laying(self._files, head["path"], executable=head["executable"])

    def add_data(self, payload: bytes) -> None:
        if self._laying is not None:
            self._laying.add(payload)

    def _end_laying(self) -> None:
        if self._laying is not None:
            if (wrong := self._laying.close()) == place.UNLAID:
                self._unlaid = self._unlaid or self._laying.path
            self._reason = self._reason or wrong
            self._laying = None

    def add_stdin(self, payload: bytes) -> None:
        if self._stdin < 0:
            self._stdin = os.memfd_create("stdin")
        os.write(self._stdin, payload)

    def go(self, order: dict[str, Any]) -> None:
        self._end_laying()
        self._order = order
        self._begun = time.monotonic()
        self._deadline = self._begun + order["limits"]["wall_s"]
        self._look_at = self._begun + FIRST_S
        self._step = 0
        if self._reason == place.UNLAID and order["session"]:
            self._tell_done(None, is_over=False)  # nothing ran: the session goes on
            self._begin_next()
        elif self._reason:
            self.stop(self._reason)
        elif self._line is not None:
            self._listen_on()
        else:
            self._begin_step()

    def _begin_step(self) -> None:
        step = self._order["steps"][self._step]
        is_python = bool(step["python"])
        if self._child is None or is_python != self._waits_for_python:
            self._end_child()
            self._fork(is_python)
            return  # it says when it is here
        if self._unplaced:
            return  # the supervisor says when it is placed
        streams = (self._open_stream(it) for it in (Word.STDOUT, Word.STDERR))
        fds = [self._take_stdin(step), *streams]
        if self._order["session"]:
            fds.append(self._open_line())
        said = {**step, "word": "go", "limits": self._order["limits"]}
        said["session"] = self._order["session"]
        if said["session"]:  # each cell's time is counted apart: the kernel would add it up
            said["limits"] = self._order["limits"] | {"cpu_s": _LIFETIME_S}
        self._step_begun = time.monotonic()
        whole = self._begun + self._order["limits"]["wall_s"]
        own = self._step_begun + (step["wall_s"] or math.inf)
        self._deadline = min(whole, own)
        try:
            child.hand_over(self._child, said, tuple(fds))
        except OSError as error:
            self.fail(f"the cell is gone: {error}")
        for fd in fds:
            os.close(fd)

    def _take_stdin(self, step: dict[str, Any]) -> int:
        """It is the program's: a step that builds it gets nothing to read."""
        if self._stdin < 0 or step["is_build"]:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        stdin, self._stdin = self._stdin, -1
        os.lseek(stdin, 0, os.SEEK_SET)
        return stdin

    def _end_child(self) -> None:
        """One that waits for something else must not be in reach of what comes now."""
        if self._child_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child_pid, signal.SIGKILL)
            self._child_pid = 0
        self._drop_child()

    def _open_stream(self, word: Word) -> int:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(ours, False)
        stream = Stream(ours, word, self._order["limits"]["output_bytes"])
        self._streams.append(stream)
        self._around.watch(ours, lambda: self._read(stream))
        return theirs

    def _read(self, stream: Stream) -> None:
        kept, lost, is_end = stream.read()
        if kept:
            self._around.say(frames.pack(self.number, stream.word, kept))
        self._lost += lost
        if is_end:
            self._close_stream(stream)
            if not self._streams:
                self._hear_last_words()
        if lost:
            self.stop("output")

    def _hear_last_words(self) -> None:
        """The child may be done though the kernel will need a while to free what it had."""
        name = name_of(self._child_pid).decode("utf-8", "replace") if self._child_pid else ""
        words = self._last_words(name)
        if words is None or self._is_over or self._watch is None:
            return
        self._watch.look(1 << 62, 0.0)
        self._cpu_ms += self._watch.cpu_of_one(self._child_pid)
        self._child_pid = 0
        self._drop_child()
        said = {"status": words[0] << 8, "mark": words[1], "peak_kb": 0}
        self._end_step(said, ending=1)

    def _last_words(self, name: str) -> tuple[int, str] | None:
        """Of a child that runs Python; a program may call itself what it likes."""
        is_ours = self._step >= 0 and self._order["steps"][self._step]["python"]
        return child.last_words(name) if is_ours else None

    def _close_stream(self, stream: Stream) -> None:
        self._around.unwatch(stream.fd)
        os.close(stream.fd)
        self._streams.remove(stream)

    # a session

    def _open_line(self) -> int:
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        self._around.watch(ours.fileno(), self._hear_line)
        self._line.say({"code": self._order["code"]})
        return theirs.detach()

    def _listen_on(self) -> None:
        assert self._line is not None
        self._step_begun = time.monotonic()
        most = self._order["limits"]["output_bytes"]
        for stream in self._streams:
            stream.left = most
        self._line.say({"code": self._order["code"]})

    def _hear_line(self) -> None:
        assert self._line is not None
        answer = self._line.hear()
        if answer is Line.NOTHING:
            return
        if not isinstance(answer, dict):
            self._around.unwatch(self._line.fileno())
            return  # the process tells by its end what this was
        self._drain()
        code, mark, value = read_answer(answer)
        self._tell_ended({"exit_code": code, "signal": None, "mark": mark})
        if self._reason or self._is_over:
            return
        self._collect()
        self._tell_done(value, is_over=False)
        self._begin_next()

    def _begin_next(self) -> None:
        streams, spent = self._streams, self._used().cpu_ms
        self._begin_anew()
        self._streams = streams
        self._cpu_before_ms = spent

    # its limits

    @property
    def wakes_at(self) -> float:
        """When to look at it next; 0: nothing runs in it."""
        if self._step < 0 or self._is_over:
            return 0.0
        return min(self._deadline, self._look_at)

    def tick(self, now: float) -> None:
        """Look whether a limit was reached."""
        if not self.wakes_at or now < self.wakes_at:
            return
        if now >= self._deadline:
            crowded = self._used().tasks >= self._order["limits"]["processes"]
            self.stop("processes" if crowded else "wall")
            return
        self._look_at = now + self._tick_s
        self._measure(now)

    def _measure(self, now: float) -> None:
        if self._watch is None:
            return
        limits = self._order["limits"]
        used = self._watch.look(limits["watched_bytes"], now)
        if used.memory > limits["watched_bytes"] and used.is_exact:
            self.stop("memory")
        elif self._cpu_ms + used.cpu_ms - self._cpu_before_ms > limits["cpu_s"] * 1000:
            self.stop("cpu")

    def _used(self) -> usage.Used:
        return self._watch.look(1 << 62, 0.0) if self._watch is not None else usage.NOTHING

    # its end

    def child_ended(self, said: dict[str, Any]) -> None:
        """The zygote has reaped a child of the cell."""
        if said["pid"] != self._child_pid:
            return  # one that was not needed
        self._child_pid = 0
        self._drop_child()
        self._cpu_ms += said["cpu_ms"]
        words = self._last_words(said["name"])
        self._end_step(said | {"mark": words[1] if words is not None else ""})

    def _end_step(self, said: dict[str, Any], ending: int = 0) -> None:
        """`ending`: so many processes are about to be gone."""
        if self._is_over:
            return
        if self._step < 0:
            self.fail("the process of the cell ended before its order came")
            return
        self._drain()
        self._rss_kb = max(self._rss_kb, said["peak_kb"])
        code = os.waitstatus_to_exitcode(said["status"])
        number = -code if code < 0 else None
        mark = _OF_SIGNALS.get(number or 0, "")
        self._tell_ended(
            {
                "exit_code": code if code >= 0 else None,
                "signal": number,
                "mark": said.get("mark") or mark,
            }
        )
        step = self._order["steps"][self._step]
        left = self._watch is not None and len(self._watch.others()) > ending
        if left and self._used().tasks >= self._order["limits"]["processes"]:
            self._reason = self._reason or "processes"
        if (self._reason or code) and not (step["goes_on"] and not self._reason):
            self._finish(left)
        elif self._step + 1 < len(self._order["steps"]):
            self._go_on(left or ending > 0)
        else:
            self._finish(left)

    def _finish(self, left: bool) -> None:
        """With nobody left to write, what there is need not wait for the kernel to tidy up."""
        if not left:
            self._tell_end()
        self.stop(self._reason)

    def _go_on(self, left: bool) -> None:
        """To the next step; what the last one left running does not see it."""
        self._step += 1
        if left:
            self._child_pid = 0
            self._drop_child()
            self._around.fork(False, self.number, (self._first_fd,))
        else:
            self._begin_step()

    def cleared(self, ok: bool) -> None:
        """What the last step left running is gone."""
        if self._is_over:
            return
        if ok:
            self._begin_step()
        else:
            self.fail("what a step left running could not be ended")

    def _tell_ended(self, how: dict[str, Any]) -> None:
        how["name"] = self._order["steps"][self._step]["name"]
        how["ms"] = (time.monotonic() - self._step_begun) * 1000
        self._say(Word.ENDED, how)

    def _drain(self) -> None:
        """What was written before the end has arrived: nothing more is waited for."""
        for stream in list(self._streams):
            while stream in self._streams and stream.has_more():
                self._read(stream)
            if stream in self._streams and self._line is None:
                self._close_stream(stream)

    def stop(self, reason: str) -> None:
        """End every process of the cell; its end is told once they are gone."""
        self._reason = self._reason or reason
        if self._is_over:
            return
        self._is_over = True
        self._ms = (time.monotonic() - self._begun) * 1000 if self._begun else 0.0
        if self._step >= 0 and not self._is_done:
            self._cpu_ms += self._used().cpu_ms
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first_fd, signal.SIGKILL)

    def fail(self, what: str) -> None:
        """It is the cell that broke, not the code."""
        self._say(Word.FAILED, {"what": what})
        self.stop("broken")

    def first_ended(self) -> None:
        """No process of the cell is left: collect, tell, forget."""
        if not self._is_over:
            self._say(Word.FAILED, {"what": "the first process of the cell is gone"})
            self._reason = self._reason or "broken"
        if self._line is not None:
            self._line.close(self._around.unwatch)
            self._line = None
        self._drain()
        self._tell_end()
        self._close()
        self._say(Word.GONE)

    def _tell_end(self) -> None:
        if self._step < 0 or self._is_done:
            return
        self._is_done = True
        self._collect()
        self._tell_done(None, is_over=True)

    def _tell_done(self, value: str | None, *, is_over: bool) -> None:
        space = self._watch.space_left() if self._watch is not None else (1, 1)
        now = self._used().cpu_ms if self._line is not None else 0.0
        self._say(
            Word.DONE,
            {
                "reason": self._reason,
                "unlaid": self._unlaid,
                "lost": self._lost,
                "ms": self._ms or (time.monotonic() - self._begun) * 1000,
                "cpu_ms": max(0.0, self._cpu_ms + now - self._cpu_before_ms),
                "peak": self._watch.peak if self._watch is not None else 0,
                "rss": self._rss_kb * 1024,
                "space": space,
                "value": value,
                "over": is_over,
            },
        )

    def _collect(self) -> None:
        limits = self._order["limits"]
        taking = collect.Taking(limits["artefacts"], limits["artefact_bytes"], self._collected)
        self._pass_on(taking, "box/output")
        if taking.is_over and not self._reason:
            self._reason = "artefacts"

    def list_files(self, most: int) -> None:
        """Every regular file of the work folder."""
        taking = collect.Taking(self._wish["inodes"], most, {})
        self._pass_on(taking, "box")
        self._say(Word.LISTED, {"is_over": taking.is_over})

    def _pass_on(self, taking: collect.Taking, path: str) -> None:
        with contextlib.suppress(OSError), place.opened(self._files, path) as folder:
            for left in taking.files(folder):
                for frame in collect.told(left, self.number):
                    self._around.say(frame)

    def _close(self) -> None:
        self._drop_child()
        self._end_laying()
        for stream in list(self._streams):
            self._close_stream(stream)
        if self._watch is not None:
            self._watch.close()
        for fd in (self._first_fd, self._files, self._stdin):
            if fd >= 0:
                os.close(fd)

    def _say(self, word: Word, said: object = None) -> None:
        self._around.say(frames.pack_said(self.number, word, said))
