"""headgate cost: what a workload costs a month and a year on one model or on all that fit.

Rule 1: it needs no key, no configuration and no network; with --last it reads the ledger.
Rule 2: [prices.overrides] of headgate.toml hold here too, and --price goes before them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from headgate.cli import Misuse
from headgate.cli.costview import Shown, as_data, show
from headgate.cli.terminal import config_option, dollars, json_option, print_json, print_table
from headgate.cli.where import ledger_option
from headgate.cli.workload import Asked, asked, gathered, workload_options
from headgate.money import amounts, preset
from headgate.money.amounts import NANO
from headgate.money.forecast import Forecast, forecast
from headgate.money.ratelimit import Fit, fit
from headgate.money.roi import roi as reckon
from headgate.money.whatif import variations


@click.group(invoke_without_command=True)
@workload_options
@click.option("--last", help="Take the pattern from the ledger: 30d, 24h, or since a day.")
@click.option("--key", help="With --last: only calls of this key, by its name or id.")
@click.option("--route", help="With --last: only calls of this [models] entry.")
@click.option("--served", help="With --last: only calls that this model answered.")
@click.option(
    "--what-if", is_flag=True, help="Show what would change it, for several models too."
)
@json_option
@ledger_option
@config_option
@click.pass_context
def command(context: click.Context, /, as_json: bool, what_if: bool, **typed: Any) -> None:
    """Say what a workload costs a month and a year, line by line.

    The pattern is typed, comes from a preset, or with --last from your own ledger; what is
    typed goes before both. Caching is counted as it is billed: each miss pays for writing, and
    a prefix below a model's minimum is never cached.

    \b
    Examples:
      headgate cost --requests 1.2M/month --input 450 --output 280 --peak 8500/min
      headgate cost --requests 40k/day --input 6k --output 300 --prefix 5k --hit 70% \\
        --model claude-sonnet-5-5 --model gpt-6.1-terra
      headgate cost --last 30d --model claude-haiku-5-5
      headgate cost --preset 001-retrieval
    """
    if context.invoked_subcommand is not None:
        return
    from headgate.config import load_places  # costly to load; not needed for the help

    config_path = typed["config_path"]
    config = load_places(Path(config_path) if config_path else None, os.environ)
    observed, assumed = _observed(typed)
    said = gathered(typed, observed)
    wanted = asked(said, config.prices.rules)
    found = _forecasts(wanted, said.get("tier") or "")
    first = found[0][0]
    shown = Shown(
        wanted,
        found,
        variations(first) if what_if or as_json or len(found) == 1 else (),
        amounts.nusd(said["self_hosted"]) if said.get("self_hosted") else None,
        assumed,
    )
    print_json(as_data(shown)) if as_json else show(shown)


@command.command()
@json_option
def presets(as_json: bool) -> None:
    """List the workloads that are known by a name.

    \b
    Examples:
      headgate cost presets
      headgate cost presets --json
    """
    known = [preset.read(name) for name in preset.names()]
    if as_json:
        print_json([{**it.words, "name": it.name, "title": it.title} for it in known])
        return
    print_table(
        ("preset", "what it is", "from"), [(it.name, it.title, it.source) for it in known]
    )


@command.command()
@click.option("--hours", required=True, help="Hours of work, once: 120.")
@click.option("--rate", required=True, help="Dollars an hour.")
@click.option("--saving", required=True, help="Dollars that it saves a month.")
@click.option(
    "--months",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help="After so many months.",
)
@click.option("--spend", help="The monthly bill before; shows from which bill on it pays.")
@json_option
def roi(as_json: bool, months: int, **typed: str | None) -> None:
    """Say when work done once is repaid by what it saves each month.

    \b
    Example:
      headgate cost roi --hours 120 --rate 150 --saving 11800 --spend 28000
    """
    hours, rate, saving, spend = _numbers(typed)
    if spend and saving > spend:
        raise Misuse(
            "--saving: is more than the whole bill of --spend",
            "say what it saves of that bill: --saving 11800 --spend 28000",
        )
    found = reckon(hours, round(rate * NANO), saving * NANO)
    needed = found.spend_needed_nusd(saving / spend, Fraction(months)) if spend else None
    rows = {
        "cost_nusd": found.cost_nusd,
        "months_to_recoup": _rounded(found.months_to_recoup),
        "net_nusd": round(found.net_nusd(months)),
        "net_percent": _rounded(found.net_percent(months)),
        "gross_percent": _rounded(found.gross_percent(months)),
        "spend_needed_nusd": round(needed) if needed is not None else None,
    }
    print_json({"months": months, **rows}) if as_json else print_table(
        ("what", "figure"), list(_told(rows, months))
    )


def _numbers(typed: dict[str, str | None]) -> list[Fraction]:
    found = []
    for name in ("hours", "rate", "saving", "spend"):
        try:
            found.append(amounts.number((typed[name] or "0").strip().removeprefix("$")))
        except ValueError as error:
            raise Misuse(f"--{name}: {error}", "such as: --hours 120 --rate 150") from None
    return found


def _rounded(figure: Fraction | None) -> float | None:
    return round(float(figure), 2) if figure is not None else None


def _told(rows: dict[str, Any], months: int) -> Iterator[tuple[str, str]]:
    recoup, net, gross = (
        rows[name] for name in ("months_to_recoup", "net_percent", "gross_percent")
    )
    yield "the work costs", dollars(rows["cost_nusd"])
    yield "it is repaid after", f"{recoup:.2f} months" if recoup is not None else "never"
    yield f"left after {months} months", dollars(rows["net_nusd"])
    if net is not None:
        yield "return, net of the work", f"{net:.1f}%"
        yield "return, gross", f"{gross:.1f}%"
    if rows["spend_needed_nusd"] is not None:
        yield f"repaid in {months} months from a bill of", dollars(rows["spend_needed_nusd"])


def _observed(typed: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the ledger tells of the pattern, and what was assumed in telling."""
    last, ledger, config_path = (typed.pop(name) for name in ("last", "ledger", "config_path"))
    whose = {name: typed.pop(name) or "" for name in ("key", "route", "served")}
    if not last:
        if any(whose.values()):
            raise Misuse(
                "--key, --route and --served choose calls of the ledger", "add --last 30d"
            )
        return {}, ()
    from headgate.cli.observed import observed  # costly to load, and rarely needed

    place: tuple[Path | None, str | None] = (ledger, config_path)
    return observed(last, whose, place)


def _forecasts(wanted: Asked, tier: str) -> tuple[tuple[Forecast, Fit], ...]:
    """The cheapest first; where no model was named, only those that fit."""
    if tier:
        _check_tier(wanted, tier)
    found = []
    for offer in wanted.offers:
        one = forecast(wanted.pattern, offer, wanted.extras)
        tiers = wanted.limits[offer.model]
        has_it = tier.lower() in (it.tier.lower() for it in tiers)
        found.append((one, fit(one, tiers, tier if has_it else "")))
    fitting = [it for it in found if not it[0].unfit]
    if not wanted.named and fitting:
        found = fitting
    found.sort(key=lambda it: (bool(it[0].unfit), it[0].monthly_nusd, it[0].offer.model))
    return tuple(found)


def _check_tier(wanted: Asked, tier: str) -> None:
    known = dict.fromkeys(it.tier for tiers in wanted.limits.values() for it in tiers)
    if tier.lower() not in (name.lower() for name in known):
        raise Misuse(
            f"--tier {tier}: none of these models has it",
            f"there are {', '.join(known)}" if known else "give the limits: --limit rpm=10000",
        )
