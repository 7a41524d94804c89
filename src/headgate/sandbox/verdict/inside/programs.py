"""Judges what is no Python: builds both sides, starts the judge, then the code beside it.

Rule 1: the two are programs of their own, joined by one socket; no code is in the judge.
Rule 2: the code's process, and what compiles it, can name neither the judge's files nor /proc,
and reach no process outside their own domain; where the kernel cannot hold that, nothing runs.
Rule 3: what the judge says comes over a descriptor that only the judge has; over another it
says which test began or ended, and one that takes too long ends the judging.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import sys
import threading
from typing import Any

from headgate.sandbox.verdict.inside import instances, seal
from headgate.sandbox.worker import landlock

MOST_WORDS = 600
SLACK_S = 1.0
"""beside what a test may take"""
MOST_KEPT = 4096
MOST_NAMED = 3
AROUND = "what stands around the tests"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ALLOWED = ("code",)


class Unable(Exception):
    """The judging could not be done, and the code is not to blame."""


class Drain:
    """A pipe that is read to its end, of which the beginning is kept."""

    def __init__(self, most: int) -> None:
        self._out, self.into = os.pipe()
        self._most = most
        self._data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        os.close(self.into)
        self._thread.start()

    def _read(self) -> None:
        while part := os.read(self._out, 1 << 16):
            self._data += part[: self._most - len(self._data)]

    def text(self, wait_s: float | None = None) -> str:
        self._thread.join(wait_s)
        return self._data.decode("utf-8", "replace")


def confine() -> None:
    """Leaves the code's folder, the temporary one and the system's; neither /proc nor ours."""
    here = pathlib.Path.cwd()
    top = f"/{here.parts[1]}"
    shut = {"/proc", "/dev", "/sys", top}
    seen = [str(it) for it in pathlib.Path("/").iterdir() if str(it) not in shut]
    write = [str(here / it) for it in ALLOWED]
    write += ["/tmp", "/dev/shm"] if top != "/tmp" else []  # noqa: S108 (the sandbox's own)
    reach = landlock.Reach(tuple(seen), tuple(write), DEVICES)
    if not landlock.confine(reach):
        raise OSError("no Landlock")


def start(side: dict[str, Any], fds: dict[int, int], *, apart: bool) -> int:
    """A program with these descriptors and no others."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        if apart:
            confine()
        os.chdir(side["cwd"])
        nothing = os.open(os.devnull, os.O_RDWR)
        wanted = {0: nothing, 1: nothing, 2: nothing} | fds
        high = {target: _raised(fd) for target, fd in wanted.items()}
        for target, fd in high.items():
            os.dup2(fd, target)
        os.closerange(max(high) + 1, 4096)
        env = {**os.environ, **side["env"]}
        os.execve(side["argv"][0], side["argv"], env)  # noqa: S606 (that is what it is for)
    except BaseException as e:  # noqa: BLE001 (between fork and exec there is nobody to tell)
        with contextlib.suppress(OSError):
            os.write(2, f"cannot be started: {e}\n".encode())
    os._exit(127)


def _raised(fd: int) -> int:
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD, 64)


def end(child: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(child, signal.SIGKILL)


def lay(files: dict[str, str]) -> None:
    for path, text in files.items():
        place = pathlib.Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def build(
    builds: list[dict[str, Any]], closed: dict[str, str] | None = None
) -> dict[str, Any] | None:
    """Compiles all at once; the report of the first failure, the code's before the judge's."""
    running = []
    for it in builds:
        said = Drain(MOST_WORDS * 8)
        child = start(it, {1: said.into, 2: said.into}, apart=it["side"] == "code")
        said.start()
        running.append((it["side"], child, said))
    failed: dict[str, str] = {}
    for side, child, said in running:
        _, status = os.waitpid(child, 0)
        if status:
            failed.setdefault(side, said.text().strip())
    for side, ending in (("code", "build_failed"), ("judge", "untestable")):
        if side in failed:
            return found(
                ending, f"{_why(failed[side], closed or {})}{failed[side]}"[:MOST_WORDS]
            )
    return None


def _why(said: str, closed: dict[str, str]) -> str:
    """What is known of a name that a compiler complains of: why tests cannot call it."""
    return next((f"{why}\n" for name, why in closed.items() if f"`{name}`" in said), "")


def found(ending: str, failure: str) -> dict[str, Any]:
    return {
        "ending": ending, "seen": 0, "passed": 0, "failure": failure,
        "suspicion": [], "apart": True,
    }  # fmt: skip


def carry_out(told: dict[str, Any]) -> dict[str, Any]:
    lay(told["files"])
    for at, builds in enumerate(told["builds"]):
        if at and told.get("late"):
            instances.write(told["late"])
        failed = build(builds, told.get("closed"))
        if failed:
            return failed
    ours, theirs = socket.socketpair()
    reported, said, printed = Drain(1 << 20), Drain(MOST_KEPT), Drain(MOST_KEPT)
    out, into = os.pipe()
    judge = start(
        told["judge"],
        {1: said.into, 2: said.into, 3: ours.fileno(), 4: reported.into, 5: into},
        apart=False,
    )
    for drain in (reported, said):
        drain.start()
    os.close(into)
    ours.close()
    if os.read(out, 1) != b"r":
        raise Unable(f"the judge did not start: {said.text()[-MOST_WORDS:]}")
    code = start(
        told["candidate"], {1: printed.into, 2: printed.into, 3: theirs.fileno()}, apart=True
    )
    printed.start()
    theirs.close()
    slow = late(out, told.get("patience_s", 0.0))
    if slow:
        end(judge)
    text = reported.text()
    end(code)
    end(judge)
    if slow:
        return found("slow", f"{slow} took longer than {told['patience_s'] - SLACK_S:g} s")
    return _read(text, said.text(1.0), printed.text(0.2))


def late(out: int, patience_s: float) -> str:
    """Until the judge ends, or says nothing for too long: what took that long, in words; "" if
    it always said in time that a test began (+) or ended (-)."""
    begun: list[str] = []
    rest = b""
    while True:
        ready, _, _ = select.select([out], [], [], patience_s or None)
        if not ready:
            return " or ".join(begun[:MOST_NAMED]) or AROUND
        part = os.read(out, 1 << 12)
        if not part:
            return ""
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            name = line[1:].decode("utf-8", "replace")
            if line[:1] == b"+":
                begun.append(name)
            elif name in begun:
                begun.remove(name)


def _read(text: str, said: str, printed: str) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError:
        report = found("failed", f"the tests ended without a report: {said[-MOST_WORDS:]}")
    if report["ending"] == "ended" and "cannot be started: no Landlock" in printed:
        raise Unable("this kernel has no Landlock, which keeps the code from the judge")
    full = "JavaScript heap out of memory"
    if report["ending"] == "ended" and full in printed:
        report["failure"] = f"{full}: {report['failure']}"
    report["output"] = (report.get("output", "") + said + printed)[:MOST_KEPT]
    return report


def main() -> None:
    seal.hide()
    report = seal.Report()
    try:
        body = carry_out(report.payload)
    except (Unable, OSError) as e:
        body = found("broken", str(e))
    report.write(body)
    sys.stdout.flush()
    os._exit(0)
