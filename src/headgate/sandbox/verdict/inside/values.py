"""Carries values between the judge and the code it judges, rebuilt as true builtins.

Rule 1: nothing is executed to rebuild a value: a frame is JSON whose tags are all known here.
Rule 2: a subclass of a builtin arrives as the builtin, so no `__eq__` travels with it.
Rule 3: what is no plain value stays where it is and goes by number.
"""

from __future__ import annotations

import array
import base64
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import logging
import pathlib
import re
import sys
import uuid
import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any

from headgate.sandbox.verdict.inside import arrays, records, tables
from headgate.sandbox.verdict.inside.known import (
    LIVING,
    LIVING_ON,
    METHODS,
    PASSING,
    Held,
    Known,
    Live,
    Reading,
    Rubbish,
    is_made,
    known_as,
    passes,
    plainly,
    shown,
)

__all__ = [
    "LIVING_ON",
    "METHODS",
    "PASSING",
    "Held",
    "Known",
    "Rubbish",
    "Values",
    "is_made",
    "passes",
    "plainly",
    "shown",
]

SAFE = 1 << 53
DEEPEST = 400
"""levels of nesting: beyond it the value is refused instead of ending the judge's stack"""

BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "hash",
        "hex",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "oct",
        "ord",
        "pow",
        "print",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "zip",
    ]
)


class Values:
    """Encodes and decodes; what it cannot is left to `keep` and `meet`."""

    def __init__(
        self, keep: Callable[[object], list[Any]], meet: Callable[[list[Any]], object]
    ) -> None:
        self._keep, self._meet = keep, meet
        self._deep = 0
        self.live = Live()
        self.member: Callable[[Any], list[Any] | None] = lambda it: None
        """a member of an enumeration that is a number or a word too"""
        self.classes: Held | None = None
        """of named tuples"""
        self.named: dict[int, Any] = {}
        self.ask: Callable[[Any, str], Any] = lambda it, name: getattr(object, name)
        """what the other side's class has beside the fields"""

    def encode(self, value: Any, known: Known) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is float or kind is str:
            return value
        if kind is int:
            return value if -SAFE < value < SAFE else ["int", hex(value)]
        number = known.numbers.get(id(value))
        if number is not None:
            return ["same", number]
        number = self.live.numbers.get(id(value))
        if number is not None:
            return ["live", number]
        if hasattr(kind, "_hg_number"):  # of the other side: to look at it would ask there
            return self._keep(value)
        self._deep += 1
        try:
            if self._deep > DEEPEST:
                raise RecursionError("a value is nested too deeply to be handed over")
            head = self.live.taken_up(value)
            frame = self._encode_large(value, known)
            return [*head, frame] if head else frame
        finally:
            self._deep -= 1

    def _encode_large(self, value: Any, known: Known) -> Any:
        if isinstance(value, enum.Enum):
            member = self.member(value) if isinstance(value, (int, str)) else None
            return member or self._keep(value)
        for kind, put in PUTS:
            if isinstance(value, kind):
                return put(self, value, known)
        if tables.is_table(value) or tables.is_index(value):
            return tables.put(self, value, known)
        if type(value).__module__ == "numpy" and hasattr(value, "dtype"):
            return arrays.put(self, value, known)
        name = getattr(value, "__name__", None)
        if isinstance(name, str) and name in BUILTINS and vars(builtins)[name] is value:
            return ["builtin", name]
        return self._keep(value)

    def encode_all(self, values: Iterable[Any], known: Known) -> list[Any]:
        return [self.encode(it, known) for it in values]

    def written(self, thing: Any) -> Any:
        """What a container holds, one level of it, to be told again and again."""
        return self._encode_large(thing, Reading(Known()))

    def inside(self, thing: Any, known: Known) -> Any:
        """What a known container holds, one level of it written out."""
        number = known.numbers.pop(id(thing))
        try:
            return self._encode_large(thing, Reading(known))
        finally:
            known.numbers[id(thing)] = number

    def decode(self, frame: Any, known: Known) -> Any:
        if not isinstance(frame, list):
            if frame is None or isinstance(frame, (bool, int, float, str)):
                return frame
            raise Rubbish("a frame of an unknown form")
        if not frame or not isinstance(frame[0], str):
            raise Rubbish("a frame without a tag")
        self._deep += 1
        try:
            if self._deep > DEEPEST + 8:
                raise Rubbish("a value nested too deeply")
            take = TAKES.get(frame[0])
            if frame[0] in (LIVING_ON, PASSING):
                tag, number, inner = frame
                return self.live.take(tag, number, lambda: self.decode(inner, known))
            return take(self, frame, known) if take else self._meet(frame)
        except Rubbish:
            raise
        except Exception as e:
            raise Rubbish(f"a frame that holds no {frame[0]}") from e
        finally:
            self._deep -= 1

    def decode_all(self, frames: Any, known: Known) -> list[Any]:
        if not isinstance(frames, list):
            raise Rubbish("a list was due")
        return [self.decode(it, known) for it in frames]

    def amend(self, thing: Any, frame: Any, known: Known) -> None:
        """Gives a container of ours the content that the other side left in its copy."""
        new = self.decode(frame, Reading(known))
        if isinstance(new, LIVING) != isinstance(thing, LIVING) or not _is_of_kind(new):
            raise Rubbish("a container that became something else")
        if isinstance(thing, (list, bytearray, array.array)):
            thing[:] = new
        elif isinstance(thing, collections.deque):
            thing.clear()
            thing.extend(new)
        elif isinstance(thing, (dict, set)):
            thing.clear()
            thing.update(new)
        elif tables.is_table(thing):
            tables.amend(thing, new)
        else:
            thing[...] = new


def _is_of_kind(it: Any) -> bool:
    return not hasattr(type(it), "_hg_number")


Put = Callable[[Values, Any, Known], Any]
Take = Callable[[Values, list[Any], Known], Any]


def _sequence(tag: str) -> Put:
    def put(values: Values, value: Any, known: Known) -> Any:
        number = known.add(value)
        return [tag, number, values.encode_all(list(value), known)]

    return put


def _frozen(tag: str) -> Put:
    def put(values: Values, value: Any, known: Known) -> Any:
        return [tag, values.encode_all(list(value), known)]

    return put


def _put_tuple(values: Values, value: Any, known: Known) -> Any:
    fields = getattr(type(value), "_fields", None)
    items = values.encode_all(tuple.__iter__(value), known)
    if isinstance(fields, tuple) and type(value) is not tuple:
        own = vars(type(value)).get("_hg_of")
        if own is not None:
            return ["your named", own, items]
        number = values.classes.add(type(value)) if values.classes else -1
        return ["named", type(value).__name__, list(fields), items, number]
    return ["tuple", items]


def _put_dict(values: Values, value: Any, known: Known) -> Any:
    kind = "dict"
    if isinstance(value, collections.Counter):
        kind = "counter"
    elif isinstance(value, collections.OrderedDict):
        kind = "ordered"
    elif isinstance(value, collections.defaultdict):
        kind = "default"
    number = known.add(value)
    is_ordered = isinstance(value, collections.OrderedDict)
    items = collections.OrderedDict.items(value) if is_ordered else dict.items(value)
    pairs = [[values.encode(key, known), values.encode(it, known)] for key, it in items]
    extra = values.encode(value.default_factory, known) if kind == "default" else None
    return ["dict", number, kind, pairs, extra]


def _put_bytes(values: Values, value: Any, known: Known) -> Any:
    text = base64.b64encode(bytes(value)).decode()
    if isinstance(value, bytearray):
        return ["bytearray", known.add(value), text]
    return ["bytes", text]


PUTS: tuple[tuple[Any, Put], ...] = (
    (bool, lambda v, x, k: bool(x)),
    (int, lambda v, x, k: ["int", hex(int(x))]),
    (str, lambda v, x, k: str.__str__(x)),
    (float, lambda v, x, k: v.encode(float.__add__(x, 0.0), k) if _is_own(x) else float(x)),
    (complex, lambda v, x, k: ["complex", x.real, x.imag]),
    (tuple, _put_tuple),
    (list, _sequence("list")),
    (dict, _put_dict),
    (set, _sequence("set")),
    (frozenset, _frozen("frozenset")),
    (collections.deque, lambda v, x, k: [*_sequence("deque")(v, x, k), x.maxlen]),
    ((bytes, bytearray), _put_bytes),
    (range, lambda v, x, k: ["range", *v.encode_all((x.start, x.stop, x.step), k)]),
    (slice, lambda v, x, k: ["slice", *v.encode_all((x.start, x.stop, x.step), k)]),
    (type(Ellipsis), lambda v, x, k: ["ellipsis"]),
    (type(NotImplemented), lambda v, x, k: ["notimplemented"]),
    (decimal.Decimal, lambda v, x, k: ["decimal", decimal.Decimal.__str__(x)]),
    (
        fractions.Fraction,
        lambda v, x, k: ["fraction", hex(int(x.numerator)), hex(int(x.denominator))],
    ),
    (datetime.datetime, lambda v, x, k: ["datetime", *_moment(v, x, k)]),
    (datetime.timezone, lambda v, x, k: ["timezone", v.encode(x.utcoffset(None), k), str(x)]),
    (zoneinfo.ZoneInfo, lambda v, x, k: ["zone", x.key] if x.key else v._keep(x)),
    (datetime.date, lambda v, x, k: ["date", x.isoformat()]),
    (datetime.time, lambda v, x, k: ["time", *_moment(v, x, k)]),
    (array.array, lambda v, x, k: ["array", k.add(x), x.typecode, v.encode_all(x, k)]),
    (datetime.timedelta, lambda v, x, k: ["timedelta", x.days, x.seconds, x.microseconds]),
    (uuid.UUID, lambda v, x, k: ["uuid", x.hex]),
    (pathlib.PurePath, lambda v, x, k: ["path", str(x)]),
    (logging.LogRecord, records.put),
    (re.Pattern, lambda v, x, k: ["pattern", v.encode(x.pattern, k), int(x.flags)]),
    (
        (type({}.keys()), type({}.values()), type({}.items())),
        lambda v, x, k: ["view", v.encode_all(list(x), k)],
    ),
)


def _moment(values: Values, it: Any, known: Known) -> list[Any]:
    if it.fold or isinstance(it.tzinfo, zoneinfo.ZoneInfo):
        zone = values.encode(it.tzinfo, known)
        return [it.replace(tzinfo=None).isoformat(), zone, it.fold]
    return [it.isoformat()]


def _is_own(value: object) -> bool:
    return type(value).__module__ not in ("builtins", "numpy")


def _take_same(values: Values, frame: list[Any], known: Known) -> Any:
    number = frame[1]
    if not isinstance(number, int) or not 0 <= number < len(known.things):
        raise Rubbish("a container that was never sent")
    return known.things[number]


def _take_live(values: Values, frame: list[Any], known: Known) -> Any:
    if frame[1] not in values.live.things:
        raise Rubbish("a container that was never read")
    return values.live.things[frame[1]]


def _take_into(new: Callable[[], Any], fill: str) -> Take:
    def take(values: Values, frame: list[Any], known: Known) -> Any:
        thing = known_as(known, frame[1], new())
        getattr(thing, fill)(values.decode_all(frame[2], known))
        return thing

    return take


def _take_deque(values: Values, frame: list[Any], known: Known) -> Any:
    thing = known_as(known, frame[1], collections.deque[Any](maxlen=frame[3]))
    thing.extend(values.decode_all(frame[2], known))
    return thing


def _take_dict(values: Values, frame: list[Any], known: Known) -> Any:
    kinds: dict[str, Callable[[], Any]] = {
        "dict": dict,
        "counter": collections.Counter,
        "ordered": collections.OrderedDict,
        "default": lambda: collections.defaultdict(values.decode(frame[4], known)),
    }
    thing = known_as(known, frame[1], kinds[frame[2]]())
    for key, value in frame[3]:
        at = values.decode(key, known)
        thing[at] = values.decode(value, known)
    return thing


def _take_named(values: Values, frame: list[Any], known: Known) -> Any:
    items = values.decode_all(frame[3], known)
    kind = _named_kind(values, frame[1], frame[2], frame[4])
    for name, it in zip(kind._fields, items, strict=True):
        plainly(name, it)
    return kind(*items)


def _named_kind(values: Values, name: str, fields: list[str], number: Any) -> Any:
    """One class here for each class there; what else that has is asked there."""
    if number in values.named:
        return values.named[number]
    fielded = collections.namedtuple(name, fields)  # type: ignore[misc]

    def __getattr__(self: Any, name: str) -> Any:
        if name.startswith("_") or any(hasattr(it, name) for it in METHODS):
            raise AttributeError(name)
        return values.ask(self, name)

    if not isinstance(number, int) or number < 1:
        return fielded
    space = {"__slots__": (), "__getattr__": __getattr__, "_hg_of": number}
    made: Any = type(name, (fielded,), space)
    values.named[number] = made
    return made


def _take_your_named(values: Values, frame: list[Any], known: Known) -> Any:
    kind = values.classes.things.get(frame[1]) if values.classes else None
    if not isinstance(kind, type) or not issubclass(kind, tuple):
        raise Rubbish("a tuple of no class")
    return kind._make(values.decode_all(frame[2], known))  # type: ignore[attr-defined] # a named one


def _take_builtin(values: Values, frame: list[Any], known: Known) -> Any:
    if frame[1] not in BUILTINS:
        raise Rubbish("a builtin that is not handed over")
    return vars(builtins)[frame[1]]


def _hex(text: str) -> int:
    return int(text, 16)


# a test may put others in their place
_TIME = datetime.time
_DATETIME, _DATE, _UTC = datetime.datetime, datetime.date, datetime.timezone.utc  # noqa: UP017 (before 3.11 too)


def _take_moment(values: Values, frame: list[Any], known: Known) -> Any:
    kind = _DATETIME if frame[0] == "datetime" else _TIME
    moment = kind.fromisoformat(frame[1])
    if not frame[2:]:
        return moment
    zone, fold = values.decode(frame[2], known), int(frame[3]) & 1
    return moment.replace(tzinfo=zone, fold=fold)


TAKES: dict[str, Take] = {
    "int": lambda v, f, k: _hex(f[1]),
    "same": _take_same,
    "live": _take_live,
    "complex": lambda v, f, k: complex(f[1], f[2]),
    "tuple": lambda v, f, k: tuple(v.decode_all(f[1], k)),
    "named": _take_named,
    "your named": _take_your_named,
    "record": records.take,
    "struct": arrays.take_struct,
    "list": _take_into(list, "extend"),
    "set": _take_into(set, "update"),
    "frozenset": lambda v, f, k: frozenset(v.decode_all(f[1], k)),
    "deque": _take_deque,
    "dict": _take_dict,
    "bytes": lambda v, f, k: base64.b64decode(f[1]),
    "bytearray": lambda v, f, k: known_as(k, f[1], bytearray(base64.b64decode(f[2]))),
    "range": lambda v, f, k: range(*v.decode_all(f[1:], k)),
    "slice": lambda v, f, k: slice(*v.decode_all(f[1:], k)),
    "ellipsis": lambda v, f, k: ...,
    "notimplemented": lambda v, f, k: NotImplemented,
    "decimal": lambda v, f, k: decimal.Decimal(f[1]),
    "fraction": lambda v, f, k: fractions.Fraction(_hex(f[1]), _hex(f[2])),
    "datetime": _take_moment,
    "timezone": lambda v, f, k: _UTC if f[2] == "UTC" else datetime.timezone(v.decode(f[1], k)),
    "zone": lambda v, f, k: zoneinfo.ZoneInfo(str(f[1])),
    "date": lambda v, f, k: _DATE.fromisoformat(f[1]),
    "time": _take_moment,
    "array": lambda v, f, k: known_as(k, f[1], array.array(str(f[2]), v.decode_all(f[3], k))),
    "frame": tables.take,
    "series": tables.take,
    "index": tables.take,
    "timedelta": lambda v, f, k: datetime.timedelta(f[1], f[2], f[3]),
    "uuid": lambda v, f, k: uuid.UUID(f[1]),
    "path": lambda v, f, k: pathlib.Path(str(f[1])),
    "pattern": lambda v, f, k: re.compile(v.decode(f[1], k), f[2]),
    "view": lambda v, f, k: v.decode_all(f[1], k),
    "builtin": _take_builtin,
    "numpy": arrays.take,
    "objects": arrays.take_objects,
}


sys.set_int_max_str_digits(0)
