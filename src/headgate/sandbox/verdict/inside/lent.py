"""Decides what the code under test may do with an object that a test lent it.

Rule 1: it may call what it was given, and read or set public attributes of the test's classes.
Rule 2: nothing leads from there to the test itself: no frame, module, closure or mock record.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import logging
import queue
import random
import threading
import types
import unittest
from typing import Any
from unittest import mock

from headgate.sandbox.verdict.inside import peer

OPEN_KINDS = (io.StringIO, io.BytesIO, random.Random, types.SimpleNamespace)
CALLED_KINDS = (
    asyncio.Event, asyncio.Lock, asyncio.Semaphore, asyncio.Condition, asyncio.Queue,
    threading.Event, type(threading.Lock()), type(threading.RLock()), threading.Semaphore,
    threading.Condition, threading.Barrier, queue.Queue, queue.SimpleQueue,
)  # fmt: skip
"""whose public methods may be called, and nothing of them replaced"""
TABLE_KINDS: tuple[type, ...] = ()
if importlib.util.find_spec("_sqlite3"):  # some Pythons are built without
    import sqlite3

    TABLE_KINDS = (sqlite3.Connection, sqlite3.Cursor, sqlite3.Row)
TABLE_NAMES = frozenset(
    [
        "execute", "executemany", "executescript", "commit", "rollback", "close", "cursor",
        "fetchone", "fetchmany", "fetchall", "lastrowid", "rowcount", "description", "keys",
        "total_changes", "in_transaction",
    ]
)  # fmt: skip
"""no function of the code is given to a database that the test asks too"""
FILES = (io.TextIOWrapper, io.BufferedIOBase, io.RawIOBase)
NEVER_HELD = (types.FrameType, types.CodeType, types.ModuleType, types.TracebackType)
DATA_KINDS = frozenset([("argparse", "Namespace"), ("subprocess", "CompletedProcess")])
"""whose own fields may be read"""
LOGGED = frozenset(
    [
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "critical",
        "log",
        "isEnabledFor",
        "name",
    ]
)
SHOWN = frozenset(["__name__", "__doc__"])
"""of a function of the test: what a decorator carries over"""
CHECKING = ("assert", "verify", "expect", "was_called")
RECORDS = frozenset(
    [
        "called",
        "call_count",
        "call_args",
        "call_args_list",
        "mock_calls",
        "method_calls",
        "return_value",
        "side_effect",
        "reset_mock",
        "configure_mock",
        "attach_mock",
        "mock_add_spec",
    ]
)


def is_test(it: object) -> bool:
    """A decorator of the code would decide whether the test runs at all."""
    if isinstance(it, type):
        names = (*vars(it), "test") if issubclass(it, unittest.TestCase) else vars(it)
        is_tests = it.__name__.startswith("Test") or issubclass(it, unittest.TestCase)
        return is_tests and _is_found(it) and any(one.startswith("test") for one in names)
    if type(it) is not types.FunctionType:  # a mock may say that it is one
        return False
    return it.__name__.startswith("test") and _is_found(it)


def _is_found(it: Any) -> bool:
    return "<locals>" not in it.__qualname__


def is_checking(it: Any, name: str) -> bool:
    """Whether an object of the tests checks by this method of its class."""
    method = getattr(type(it), name, None)
    code = getattr(method, "__code__", None)
    checks = "_hg_checks" in getattr(code, "co_names", ())
    return callable(method) and (checks or name.startswith(CHECKING))


def is_open(it: object, name: str) -> bool:
    """What may be read of objects of Python's own."""
    if isinstance(it, TABLE_KINDS):
        return name in TABLE_NAMES
    if isinstance(it, logging.Logger):
        return name in LOGGED
    if (type(it).__module__, type(it).__name__) in DATA_KINDS:
        return name in vars(it)
    return isinstance(it, (*FILES, *CALLED_KINDS))


class Lent:
    """The gate before the judge's own objects."""

    def __init__(self, modules: set[str]) -> None:
        self._modules = modules
        """of the tests: their classes may be looked into"""

    def allow(self, op: str, it: Any, args: list[Any]) -> None:
        if op == "hold":
            if is_test(it):
                raise TypeError("a test is not handed to the code under test")
            if issubclass(type(it), NEVER_HELD):
                raise TypeError(f"a {type(it).__name__} is not handed to the code under test")
        elif op in ("get", "set", "del"):
            self._allow_attribute(op, it, args[0] if args else "")
        elif op == "dir":
            raise peer.Gone("the code looked into an object of the test")

    def lets_read(self, it: Any, name: Any) -> bool:
        """Whether a container that the code reads here stays one for both sides: what an
        object of the tests' classes has of its own, which the code may replace as well."""
        is_theirs = type(it).__module__ in self._modules or type(it) is types.SimpleNamespace
        return is_theirs and not isinstance(it, type) and name in getattr(it, "__dict__", ())

    def _allow_attribute(self, op: str, it: Any, name: object) -> None:
        if op == "get" and isinstance(it, types.FunctionType) and name in SHOWN:
            return
        if not isinstance(name, str) or name.startswith("_"):
            raise AttributeError(f"{name} of an object of the test is not shown")
        if isinstance(it, mock.NonCallableMock):
            if op != "get" or name in RECORDS or name.startswith("assert"):
                raise AttributeError(f"{name} of a mock is the test's own")
            return
        if isinstance(it, OPEN_KINDS) or (op == "get" and is_open(it, name)):
            return
        kind = it if isinstance(it, type) else type(it)
        is_theirs = kind.__module__ in self._modules and not issubclass(kind, unittest.TestCase)
        is_kept = op != "get" and (isinstance(it, type) or is_checking(it, name))
        if not is_theirs or is_kept:
            raise AttributeError(f"{name} of a {kind.__name__} of the test is not shown")
