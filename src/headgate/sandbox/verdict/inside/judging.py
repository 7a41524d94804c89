"""Judges Python: runs the tests here and the code elsewhere, and says what came of it.

Rule 1: the outcome is what this process saw: checks that began, checks that passed.
Rule 2: whatever the code raises, returns, prints or ends is at most a failed check.
"""

from __future__ import annotations

import io
import os
import pathlib
import socket
import sys
import time
import types
import unittest
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import checks, empty, lent, modules, peer, runners, watched

MOST_KEPT = 4096


class Sink(io.TextIOBase):
    """What tests and code print: kept for a reader, never read for a verdict."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: MOST_KEPT - len(self.text)]
        return len(text)


class Surroundings:
    """What the tests change of the environment, which the code is to see too."""

    def __init__(self) -> None:
        self._last = self._now()

    def _now(self) -> dict[str, str]:
        own = {it: value for it, value in os.environ.items() if not it.startswith("PYTEST_")}
        return {**own, "": os.getcwd()}

    def changed(self) -> Any:
        last, self._last = self._last, self._now()
        gone = [it for it in last if it not in self._last]
        new = [[it, text] for it, text in self._last.items() if last.get(it) != text]
        return [gone, new] if gone or new else None


class Judge:
    """The tests' side."""

    def __init__(self, sock: socket.socket, payload: dict[str, Any]) -> None:
        self.payload = payload
        self.count = checks.Checks()
        self.watch = watched.Watch()
        thing = type("Thing", (watched.Watched,), {"watch": self.watch, "__slots__": ()})
        self.side = peer.Peer(peer.Wire(sock), _maker(thing))
        self.side.heard = _heard
        self.side.said = Surroundings().changed
        self.side.raised = self._raised
        self.ending = "failed"

    def run(self) -> dict[str, Any]:
        sink = Sink()
        sys.stdout = sys.stderr = sink
        try:
            self._prepare()
            STYLES[self.payload["style"]](self)
            if self.side.unable:
                self.ending, self.count.failure = "untestable", self.side.unable
            elif self.count.seen == 0:
                self.ending = "no_checks"
            elif self.count.seen == self.count.passed and not self.count.failure:
                self.ending = "passed"
        except peer.Gone as e:
            self.ending = "ended"
            at = f" at {self.count.at}" if self.count.at else " before the first check"
            self.count.failure = f"{e}{at}"
        except BaseException as e:  # noqa: BLE001 (a test may end in any way; it is no pass)
            self.ending = self.ending if self.ending == "refused" else "failed"
            self.count.fail(worded(e))
        return self._report(sink)

    def _report(self, sink: Sink) -> dict[str, Any]:
        if self.watch.suspicion and self.ending == "passed":
            self.ending = "failed"
            self.count.fail(self.watch.suspicion[0])
        return {
            "ending": self.ending,
            "seen": self.count.seen,
            "passed": self.count.passed,
            "failure": self.count.failure,
            "suspicion": self.watch.suspicion,
            "apart": True,
            "output": sink.text,
        }

    def _raised(self, e: BaseException) -> None:
        """An assertion of the test fails also if the code that called it swallows that."""
        if isinstance(e, AssertionError):
            self.count.fail(worded(e))

    def _prepare(self) -> None:
        given, tests = self.payload["candidate"], self.payload["tests"]
        roots = self.payload["roots"]
        modules.clear()
        tops = modules.tops(list(given), roots)
        name = modules.taken(tops)
        if name:
            self.ending = "refused"
            raise ValueError(
                f"a file of the code is called {name}, as a package of Python's is: "
                "give it another name"
            )
        for text in (*tests.values(), self.payload["support"]):
            self.watch.names |= checks.named(text)
            self.watch.defined |= checks.defined(text)
            self.watch.imported |= checks.imported(text)
        # in test files the unit is the test: an assertion may be expected to fail there
        is_source = self.payload["style"] == "asserts"
        ours = modules.Ours(tests, self.count if is_source else checks.Checks())
        theirs = modules.Theirs(self.side, tops, self.watch)
        if "numpy" in self.watch.names:
            empty.guard_numpy()
        modules.install(ours.first(), theirs, ours)
        self.side.allow = lent.Lent({"checks", *ours.names()}).allow
        self.side.ask("lay", 0, (given, roots))


def _maker(thing: Callable[..., Any]) -> Callable[..., Any]:
    def make(side: peer.Peer, number: int, kind: str, name: str) -> Any:
        it = thing(side, number, kind, name)
        if kind != "coroutine":
            return it

        async def awaited() -> Any:
            return side.ask("await", it, ())

        return awaited()

    return make


def _heard(said: Any) -> None:
    """What the code printed since: said here, so that a test can capture it."""
    if isinstance(said, list) and len(said) == 2:
        for stream, text in zip((sys.stdout, sys.stderr), said, strict=True):
            if isinstance(text, str) and text:
                stream.write(text)


def worded(e: BaseException) -> str:
    """An exception in words, and where in the code it arose if it came from there."""
    where = vars(e).get("_where", "") if hasattr(e, "__dict__") else ""
    place = f" (raised at {where})" if where else ""
    return f"{type(e).__name__}: {e}"[:500] + place


def _run_asserts(judge: Judge) -> None:
    """Tests as source: assertions, check(candidate), test functions and test cases."""
    payload, count = judge.payload, judge.count
    space: dict[str, Any] = {"__name__": "checks", "_hg_checks": count}
    source = "\n".join(payload["tests"].values())
    support, entry = payload["support"], payload["entry"]
    exec(compile(support, "support", "exec", dont_inherit=True), space)  # noqa: S102
    solution = _load(judge)
    if entry:
        if not judge.side.ask("has", 0, ("solution", entry)):
            raise AttributeError(f"the code defines no {entry}")
        space[entry] = space["candidate"] = getattr(solution, entry)
    for name in checks.asked(source + "\n" + support):
        if name in space or not judge.side.ask("has", 0, ("solution", name)):
            continue
        own = None if name in judge.watch.defined else modules.owned(name)
        space[name] = getattr(solution, name) if own is None else own
    exec(checks.rewritten("tests", source), space)  # noqa: S102 (the tests are ours)
    check = space.get("check")
    if entry and callable(check) and not checks.calls(source, "check"):
        check(space[entry])
    _run_functions(judge, space)


def _load(judge: Judge) -> Any:
    import importlib

    try:
        return importlib.import_module("solution")
    except peer.Gone:
        raise
    except BaseException as e:
        judge.ending = "failed"
        judge.count.fail(f"the code cannot be loaded: {worded(e)}")
        raise


def _run_functions(judge: Judge, space: dict[str, Any]) -> None:
    for name, it in list(space.items()):
        if name.startswith("test") and isinstance(it, types.FunctionType):
            judge.count.begin(name)
            it()
            judge.count.end()
        elif isinstance(it, type) and issubclass(it, unittest.TestCase):
            suite = unittest.defaultTestLoader.loadTestsFromTestCase(it)
            runners.run_suite(suite, judge.count)


def _run_files(judge: Judge, run: Callable[..., None]) -> None:
    data = {
        path: text for path, text in judge.payload["tests"].items() if not path.endswith(".py")
    }
    for path, text in data.items():
        place = pathlib.Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    before = {path: _stamp(path) for path in data}
    if data:
        time.sleep(0.02)  # longer than a file's time stamp is coarse
    names = [path for path in judge.payload["tests"] if path.endswith(".py")]
    run(names, judge.count)
    for path, stamp in before.items():
        if _stamp(path) != stamp:
            raise judge.watch.refuse(f"{path}, a file of the tests, was changed")


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        stat = pathlib.Path(path).lstat()
    except OSError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


STYLES: dict[str, Callable[[Judge], None]] = {
    "asserts": _run_asserts,
    "pytest": lambda judge: _run_files(judge, runners.run_pytest),
    "unittest": lambda judge: _run_files(judge, runners.run_unittest),
}
