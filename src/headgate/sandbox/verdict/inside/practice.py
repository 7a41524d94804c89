"""Judges a task of its own before there is any other, so that no verdict pays for a first time.

Rule 1: one side is played here and the other by a fork that ends with it: what Python has
learnt of the code that ran is kept, and all that a judging changes is put back.
Rule 2: nothing comes of it: no report, no file, no key.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import inspect
import os
import random
import signal
import socket
import sys
import tempfile
import typing
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from unittest import mock

from headgate.sandbox.verdict.inside import candidate, judging, peer

CHANGED = (sys, asyncio, dataclasses, inspect, random, tempfile, typing, warnings, mock)
"""modules of which a judging, or what it takes to practise one, replaces names"""
SOLUTION = '''
from dataclasses import dataclass
from typing import Dict, List, Optional


class Odd(ValueError):
    """Raised below."""


@dataclass
class Point:
    x: int
    y: int = 2

    def moved(self, by: int) -> "Point":
        return Point(self.x + by, self.y + by)


def answer(it, *more, key=None):
    if it == "odd":
        raise Odd("no such thing")
    return it


def squares(count: int) -> List[int]:
    found = []
    for i in range(count):
        found.append(i * i % 7)
    return sorted(found)


def counted(words: List[str]) -> Dict[str, int]:
    return {it: words.count(it) for it in words}
'''
TESTS = """
import unittest

METADATA = {"author": "", "dataset": ""}


def check(candidate):
    assert candidate(1) == 1
    assert candidate(2) == 2, "an integer"
    assert candidate(True) is True
    assert candidate(None) is None
    assert abs(candidate(1.5) - 1.5) < 1e-6
    assert candidate("text") == "text"
    assert candidate("") == ""
    assert candidate([1, 2, 3]) == [1, 2, 3]
    assert candidate([]) == []
    assert candidate((1, "a")) == (1, "a")
    assert candidate([[1, 2], [3]]) == [[1, 2], [3]]
    assert candidate({"a": 1}) == {"a": 1}
    assert candidate(["a", "b"], 3, key=[1.0]) == ["a", "b"]
    assert candidate(-5) != 5 and not candidate(False)
    assert len(candidate("four")) == 4
    for i in range(12):
        assert candidate(i) == i


def test_more():
    assert squares(3) == [0, 1, 4]
    assert counted(["a", "b", "a"]) == {"a": 2, "b": 1}
    assert Point(1).moved(2).y == 4
    assert Point(1, 2) == Point(1, 2)
    try:
        answer("odd")
    except ValueError as e:
        assert "no such" in str(e)


class TestIt(unittest.TestCase):
    def test_it(self):
        self.assertEqual(squares(2), [0, 1])
        self.assertTrue(answer(1))
        with self.assertRaises(ValueError):
            answer("odd")
"""
TOLD: dict[str, Any] = {
    "style": "asserts",
    "candidate": {"solution.py": SOLUTION},
    "tests": {"tests.py": TESTS},
    "support": "import math\n",
    "entry": "answer",
    "test_s": 0,
    "heeds": [],
    "roots": [""],
}


def practise() -> None:
    """Once: more often has made no verdict quicker."""
    as_judge()
    as_code()


def as_judge() -> dict[str, Any]:
    """The tests run here; the report."""
    with _put_back(), _other(candidate.run) as sock:
        return judging.Judge(sock, TOLD, _unheard).run()


def as_code() -> None:
    """The code runs here."""
    with _put_back(), _other(_judge) as sock, contextlib.suppress(peer.Gone):
        candidate.run(sock)


def _judge(sock: socket.socket) -> None:
    judging.Judge(sock, TOLD, _unheard).run()


def _unheard(report: dict[str, Any]) -> NoReturn:
    os._exit(1)


@contextlib.contextmanager
def _other(play: Callable[[socket.socket], object]) -> Iterator[socket.socket]:
    """A fork that plays the other side, in a folder that is gone afterwards."""
    before = os.getcwd()
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            child = os.fork()
            if child == 0:
                try:
                    ours.close()
                    play(theirs)
                finally:
                    os._exit(0)
            try:
                theirs.close()
                yield ours
            finally:
                ours.close()
                os.waitpid(child, 0)
        finally:
            os.chdir(before)
            sys.path_importer_cache.pop(folder, None)


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    patch: Any = vars(mock)["_patch"]
    changed: tuple[Any, ...] = (*CHANGED, patch)
    named = {it: dict(vars(it)) for it in changed}
    inside: tuple[Any, ...] = (sys.path, sys.meta_path, warnings.filters)
    lists = [(it, list(it)) for it in inside]
    loaded, alarm = set(sys.modules), signal.getsignal(signal.SIGALRM)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        for name in set(sys.modules) - loaded:
            del sys.modules[name]
        for it, was in lists:
            it[:] = was
        for it, names in named.items():
            for name, value in names.items():
                if vars(it).get(name) is not value:
                    setattr(it, name, value)
        vars(warnings)["_filters_mutated"]()
