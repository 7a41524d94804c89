"""A folder of prompts and test files: one folder for each task, named as the task is.

Rule 1: the layout is one: NAME/prompt.md is asked; NAME/test* or NAME/tests/* judge; NAME/
solution.* is right; NAME/wrong* are wrong; NAME/files/** lie beside the answer; NAME/setup.sql
is what a PostgreSQL database holds, and NAME/packages.txt names what may be imported.
Rule 2: the language is that of the tests; a file that is none of these is an error, for it was
meant as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from headgate.bench.reading.opened import content, text
from headgate.bench.reading.own import BadTask
from headgate.bench.task import TESTS, Mutant, Rejected, Task
from headgate.sandbox import catalogue
from headgate.sandbox.model import File, Refused

PROMPT = "prompt.md"
LAYOUT = (
    "expected are folders NAME/ with prompt.md and test files (test_solution.py, "
    "solution.test.ts, solution_test.go, test_solution.R, or tests/…), and if you like "
    "solution.*, wrong*.*, files/, setup.sql and packages.txt"
)
SETUP, PACKAGES = "setup.sql", "packages.txt"
IGNORED = frozenset(("readme.md", "license", ".ds_store", ".gitignore", "notes.md"))


def read_folder(path: Path) -> Iterator[Task | Rejected]:
    """The tasks of a folder, or the one that it is."""
    for prompt in sorted(path.rglob(PROMPT)):
        name = prompt.parent.relative_to(path).as_posix()
        yield _task(prompt.parent, path.name if name == "." else name, path)


def _task(folder: Path, name: str, whole: Path) -> Task | Rejected:
    parts: dict[str, list[Path]] = {"test": [], "solution": [], "wrong": [], "files": []}
    for it in sorted(folder.rglob("*")):
        if it.is_file() and "__pycache__" not in it.parts:
            part = _part(it.relative_to(folder))
            if part is None:
                raise BadTask(f"{it} is neither test nor solution: {LAYOUT}")
            if part:
                parts[part].append(it)
    if not parts["test"]:
        return Rejected(name, "it has no tests", f"write them beside {PROMPT}: {LAYOUT}")
    language = _language(parts["test"], name)
    if isinstance(language, Rejected):
        return language
    if len(parts["solution"]) > 1:
        raise BadTask(f"{name} has {len(parts['solution'])} files solution.*: keep one")
    reference = "".join(text(it, whole) for it in parts["solution"])
    return Task(
        id=name,
        language=language,
        prompt=text(folder / PROMPT, whole),
        tests=_tests(folder, parts["test"], language, whole),
        reference=reference,
        mutants=tuple(Mutant(it.stem, text(it, whole)) for it in parts["wrong"]),
        files=tuple(_file(it, folder / "files", whole) for it in parts["files"]),
        packages=_packages(folder / PACKAGES, whole),
        database="postgresql" if (folder / SETUP).is_file() else "",
        setup_sql=text(folder / SETUP, whole) if (folder / SETUP).is_file() else "",
    )


def _part(path: Path) -> str | None:
    """Which part of a task a file is; "": none that counts; None: nobody knows."""
    name, top = path.name.lower(), path.parts[0].lower()
    if len(path.parts) > 1 and top in ("files", "tests", "test"):
        return "files" if top == "files" else "test"
    if len(path.parts) > 1:
        return None
    if name in (PROMPT, SETUP, PACKAGES) or name in IGNORED:
        return ""
    if "test" in name or "spec" in name:
        return "test"
    return next((it for it in ("solution", "wrong") if name.startswith(it)), None)


def _language(tests: list[Path], name: str) -> str | Rejected:
    found: dict[str, Path] = {}
    for it in tests:
        try:
            language = catalogue.of_file(it.name).name
        except Refused:
            continue  # data of the tests
        if language in TESTS:
            found[language] = it
    if len(found) == 1:
        return next(iter(found))
    if found:
        return Rejected(
            name, f"its tests are in {' and '.join(found)}", "make it a task for each language"
        )
    return Rejected(name, "its tests are in no language that is known", LAYOUT)


def _tests(folder: Path, paths: list[Path], language: str, whole: Path) -> tuple[File, ...]:
    if len(paths) == 1 and paths[0].parent == folder:
        return (File(TESTS[language], content(paths[0], whole)),)
    return tuple(_file(it, folder if it.parent == folder else it.parent, whole) for it in paths)


def _file(path: Path, folder: Path, whole: Path) -> File:
    return File(PurePosixPath(path.relative_to(folder)).as_posix(), content(path, whole))


def _packages(path: Path, whole: Path) -> tuple[str, ...]:
    """One to a line; what follows a # is a note."""
    lines = text(path, whole).splitlines() if path.is_file() else []
    return tuple(name for it in lines if (name := it.partition("#")[0].strip()))
