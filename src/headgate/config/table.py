"""One table of headgate.toml, read setting by setting: decides whether a value has its form.

Rule 1: reading never stops at a mistake; what is wrong is reported and left out.
Rule 2: a key nobody asked for is a mistake too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from headgate.config.problem import Report, join, meant
from headgate.config.setting import Setting
from headgate.money.rules import FINEST

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_SHELL = re.compile(r"\$?\{?(?:env[:.])?([A-Z_][A-Z0-9_]*)\}?")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9.:\[\]-]+")


class Wrong(Exception):
    """A value does not have its setting's form."""

    def __init__(self, what: str, hint: str = "", at: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.at = at


@dataclass(slots=True)
class Table:
    """A TOML table and where it stands."""

    content: Mapping[str, object]
    path: str
    report: Report
    env: Mapping[str, str]

    def read(self, settings: Iterable[Setting]) -> dict[str, object]:
        """Every setting given, checked; `table` and `ladder` forms are the caller's to read."""
        known = {setting.name: setting for setting in settings}
        found: dict[str, object] = {}
        for key, value in self.content.items():
            place = join(self.path, key)
            setting = known.get(key)
            if setting is None:
                self.report.wrong(place, f"unknown key '{key}'", meant(key, known))
                continue
            try:
                found[key] = self.check(value, setting)
            except Wrong as wrong:
                at = join(place, wrong.at) if wrong.at else place
                self.report.wrong(at, wrong.what, wrong.hint)
        return found

    def check(self, value: object, setting: Setting) -> object:
        if setting.form == "secret":
            return self.secret(value, setting.name)
        if setting.form == "pairs":
            return _pairs(value, self)
        check = _CHECKS.get(setting.form)
        return check(value, setting) if check else value

    def secret(self, value: object, name: str) -> str:
        """The text behind `env:NAME`; a secret written into the file is refused."""
        variable = variable_of(value)
        if not variable:
            given = _SHELL.fullmatch(value) if isinstance(value, str) else None
            upper = given[1] if given else self._variable_for(name)
            raise Wrong(
                "a secret does not belong in this file",
                f'export {upper}=… and write {name} = "env:{upper}" here',
            )
        if variable not in self.env:
            raise Wrong(
                f"the environment has no variable {variable}",
                f"export {variable}=… before starting, or name another variable here",
            )
        return self.env[variable]

    def _variable_for(self, name: str) -> str:
        """A good name for the variable that should hold this secret."""
        owner = self.path.rpartition(".")[2] if "." in self.path else "headgate"
        return re.sub(r"\W+", "_", f"{owner}_{name}").strip("_").upper()


def variable_of(value: object) -> str:
    """NAME of `env:NAME`; empty: the value is something else."""
    match = _ENV.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else ""


def _text(value: object, setting: Setting) -> object:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {_name(value)}", f'{setting.name} = "…"')
    return value


def _texts(value: object, setting: Setting) -> object:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong(f"must be a list of texts, not {_name(value)}", f'{setting.name} = ["…"]')
    if not all(each.strip() for each in value):
        raise Wrong(
            "holds an empty text, which names nothing", "take it out, or name something"
        )
    return value


def _flag(value: object, setting: Setting) -> object:
    if not isinstance(value, bool):
        raise Wrong(
            f"must be true or false, not {_name(value)}", "without quotes, in lower case"
        )
    return value


def _whole(value: object, setting: Setting) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong(f"must be a whole number, not {_name(value)}", _number_hint(value, setting))
    return _within(value, setting)


def _number(value: object, setting: Setting) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number, not {_name(value)}", _number_hint(value, setting))
    if not math.isfinite(value):
        raise Wrong("must be a finite number", "choose a large number instead")
    return _within(value, setting)


def _numbers(value: object, setting: Setting) -> object:
    if not isinstance(value, list) or not value:
        raise Wrong("must be a list of numbers", f"{setting.name} = [1, 2, 4]")
    return [_number(each, setting) for each in value]


def _within(value: float | Decimal, setting: Setting) -> float | Decimal:
    """Limits are inclusive, `above` is not."""
    bounds = []
    if setting.above is not None and value <= setting.above:
        bounds.append(f"greater than {setting.above:.12g}")
    if setting.low is not None and value < setting.low:
        bounds.append(f"at least {setting.low:.12g}")
    if setting.high is not None and value > setting.high:
        bounds.append(f"at most {setting.high:.0f}")
    if bounds:
        raise Wrong(f"is {value}, but must be {' and '.join(bounds)}")
    return value


def _choice(value: object, setting: Setting) -> object:
    if value not in setting.choices:
        near = meant(value, setting.choices) if isinstance(value, str) else ""
        choices = " or ".join(f'"{each}"' for each in setting.choices)
        raise Wrong(f"is {value!r}", near if near.startswith("did") else f"choose {choices}")
    return value


def _choices(value: object, setting: Setting) -> object:
    if not isinstance(value, list):
        example = ", ".join(f'"{each}"' for each in setting.choices[:2])
        raise Wrong(f"must be a list, not {_name(value)}", f"{setting.name} = [{example}]")
    for each in value:
        _choice(each, setting)
    return value


def _money(value: object, setting: Setting) -> object:
    """Dollars as decimal text, so that no cent is lost on the way."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not plain or not amount.is_finite() or amount < 0:
        raise Wrong("is no amount of dollars", f'{setting.name} = "2.50"')
    _within(amount, setting)
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < FINEST:
        raise Wrong(f"has more than {-FINEST} decimals", f'{setting.name} = "{amount:.4f}"')
    return f"{amount:f}"


def _origins(value: object, setting: Setting) -> object:
    for origin in value if isinstance(value, list) else [None]:
        if not isinstance(origin, str):
            raise Wrong("must be a list of texts", f'{setting.name} = ["https://app.example"]')
        if not _ORIGIN.fullmatch(origin):
            raise Wrong(
                f"'{origin}' is no origin",
                "an origin is scheme://host or scheme://host:port, without a path",
            )
    return value


def _pairs(value: object, table: Table) -> object:
    if not isinstance(value, dict):
        raise Wrong(f"must be a table of texts, not {_name(value)}", 'for example { a = "b" }')
    for key, text in value.items():
        if not isinstance(text, str):
            raise Wrong(f"must be text, not {_name(text)}", at=key)
    return value


def _number_hint(value: object, setting: Setting) -> str:
    """What a text such as "30s" was meant to be."""
    digits = (
        re.fullmatch(r"(\d+(?:\.\d+)?)\s*[a-z]*", value) if isinstance(value, str) else None
    )
    if isinstance(value, float):
        return f"{setting.name} = {value:.0f}"
    unit = {"_s": "seconds", "ms": "milliseconds"}.get(setting.name[-2:], "")
    if digits:
        return f"{setting.name} = {digits[1]}" + (f" ({unit})" if unit else "")
    return f"a number of {unit}" if unit else "a number without quotes"


def _name(value: object) -> str:
    """The form a value has, in the words of TOML."""
    names: dict[type, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


_CHECKS: dict[str, Callable[[object, Setting], object]] = {
    "text": _text,
    "texts": _texts,
    "flag": _flag,
    "whole": _whole,
    "number": _number,
    "numbers": _numbers,
    "choice": _choice,
    "choices": _choices,
    "money": _money,
    "origins": _origins,
}
