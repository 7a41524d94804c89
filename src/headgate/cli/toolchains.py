"""What of languages and databases is here: `headgate doctor`'s lines, and what --fix installs.

Rule 1: looking changes nothing on the disk and uses no network; installing is asked for.
Rule 2: what no package index has is said with its command, never tried.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib.util import find_spec

from headgate.cli.checkup import Finding
from headgate.sandbox import catalogue, toolchains, warming
from headgate.sandbox.database import server
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import Runtime, Unavailable

AREA = "languages"
Say = Callable[[str], None]


def findings() -> list[Finding]:
    """A line for each language: its version, or what is missing and the remedy."""
    with ThreadPoolExecutor(len(catalogue.LANGUAGES)) as pool:
        looked = [
            (language, pool.submit(copy_context().run, _look, language))
            for language in catalogue.LANGUAGES
        ]
        return [_line(language, found.result()) for language, found in looked]


def database() -> Finding:
    """What lends databases to the tasks of a benchmark."""
    area = "databases"
    try:
        folder = server.programs()
    except Unavailable as missing:
        return Finding(area, "info", "for tasks: PostgreSQL is not installed", missing.remedy)
    if find_spec("psycopg") is None:
        remedy = 'pip install "headgate[postgres]"'
        return Finding(area, "info", "for tasks: psycopg is not installed", remedy)
    return Finding(area, "ok", f"for tasks: {server.version(folder)} at {folder}")


def _look(language: Language) -> Runtime | Missing:
    warming.builds.set(False)
    return language.find()


def _line(language: Language, found: Runtime | Missing) -> Finding:
    if isinstance(found, Missing):
        return Finding(AREA, "info", f"{language.name}: {found.what}", found.remedy)
    where = found.program or found.interpreter or sys.executable
    return Finding(AREA, "ok", f"{language.name}: {found.version} at {where}")


def fix(say: Say) -> Iterator[Finding]:
    """Install what is missing and can be, and build what a first run would have to build."""
    for language in catalogue.LANGUAGES:
        yield copy_context().run(_fixed, language, say)
    catalogue.forget()


def _fixed(language: Language, say: Say) -> Finding:
    warming.progress.set(say)
    found, tried = language.find(), {""}
    while isinstance(found, Missing) and found.package not in tried:
        tried.add(found.package)
        say(f"{language.name}: installing {found.package} in {toolchains.own_folder()}")
        try:
            toolchains.install(found)
        except Unavailable as error:
            return Finding(AREA, "fail", f"{language.name}: {error.what}", error.remedy)
        found = language.find()
    return _line(language, found)
