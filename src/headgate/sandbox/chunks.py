"""A large job in slices: decides where they begin and end, and what becomes of their results.

Rule 1: a slice of a file is whole rows, byte for byte as they stood, with the header before.
Rule 2: a slice that ran out of time or memory is halved, and so are all that come after it.
Rule 3: results are joined in the order of the rows; what cannot be one file stays several.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

from headgate.sandbox.model import Artefact, File, Refused, Result, Status

HALVED = frozenset({Status.WALL, Status.CPU, Status.MEMORY, Status.DISK})
"""what a smaller slice may mend"""
TABLES = (".csv", ".tsv")
LINES = (".jsonl", ".ndjson", ".txt", ".log")
LONGEST_FIELD = 1 << 30


class Chunking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a job is cut into slices."""

    file: str = ""
    """the file of the job that is cut by its rows; "": nothing is, and `items` says how far"""
    items: int = 0
    """without a file: the code works on the numbers from 0 to this one"""
    rows: int = 0
    """of the first slices; 0: all at once, and halves of it where that is too much"""
    least: int = 1
    """a slice of so many rows is not halved any more"""
    header: bool = True
    """has a .csv or .tsv file a first row with names"""
    join: str = ""
    """code that is run in the end, with what each slice left in `parts/`"""


class Slice(NamedTuple):
    """Rows from `start` up to, but without, `end`."""

    start: int
    end: int

    @property
    def rows(self) -> int:
        return self.end - self.start


class Part(msgspec.Struct, frozen=True):
    """What came of one slice."""

    start: int
    end: int
    result: Result


class Rows:
    """A file as its rows."""

    def __init__(self, path: str, data: bytes, has_header: bool = True) -> None:
        self.path = path
        name = path.lower()
        self._items: list[bytes] | None = None
        self._data, self._head = data, b""
        self._begins = [0]
        """where rows begin, and where the last one ends"""
        if name.endswith(".json"):
            self._items = _items(path, data)
        elif name.endswith(TABLES):
            self._begins = _records(path, data, "\t" if name.endswith(".tsv") else ",")
            if has_header and len(self._begins) > 1:
                self._head = _ended(data[: self._begins[1]], data)
                del self._begins[0]
        elif name.endswith(LINES):
            self._begins = _lines(data)
        else:
            raise Refused(
                f"{path} cannot be cut into rows",
                f"give a file that ends in {', '.join((*TABLES, *LINES))} or .json, or say"
                " how many items there are",
            )

    def __len__(self) -> int:
        return len(self._begins) - 1 if self._items is None else len(self._items)

    def cut(self, part: Slice) -> bytes:
        """The file with these rows alone."""
        if self._items is not None:
            return b"[" + b",".join(self._items[part.start : part.end]) + b"]"
        rows = self._data[self._begins[part.start] : self._begins[part.end]]
        return self._head + (_ended(rows, self._data) if rows else b"")


def _items(path: str, data: bytes) -> list[bytes]:
    try:
        return [bytes(it) for it in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except msgspec.DecodeError as error:
        raise Refused(
            f"{path} is no JSON array: {error}", "cut a file of an array, or one of lines"
        ) from None


def _records(path: str, data: bytes, delimiter: str) -> list[int]:
    """Where the records of a table begin; a quoted field may hold several lines."""
    if b"\0" in data[:4096]:
        raise Refused(f"{path} is no text in UTF-8", "write it in UTF-8 first")
    lines = _lines(data)
    text = (  # byte for byte, whatever it means
        data[begin:end].decode("latin-1") for begin, end in pairwise(lines)
    )
    csv.field_size_limit(max(LONGEST_FIELD, csv.field_size_limit()))
    reader = csv.reader(text, delimiter=delimiter)
    try:
        return [0, *(lines[reader.line_num] for _ in reader)]
    except csv.Error as error:
        raise Refused(f"{path} is no table: {error}", "mend it, or cut it as lines") from None


def _lines(data: bytes) -> list[int]:
    """Where lines begin, and where the last one ends; a file may have been written on any
    system."""
    whole = io.BytesIO(data).readlines() if b"\n" in data else data.splitlines(keepends=True)
    return [0, *accumulate(map(len, whole))]


def _ended(rows: bytes, data: bytes) -> bytes:
    """With a line end behind the last row, as the others have it."""
    if rows.endswith((b"\n", b"\r")):
        return rows
    return rows + (b"\r\n" if b"\r\n" in data[:65536] else b"\n")


class Cutting:
    """Which slice is next, given what became of those before."""

    def __init__(self, total: int, rows: int = 0, least: int = 1) -> None:
        self.total, self.least = total, max(1, least)
        self.rows = min(max(rows or total, self.least), max(1, total))
        self._next = deque([Slice(0, total)])

    def skip(self, done: Sequence[Slice]) -> None:
        """What was done before is not done again."""
        gaps, at = deque[Slice](), 0
        for each in sorted(done):
            if each.start > at:
                gaps.append(Slice(at, each.start))
            at = max(at, each.end)
        if at < self.total or not done:
            gaps.append(Slice(at, self.total))
        self._next = gaps

    def take(self) -> Slice | None:
        """The next slice; None: that was all."""
        if not self._next:
            return None
        first = self._next.popleft()
        if first.rows > self.rows:
            first, rest = (
                Slice(first.start, first.start + self.rows),
                Slice(first.start + self.rows, first.end),
            )
            self._next.appendleft(rest)
        return first

    def halve(self, part: Slice) -> bool:
        """This slice was too large; False: it cannot be smaller."""
        if part.rows <= self.least:
            return False
        self.rows = max(self.least, part.rows // 2)
        if self._next and self._next[0].start == part.end:
            part = Slice(part.start, self._next.popleft().end)
        self._next.appendleft(part)
        return True


def join_artefacts(parts: Sequence[Part]) -> Iterator[Artefact]:
    """Files of one name become one file where that can be, else several, numbered."""
    named: defaultdict[str, list[Artefact]] = defaultdict(list)
    for part in sorted(parts, key=lambda it: it.start):
        for each in part.result.artefacts:
            named[each.path].append(each)
    for path, found in named.items():
        datas = [it.data for it in found if it.data is not None]
        whole = len(datas) == len(found)
        joined = join_files(path, datas) if whole and len(found) > 1 else None
        if len(found) == 1:
            yield found[0]
        elif joined is not None:
            yield msgspec.structs.replace(
                found[0],
                size=len(joined),
                data=joined,
                sha256=hashlib.sha256(joined).hexdigest(),
            )
        else:
            for number, each in enumerate(found):
                yield msgspec.structs.replace(each, path=numbered(path, number))


def join_files(path: str, datas: Sequence[bytes]) -> bytes | None:
    """Tables with one header, arrays as one array, lines after lines; None: it cannot be."""
    name = path.lower()
    if name.endswith(TABLES):
        return _join_tables(datas)
    if name.endswith(LINES):
        return b"".join(it if not it or it.endswith(b"\n") else it + b"\n" for it in datas)
    if name.endswith(".json"):
        try:
            arrays = [msgspec.json.decode(it, type=list[msgspec.Raw]) for it in datas]
        except msgspec.DecodeError:
            return None
        return b"[" + b",".join(bytes(it) for array in arrays for it in array) + b"]"
    return None


def _join_tables(datas: Sequence[bytes]) -> bytes | None:
    """One header, if all have the same; None: they are tables of different kinds."""
    tables = [it.partition(b"\n") for it in datas if it.strip()]
    if len({head.rstrip(b"\r") for head, _, _ in tables}) > 1:
        return None
    bodies = [body if not body or body.endswith(b"\n") else body + b"\n" for *_, body in tables]
    return tables[0][0] + b"\n" + b"".join(bodies) if tables else b""


def numbered(path: str, number: int) -> str:
    """chart.png -> chart.0003.png"""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, suffix) if dot and stem else (name, "")
    return f"{folder}{slash}{stem}.{number:04d}{'.' if suffix else ''}{suffix}"


def parts_of(parts: Sequence[Part]) -> Iterator[File]:
    """What the joining code finds: parts/0000/stdout.txt and what the slice left."""
    for number, part in enumerate(sorted(parts, key=lambda it: it.start)):
        place = f"parts/{number:04d}"
        yield File(f"{place}/stdout.txt", part.result.stdout.encode())
        for each in part.result.artefacts:
            yield File(f"{place}/{each.path}", each.data or b"")
