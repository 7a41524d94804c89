"""What either side changes of the environment and the folder, for the other to see.

Rule 1: the tests' side takes nothing over by which code could be run in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

STEERING = ("LD_", "PYTHON", "BASH", "HEADGATE", "PATH", "HOME", "TMP", "SHELL", "IFS")
"""what programs go by"""


class Surroundings:
    """How they are, as the other side knows it."""

    def __init__(self) -> None:
        self._last = self._now()

    @staticmethod
    def _now() -> tuple[dict[Any, Any], str]:
        """As it is kept, which takes the least time: it is asked for with each call."""
        return dict(os.environ._data), os.getcwd()  # type: ignore[attr-defined]

    def changed(self) -> Any:
        now = self._now()
        if now == self._last:
            return None
        (before, was), (after, here), self._last = self._last, now, now
        gone = [it for it in map(os.fsdecode, before.keys() - after) if _is_told(it)]
        new = [
            [os.fsdecode(name), os.fsdecode(text)]
            for name, text in after.items()
            if before.get(name) != text and _is_told(os.fsdecode(name))
        ]
        new += [["", here]] if here != was else []
        return [gone, new] if gone or new else None

    def take(self, said: Any, admits: Callable[[str], bool]) -> None:
        """The other side changed them: so they are here, as far as that is admitted."""
        if not said:
            return
        gone, new = said
        for name, text in [*((name, None) for name in gone), *new]:
            if isinstance(name, str) and isinstance(text, str | None) and admits(name):
                self._change(name, text)

    def _change(self, name: str, text: str | None) -> None:
        variables, folder = self._last
        if text is None:
            os.environ.pop(name, None)
            variables.pop(os.fsencode(name), None)
        elif name:
            os.environ[name] = text
            variables[os.fsencode(name)] = os.fsencode(text)
        else:
            os.chdir(text)
            folder = os.getcwd()
        self._last = variables, folder


def _is_told(name: str) -> bool:
    return not name.startswith("PYTEST_")


def is_harmless(name: str) -> bool:
    return name.isidentifier() and _is_told(name) and not name.startswith(STEERING)
