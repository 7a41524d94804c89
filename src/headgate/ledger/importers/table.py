"""Reads any table of calls: CSV, TSV, JSONL, JSON or Parquet, by --map or by plain names.

Rule 1: `input` is the fresh part alone, and `input_total` holds the cached part; where names
alone decide, the total beside them or the vendor's custom does, and it is said which.
Rule 2: a row without an id of its own is known by all of its cells, and its place among rows
that are the same: two exports that overlap count once.
Rule 3: costs that are plainly no dollars are refused until whoever imports says what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import xxhash

from headgate.ledger.book.duck import ERRORS, open_duck
from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading, Refused
from headgate.ledger.importers.reading import usage, vendors
from headgate.ledger.importers.reading.documents import decoded, is_json, listed, row_keys
from headgate.ledger.importers.reading.items import Cells, Item, Row, drafts, folded, labels
from headgate.ledger.importers.reading.plan import FIELDS, NUMBERS, Plan, make, plain
from headgate.ledger.importers.reading.plausible import Opened, check_first
from headgate.ledger.importers.reading.sheet import codec_of
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.usage import Tokens, Told
from headgate.ledger.importers.reading.values import DAY_US, UNITS, Bad

PARQUET = b"PAR1"
AT_ONCE = 2_000
MOST_KNOWN = 3_000_000
"""rows without an id whose likes are counted; beyond it likes must be neighbours"""

NO_TOKENS = (
    "it has a cost and no tokens: it counts at that cost, and nobody can say what would be"
    " cheaper; name columns of tokens with --map input=COLUMN,output=COLUMN"
)

_HALF = 2**64 - 1

_TRUE = ("true", "1", "yes", "t", "y")
FAILED = ("failure", "failed", "error")
"""a status in words"""
_TEXTS = ("session", "key", "project", "team", "cost_centre", "agent", "client", "batch_id")
_DURATIONS = (
    ("took_ms", "took_us", 1_000),
    ("took_s", "took_us", 1_000_000),
    ("ttft_ms", "ttft_us", 1_000),
    ("ttft_s", "ttft_us", 1_000_000),
)

_COUNTS = (
    ("cache_read", "cache_read"),
    ("output", "output"),
    ("reasoning", "reasoning_of_output"),
    ("searches", "web_searches"),
)
_WRITES = ("cache_write_5m", "cache_write_1h", "cache_write_30m")

_Step = Callable[[Cells], dict[str, Any]]


def fits(path: Path, head: bytes) -> bool:
    if head.startswith(PARQUET):
        return True
    return plain(row_keys(head) if is_json(head) else columns(head))


def tabular(head: bytes) -> bool:
    """Has it columns that --map could name?"""
    if head.startswith(PARQUET):
        return True
    text = head[:4_096].decode(codec_of(head), "replace")
    if any(ord(letter) < 32 and letter not in "\t\r\n" for letter in text):
        return False  # no text has such letters
    return len(columns(head)) > 1 and ("\n" in text or text.startswith(("[", "{")))


def read(reading: Reading) -> Iterator[list[Draft]]:
    source, plan, table = _opened(reading)
    if "cost" in plan.columns:
        check_first(reading, _first, plan.key("cost"))
    return drafts(reading, source.items, table.draft)


def _opened(reading: Reading) -> tuple[Source, Plan, _Table]:
    path, options = reading.path, reading.options
    with path.open("rb") as file:
        packed = file.read(4) == PARQUET
    rows = _parquet(path) if packed else None
    said = tuple(column for _, column in options.mapping)
    numbers = tuple(name for field in NUMBERS for name in FIELDS[field].split())
    wanted = Wanted((), times=(*FIELDS["ts"].split(), *said), numbers=(*numbers, *said))
    source = Source(path, options, wanted, rows)
    plan = make(options.mapping, source.names)
    return source, plan, _Table(reading, source, plan)


def _first(reading: Reading) -> Opened:
    source, _, table = _opened(reading)
    return source, table.draft


def _parquet(path: Path) -> tuple[list[str], Iterator[Item]]:
    """The columns of a file and its rows in order."""
    duck = open_duck(threads=1)
    try:
        duck.execute("SET preserve_insertion_order = true").fetchall()
        answer = duck.execute("SELECT * FROM read_parquet(?)", [str(path)])
    except ERRORS as error:
        duck.close()
        raise Refused("it is a damaged Parquet file", "copy or export it again") from error
    names = [str(column[0]) for column in answer.description]
    keys = [folded(name) for name in names]

    def rows() -> Iterator[Item]:
        number = 0
        while found := answer.fetchmany(AT_ONCE):
            for cells in found:
                number += 1
                yield Row(number, dict(zip(keys, cells, strict=True)))
        duck.close()

    return names, rows()


class _Table:
    """How the rows of one file are understood."""

    def __init__(self, reading: Reading, source: Source, plan: Plan) -> None:
        self.reading = reading
        self._source = source
        self._plan = plan
        self._alike: dict[int, int] = {}
        self._keys = plan.columns
        told = ("input", "input_total", "output")
        self._raw = "usage" in plan.columns and not any(map(plan.key, told))
        self._put_in = plan.key("input_total") or plan.key("input")
        self._holds = "input_total" in plan.columns
        self._cached = any(map(plan.key, ("cache_read", "cache_write", "cache_write_1h")))
        self._counts = [(name, plan.key(field)) for field, name in _COUNTS if plan.key(field)]
        self._texts = [(field, plan.key(field)) for field in _TEXTS if plan.key(field)]
        steps: tuple[tuple[tuple[str, ...], _Step], ...] = (
            (("calls",), self._daily),
            (("cost", "cost_cents", "cost_micros"), self._stated),
            (("tags", "user"), self._tags),
            (("surface",), self._surface),
            (("max_output", "stream"), self._bounds),
            (("took_ms", "took_s", "ttft_ms", "ttft_s"), self._lasted),
            (("head",), self._head),
            (("status",), self._ending),
            (("batch", "tier"), self._terms),
        )
        self._steps = [step for fields, step in steps if any(map(plan.key, fields))]
        """of what is read, only what there are columns for: a table has few of them"""

    def draft(self, cells: Cells) -> Draft:
        at = self._source.us(cells, self._keys["ts"])
        named = text(cells, self._keys["model"])
        if not named:
            raise Bad("it has no model")
        vendor = vendors.vendor(self._text(cells, "provider") or named.partition("/")[0])
        model = vendors.model_id(vendors.bare(named, ""))
        fields: dict[str, Any] = {field: text(cells, key) for field, key in self._texts}
        for step in self._steps:
            fields |= step(cells)
        tokens = self._tokens(cells, vendor or model)
        if fields.get("stated_nusd") and not any(tokens.values()):
            self.reading.tally.notes[NO_TOKENS] += 1
        return Draft(
            id=self._text(cells, "id") or self._identity(cells),
            at_us=at,
            model=model,
            provider=vendor,
            **fields,
            **tokens,
        )

    def _text(self, cells: Cells, field: str) -> str:
        key = self._keys.get(field)
        return text(cells, key) if key else ""

    def _whole(self, cells: Cells, field: str) -> int:
        key = self._keys.get(field)
        return self._source.whole(cells, key) if key else 0

    def _true(self, cells: Cells, field: str) -> bool:
        return self._text(cells, field).casefold() in _TRUE

    def _daily(self, cells: Cells) -> dict[str, Any]:
        at = self._source.us(cells, self._keys["ts"])
        return {
            "calls": self._whole(cells, "calls"),
            "span_us": 0 if at % DAY_US else DAY_US,
        }

    def _lasted(self, cells: Cells) -> dict[str, Any]:
        found = {}
        for field, name, unit in _DURATIONS:
            if key := self._keys.get(field):
                found[name] = self._source.nusd(cells, key, unit) or 0
        return found

    def _stated(self, cells: Cells) -> dict[str, Any]:
        for field, unit in (
            ("cost", self._source.unit),
            ("cost_cents", UNITS["cents"]),
            ("cost_micros", UNITS["microdollars"]),
        ):
            if key := self._keys.get(field):
                return {"stated_nusd": self._source.nusd(cells, key, unit)}
        return {}

    def _surface(self, cells: Cells) -> dict[str, Any]:
        said = self._text(cells, "surface")
        return {"surface": vendors.surface_of_path(said) or vendors.surface(said)}

    def _bounds(self, cells: Cells) -> dict[str, Any]:
        return {
            "max_output": self._whole(cells, "max_output"),
            "stream": int(self._true(cells, "stream")),
        }

    def _terms(self, cells: Cells) -> dict[str, Any]:
        batch = self._true(cells, "batch")
        return vendors.terms("batch" if batch else self._text(cells, "tier"))

    def _tags(self, cells: Cells) -> dict[str, Any]:
        value = cells.get(self._keys.get("tags", ""))
        tags = [str(tag) for tag in listed(value)] or self._text(cells, "tags").split(",")
        if user := self._text(cells, "user"):
            tags.append(f"user={user}")
        return {"tags": labels(tags)}

    def _head(self, cells: Cells) -> dict[str, Any]:
        """A column of fingerprints stays one: its values are told apart, and not kept."""
        value = self._text(cells, "head")
        if not value:
            return {}
        return {"head": xxhash.xxh3_64_intdigest(value.encode() + self.reading.options.secret)}

    def _ending(self, cells: Cells) -> dict[str, Any]:
        said = self._text(cells, "status").casefold()
        status = int(said) if said.isdigit() else 500 if said in FAILED else 200
        if not 400 <= status < 600:
            return {}
        return {"status": status, "fault": vendors.fault(status), "ending": "error"}

    def _tokens(self, cells: Cells, whose: str) -> dict[str, Any]:
        if self._raw:
            return self._of_usage(cells, whose)._asdict()
        count, keys = self._source.count, self._keys
        found: dict[str, Any] = {name: count(cells, key) for name, key in self._counts}
        told = count(cells, self._put_in) if self._put_in else 0
        if not self._cached:
            return found | {"input_fresh": told}
        cached = found.get("cache_read", 0)
        if "cache_write" in keys or "cache_write_1h" in keys:
            hour = self._whole(cells, "cache_write_1h")
            total = self._whole(cells, "cache_write") + hour
            openai = whose in ("openai", "azure") or whose.startswith("gpt")
            writes = usage.written(total, hour, 0, openai=openai)
            cached += total
            found |= {name: getattr(writes, name) for name in _WRITES}
        if "input" in self._plan.mapped:
            return found | {"input_fresh": told}
        if "input_total" in self._plan.mapped and told < cached:
            raise Bad("its input_total is less than what was cached of it")
        by_sum = Told(told, self._total(cells))
        holds = self._holds or not (whose in ("anthropic", "aws") or whose.startswith("claude"))
        fresh, held = usage.fresh_of(by_sum, cached, found.get("output", 0), holds)
        self._note(cached, held)
        return found | {"input_fresh": fresh}

    def _total(self, cells: Cells) -> int:
        """Of input and output together; 0: it is not told, or whoever maps said enough."""
        said = "input_total" in self._plan.mapped
        return 0 if said else self._whole(cells, "total")

    def _of_usage(self, cells: Cells, whose: str) -> Tokens:
        found = decoded(cells.get(self._plan.key("usage")))
        openai = whose in ("openai", "azure") or whose.startswith("gpt")
        tokens, told = usage.of_vendor(found, openai=openai)
        holds = not usage.excludes_cache(found)
        tokens, held = usage.disjoint(told._replace(total=0), tokens, holds=holds)
        self._note(tokens.cached, held)
        return tokens

    def _note(self, cached: int, held: bool) -> None:
        if cached:
            self.reading.tally.notes[usage.HOLDS if held else usage.WITHOUT] += 1

    def _identity(self, cells: Cells) -> str:
        whole = "\x1f".join(map(str, cells.values())).encode("utf-8", "replace")
        known = xxhash.xxh3_128_intdigest(whole)
        place = self._alike.get(known & _HALF, 0)
        if len(self._alike) >= MOST_KNOWN:
            self._alike.clear()
        self._alike[known & _HALF] = place + 1
        return f"table:{known:032x}#{place}" if place else f"table:{known:032x}"


IMPORTER = Importer(
    name="table",
    about="any table of calls: CSV, TSV, JSONL, JSON or Parquet; --map names its columns",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"),
    grows=False,
    mapped=tabular,
)
