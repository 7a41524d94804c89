"""Judges what is no program of its own: starts an interpreter for tests and one for the code.

Rule 1: the two never meet: every message goes through this process, which sifts the code's.
Rule 2: only the interpreter of the tests can report, and only over its own pipe.
Rule 3: the code's interpreter can name neither the tests' files nor /proc.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import sys
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import programs, seal, sieve

LARGEST = 64 << 20
Check = Callable[[bytes], None]


class Ended(Exception):
    """An interpreter has gone."""


class Side:
    """An interpreter, and the two pipes to it."""

    def __init__(self, told: dict[str, Any], *, apart: bool) -> None:
        self.folder = told["cwd"]
        name = os.path.join(self.folder, "hg_out")
        os.mkfifo(name)
        self._from = os.open(name, os.O_RDWR | os.O_CLOEXEC)
        here, self._into = os.pipe2(os.O_CLOEXEC)
        self.said = programs.Drain(programs.MOST_KEPT)
        fds = {0: here, 1: self.said.into, 2: self.said.into}
        self.child = programs.start(told, fds, apart=apart)
        self.said.start()
        os.close(here)
        self._gone = os.pidfd_open(self.child)
        self._data = b""

    def send(self, kind: bytes, body: bytes) -> None:
        whole = struct.pack(">i", len(body) + 1) + kind + body
        try:
            while whole:
                whole = whole[os.write(self._into, whole) :]
        except OSError as e:
            raise Ended from e

    def _take(self, size: int) -> bytes:
        while len(self._data) < size:
            ready, _, _ = select.select([self._from, self._gone], [], [])
            if self._from not in ready:
                raise Ended
            self._data += os.read(self._from, 1 << 20)
        part, self._data = self._data[:size], self._data[size:]
        return part

    def receive(self) -> tuple[bytes, bytes]:
        size = struct.unpack(">i", self._take(4))[0]
        if not 0 < size <= LARGEST:
            raise Ended
        body = self._take(size)
        return body[:1], body[1:]

    def end(self) -> None:
        programs.end(self.child)
        with contextlib.suppress(OSError):
            os.waitpid(self.child, 0)
        for fd in (self._from, self._into, self._gone):
            os.close(fd)


CHECKS: dict[str, Check] = {"r": sieve.sift}


def carry_out(told: dict[str, Any]) -> dict[str, Any]:
    """Starts both and carries calls one way and values the other until the tests report."""
    programs.lay(told["files"])
    code = Side(told["candidate"], apart=True)
    judge = Side(told["judge"], apart=False)
    try:
        report = _exchange(code, judge, CHECKS[told["language"]], told["tests"].encode())
    finally:
        judge.end()
        code.end()
    said = code.said.text(0.2)
    if report["ending"] == "ended" and "cannot be started: no Landlock" in said:
        raise programs.Unable(
            "this kernel has no Landlock, which keeps the code from the judge"
        )
    output = report.get("output", "") + judge.said.text(0.2) + said
    report["output"] = output[: programs.MOST_KEPT]
    return report


def _exchange(code: Side, judge: Side, check: Check, tests: bytes) -> dict[str, Any]:
    try:
        kind, body = code.receive()
    except Ended:
        return programs.found(
            "ended", f"the code ended as it was loaded: {code.said.text(0.2)}"[:600]
        )
    if kind == b"X":
        return programs.found("build_failed", body.decode("utf-8", "replace")[:600])
    try:
        check(body)
    except sieve.Foul as e:
        return programs.found("ended", f"the code sent {e}")
    try:
        judge.send(b"H", body)
        judge.send(b"T", tests)
        while True:
            kind, body = judge.receive()
            if kind == b"R":
                report: dict[str, Any] = json.loads(body)
                return {**report, "suspicion": [], "apart": True}
            answer = _answer(code, kind, body, check)
            if isinstance(answer, str):
                return programs.found("ended", answer)
            judge.send(*answer)
    except Ended:
        said = judge.said.text(0.2)[-programs.MOST_WORDS :]
        return programs.found("failed", f"the tests ended without a report: {said}")


def _answer(code: Side, asks: bytes, asked: bytes, check: Check) -> tuple[bytes, bytes] | str:
    try:
        code.send(asks, asked)
        kind, body = code.receive()
        if kind not in (b"V", b"B"):
            return "the code sent no value"
        check(body)
    except Ended:
        return "the process of the code has ended"
    except sieve.Foul as e:
        return f"the code sent {e}"
    return kind, body


def main() -> None:
    seal.hide()
    report = seal.Report()
    try:
        body = carry_out(report.payload)
    except (programs.Unable, OSError) as e:
        body = programs.found("broken", str(e))
    report.write(body)
    sys.stdout.flush()
    os._exit(0)
