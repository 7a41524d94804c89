"""Whether what came of a run is what its workload has to give.

Rule 1: a run that ended well and gave another answer is wrong; the first difference is named.
Rule 2: of several lines with one name the last counts; a number that is none is wrong.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator

from headgate.bench.interpreter.looking import wrong_with
from headgate.bench.interpreter.workload import Cell, Table, Value, Workload
from headgate.sandbox.model import Artefact, Result, Status

SHOWN = 160
"""characters of what was printed instead"""
_LINE = re.compile(r"^([A-Za-z_][\w ]*?) = (.*?)\s*$", re.M)


def wrong_in(result: Result, wanted: Workload) -> str:
    """What is wrong with a result; empty: nothing."""
    if result.status is not Status.OK:
        return _ended(result)
    printed = dict(_LINE.findall(result.stdout))
    files = {it.path: it for it in result.artefacts}
    return next(_complaints(wanted, printed, files), "")


def _ended(result: Result) -> str:
    last = result.stderr.strip().splitlines()[-1:]
    told = ": ".join(it for it in (result.hint, *last) if it)
    return f"{result.status.value}: {told[:SHOWN]}" if told else result.status.value


def _complaints(
    wanted: Workload, printed: dict[str, str], files: dict[str, Artefact]
) -> Iterator[str]:
    for value in wanted.values:
        said = printed.get(value.name)
        if said is None:
            yield f"{value.name} was not printed"
        elif complaint := differs(said, value):
            yield f"{value.name} {complaint}"
    for table in wanted.tables:
        found = files.get(table.file)
        if complaint := _missing(found, table.file) or _other(found, table):
            yield complaint
    for picture in wanted.pictures:
        found = files.get(picture.file)
        data = found.data if found is not None else None
        if complaint := _missing(found, picture.file) or wrong_with(picture, data or b""):
            yield complaint


def _missing(found: Artefact | None, name: str) -> str:
    if found is None:
        return f"{name} was not left"
    return "" if found.data is not None else f"{name} is too large to be looked at"


def differs(said: str, wanted: Value | Cell) -> str:
    """How something said differs from what is expected; empty: it does not."""
    if wanted.number is None:
        text = wanted.text or ""
        return "" if said == text else f"is {said[:SHOWN]!r}, not {text!r}"
    try:
        number = float(said)
    except ValueError:
        return f"is no number: {said[:SHOWN]!r}"
    if math.isclose(number, wanted.number, rel_tol=wanted.within, abs_tol=wanted.absolute):
        return ""
    return f"is {number!r}, not {wanted.number!r}"


def _other(found: Artefact | None, wanted: Table) -> str:
    """How a table differs."""
    text = (found.data or b"").decode("utf-8", "replace") if found is not None else ""
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        return f"{wanted.file} is no table: {error}"
    heads = tuple(lines[0]) if lines else ()
    if heads != wanted.columns:
        return f"{wanted.file} has the columns {', '.join(heads)[:SHOWN]}"
    if len(lines) - 1 != wanted.rows:
        return f"{wanted.file} has {len(lines) - 1} rows, not {wanted.rows}"
    for cell in wanted.cells:
        line = lines[cell.row + 1]
        at = heads.index(cell.column)
        said = line[at] if at < len(line) else ""
        if complaint := differs(said, cell):
            return f"{wanted.file}, row {cell.row}, {cell.column} {complaint}"
    return ""
