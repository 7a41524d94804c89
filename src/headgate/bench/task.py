"""A task: what is asked, how an answer is tested, and what is known to be right and wrong.

Rule 1: a task is data; nothing of it runs outside the sandbox.
Rule 2: its digest names all that can change a verdict, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from headgate.sandbox.model import File

Style = Literal["runner", "asserts", "returns"]
"""runner: files of the language's test runner; asserts: source that checks as it runs;
returns: test functions, of which each has to return exactly true"""

SOLUTIONS = {
    "python": "solution.py",
    "javascript": "solution.js",
    "typescript": "solution.ts",
    "go": "solution.go",
    "rust": "src/lib.rs",
    "r": "solution.R",
    "bash": "solution.sh",
}
"""the file that an answer becomes"""
TESTS = {
    "python": "test_solution.py",
    "javascript": "solution.test.js",
    "typescript": "solution.test.ts",
    "go": "solution_test.go",
    "rust": "tests/solution.rs",
    "r": "test_solution.R",
    "bash": "test_solution.sh",
}
"""the file that its tests become where a task does not name one"""


IMPORTED = (
    r"^from {stem} import ([^(\n#]+|\([^)]*\))"
    r"|import\s*\{{([^}}]*)\}}\s*from\s*['\"]\./{stem}\b"
)
WORD = re.compile(r"\w+")


class Mutant(msgspec.Struct, frozen=True):
    """A solution that is known to be wrong."""

    why: str
    """what is wrong with it"""
    code: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task."""

    id: str
    language: str
    prompt: str
    tests: tuple[File, ...]
    answer: str = ""
    """the file that an answer becomes; "": as SOLUTIONS has it"""
    style: Style = "runner"
    entry: str = ""
    """of `asserts`: the function that is handed to check(candidate)"""
    support: str = ""
    """of `asserts`: code that the tests rely on and an answer must not replace"""
    lead: str = ""
    """code that an answer continues: it stands before one that does not repeat it"""
    reference: str = ""
    """a whole solution that is known to be right; "": none is known"""
    mutants: tuple[Mutant, ...] = ()
    timeout_s: float = 5.0
    """for each of its tests"""
    memory_mb: int = 512
    tags: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    """laid beside the solution"""
    packages: tuple[str, ...] = ()
    """that an answer may import: without them here, it cannot be judged"""
    database: Literal["", "postgresql"] = ""
    """each judging gets one of its own, and the variables that lead to it"""
    setup_sql: str = ""
    """what that holds in the beginning"""

    @property
    def path(self) -> str:
        """The file that an answer becomes."""
        return self.answer or SOLUTIONS[self.language]

    @property
    def names(self) -> tuple[str, ...]:
        """What its tests take from a solution, as far as they say so by name."""
        if self.entry:
            return (self.entry,)
        text = "\n".join(it.data.decode("utf-8", "replace") for it in self.tests)
        stem = re.escape(PurePosixPath(self.answer).stem or "solution")
        imported = re.findall(IMPORTED.format(stem=stem), text, re.MULTILINE)
        found = (WORD.findall(" ".join(it)) for it in imported)
        return tuple(dict.fromkeys(name for names in found for name in names))

    @property
    def digest(self) -> str:
        """Of all that can change a verdict on an answer."""
        said = msgspec.json.encode(
            (
                *(self.language, self.path, self.tests, self.style, self.entry, self.support),
                *(self.timeout_s, self.memory_mb, self.files, self.packages),
                *((self.database, self.setup_sql) if self.database else ()),
            )
        )
        return hashlib.sha256(said).hexdigest()


class Rejected(msgspec.Struct, frozen=True):
    """A task that is not asked of anybody, and why: it is told, never left out silently."""

    id: str
    why: str
    remedy: str = ""


class TaskSet(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one dataset."""

    name: str
    """as a report calls it"""
    tasks: tuple[Task, ...]
    rejected: tuple[Rejected, ...] = ()
    is_builtin: bool = False

    @property
    def digest(self) -> str:
        """Of every task, prompts included: two runs with the same one asked the same."""
        told = hashlib.sha256()
        for task in self.tasks:
            told.update(f"{task.id}\0{task.prompt}\0{task.lead}\0{task.digest}\0".encode())
        return told.hexdigest()
