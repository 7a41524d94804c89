"""What a check must say of itself: which files it reads, with which program, and how its words
are understood.

Rule 1: one file of `checks/` each, with a module-level CHECK; it runs in the sandbox.
Rule 2: checks with one `slot` do the same for the same files: the one that the project's
configuration names is asked, otherwise the first that is installed.
Rule 3: an exit code that the check does not know means that nothing is known of the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from headgate.validate.problem import Problem, Stage


class Unreadable(Exception):
    """A tool's words are not what it is known to say."""


class Tool(NamedTuple):
    """A program that people install for their own code."""

    program: str
    remedy: str
    """one command that brings it"""
    kind: str = "path"
    """python: in the project's environment; node: in node_modules; path: anywhere on PATH"""


class Found(NamedTuple):
    """A tool as it lies on this machine."""

    path: str
    trees: tuple[str, ...] = ()
    """folders that it needs to see, besides the system's"""
    stamp: str = ""
    """changes when the tool does"""
    version: str = ""


class Asked(NamedTuple):
    """What a check is asked: files of one project, by their names in the work folder."""

    tool: str
    files: tuple[str, ...]
    configs: Mapping[str, bytes]
    """the project's configuration files"""
    is_alone: bool
    """nothing else of the project is there"""
    modules: str = ""
    """the project's node_modules; "": there is none"""
    python: str = ""
    """the interpreter of the project's environment; "": there is none"""


class Run(NamedTuple):
    """A program to be run: exactly one of argv and python."""

    argv: tuple[str, ...] = ()
    python: str = ""
    """the text of a program for the sandbox's own interpreter"""
    env: tuple[tuple[str, str], ...] = ()
    lays: tuple[tuple[str, bytes], ...] = ()
    """files that it needs besides those that are checked"""


class Said(NamedTuple):
    """How one of a check's programs ended."""

    exit_code: int
    stdout: str
    stderr: str
    files: tuple[str, ...]
    """what it was asked about"""


class Check(NamedTuple):
    """One check: see the rules above."""

    name: str
    stage: Stage
    slot: str
    suffixes: tuple[str, ...]
    plan: Callable[[Asked], tuple[Run, ...]]
    """pure"""
    read: Callable[[Said], tuple[Problem, ...]]
    """pure; Unreadable when it cannot"""
    tool: Tool | None = None
    """None: the sandbox's own interpreter is enough"""
    language: str = ""
    """whose toolchain must be there, if it is one of the sandbox's; "": none"""
    rank: int = 0
    """of several in a slot, the smallest is taken first"""
    configs: tuple[str, ...] = ()
    """names of files that steer it"""
    named: Callable[[Mapping[str, bytes]], bool] | None = None
    """does the project's configuration name this tool"""
    ends: tuple[int, ...] = (0, 1)
    """exit codes it is known to end with when it has done its work"""
    sees_project: bool = False
    """files that import others of the project are checked with all of them around"""
    stopped: Callable[[Said], tuple[str, ...]] | None = None
    """files of the project that kept it from looking at the others; pure"""
    spoils: Callable[[str, str, bytes], bool] = lambda culprit, name, data: True
    """does such a file keep it from another one, by its name and text"""
    stand_in: Callable[[bytes], bytes] | None = None
    """what is laid in place of such a file, by its text; None: nothing can be"""
    absent: Callable[[Said], str] | None = None
    """the remedy, if the program says that a part of it is not installed"""
    fix: str = ""
    """the command that repairs what it finds, {files} for their names"""


def stated(table: str) -> Callable[[Mapping[str, bytes]], bool]:
    """Does pyproject.toml have this table, such as tool.mypy."""
    wanted = f"[{table}".encode()

    def look(configs: Mapping[str, bytes]) -> bool:
        lines = configs.get("pyproject.toml", b"").splitlines()
        heads = (line.strip() for line in lines)
        return any(it.startswith((wanted + b"]", wanted + b".")) for it in heads)

    return look


def there(*names: str) -> Callable[[Mapping[str, bytes]], bool]:
    """Does one of these files exist, in whichever folder."""
    return lambda configs: any(path.rpartition("/")[2] in names for path in configs)
