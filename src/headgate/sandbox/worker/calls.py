"""Makes system calls in a row, at once, from words that were written beforehand.

Rule 1: the first call that fails ends the row; it is told by the name it was given.
Rule 2: a row touches no object of the interpreter while it is made: in a fork this copies next
to no page, and in a clone that shares our memory it is the only thing that may be done.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from headgate.sandbox.worker import machine

HERE = -100
"""AT_FDCWD: a path is meant as it stands"""
_WORD = ctypes.c_uint64
_STACK = 4096


class Result:
    """What a call will have returned, where another takes it as an argument."""

    def __init__(self, index: int) -> None:
        self.index = index


class Row:
    """Calls to be made one after another."""

    def __init__(self) -> None:
        self._calls: list[tuple[str, int, tuple[Any, ...]]] = []
        self._wanted: list[Result] = []
        self._kept: list[object] = []
        self._words: Any = None

    def call(self, name: str, *arguments: object, what: str = "") -> Result:
        """Add one: integers, bytes and buffers (by address), and results of calls before."""
        self._calls.append((f"{name} {what}".strip(), machine.number(name), arguments))
        return Result(len(self._calls) - 1)

    def keep(self, buffer: object) -> None:
        """What an argument points to lives as long as the row."""
        self._kept.append(buffer)

    def want(self, result: Result) -> None:
        """It can be read when the row was made."""
        self._wanted.append(result)

    def write(self) -> None:
        """No more calls: they become words."""
        each = machine.WORDS_EACH
        count = len(self._calls) * each
        self._words = (_WORD * (count + 2 + len(self._wanted)))()
        begins, nowhere = ctypes.addressof(self._words), count + 1
        self._words[count] = (1 << 64) - 1  # the end
        places: dict[int, list[int]] = {}
        for index, (_, number, arguments) in enumerate(self._calls):
            self._words[index * each] = number
            for at, argument in enumerate(arguments, index * each + 1):
                if isinstance(argument, Result):
                    places.setdefault(argument.index, []).append(at)
                else:
                    self._words[at] = self._word(argument)
        for at, result in enumerate(self._wanted, count + 2):
            places.setdefault(result.index, []).append(at)
        for index in range(len(self._calls)):
            wanting = places.get(index, [])
            assert len(wanting) <= 2, "a result goes to two at most"
            for at, place in enumerate([*wanting, nowhere, nowhere][:2], index * each + 7):
                self._words[at] = begins + 8 * place
        self._numbers = bytes(self._words)
        self._stack = ctypes.create_string_buffer(_STACK)

    def _word(self, argument: object) -> int:
        if isinstance(argument, int):
            return argument & ((1 << 64) - 1)
        self._kept.append(argument)
        if isinstance(argument, bytes):
            return ctypes.cast(ctypes.c_char_p(argument), ctypes.c_void_p).value or 0
        return ctypes.addressof(argument)  # type: ignore[arg-type]

    @property
    def address(self) -> int:
        return ctypes.addressof(self._words)

    def set(self, result: Result, at: int, value: int) -> None:
        """Another argument for one of the calls."""
        self._words[result.index * machine.WORDS_EACH + 1 + at] = value

    def make(self, code: machine.Code) -> None:
        """Make the calls here and now."""
        if code.run(self.address):
            self._raise()

    def bear(self, code: machine.Code, flags: int) -> tuple[int, int]:
        """Make them in a clone that shares our memory until it is another program: id, pidfd.

        `flags` hold CLONE_VM, CLONE_VFORK, CLONE_FILES and CLONE_PIDFD: we stand still until
        then, and what it opened is ours.
        """
        ctypes.memmove(self._words, self._numbers, len(self._numbers))
        pidfd = ctypes.c_int(-1)
        top = (ctypes.addressof(self._stack) + _STACK) & ~15
        pid = code.bear(flags, self.address, top, ctypes.addressof(pidfd))
        if pid < 0:
            raise OSError(-pid, f"clone({flags:#x}): {os.strerror(-pid)}")
        if self._failed() is not None:
            os.close(pidfd.value)
            self._raise()
        return pid, pidfd.value

    def results(self) -> list[int]:
        """What was wanted, in the order in which it was."""
        first = len(self._calls) * machine.WORDS_EACH + 2
        return [self._words[first + it] for it in range(len(self._wanted))]

    def _failed(self) -> int | None:
        for index in range(len(self._calls)):
            if self._words[index * machine.WORDS_EACH] >> 63:
                return index
        return None

    def _raise(self) -> None:
        """Close what was opened until then, and tell."""
        failed = self._failed()
        assert failed is not None
        error = (1 << 64) - self._words[failed * machine.WORDS_EACH]
        for index, (name, _, arguments) in enumerate(self._calls[failed:], failed):
            is_open = isinstance(arguments[0], Result) and arguments[0].index < failed
            if name == "close" and is_open:
                os.close(self._words[index * machine.WORDS_EACH + 1])
        for value, result in zip(self.results(), self._wanted, strict=True):
            if result.index < failed:
                os.close(value)
        raise OSError(error, f"{self._calls[failed][0]}: {os.strerror(error)}")
