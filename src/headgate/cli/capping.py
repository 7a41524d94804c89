"""How limits and budgets are given on the command line, and how they are printed.

Rule 1: an option that is not given changes nothing; one limit or period is changed by itself.
Rule 2: a mistake in an amount is answered with how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click

from headgate.cli import Trouble
from headgate.cli.terminal import dollars
from headgate.policy.cap import KINDS, PERIODS, Caps, Limits
from headgate.policy.sound import nusd, usd
from headgate.store.capped import TAKEN, CapChanges

Decorated = TypeVar("Decorated", bound=Callable[..., object])
_AMOUNT = re.compile(r"(\d[\d_,]*)([kKmM]?)")
_TIMES = {"": 1, "k": 1000, "m": 1_000_000}
_NONE = "none"
_TIGHTEST = "A lower level may name more than the one above: the tightest of all decides."


class Limit(click.ParamType[tuple[str, int]]):
    """WHAT=AMOUNT; an amount of none takes it away."""

    name = "limit"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        what, equals, text = str(value).partition("=")
        what = what.strip().replace("-", "_")
        if not equals or what not in Limits._fields:
            near = _near(what, Limits._fields)
            self.fail(f"{value!r} is no limit: write requests=300; {near}", param, ctx)
        amount = text.strip()
        if amount == _NONE:
            return what, TAKEN
        found = _AMOUNT.fullmatch(amount)
        count = int(re.sub(r"[_,]", "", found[1])) * _TIMES[found[2].lower()] if found else 0
        if not count:
            self.fail(
                f"{amount!r} is no amount: write a number from 1 such as 300 or 200k, or none",
                param,
                ctx,
            )
        return what, count


class Allowance(click.ParamType[tuple[str, int]]):
    """DOLLARS/PERIOD; dollars of none take it away."""

    name = "budget"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        text, slash, period = str(value).partition("/")
        if not slash or period.strip() not in PERIODS:
            near = f"; {_near(period.strip(), PERIODS)}" if slash else ""
            self.fail(f"{value!r} is no budget: write 20/day or 100/month{near}", param, ctx)
        if text.strip() == _NONE:
            return period.strip(), TAKEN
        try:
            return period.strip(), nusd(text)
        except ValueError as error:
            self.fail(f"{error}: write 20/day or 0.50/month", param, ctx)


class Shares(click.ParamType[tuple[float, ...]]):
    """Shares of a budget, with commas between."""

    name = "shares"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            return tuple(float(each) for each in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} are no shares: write 0.5,0.9", param, ctx)


def caps_options(command: Decorated) -> Decorated:
    """The options that say what is capped."""
    return _all(
        command,
        click.option(
            "--limit",
            "limits",
            multiple=True,
            type=Limit(),
            metavar="WHAT=AMOUNT",
            help=f"A minute's {', '.join(Limits._fields[:3])}; or concurrent calls, or burst."
            f" {_TIGHTEST}",
        ),
        click.option(
            "--budget",
            "budgets",
            multiple=True,
            type=Allowance(),
            metavar="DOLLARS/PERIOD",
            help="What may be spent in a day, week, month or total, such as 20/day.",
        ),
        click.option(
            "--budget-kind",
            type=click.Choice(KINDS),
            help="hard: nothing passes it; soft: what is probable; watch: only warns.",
        ),
        click.option(
            "--lower-output/--keep-output",
            default=None,
            help="May a call's max_tokens be lowered to what a hard budget has left.",
        ),
        click.option(
            "--warn-at", type=Shares(), metavar="SHARES", help="Such as 0.5,0.9 of a budget."
        ),
    )


def clear_options(command: Decorated) -> Decorated:
    """Those that take all of it back."""
    return _all(
        command,
        click.option("--no-limits", is_flag=True, help="Take its own limits away."),
        click.option("--no-budgets", is_flag=True, help="Take its own budgets away."),
    )


def _all(command: Decorated, *options: Any) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command


def changes(options: Mapping[str, Any]) -> CapChanges | None:
    """What was said of caps; None: nothing."""
    given = CapChanges(
        tuple(options["limits"]),
        tuple(options["budgets"]),
        options["budget_kind"],
        options["lower_output"],
        options["warn_at"],
        options.get("no_limits", False),
        options.get("no_budgets", False),
    )
    return given if given != CapChanges() else None


def check_priced(given: CapChanges | None, config_path: str | None) -> None:
    """Refuse a budget that could not be kept: over models that have no price."""
    if given is None or not (given.budgets or given.kind) or given.kind == "watch":
        return
    from headgate.cli.sharing import in_force  # costly to load
    from headgate.config import ConfigError
    from headgate.config.caps import objection

    try:
        config = in_force(Path(config_path) if config_path else None)
    except ConfigError:
        return  # no gateway starts with it, and the one that runs asks at every call
    what, hint = objection(config, datetime.now(UTC))
    if what:
        raise Trouble(what, hint)


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, [*known], n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"


def limits_told(limits: Mapping[str, int]) -> str:
    """In one line: 300 requests a minute (up to 75 at once), 10 calls at once."""
    parts = []
    for what, amount in limits.items():
        if what == "concurrent":
            parts.append(f"{amount:,} call{'s' * (amount != 1)} at once")
        elif what == "requests":
            burst = Limits(requests=amount, burst=limits.get("burst", 0)).at_once()
            parts.append(f"{amount:,} requests a minute (up to {burst:,} at once)")
        elif what != "burst":
            parts.append(f"{amount:,} {what.replace('_', ' ')} a minute")
    return ", ".join(parts)


def budgets_told(budgets: Iterable[Mapping[str, Any]]) -> str:
    """In one line: $20 a day, $100 a month (soft)."""
    return ", ".join(budget_told(it) for it in budgets)


def budget_told(budget: Mapping[str, Any]) -> str:
    period = budget["period"]
    each = "in all" if period == "total" else f"a {period}"
    kind = "" if budget["kind"] == "hard" else f" ({budget['kind']})"
    return f"${usd(budget['nusd'])} {each}{kind}"


def caps_shown(caps: Caps) -> dict[str, Any]:
    """As programs read it: what is set, and nothing where nothing is."""
    return {
        "limits": {what: amount for what, amount in caps.limits._asdict().items() if amount},
        "budgets": [it._asdict() | {"usd": usd(it.nusd)} for it in caps.budgets],
        "lower_output": caps.lower_output,
        "warn_at": list(caps.warn_at) if caps.budgets else [],
    }


def caps_told(shown: Mapping[str, Any]) -> dict[str, str]:
    """The same as lines of a page of facts."""
    return {
        "limits": limits_told(shown["limits"]),
        "budgets": budgets_told(shown["budgets"]),
        "lower_output": "to what a hard budget has left" if shown["lower_output"] else "",
        "warn_at": ", ".join(f"{share:.0%}" for share in shown["warn_at"]),
    }


def remaining_told(capped: Iterable[Mapping[str, Any]]) -> list[str]:
    """What each account is capped at and has left, a line for each limit and budget."""
    lines = []
    for it in capped:
        if it["limits"]:
            lines.append(f"{it['of']}: {limits_told(it['limits'])}")
        for budget in it["budgets"]:
            aside = budget["held_nusd"]
            held = f", {dollars(aside)} set aside for running calls" if aside else ""
            until = f"; resets {budget['resets'][:16]} UTC" if budget["resets"] else ""
            lines.append(
                f"{it['of']}: {budget_told(budget)}: {dollars(budget['spent_nusd'])} spent"
                f"{held}, {dollars(budget['remaining_nusd'])} left{until}"
            )
    return lines
