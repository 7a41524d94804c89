"""[limits] and [budgets] of headgate.toml: what is capped for the house, keys, teams and tags.

Rule 1: a cap that could not be kept refuses the file: a burst without requests, a budget of
nothing, a tag that no key can have, money of a model that has no price.
Rule 2: what each_key and each_team say holds where a key or team says nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.config.model import CapsConfig, Config
from headgate.config.problem import Report, join, meant
from headgate.config.setting import BUDGET, LIMIT, LIMITS
from headgate.config.table import Table
from headgate.money.catalog import UNPRICED, Catalog, PriceRules
from headgate.policy import sound
from headgate.policy.cap import (
    HOUSE,
    NO_CAPS,
    PERIODS,
    WARN_AT,
    Budget,
    Caps,
    Limits,
    merged,
)
from headgate.policy.glob import is_pattern
from headgate.wire.call import Capped

EVERYBODY = ("house", "each_key", "each_team")
TAGS, MODELS = "tag:", "model:"
OWN = {"key": "keys", "team": "teams", "organisation": "orgs", "org": "orgs"}
"""who has caps of their own, and the command that sets them"""
_DEFAULT = CapsConfig()
_MODEL = re.compile(r"[^\s,]{1,256}")
_MONEY = (*PERIODS, "kind", "warn_at")
LABELS = {HOUSE: "the whole house"}
LISTED = 8
"""targets that a refusal names"""


@dataclass(frozen=True, slots=True)
class Line:
    """[limits] as it is written: how calls wait, and what holds while there is no store."""

    max_wait_s: float = _DEFAULT.wait_s
    queue_calls: int = _DEFAULT.queue_calls
    queue_calls_per_key: int = _DEFAULT.queue_calls_per_key
    when_unreachable: str = _DEFAULT.when_unreachable
    open_allowance_usd: str = str(_DEFAULT.open_allowance_nusd // sound.NANO)


@dataclass(frozen=True, slots=True)
class Amounts:
    """[limits.WHO] as it is written."""

    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    concurrent: int | None = None
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """[budgets.WHO] as it is written."""

    day: str | None = None
    week: str | None = None
    month: str | None = None
    total: str | None = None
    kind: str = "hard"
    lower_output: bool = False
    warn_at: tuple[float, ...] = WARN_AT


@dataclass(slots=True)
class _Who:
    """What both sections say of one: read apart, judged together."""

    limits: Limits = NO_CAPS.limits
    budgets: tuple[Budget, ...] = ()
    lower_output: bool = False
    warn_at: tuple[float, ...] = WARN_AT

    def caps(self) -> Caps:
        return Caps(self.limits, self.budgets, self.lower_output, self.warn_at)


def read_caps(limits: Table, budgets: Table) -> CapsConfig:
    """Both sections; what is wrong is reported and left out."""
    plain = {k: v for k, v in limits.content.items() if not _is_someone(k, v)}
    line: dict[str, Any] = Table(plain, limits.path, limits.report, limits.env).read(LIMITS)
    found: dict[str, _Who] = {}
    for name, table in _someone(limits, (*EVERYBODY, TAGS, MODELS)):
        found.setdefault(name, _Who()).limits = read_limits(table)
    for name, table in _someone(budgets, (*EVERYBODY, TAGS)):
        _read_budgets(table, found.setdefault(name, _Who()))
    caps = {name: who.caps() for name, who in found.items()}
    if "open_allowance_usd" in line:
        usd = Decimal(line.pop("open_allowance_usd"))
        line["open_allowance_nusd"] = int(usd * sound.NANO)
    if "max_wait_s" in line:
        line["wait_s"] = float(line.pop("max_wait_s"))
    return CapsConfig(
        house=caps.get("house", NO_CAPS),
        each_key=caps.get("each_key", NO_CAPS),
        each_team=caps.get("each_team", NO_CAPS),
        tags=tuple((_rest(n), c) for n, c in caps.items() if n.startswith(TAGS)),
        models=tuple((_rest(n), c.limits) for n, c in caps.items() if n.startswith(MODELS)),
        **line,
    )


def told(caps: CapsConfig) -> dict[str, dict[str, Any]]:
    """Both sections as they would be written, defaults included."""
    limits: dict[str, Any] = asdict(Line(
        caps.wait_s, caps.queue_calls, caps.queue_calls_per_key, caps.when_unreachable,
        sound.usd(caps.open_allowance_nusd),
    ))  # fmt: skip
    budgets: dict[str, Any] = {}
    everybody = [(name, getattr(caps, name)) for name in EVERYBODY]
    everybody += [(f"{TAGS}{name}", each) for name, each in caps.tags]
    everybody += [(f"{MODELS}{name}", Caps(each)) for name, each in caps.models]
    for name, each in everybody:
        if each.limits != NO_CAPS.limits:
            limits[name] = {what: n for what, n in each.limits._asdict().items() if n}
        if each.budgets:
            budgets[name] = {it.period: sound.usd(it.nusd) for it in each.budgets} | {
                "kind": each.budgets[0].kind,
                "lower_output": each.lower_output,
                "warn_at": list(each.warn_at),
            }
    return {"limits": limits, "budgets": budgets}


def _is_someone(name: str, value: object) -> bool:
    return isinstance(value, dict) or name in EVERYBODY or ":" in name


def _rest(name: str) -> str:
    return name.partition(":")[2]


def _someone(section: Table, known: tuple[str, ...]) -> Iterator[tuple[str, Table]]:
    """(who, what is said of them) for all that can be capped here."""
    for name, value in section.content.items():
        is_line = section.path == "limits" and not _is_someone(name, value)
        if is_line:
            continue
        place = join(section.path, name)
        wrong = _stranger(name, known) if isinstance(value, dict) else _no_table(name, section)
        if wrong:
            section.report.wrong(place, *wrong)
        elif isinstance(value, dict):
            if not value:
                section.report.wrong(place, "says nothing", "name an amount, or leave it out")
            yield name, Table(value, place, section.report, section.env)


def _no_table(name: str, section: Table) -> tuple[str, str]:
    whose = name if name in EVERYBODY or ":" in name else "house"
    return "must say for whom", f"write [{join(section.path, whose)}] and the amounts below it"


def _stranger(name: str, known: tuple[str, ...]) -> tuple[str, str] | None:
    """What is wrong with the name of somebody; None: nothing is."""
    sort, colon, rest = name.partition(":")
    if name in EVERYBODY:
        return None
    if colon and sort in OWN:
        command = OWN[sort]
        hint = f"headgate {command} update {rest or 'NAME'} --limit … --budget …"
        return f"the caps of one {sort} are kept with it, not in this file", hint
    if f"{sort}{colon}" not in known:
        shown = [f"{each}NAME" if each.endswith(":") else each for each in known]
        near = meant(sort if colon else name, [each.rstrip(":") for each in known])
        hint = near if near.startswith("did") else f"known here: {', '.join(shown)}"
        return f"'{name}' is nobody who can be capped here", hint
    if sort == "tag" and not sound.TAG.fullmatch(rest):
        return f"'{rest}' is no tag, so no call will ever have it", sound.TAG_HINT
    if sort == "model" and not _MODEL.fullmatch(rest):
        return f"'{rest}' is no name of a model and no pattern", "such as model:claude-opus-*"
    return None


def read_limits(table: Table) -> Limits:
    """Limits of whomever the table is about."""
    said: dict[str, Any] = table.read(LIMIT)
    limits = Limits(**said)
    for wrong in sound.unsound(Caps(limits)):
        if wrong.at != "burst" or "requests" not in table.content:
            table.report.wrong(join(table.path, wrong.at), wrong.what, wrong.hint)
    return limits


def _read_budgets(table: Table, who: _Who) -> None:
    said: dict[str, Any] = table.read(BUDGET)
    kind = said.get("kind", "hard")
    budgets = []
    for period in PERIODS:
        if period in said:
            try:
                budgets.append(Budget(sound.nusd(said[period]), period, kind))
            except ValueError as error:
                table.report.wrong(join(table.path, period), str(error), f'{period} = "20"')
    who.budgets = tuple(budgets)
    who.lower_output = said.get("lower_output", False)
    who.warn_at = tuple(float(share) for share in said.get("warn_at", WARN_AT))
    for wrong in sound.unsound(who.caps()):
        if wrong.at in _MONEY:
            table.report.wrong(join(table.path, wrong.at), wrong.what, wrong.hint)
    if table.content and not any(period in table.content for period in PERIODS):
        hint = f'add one of {", ".join(PERIODS)}, such as day = "20"'
        table.report.wrong(table.path, "names no amount of money", hint)


def usual(caps: CapsConfig, account: str) -> Caps:
    """What the configuration caps for this account, whatever it says of itself."""
    sort, _, name = account.partition(":")
    if sort == "tag":
        return dict(caps.tags).get(name, NO_CAPS)
    return {HOUSE: caps.house, "key": caps.each_key, "team": caps.each_team}.get(sort, NO_CAPS)


def in_force(caps: CapsConfig, accounts: Iterable[str], own: Iterable[Capped]) -> list[Capped]:
    """Every one of the accounts that is capped, from the house down, with what holds for it."""
    named = {it.account: it for it in own}
    found = []
    for account in dict.fromkeys((HOUSE, *accounts)):
        mine = named.get(account)
        whole = merged(usual(caps, account), mine.caps if mine is not None else NO_CAPS)
        if whole != NO_CAPS:
            label = mine.label if mine is not None else LABELS.get(account, account)
            found.append(Capped(account, label, whole))
    return found


def enforces(caps: Caps) -> bool:
    """Is there a budget that refuses calls, so that every call needs a price."""
    return any(budget.kind != "watch" for budget in caps.budgets)


def needs_prices(caps: CapsConfig) -> str:
    """The first of [budgets] that refuses calls; empty: none does."""
    everybody = [(name, getattr(caps, name)) for name in EVERYBODY]
    everybody += [(f"{TAGS}{name}", each) for name, each in caps.tags]
    return next((name for name, each in everybody if enforces(each)), "")


def unpriced(config: Config, at: datetime) -> list[str]:
    """Configured targets that have no price while there is no ceiling."""
    if config.prices.ceiling:
        return []
    prices = config.prices
    catalog = Catalog.load(PriceRules(overrides=prices.overrides, ceiling=False))
    providers = {provider.name: provider for provider in config.providers}
    found = []
    for route in config.routes:
        for rung in route.ladder:
            model = rung.model or ("" if is_pattern(route.pattern) else route.pattern)
            provider = providers.get(rung.provider)
            if provider is None or not model:
                continue
            rates = catalog.rates(
                provider.prices, model, at, free=provider.free, seller=provider.name
            )
            if rates.priced_by == UNPRICED:
                found.append(f"{rung.provider}:{model}")
    return list(dict.fromkeys(found))


def objection(config: Config, at: datetime) -> tuple[str, str]:
    """Why no budget can be kept under this configuration, and the remedy; empty: it can."""
    targets = unpriced(config, at)
    if not targets:
        return "", ""
    more = f" and {len(targets) - LISTED} more" if len(targets) > LISTED else ""
    what = f"no price is known of {', '.join(targets[:LISTED])}{more}, and there is no ceiling"
    hint = (
        f'add [prices.overrides."{targets[0]}"] with input and output, or free = true to a'
        " provider that costs nothing, or leave out prices.ceiling = false"
    )
    return f"a budget cannot be kept: {what}", hint


def check_prices(config: Config, report: Report, at: datetime) -> None:
    """Refuse budgets in the file over models that cost nobody knows what."""
    who = needs_prices(config.caps)
    what, hint = objection(config, at) if who else ("", "")
    if what:
        report.wrong(join("budgets", who), what, hint)
