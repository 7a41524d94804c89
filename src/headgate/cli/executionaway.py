"""headgate exec --on: runs the same code at a vendor's interpreter, with the key configured.

Rule 1: where it ran, why there, and what it cost is said on stderr, whatever stdout holds.
Rule 2: nothing is kept awake by a command: it names the price, and what is to be written where
to agree to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import click

from headgate.cli import Misuse
from headgate.cli.terminal import dollars, print_json, say
from headgate.config import load_file
from headgate.money.catalog import Catalog
from headgate.sandbox.hosted.away import Away
from headgate.sandbox.hosted.vendor import NANO, vendors
from headgate.sandbox.hosted.warm import price, words
from headgate.sandbox.model import Heard, Job, Output, Refused, Result
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings


async def run_away(
    on: str,
    job: Job,
    settings: Settings,
    config_path: str | None,
    heard: Callable[[Heard], None],
) -> Result:
    """Run it where `on` says, and say where that was, why, and what it cost."""
    config = load_file(Path(config_path) if config_path else None, os.environ)

    async def here(it: Job) -> Result:
        async with Sandbox(settings) as sandbox:
            return await sandbox.run(it, heard)

    async with Away(config.providers, Catalog.load(config.prices.rules), settings) as away:
        result = await away.run(on, job, here)
    if result.on == "local":
        say(f"ran here: {result.why}" if result.why else "ran here")
        return result
    heard(Output("stdout", result.stdout))
    heard(Output("stderr", result.stderr))
    tokens = f"{result.input_tokens:,} tokens in, {result.output_tokens:,} out"
    say(f"ran at {result.on}: {result.model}, {tokens}, {dollars(result.cost_nusd)}")
    if result.why:
        say(f"there because {result.why}")
    return result


def price_warm(
    on: str, memory_mb: int, count: int, config_path: str | None, *, as_json: bool
) -> int:
    """Say what containers of a vendor cost while they are kept awake; nothing is begun."""
    config = load_file(Path(config_path) if config_path else None, os.environ)
    name = on.partition(":")[0]
    found = next((it for it in config.providers if name in (it.name, it.kind)), None)
    if found is None or found.kind not in vendors():
        able = ", ".join(it.name for it in config.providers if it.kind in vendors())
        raise Misuse(
            f"--warm: {on} keeps no containers", f"name one with --on: {able or 'openai'}"
        )
    vendor = vendors()[found.kind]
    try:
        day_nusd, told = price(vendor, memory_mb, count), words(vendor, memory_mb, count)
    except Refused as refused:
        raise Misuse(f"--warm: {refused.what}", refused.remedy) from None
    usd = f"{Decimal(day_nusd) / NANO:.2f}"
    if as_json:
        hour_nusd = day_nusd // 24
        of = {"on": found.name, "count": count, "memory_mb": memory_mb}
        until = {"checked": vendor.checked.isoformat(), "source": vendor.source}
        print_json({**of, "hour_nusd": hour_nusd, "day_nusd": day_nusd, **until})
        return 0
    click.echo(f"{told}\n  prices as of {vendor.checked}: {vendor.source}\n")
    click.echo("nothing is kept; to agree, so that the gateway keeps them, write")
    click.echo(f'  [sandbox]\n  enabled = true\n  hosted = ["{found.name}"]')
    click.echo(f'  warm_on = "{found.name}"\n  warm_count = {count}')
    click.echo(f'  warm_memory_mb = {memory_mb}\n  warm_usd_day = "{usd}"')
    return 0
