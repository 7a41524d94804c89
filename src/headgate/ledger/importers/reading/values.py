"""Decides what a cell says: a number of tokens, an amount of money, a moment.

Rule 1: what can be read in two ways is not read: the row is told as malformed, or the file is
refused with the option that decides.
Rule 2: why a value is bad names its column and never quotes it: a cell may hold a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headgate.ledger.importers.importer import Refused

NUSD = 10**9
UNITS = {"": NUSD, "dollars": NUSD, "cents": 10**7, "microdollars": 10**3}
DAY_US = 86_400_000_000
EARLIEST_US = 1_420_070_400_000_000  # 2015: nobody was charged per token before
LATEST_US = 4_102_444_800_000_000  # 2100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOTHING = frozenset(("", "null", "none", "nan", "n/a", "-", "\\n"))
_BLANKS = re.compile(r"[\s'\u2019\u00a0\u2007\u2009\u202f]+")
_MONEY = re.compile(r"^(?:us\$|usd|\$)|(?:usd|us\$|\$)$", re.IGNORECASE)
_SIMPLE = re.compile(r"\d{1,12}(?:\.\d{1,20})?(?:e-\d{1,2})?").fullmatch
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
}
_PLAIN = {
    ".": re.compile(r"-?(?:\d+\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3})+\.\d+)(?:e-?\d+)?", re.I),
    ",": re.compile(r"-?(?:\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+)(?:e-?\d+)?", re.I),
}
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](.+))?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T,]+(.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T](.+))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DAY = len("20261101")


class Bad(ValueError):
    """A row cannot be read; its text says why, in words that fit many rows."""


def whole(value: object, name: str, decimal: str = ".") -> int:
    """A count, such as of tokens; an empty cell is none."""
    if value is None or value == "":
        return 0
    if type(value) is str:
        try:
            found = int(value)
        except ValueError:
            found = _integral(_number(value, name, decimal), name, decimal)
    elif type(value) is int:
        found = value
    else:
        found = _integral(_decimal(value, name), name, decimal)
    if found < 0:
        raise Bad(f"its {name} is negative")
    return found


def _integral(number: Decimal, name: str, decimal: str) -> int:
    if number != number.to_integral_value():
        other = "," if decimal == "." else "."
        raise Bad(
            f"its {name} is no whole number: if {decimal} stands between thousands there,"
            f" say --decimal {other}"
        )
    return int(number)


def nusd(value: object, name: str, decimal: str = ".", unit: int = NUSD) -> int | None:
    """An amount of money in nano-dollars; None: the cell is empty."""
    if value is None or value == "":
        return None
    if type(value) is str and decimal == "." and _SIMPLE(value):
        return round(Decimal(value) * unit)
    if isinstance(value, str):
        text = _MONEY.sub("", _BLANKS.sub("", value))
        if text.lower() in _NOTHING:
            return None
        number = _number(text, name, decimal)
    else:
        number = _decimal(value, name)
    if number < 0:
        raise Bad(f"its {name} is negative")
    return round(number * unit)


def _number(text: str, name: str, decimal: str) -> Decimal:
    bare = _BLANKS.sub("", text)
    if bare.lower() in _NOTHING:
        return Decimal(0)
    thousands = "," if decimal == "." else "."
    if thousands in bare:
        if not _GROUPED[decimal].fullmatch(bare):
            raise Bad(f"its {name} is no number as others of the file are written")
        bare = bare.replace(thousands, "")
    return _decimal(bare.replace(decimal, "."), name)


def _decimal(value: object, name: str) -> Decimal:
    if isinstance(value, bool):
        raise Bad(f"its {name} is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise Bad(f"its {name} is no number") from error
    if number.is_nan():
        return Decimal(0)
    if number.is_infinite() or number.adjusted() > 18:
        raise Bad(f"its {name} is beyond all measure")
    return number


def decimal_mark(cells: Iterable[str], delimiter: str, said: str) -> str:
    """How the numbers of a file are written: with . or , before the decimals."""
    if said:
        if said not in _PLAIN:
            raise Refused(f"--decimal {said} is no decimal mark", "say --decimal . or ,")
        return said
    found = {mark for cell in cells for mark, plain in _PLAIN.items() if plain.fullmatch(cell)}
    if len(found) == 2:
        raise Refused(
            "its numbers are written in two ways, such as 0.25 and 0,25",
            "say which mark stands before the decimals: --decimal . or --decimal ,",
        )
    if found:
        return found.pop()
    return "," if delimiter == ";" else "."


class Times:
    """Reads moments as one file writes them."""

    def __init__(self, timezone: str, samples: Iterable[str] = ()) -> None:
        self._zone = _zone(timezone)
        self._day_first = _day_first(samples)

    def us(self, value: object, name: str) -> int:
        """Microseconds since 1970 UTC."""
        try:
            found = self._read(value)
        except (ValueError, OverflowError, InvalidOperation) as error:
            raise Bad(f"its {name} is no time that is understood") from error
        if not EARLIEST_US <= found < LATEST_US:
            raise Bad(f"its {name} lies before 2015 or after 2099")
        return found

    def _read(self, value: object) -> int:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, datetime):
            return self._moment(value)
        if isinstance(value, date):
            return self._moment(datetime(value.year, value.month, value.day))  # noqa: DTZ001 - its zone is told in _moment
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return _unix(Decimal(str(value)))
        raise ValueError

    def _text(self, text: str) -> int:
        if text.isdecimal() and len(text) != _DAY:  # ISO reads 1712052812345 as of 1712
            return _unix(Decimal(text))
        try:
            return self._moment(datetime.fromisoformat(text))
        except ValueError:
            text = text.strip().removesuffix(" UTC")
        if _NUMBER.fullmatch(text):
            return _unix(Decimal(text))
        if found := _YEAR_FIRST.fullmatch(text):
            year, month, day, clock = found.groups()
        elif found := _DOTTED.fullmatch(text):
            day, month, year, clock = found.groups()
        elif found := _SLASHED.fullmatch(text):
            day, month, year, clock = found.groups()
            if not self._day_first:
                day, month = month, day
        else:
            return self._moment(datetime.fromisoformat(text))
        iso = f"{year}-{int(month):02}-{int(day):02}T{_clock(clock)}"
        return self._moment(datetime.fromisoformat(iso))

    def _moment(self, moment: datetime) -> int:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return (moment - _EPOCH) // _MICROSECOND


def _clock(text: str | None) -> str:
    """A time of day as ISO has it: 9:05 becomes 09:05, and 1:30 PM 13:30."""
    if not text:
        return "00:00"
    bare, _, half = text.strip().partition(" ")
    hour, colon, rest = bare.partition(":")
    if half.upper() in ("AM", "PM"):
        hour = str(int(hour) % 12 + (12 if half.upper() == "PM" else 0))
    return f"{int(hour):02}{colon}{rest or ':00'}"


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refused(
            f"there is no time zone {name}", "name one such as Europe/Berlin with --timezone"
        ) from error


def _day_first(samples: Iterable[str]) -> bool:
    """Of 3/4/2026, is it the 3rd of April? Told by a day that is no month."""
    found = [match for text in samples if (match := _SLASHED.fullmatch(text.strip()))]
    first = any(int(match[1]) > 12 for match in found)
    second = any(int(match[2]) > 12 for match in found)
    if found and first == second:
        raise Refused(
            "of its dates, such as 3/4/2026, nothing tells the day from the month",
            "export it with dates such as 2026-04-03",
        )
    return first


def _unix(number: Decimal) -> int:
    """Seconds, milli-, micro- or nanoseconds since 1970, by size; or a spreadsheet's days."""
    if 20_000 <= number < 80_000:
        return int((number - 25_569) * DAY_US)
    for bound, factor in ((10**11, 10**6), (10**14, 10**3), (10**17, 1)):
        if number < bound:
            return int(number * factor)
    return int(number / 1000)
