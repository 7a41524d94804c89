"""Judges Python: runs the tests here and the code elsewhere, and says what came of it.

Rule 1: the outcome is what this process saw: checks that began, checks that passed.
Rule 2: whatever the code raises, returns, prints or ends is at most a failed check.
"""

from __future__ import annotations

import io
import pathlib
import re
import signal
import socket
import sys
import time
import types
import unittest
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from headgate.sandbox.verdict.inside import (
    checks,
    derived,
    empty,
    installed,
    known,
    lent,
    modules,
    naming,
    peer,
    runners,
    standard,
    surroundings,
    watched,
)

MOST_KEPT = 4096
NO_NUMBER = re.compile(r"(?i)nan\b|\bNA\b|is_?finite|is_?na\b|not_?na\b|is_?null|dropna|fillna")
"""what a test says that knows of missing values and of what is no number"""


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


class Judge:
    """The tests' side."""

    def __init__(
        self,
        sock: socket.socket,
        payload: dict[str, Any],
        tell: Callable[[dict[str, Any]], NoReturn],
    ) -> None:
        """`tell` is for what cannot wait until the tests come to an end."""
        self.payload, self._tell = payload, tell
        self.count = checks.Checks(self._time)
        self._test = ""
        self._sink = Sink()
        self.watch = watched.Watch()
        self.side = peer.Peer(peer.Wire(sock), _made)
        self.side.watch = self.watch
        self.side.heard = self._heard
        self.side.errors.make = lambda number, args, kwargs: self.side.ask(
            "call", number, args, kwargs
        )
        self.side.errors.ask = self._of_error
        self.side.errors.admits = lambda kind: installed.is_named(kind, self.watch.names)
        self.side.entry = derived.Entry
        self.standard = standard.Standard(self.side)
        self._surroundings = surroundings.Surroundings()
        self.side.said = self._said
        self.side.raised = self._raised
        self.side.named = self._named
        self.side.vet = self._vetted
        self._skips: dict[int, str] = {}
        """by which test what would skip it was raised"""
        self.side.enums.ask = self._of_member
        self.ending = "failed"

    def run(self) -> dict[str, Any]:
        sys.stdout = sys.stderr = self._sink
        signal.signal(signal.SIGALRM, self._overtime)
        try:
            self._prepare()
            STYLES[self.payload["style"]](self)
            gone = self.side.lines.why()
            if gone:
                raise peer.Gone(gone)
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
            is_told = self.ending in ("refused", "untestable")
            self.ending = self.ending if is_told else "failed"
            self.count.fail(worded(e))
        signal.setitimer(signal.ITIMER_REAL, 0)
        return self._report()

    def _time(self, test: str) -> None:
        """A test begins; with no name: it is over."""
        self._test = test
        seconds = self.payload["test_s"] if test else 0
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _overtime(self, *_: object) -> None:
        """The test holds the code, or waits for it: neither would let an exception through."""
        self.ending = "slow"
        self.count.failure = f"{self._test} took longer than {self.payload['test_s']:g} s"
        self._tell(self._report())

    def _report(self) -> dict[str, Any]:
        if self.watch.suspicion and self.ending == "passed":
            self.ending = "failed"
            self.count.fail(self.watch.suspicion[0])
        has_failed = self.ending in ("failed", "no_checks") and not self.count.passed
        if has_failed and self.watch.unreadable:
            self.ending, self.count.failure = "build_failed", self.watch.unreadable
        return {
            "ending": self.ending,
            "seen": self.count.seen,
            "passed": self.count.passed,
            "failure": self.count.failure,
            "suspicion": self.watch.suspicion,
            "apart": True,
            "output": self._sink.text,
        }

    def _said(self) -> Any:
        said, around = self.standard.changed(), self._surroundings.changed()
        return {**said, "around": around} if around else said or None

    def _heard(self, said: Any) -> None:
        """What the code printed, warned of and logged since: said here, for a test to hear."""
        if not isinstance(said, list) or len(said) != 5:
            return
        for stream, text in zip((sys.stdout, sys.stderr), said, strict=False):
            if isinstance(text, str) and text:
                stream.write(text)
        standard.heard_records(self.side, said[3])
        standard.heard_warnings(self.side, said[2])
        self._surroundings.take(said[4], self._is_asked_of)

    def _is_asked_of(self, name: str) -> bool:
        """Of what the code changes of the environment, a test is shown what it names."""
        return surroundings.is_harmless(name) and any(
            name in it for it in self.payload["tests"].values()
        )

    def _of_member(self, it: Any, name: str) -> Any:
        if name in watched.ASKING:
            raise self.watch.refuse(
                f"a member of the code's {type(it).__name__} stood where a plain value was "
                f"due: its own .{name}() would have decided"
            )
        return self.side.look_at(it, name)

    def _of_error(self, number: int, name: str) -> Any:
        """An exception answers for no plain value, by whatever method."""
        found = self.side.ask("get", number, (name,))
        known.plainly(name, found)
        if name in watched.DECIDING and peer.is_thing(found):
            raise self.watch.refuse(
                "an exception of the code's stood where a plain value was due: its own"
                f" .{name}() would have decided"
            )
        return found

    def _raised(self, e: BaseException) -> None:
        """An assertion of the test fails also if the code that called it swallows that."""
        if watched.is_failure(e):
            self.count.fail(worded(e))
        elif is_outcome(e):
            self._skips[id(e)] = self._test

    def _vetted(self, e: BaseException) -> BaseException:
        """What one test was skipped by skips no other one."""
        if is_outcome(e) and self._skips.get(id(e)) != self._test:
            return RuntimeError("the code raised what another test was skipped by")
        return e

    def _named(self) -> set[str]:
        """What is named by the test that runs, and by what belongs to no test."""
        name = self._test.partition("[")[0].rpartition("::")[2].rpartition(".")[2]
        texts = (*self.payload["tests"].values(), self.payload["support"])
        return set().union(*(naming.names(it).by(name) for it in texts))

    def _read(self, text: str) -> naming.Names:
        try:
            return naming.names(text)
        except MemoryError:
            self.ending = "untestable"
            self.count.fail("the tests take more memory to be read than the task may use")
            raise

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
            found = self._read(text)
            self.watch.names |= found.by("")
            self.watch.defined |= found.defined
            self.watch.imported |= found.imported | modules.taken_whole(found.whole)
            self.watch.looked |= found.looked
            self.watch.knows_nan |= bool(NO_NUMBER.search(text))
        # in test files the unit is the test: an assertion may be expected to fail there
        is_source = self.payload["style"] == "asserts"
        ours = modules.Ours(tests, self.count if is_source else checks.Checks())
        theirs = modules.Theirs(self.side, tops, self.watch, given)
        if "numpy" in self.watch.names:
            empty.guard_numpy()
        if self.watch.names & {"pandas", "pd"} and not self.watch.knows_nan:
            empty.guard_pandas()
        tops |= {it.partition(".")[0] for it in ours.names()}
        modules.install(tops, ours.first(), theirs, ours)
        gate = lent.Lent({"checks", *ours.names()})
        self.side.allow, self.side.lets_read = gate.allow, gate.lets_read
        self.standard.install()
        # an object of the code that compares with nothing of ours, in `assert it.__eq__(2)`
        warnings.filterwarnings("error", checks.UNDECIDED, DeprecationWarning)
        if self.payload["heeds"]:
            self.side.ask("heed", 0, (self.payload["heeds"],))
        self.side.ask("lay", 0, (given, roots))


def _made(side: peer.Peer, number: int, kind: str, name: str) -> Any:
    it = watched.Watched(side, number, kind, name)
    return peer.awaited(it) if kind == "coroutine" else it


def is_outcome(e: BaseException) -> bool:
    """Whether a runner ends a test by it that has neither passed nor failed."""
    found = watched.outcome("OutcomeException")
    return isinstance(e, (unittest.SkipTest, found))


def worded(e: BaseException) -> str:
    """An exception in words, and where in the code it arose if it came from there."""
    where = vars(e).get("_where", "") if hasattr(e, "__dict__") else ""
    place = f" (raised at {where})" if where else ""
    return f"{type(e).__name__}: {e}"[:500] + place


def _run_asserts(judge: Judge) -> None:
    """Tests as source: assertions, check(candidate), test functions and test cases."""
    payload, count = judge.payload, judge.count
    space: dict[str, Any] = {"__name__": "checks", "_hg_checks": count, "super": derived.upper}
    source = "\n".join(payload["tests"].values())
    support, entry = payload["support"], payload["entry"]
    exec(compile(support, "support", "exec", dont_inherit=True), space)  # noqa: S102
    solution = _load(judge)
    asked = [it for it in naming.asked(source, support) if it not in space]
    has = judge.side.ask("has", 0, ("solution", [entry, *asked]))
    if entry:
        if entry not in has:
            raise AttributeError(f"the code defines no {entry}")
        space[entry] = space["candidate"] = getattr(solution, entry)
    for name in asked:
        if name in space or name not in has:  # the first are candidate and the entry
            continue
        own = None if name in judge.watch.defined else modules.owned(name)
        space[name] = getattr(solution, name) if own is None else own
    count.clock("the source of the tests")
    exec(checks.rewritten("tests", source), space)  # noqa: S102 (the tests are ours)
    check = space.get("check")
    if entry and callable(check) and "check" not in naming.names(source).called:
        count.clock("check")
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
            judge.count.clock(name)
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


def _run_pytest(judge: Judge) -> None:
    import pytest

    judge.standard.follow_monkeypatch(pytest.MonkeyPatch)
    _run_files(judge, runners.run_pytest)


STYLES: dict[str, Callable[[Judge], None]] = {
    "asserts": _run_asserts,
    "pytest": _run_pytest,
    "unittest": lambda judge: _run_files(judge, runners.run_unittest),
}
