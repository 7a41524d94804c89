"""Our own shape: tasks as TOML, one a file or many, or a line of JSON for each.

Rule 1: a key that nobody knows is an error, for it is a misspelt one.
Rule 2: a mutant is written whole or as one swap in the reference, which has to fit once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from headgate.bench.reading.opened import BadFile, text
from headgate.bench.task import TESTS, Mutant, Style, Task
from headgate.sandbox.model import File

Language = Literal["python", "javascript", "typescript", "go", "rust", "r", "bash"]


class BadTask(BadFile):
    """A task that is not written as tasks are; says where."""


class WrittenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    text: str = ""
    base64: bytes = b""


class WrittenMutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str
    code: str = ""
    swap: tuple[str, str] | None = None


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task as it is written down."""

    language: Language
    prompt: Annotated[str, msgspec.Meta(min_length=1)]
    tests: str = ""
    test_files: tuple[WrittenFile, ...] = ()
    id: str = ""
    style: Style = "runner"
    entry: str = ""
    support: str = ""
    lead: str = ""
    reference: str = ""
    mutants: tuple[WrittenMutant, ...] = ()
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=170)] = 5.0
    memory_mb: Annotated[int, msgspec.Meta(gt=0)] = 512
    tags: tuple[str, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    packages: tuple[str, ...] = ()
    database: Literal["", "postgresql"] = ""
    setup_sql: str = ""


class Many(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    task: tuple[Written, ...]


def read_toml(path: Path, name: str, folder: Path | None = None) -> Iterator[Task]:
    """The tasks of one TOML file; a single one without an id is called `name`."""
    said = text(path, folder)
    try:
        table = tomllib.loads(said)
        if "task" in table:
            for number, it in enumerate(msgspec.convert(table, Many).task, 1):
                yield made(it, it.id or f"{name}/{number}")
            return
        written = msgspec.convert(table, Written)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise BadTask(f"{path}: {_meant(error)}") from error
    yield made(written, written.id or name)


def of_row(row: Mapping[str, Any], name: str) -> Task:
    """The task of a record."""
    try:
        written = msgspec.convert(row, Written)
    except msgspec.ValidationError as error:
        raise BadTask(f"{name}: {_meant(error)}") from error
    return made(written, written.id or name)


def _meant(error: Exception) -> str:
    """With the key that was probably meant by an unknown one, or the languages there are."""
    if str(error).startswith("Invalid enum value") and str(error).endswith("language`"):
        return f"{error}: a language is one of {', '.join(get_args(Language))}"
    unknown = re.search(r"unknown field `([^`]*)`", str(error))
    kinds = (Written, WrittenFile, WrittenMutant, Many)
    known = [name for kind in kinds for name in kind.__struct_fields__]
    close = difflib.get_close_matches(unknown[1], known, 1) if unknown else []
    return f"{error}: did you mean `{close[0]}`?" if close else str(error)


def made(it: Written, name: str) -> Task:
    """The task of what was written."""
    tests = tuple(_file(one) for one in it.test_files)
    if it.tests:
        tests = (File(TESTS[it.language], it.tests.encode()), *tests)
    if not tests:
        raise BadTask(f"{name} has no tests: write tests = '''…''', or test_files")
    if it.setup_sql and not it.database:
        raise BadTask(f'{name} has setup_sql and no database: write database = "postgresql"')
    return Task(
        id=name,
        language=it.language,
        prompt=it.prompt,
        tests=tests,
        style=it.style,
        entry=it.entry,
        support=it.support,
        lead=it.lead,
        reference=it.reference,
        mutants=tuple(_mutant(one, it.reference, name) for one in it.mutants),
        timeout_s=it.timeout_s,
        memory_mb=it.memory_mb,
        tags=it.tags,
        files=tuple(_file(one) for one in it.files),
        packages=it.packages,
        database=it.database,
        setup_sql=it.setup_sql,
    )


def _file(it: WrittenFile) -> File:
    return File(it.path, it.base64 or it.text.encode())


def _mutant(it: WrittenMutant, reference: str, name: str) -> Mutant:
    if it.swap is None:
        if not it.code:
            raise BadTask(f"{name}: the mutant {it.why!r} has neither code nor swap")
        return Mutant(it.why, it.code)
    old, new = it.swap
    if reference.count(old) != 1:
        times = reference.count(old)
        raise BadTask(
            f"{name}: the mutant {it.why!r} swaps what is {times} times in the reference: "
            "name a longer piece of it"
        )
    return Mutant(it.why, reference.replace(old, new))
