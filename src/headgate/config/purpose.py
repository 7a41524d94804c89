"""[[purposes]] and [[commitments]]: what calls are made for, and which capacity is paid for in
advance, whether it stands in headgate.toml or in a file of its own.

Rule 1: an entry that names no calls would stand for all of them: it is refused, as what is not
mapped has to be seen.
Rule 2: one purpose is valuable or is not: two entries of it that disagree are a mistake.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from headgate.config.model import Commitment, Purpose
from headgate.config.problem import ConfigError, Problem, Report, join, meant
from headgate.config.setting import COMMITMENT, PURPOSE
from headgate.config.table import Table

UNMAPPED = "(unmapped)"
_KNOWN = ("purposes", "commitments")
_HOURS = re.compile(r"(\d{1,2})\s*-\s*(\d{1,2})")
_HEAD = re.compile(r"[0-9a-f]{1,16}")
_EXAMPLE = 'purpose = "chat" and keys = ["chat-*"]'


def read_purposes(root: Table) -> tuple[Purpose, ...]:
    """Every entry, as written."""
    found: list[Purpose] = []
    for table in _entries(root, "purposes", "[[purposes]]"):
        values: dict[str, Any] = table.read(PURPOSE)
        if _purpose_is_whole(table, values, found):
            values["heads"] = [head.lower() for head in values.get("heads", ())]
            found.append(msgspec.convert(values, Purpose))
    return tuple(found)


def read_commitments(root: Table) -> tuple[Commitment, ...]:
    """Every entry, as written."""
    found = []
    for table in _entries(root, "commitments", "[[commitments]]"):
        values: dict[str, Any] = table.read(COMMITMENT)
        missing = [name for name in ("provider", "usd_month") if name not in values]
        for name in missing:
            if name not in table.content:
                example = '"anthropic"' if name == "provider" else "5000"
                table.report.wrong(table.path, f"has no {name}", f"{name} = {example}")
        if not missing:
            found.append(msgspec.convert({"tier": "", **values}, Commitment))
    return tuple(found)


def read_file(path: Path) -> tuple[tuple[Purpose, ...], tuple[Commitment, ...]]:
    """Both of a file that holds nothing else; ConfigError names every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "text needs quotes, and every quote its partner"
        problem = Problem("", f"is not TOML: {error}", hint)
        raise ConfigError(str(path), [problem]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = "print one to begin with: headgate audit purposes --suggest"
        problem = Problem("", f"cannot be read: {reason}", hint)
        raise ConfigError(str(path), [problem]) from None
    report = Report(str(path), text)
    for name in content:
        if name not in _KNOWN:
            report.wrong(join("", name), f"unknown section [{name}]", meant(name, _KNOWN))
    root = Table(content, "", report, {})
    found = read_purposes(root), read_commitments(root)
    report.settle()
    return found


def commitment(text: str) -> Commitment:
    """One in words, such as "anthropic priority 5000/month"; ValueError: it is none."""
    words = text.replace("$", "").removesuffix("/month").split()
    if not 2 <= len(words) <= 3:
        raise ValueError('say it as in "anthropic priority 5000/month"')
    report = Report(text, "")
    content = {"provider": words[0], "tier": "".join(words[1:-1]), "usd_month": words[-1]}
    values: dict[str, Any] = Table(content, "", report, {}).read(COMMITMENT)
    if report.problems:
        raise ValueError("; ".join(f"{it.path} {it.what}" for it in report.problems))
    return msgspec.convert(values, Commitment)


def _entries(root: Table, name: str, spelt: str) -> Iterator[Table]:
    given = root.content.get(name, [])
    if not isinstance(given, list) or not all(isinstance(it, Mapping) for it in given):
        root.report.wrong(name, "must be a list of tables", f"write {spelt} above each")
        return
    for number, content in enumerate(given, 1):
        yield Table(content, f"{name}[{number}]", root.report, root.env)


def _purpose_is_whole(table: Table, values: dict[str, Any], before: list[Purpose]) -> bool:
    """Can it stand; what is wrong with it is reported."""
    report, wrong = table.report, len(table.report.problems)
    name = values.get("purpose", "")
    if "purpose" not in table.content or ("purpose" in values and not name.strip()):
        report.wrong(table.path, "has no name", _EXAMPLE)
    if name == UNMAPPED:
        report.wrong(table.path, f"'{UNMAPPED}' is what calls without a purpose are called", "")
    if not (table.content.keys() - {"purpose", "valuable"}):
        report.wrong(table.path, "names no calls, and would stand for all of them", _EXAMPLE)
    if values.get("hours") and hours(values["hours"]) is None:
        report.wrong(join(table.path, "hours"), "is no part of a day", 'hours = "22-6"')
    for head in values.get("heads", ()):
        if not _HEAD.fullmatch(head.lower()):
            hint = "see `headgate audit purposes --suggest`"
            report.wrong(join(table.path, "heads"), f"'{head}' is no fingerprint", hint)
    said = {it.valuable for it in before if it.purpose == name} - {None}
    if values.get("valuable") is not None and said - {values["valuable"]}:
        hint = "give the one without value another name"
        report.wrong(table.path, f"'{name}' is valuable and is not", hint)
    return len(report.problems) == wrong


def hours(text: str) -> tuple[int, int] | None:
    """From which hour on and before which; None: it is none."""
    match = _HOURS.fullmatch(text.strip())
    found = (int(match[1]), int(match[2])) if match else (24, 24)
    return found if found[0] < 24 and found[1] <= 24 and found[0] != found[1] else None
