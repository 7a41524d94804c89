"""headgate what-if: what the calls of the last days would have cost otherwise.

Rule 1: each change is reckoned alone: their savings overlap, and are never added up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli import Misuse
from headgate.cli.since import SECOND
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.cli.where import ledger_option

GROUPS = ("all", "key", "route", "model", "team", "project")


@click.command()
@click.option("--last", default="7d", show_default=True, help="How far back: 24h, 7d, a day.")
@click.option(
    "--model", "models", multiple=True, help="On this model, or provider:model; repeat."
)
@click.option("--caching", is_flag=True, help="With prompts marked for caches where that pays.")
@click.option("--batch", is_flag=True, help="All in batches, which find few prompts in caches.")
@click.option(
    "--answers",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How long the other models' answers are, beside those there were.",
)
@click.option(
    "--by", type=click.Choice(GROUPS), default="key", show_default=True, help="Whose sums."
)
@json_option
@ledger_option
@config_option
def command(
    last: str,
    models: tuple[str, ...],
    caching: bool,
    batch: bool,
    answers: float,
    by: str,
    as_json: bool,
    ledger: Path | None,
    config_path: str | None,
) -> None:
    """Reckon what the last days would have cost on another model, with caching, or in batches.

    Every call is priced again by itself, at the prices of its day and the band of its prompt.
    What a cheaper model is worth beside its price, nobody can tell from a ledger: see
    `headgate decide` and `headgate audit --evidence`.

    \b
    Examples:
      headgate what-if --model claude-haiku-5-5 --last 7d
      headgate what-if --caching --batch --by route --json
    """
    if not (models or caching or batch):
        raise Misuse("nothing is to be otherwise", "say --model NAME, --caching or --batch")
    from headgate.audit.evidence import Evidence  # costly to load, as are the others
    from headgate.audit.otherwise import Change, cached, replay
    from headgate.cli.openbook import source_of, told
    from headgate.cli.progress import progress
    from headgate.ledger.caching import names
    from headgate.money.catalog import UNPRICED, Catalog

    source = source_of((ledger, config_path))
    catalog = Catalog.load(source.config.prices.rules)
    with told(), progress() as bar:
        window = source.since(last)
        newest = source.newest_us()
        with source.connection() as connection:
            known = names(connection)
        with source.book(window) as book:
            evidence = Evidence(book, catalog, window.since_us, newest + 1, say=bar.step)
            found: dict[str, list[Any]] = {}
            for name in models:
                provider, _, model = name.rpartition(":")
                rates = evidence.rates(provider, model, newest or SECOND)
                if rates.priced_by in ("ceiling", UNPRICED):
                    raise Misuse(
                        f"nobody lists a price for {name}", "headgate cost names models that do"
                    )
                bar.step(f"on {name}")
                change = Change(model, provider, answers=answers)
                found[f"on {name}"] = replay(evidence, change, by)
            if caching:
                found["with caching"] = cached(evidence, by)
            if batch:
                found["in batches"] = replay(evidence, Change(batch=True), by)
    if as_json:
        print_json(_data(found, known))
    else:
        _print(found, known, by)


def _data(found: dict[str, list[Any]], known: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "change": change,
            **it._asdict(),
            "name": known.get(it.name, it.name),
            "saved_nusd": it.saved_nusd,
        }
        for change, outcomes in found.items()
        for it in outcomes
    ]


def _print(found: dict[str, list[Any]], known: dict[str, str], by: str) -> None:
    from headgate.audit.about import share, usd

    for change, outcomes in found.items():
        rows = [
            (
                known.get(it.name, it.name) or f"(no {by})",
                f"{it.calls:,}",
                usd(it.was_nusd),
                usd(it.would_nusd),
                usd(it.saved_nusd),
                share(it.saved_nusd, it.was_nusd),
                f"{it.unfit:,} do not fit" if it.unfit else "",
            )
            for it in outcomes
        ]
        heads = (by, "calls", "was", "would be", "saved", "", "")
        print_table(heads, rows, title=change)
    if sums := max(sum(it.sums for it in outcomes) for outcomes in found.values()):
        say(f"{sums:,} rows are sums that tell no single call: prompts were taken as short")
    if len(found) > 1:
        say("each change alone: their savings overlap, and are not to be added up")
    if not any(found.values()):
        say("there are no calls in that time")
