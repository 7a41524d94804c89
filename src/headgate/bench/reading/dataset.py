"""Which shape a dataset has, and all of its tasks; the ones that Headgate ships among them.

Rule 1: a dataset that is named and not there is an error; the built-in one never stands in.
Rule 2: of two tasks with one id neither is asked: the answer could not be told apart. Nor is
one that has no tests, or an id that a table could not show.
Rule 3: all records of a file have the shape that its first one has, or that was named.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from headgate.bench.reading import (
    article,
    exercism,
    folder,
    humaneval,
    mbpp,
    multiple,
    own,
    pack,
)
from headgate.bench.reading.rows import BadRows, rows
from headgate.bench.task import Rejected, Task, TaskSet


class Shape(NamedTuple):
    """How the records of a dataset are written."""

    name: str
    is_so: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any]], Task | Rejected]
    has: str
    """the keys that it is known by"""


RECORDS = (
    Shape("article", article.is_article, article.read_article, "test_code"),
    Shape("humanevalpack", pack.is_pack, pack.read_pack, "canonical_solution, declaration"),
    Shape(
        "humaneval", humaneval.is_humaneval, humaneval.read_humaneval,
        "canonical_solution, entry_point",
    ),
    Shape("mbpp", mbpp.is_mbpp, mbpp.read_mbpp, "test_list, code"),
    Shape(
        "multipl-e", multiple.is_multiple, multiple.read_multiple,
        "name, language, prompt, tests, stop_tokens",
    ),
)  # fmt: skip
"""by what a record holds; none of these: our own"""
FOLDERS = ("exercism", "folder")
SHAPES = ("own", *(it.name for it in RECORDS), *FOLDERS)
SHIPPED = Path(__file__).parent.parent / "tasks"
SUFFIXES = (".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz")
LONGEST_ID, LONGEST_PART = 200, 255
GUIDE = "docs/concepts/datasets.md says what can be read"
INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


class NoDataset(ValueError):
    """What was named is no dataset; `remedy` says what would be."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def read(path: Path, shape: str = "") -> TaskSet:
    """The tasks of a file or folder; of one shape, where it is named."""
    if not path.exists():
        raise NoDataset(f"there is no {path}", "name a file or folder of tasks that is there")
    if shape and shape not in SHAPES:
        raise NoDataset(f"there is no shape {shape!r}", f"known are {', '.join(SHAPES)}")
    rejected: list[Rejected] = []
    tasks = list(_tasks(path, shape, rejected))
    return gathered(path.name.partition(".")[0] or path.name, tasks, rejected)


def builtin(languages: Iterable[str] = ()) -> TaskSet:
    """The tasks that Headgate ships, of some languages or of all."""
    wanted = set(languages)
    tasks = (it for it in _tomls(SHIPPED) if not wanted or it.language in wanted)
    return gathered("headgate", tasks, is_builtin=True)


def gathered(
    name: str,
    tasks: Iterable[Task],
    others: Iterable[Rejected] = (),
    *,
    is_builtin: bool = False,
) -> TaskSet:
    """A set of them; those that cannot be told apart, shown or judged are rejected."""
    found, rejected = list(tasks), list(others)
    if not found and not rejected:
        raise NoDataset(f"{name} holds no tasks", GUIDE)
    counts = Counter(it.id for it in found)
    kept: list[Task] = []
    for task in found:
        why, remedy = _wrong_with(task)
        if why:
            rejected.append(Rejected(shown(task.id), why, remedy))
        elif counts[task.id] == 1:
            kept.append(task)
    rejected += [
        Rejected(shown(it), f"{count} tasks have this id", "give each its own")
        for it, count in counts.items()
        if count > 1
    ]
    return TaskSet(
        name=name, tasks=tuple(kept), rejected=tuple(rejected), is_builtin=is_builtin
    )


def _wrong_with(task: Task) -> tuple[str, str]:
    """Why a task cannot be asked, and the remedy."""
    if not task.id.strip() or task.id != task.id.strip():
        return "its id is empty, or has blanks around it", "give it a name"
    if len(task.id) > LONGEST_ID:
        return f"its id has {len(task.id)} characters", f"{LONGEST_ID} are the most"
    hidden = next((it for it in task.id if unicodedata.category(it) in INVISIBLE), "")
    if hidden:
        return f"its id holds U+{ord(hidden):04X}, which no table can show", "take it out"
    if not task.prompt.strip():
        return "it asks for nothing: its prompt is empty", "write one"
    if not any(it.data.strip() for it in task.tests):
        return "it has no tests", "without tests no answer to it can be judged"
    return _wrong_with_files(task)


def _wrong_with_files(task: Task) -> tuple[str, str]:
    """Of files whose names nothing could hold, or two that are in each other's place."""
    there: dict[PurePosixPath, bytes] = {}
    for it in (*task.tests, *task.files):
        path = PurePosixPath(it.path)
        parts, hidden = path.parts, any(unicodedata.category(c) in INVISIBLE for c in it.path)
        if not parts or path.is_absolute() or ".." in parts or hidden:
            return f"it has a file named {shown(it.path)!r}", "name one that lies in its folder"
        if max(len(part.encode()) for part in parts) > LONGEST_PART:
            return f"a file's name has {len(it.path)} characters", "name it shorter"
        if there.setdefault(path, it.data) != it.data:
            return f"two files of it are named {it.path}", "name one of them otherwise"
    for path in there:
        if any(parent in there for parent in path.parents):
            return f"{path} lies in what is a file too", "name one of them otherwise"
    return "", ""


def shown(name: str) -> str:
    """An id as a terminal may show it: nothing invisible, and not too much."""
    plain = "".join(
        f"\\u{ord(it):04x}" if unicodedata.category(it) in INVISIBLE else it
        for it in name[:LONGEST_ID]
    )
    return plain if len(name) <= LONGEST_ID else f"{plain}…"


def _tasks(path: Path, shape: str, rejected: list[Rejected]) -> Iterator[Task]:
    if path.is_dir():
        yield from _of_folder(path, shape, rejected)
    elif path.suffix == ".toml":
        yield from own.read_toml(path, path.stem)
    elif path.name.endswith(SUFFIXES):
        yield from _of_records(path, shape, rejected)
    elif path.suffix in (".csv", ".tsv", ".xlsx", ".parquet"):
        raise NoDataset(
            f"{path} is a table; a dataset is records with tests",
            "write each row as an object of JSON on a line of its own, in a .jsonl",
        )
    else:
        raise NoDataset(
            f"{path} is no dataset that can be read",
            f"name a folder, or a file that ends in .toml, {', '.join(SUFFIXES)}",
        )


def _of_records(path: Path, shape: str, rejected: list[Rejected]) -> Iterator[Task]:
    chosen: Shape | None = None
    for number, row in enumerate(rows(path), 1):
        where = f"{path}: record {number}"
        if number == 1:
            chosen = _chosen(row, shape, where)
        elif chosen is not None and not chosen.is_so(row):
            raise BadRows(
                f"{where} is not of the shape {chosen.name}, as the first one is",
                f"it would have {chosen.has}; write each shape to a file of its own",
            )
        try:
            task = chosen.read(row) if chosen else own.of_row(row, f"{path.stem}/{number}")
        except BadRows as error:
            raise BadRows(f"{where}: {error}", error.remedy) from error
        if isinstance(task, Rejected):
            rejected.append(msgspec.structs.replace(task, id=shown(task.id)))
        else:
            yield task


def _chosen(row: Mapping[str, Any], shape: str, where: str) -> Shape | None:
    """The shape that was named, or that fits; None: our own."""
    if shape in FOLDERS:
        raise NoDataset(f"{where}: the shape {shape} is a folder", "name the folder")
    if shape and shape != "own":
        return next(it for it in RECORDS if it.name == shape)
    found = None if shape else next((it for it in RECORDS if it.is_so(row)), None)
    if found is None and not shape and not {"language", "prompt"} & row.keys():
        known = "; ".join(f"{it.name}: {it.has}" for it in RECORDS)
        raise BadRows(
            f"{where} has {', '.join(map(repr, row)) or 'nothing'}: of no shape that is known",
            f"name one with --shape. Known are {known}; own: language, prompt, tests",
        )
    return found


def _of_folder(path: Path, shape: str, rejected: list[Rejected]) -> Iterator[Task]:
    if shape == "exercism" or (not shape and exercism.is_exercism(path)):
        found: Iterable[Task | Rejected] = exercism.read_folder(path)
    else:
        found = [*_tomls(path), *folder.read_folder(path)] if shape != "folder" else (
            folder.read_folder(path)
        )  # fmt: skip
    is_empty = True
    for task in found:
        is_empty = False
        if isinstance(task, Rejected):
            rejected.append(task)
        else:
            yield task
    if is_empty:
        raise NoDataset(f"{path} holds no tasks", _expected(path))


def _expected(path: Path) -> str:
    """What would have been read of a folder; its files, where they are datasets themselves."""
    files = sorted(it.name for it in path.iterdir() if it.name.endswith(SUFFIXES))
    if files:
        return f"name a file of it: {', '.join(files[:5])}"
    return f"{folder.LAYOUT}; or TOML files of tasks; or a track of Exercism. {GUIDE}"


def _tomls(path: Path) -> Iterator[Task]:
    for it in sorted(path.rglob("*.toml")):
        if not any((parent / folder.PROMPT).is_file() for parent in it.parents):
            yield from own.read_toml(it, it.relative_to(path).with_suffix("").as_posix(), path)
