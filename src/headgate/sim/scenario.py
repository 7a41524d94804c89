"""Scenario files: which calls go how. TOML in, a Scenario out; matching is pure.

Rule 1: the first step that applies to a call decides, over the scenario's `always`.
Rule 2: a step counts the calls its model, path and key patterns match; `calls`, `cycle`,
`probability` and the times since start then say which of those it plays on.
Rule 3: every mistake of a file is reported at once, each with its place.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from headgate.sim.faults import Script, ScriptError, merge, parse
from headgate.sim.limits import UNLIMITED, Limits

SHIPPED = Path(__file__).parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario nobody can play, with every mistake in it."""


@dataclass(frozen=True, slots=True)
class Step:
    """When a piece of script is played."""

    do: dict[str, Any]
    model: str = "*"
    path: str = "*"
    key: str = "*"
    calls: tuple[tuple[int, int], ...] = ()
    """ranges of matching calls, from 1; empty: all"""
    cycle: int = 0
    """count calls from 1 again after so many; 0: never"""
    probability: float = 1.0
    after_s: float = 0.0
    until_s: float = float("inf")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A title, what always holds, and steps in order."""

    title: str = "calm"
    about: str = ""
    always: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    limits: Limits = UNLIMITED
    bad_keys: tuple[str, ...] = ()
    known_models_only: bool = False

    def with_always(self, extra: dict[str, Any]) -> Scenario:
        """The same scenario with more that always holds."""
        return replace(self, always={**self.always, **extra})


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a call a step can match."""

    model: str
    path: str
    key: str
    since_start_s: float


@dataclass(slots=True)
class Director:
    """Plays one scenario: counts calls per step and throws the dice."""

    scenario: Scenario
    dice: Callable[[str], float]
    """a fraction in [0, 1) for a purpose"""
    counts: list[int] = field(init=False)
    coming: list[dict[str, Any]] = field(default_factory=list)
    """scripts for the next calls, before any step"""

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.scenario.steps)

    def script(self, asked: Asked, extra: dict[str, Any] | None = None) -> Script:
        """How this call shall go; `extra` is what its own header asks for."""
        chosen = self._choose(asked)
        if self.coming:
            chosen = self.coming.pop(0)
        return merge(self.scenario.always, chosen, extra or {})

    def _choose(self, asked: Asked) -> dict[str, Any]:
        chosen: dict[str, Any] | None = None
        for i, step in enumerate(self.scenario.steps):
            if not _concerns(step, asked):
                continue
            self.counts[i] += 1
            if chosen is None and self._plays(step, i, asked.since_start_s):
                chosen = step.do
        return chosen or {}

    def _plays(self, step: Step, i: int, since_start_s: float) -> bool:
        n = self.counts[i]
        if step.cycle:
            n = (n - 1) % step.cycle + 1
        if not step.after_s <= since_start_s < step.until_s:
            return False
        if step.calls and not any(low <= n <= high for low, high in step.calls):
            return False
        return (
            step.probability >= 1
            or self.dice(f"step {i} call {self.counts[i]}") < step.probability
        )


def _concerns(step: Step, asked: Asked) -> bool:
    return (
        fnmatchcase(asked.model, step.model)
        and fnmatchcase(asked.path, step.path)
        and fnmatchcase(asked.key, step.key)
    )


@dataclass(slots=True)
class _Reading:
    """Values on their way out of a table, with the mistakes found meanwhile."""

    mistakes: list[str] = field(default_factory=list)

    def wrong(self, place: str, text: str) -> None:
        self.mistakes.append(f"{place}: {text}")

    def known(self, place: str, table: dict[str, Any], names: tuple[str, ...]) -> None:
        for name in table:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(names)
                self.wrong(place, f"unknown key {name!r}; {hint}")

    def value(self, place: str, table: dict[str, Any], name: str, default: Any) -> Any:
        """The entry if it has the default's type, else the default and a mistake."""
        found = table.get(name, default)
        if isinstance(default, float) and isinstance(found, int) and found is not True:
            found = float(found)
        if type(found) is not type(default):
            self.wrong(place, f"{name} must be a {type(default).__name__}, not {found!r}")
            return default
        return found

    def do(self, place: str, text: str) -> dict[str, Any]:
        try:
            return parse(text)
        except ScriptError as wrong:
            self.wrong(place, str(wrong))
            return {}

    def ranges(self, place: str, text: str) -> tuple[tuple[int, int], ...]:
        """`3`, `1-5`, `7-` (to the end), or several with commas."""
        ranges = []
        for part in text.split(",") if text else ():
            low, dash, high = (each.strip() for each in part.partition("-"))
            ends = (low, high or ("1000000000" if dash else low))
            if not all(end.isdigit() for end in ends) or not 1 <= int(ends[0]) <= int(ends[1]):
                self.wrong(place, f"calls = {text!r}: expected such as '3', '1-5' or '7-'")
                return ()
            ranges.append((int(ends[0]), int(ends[1])))
        return tuple(ranges)


_TOP = ("title", "about", "always", "limits", "bad_keys", "known_models_only", "step")
_STEP = ("do", "model", "path", "key", "calls", "cycle", "probability", "after_s", "until_s")
_LIMITS = ("requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute")


def read(text: str, name: str = "scenario") -> Scenario:
    """A scenario from TOML text; ScenarioError lists all that is wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise ScenarioError(f"{name}: not valid TOML: {wrong}") from None
    reading = _Reading()
    reading.known(name, table, _TOP)
    steps = table.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        reading.wrong(name, "step must be written as [[step]] tables")
        steps = []
    scenario = Scenario(
        title=reading.value(name, table, "title", name),
        about=reading.value(name, table, "about", "").strip(),
        always=reading.do(f"{name}: always", reading.value(name, table, "always", "")),
        steps=tuple(
            _read_step(reading, f"{name}: step {i}", step) for i, step in enumerate(steps, 1)
        ),
        limits=_read_limits(reading, f"{name}: limits", table.get("limits", {})),
        bad_keys=tuple(map(str, reading.value(name, table, "bad_keys", []))),
        known_models_only=reading.value(name, table, "known_models_only", False),
    )
    if reading.mistakes:
        raise ScenarioError("\n".join(reading.mistakes))
    return scenario


def _read_step(reading: _Reading, place: str, table: dict[str, Any]) -> Step:
    reading.known(place, table, _STEP)
    if "do" not in table:
        reading.wrong(place, "needs do = '…', such as do = '529;retry-after=1'")
    cycle = reading.value(place, table, "cycle", 0)
    if cycle < 0:
        reading.wrong(place, f"cycle must be 1 or more, not {cycle}")
    probability = reading.value(place, table, "probability", 1.0)
    if not 0 <= probability <= 1:
        reading.wrong(place, f"probability must be from 0 to 1, not {probability}")
    return Step(
        do=reading.do(place, reading.value(place, table, "do", "")),
        model=reading.value(place, table, "model", "*"),
        path=reading.value(place, table, "path", "*"),
        key=reading.value(place, table, "key", "*"),
        calls=reading.ranges(place, str(table.get("calls", ""))),
        cycle=max(0, cycle),
        probability=probability,
        after_s=reading.value(place, table, "after_s", 0.0),
        until_s=reading.value(place, table, "until_s", float("inf")),
    )


def _read_limits(reading: _Reading, place: str, table: Any) -> Limits:
    if not isinstance(table, dict):
        reading.wrong(place, "must be a table")
        return Limits()
    reading.known(place, table, _LIMITS)
    standard = Limits()
    found = {key: reading.value(place, table, key, getattr(standard, key)) for key in _LIMITS}
    for key, number in found.items():
        if number < 1:
            reading.wrong(place, f"{key} must be 1 or more, not {number}")
    return Limits(**found)


def shipped() -> dict[str, Scenario]:
    """The scenarios that come with the package, by name."""
    paths = sorted(SHIPPED.glob("*.toml"))
    return {path.stem: read(path.read_text(encoding="utf-8"), path.stem) for path in paths}


def load(name: str) -> Scenario:
    """A shipped scenario by name, or one from a file by path."""
    path = SHIPPED / f"{name}.toml"
    if "/" in name or name.endswith(".toml") or not path.is_file():
        path = Path(name)
    if not path.is_file():
        names = sorted(each.stem for each in SHIPPED.glob("*.toml"))
        near = difflib.get_close_matches(name, names, n=1)
        hint = (
            f"did you mean {near[0]!r}?" if near else "a path, or one of: " + ", ".join(names)
        )
        raise ScenarioError(f"no scenario {name!r}; {hint}")
    return read(path.read_text(encoding="utf-8"), path.stem)
