"""Exercism's folders: a track with its exercises, or one exercise alone.

Rule 1: an exercise says itself which of its files are what, in .meta/config.json.
Rule 2: a test that the exercise switches off until a learner gets there is switched on.
Rule 3: an answer is one file; an exercise that asks for several is told, not judged by half.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from headgate.bench.reading.opened import content, text
from headgate.bench.reading.own import BadTask
from headgate.bench.task import TESTS, Rejected, Task
from headgate.sandbox import catalogue
from headgate.sandbox.model import File, Refused

CONFIG = ".meta/config.json"
PLACES = ("exercises/practice", "exercises/concept", "practice", "concept", "")
ASKED = """{asked}

Write the whole file `{path}` in {language}. It begins as:

```{language}
{stub}
```"""
DOCS = ("introduction.md", "instructions.md", "instructions.append.md")


class Files(msgspec.Struct, frozen=True):
    solution: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    example: tuple[str, ...] = ()
    exemplar: tuple[str, ...] = ()
    """what an exercise that teaches one concept calls its example"""
    editor: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True):
    files: Files


def is_exercism(path: Path) -> bool:
    """It is a track, its exercises, or one of them."""
    if (path / CONFIG).is_file():
        return True
    return any(True for place in PLACES for _ in (path / place).glob(f"*/{CONFIG}"))


def read_folder(path: Path) -> Iterator[Task | Rejected]:
    """The exercises of a track, or the one that it is."""
    if (path / CONFIG).is_file():
        yield _exercise(path)
        return
    for place in PLACES:
        found = sorted((path / place).glob(f"*/{CONFIG}"))
        for it in found:
            yield _exercise(it.parent.parent)
        if found and place not in PLACES[:4:2]:
            return


def _exercise(folder: Path) -> Task | Rejected:
    files = _config(folder).files
    solutions = [it for it in files.solution if _language(it)]
    if len(solutions) != 1:
        what = f"an answer would be {len(solutions)} files: {', '.join(files.solution)}"
        return Rejected(folder.name, what, "only answers of one file are judged")
    (path,), language = solutions, _language(solutions[0])
    if language not in TESTS or language == "bash":
        return Rejected(folder.name, f"no verdicts for {language}", "leave it out")
    beside = [it for it in (*files.solution, *files.editor) if it != path]
    tests = [*files.test, *(it for it in beside if "test" in Path(it).name.lower())]
    if not tests:
        return Rejected(folder.name, "it has no tests", f"name them in {CONFIG}: files.test")
    example = next(
        (it for it in (*files.example, *files.exemplar) if _language(it) == language), ""
    )
    return Task(
        id=f"{language}/{folder.name}",
        language=language,
        prompt=ASKED.format(
            asked=_asked(folder), path=path, language=language, stub=_text(folder, path).strip()
        ),
        tests=tuple(
            File(_found(it, language), _switched_on(_text(folder, it), language))
            for it in tests
        ),
        answer=path,
        reference=_text(folder, example) if example else "",
        files=tuple(
            File(it, _text(folder, it).encode())
            for it in (*beside, *_manifests(folder, language))
            if it not in tests
        ),
        timeout_s=10.0,
        tags=("exercism",),
    )


def _config(folder: Path) -> Config:
    path = folder / CONFIG
    try:
        return msgspec.json.decode(content(path, folder), type=Config)
    except msgspec.DecodeError as error:
        raise BadTask(
            f"{path}: {error}: it is to hold files: solution, test and example"
        ) from error


def _language(path: str) -> str:
    try:
        return catalogue.of_file(path).name
    except Refused:
        return ""


def _manifests(folder: Path, language: str) -> list[str]:
    """What names the package, and is none of the files that a learner edits."""
    wanted = {"rust": "Cargo.toml", "go": "go.mod"}.get(language, "")
    return [wanted] if wanted and (folder / wanted).is_file() else []


def _asked(folder: Path) -> str:
    found = [folder / ".docs" / it for it in DOCS]
    told = "\n\n".join(text(it, folder).strip() for it in found if it.is_file())
    if not told:
        raise BadTask(f"{folder} has no .docs/instructions.md, so there is nothing to ask")
    return told


def _found(path: str, language: str) -> str:
    """A name that the language's runner finds by itself."""
    if language != "python" or Path(path).name.startswith("test_"):
        return path
    return str(Path(path).with_name(f"test_{Path(path).stem.removesuffix('_test')}.py"))


def _switched_on(text: str, language: str) -> bytes:
    if language == "rust":
        text = re.sub(r"^[ \t]*#\[ignore[^\]]*\][ \t]*\n", "", text, flags=re.MULTILINE)
    elif language in ("javascript", "typescript"):
        text = re.sub(r"(\bimport\s*\{)([^}]*)\}", _without_x, text)
        text = re.sub(r"\bx(test|it|describe)\b", r"\1", text)
        text = re.sub(r"\b(test|it|describe)\.skip\b", r"\1", text)
    elif language == "r":
        text = re.sub(r"^[ \t]*source\([^)\n]*\)[ \t]*\n", "", text, flags=re.MULTILINE)
    return text.encode()


def _without_x(match: re.Match[str]) -> str:
    """An import that names a word and its switched-off twin names it once."""
    names = [it.strip() for it in match[2].split(",") if it.strip()]
    plain = dict.fromkeys(re.sub(r"^x(?=test|it|describe)", "", it) for it in names)
    return f"{match[1]} {', '.join(plain)} }}"


def _text(folder: Path, path: str) -> str:
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise BadTask(f"{folder / CONFIG} names {path}, which lies outside of the exercise")
    return text(found)
