"""headgate demo: the simulator, the gateway and a minute of believable traffic, then the bill.

Rule 1: no key, no provider and no settings of the user's are touched; all of it is simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from headgate import config as configuration
from headgate.cli import Trouble
from headgate.cli.tenancy import actor
from headgate.cli.terminal import dollars, json_option, print_json, print_table, say
from headgate.config import Config
from headgate.gateway import serve
from headgate.gateway.start import Opened, open_gateway
from headgate.sim.app import Options, Simulator
from headgate.sim.traffic import Errand, day
from headgate.store.adminlog import acting
from headgate.store.keys import create
from headgate.store.sqlite import connect
from headgate.store.tenant import create as create_tenant
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault

WHO = {"ana": "backend", "ben": "frontend", "support-bot": "support", "nightly-ci": "platform"}
PORT = 4100
CALLS_PER_S = 4
MAX_REPLY_BYTES = 16 * 1024 * 1024

_TOML = """
[server]
port = {port}
[providers.anthropic]
base_url = "{sim}"
api_key = "env:SIMULATED_KEY"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:SIMULATED_KEY"
[models]
"claude-opus-*" = ["anthropic x2", "anthropic:claude-sonnet-5-5 x2"]
[models.support]
ladder = ["openai:gpt-6.1-sol x2", "openai:gpt-6-luna x2"]
canned = "Our assistant is resting. A colleague will answer you shortly."
[cache]
prompt = "on"
"""

_BILL = """
SELECT k.name, c.team, c.model_asked, count(*),
  sum(c.input_fresh + c.cache_read + c.cache_write_5m + c.cache_write_1h
    + c.cache_write_30m + c.cache_write_12h),
  sum(c.cache_read), sum(c.output), sum(c.tries - 1),
  sum(c.ending <> 'complete' OR c.fault <> ''), sum(c.cost_nusd)
FROM call c JOIN "key" k ON k.id = c.key_id
GROUP BY k.name, c.model_asked ORDER BY sum(c.cost_nusd) DESC
"""

_SAVED = """
SELECT coalesce(sum(uncached_nusd), 0),
  coalesce(sum(uncached_nusd - input_nusd - cache_read_nusd - cache_write_nusd), 0),
  coalesce(sum(CASE WHEN cache_plan LIKE 'on %'
    THEN uncached_nusd - input_nusd - cache_read_nusd - cache_write_nusd END), 0)
FROM call
"""


@click.command(epilog="Example: headgate demo --seconds 20 --exit")
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3600),
    default=60,
    show_default=True,
    help="How long the traffic lasts.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The gateway's port; 0 picks one.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another seed, other traffic."
)
@click.option(
    "--stay/--exit",
    "stay",
    default=None,
    help="Stay up afterwards; by default only in a terminal.",
)
@json_option
def command(seconds: float, port: int, seed: int, stay: bool | None, as_json: bool) -> None:
    """Show Headgate at work without any key: simulated providers, real gateway, real ledger."""
    stays = sys.stdin.isatty() if stay is None else stay

    async def main(stop: asyncio.Event) -> None:
        with tempfile.TemporaryDirectory(prefix="headgate-demo-") as folder:
            await _play(Path(folder), stop, _Show(seconds, port, seed, stays, as_json))

    serve.run(main)


class _Show:
    """What was asked for."""

    def __init__(
        self, seconds: float, port: int, seed: int, stays: bool, as_json: bool
    ) -> None:
        self.seconds, self.port, self.seed = seconds, port, seed
        self.stays, self.as_json = stays, as_json


async def _play(folder: Path, stop: asyncio.Event, show: _Show) -> None:
    ledger = folder / "headgate.db"
    sim = await serve.start(Simulator(Options(seed=show.seed)), serve.Listen())
    secrets = _make_keys(ledger)
    config = configuration.load(
        _TOML.format(port=show.port, sim=sim.url),
        {"SIMULATED_KEY": "sk-ant-simulated-" + "0" * 60},
        source="the demonstration",
    )
    opened = await _open(config, ledger, folder / "log.jsonl")
    try:
        say(f"A simulated provider answers at {sim.url}; no real model is called.")
        say(f"Headgate stands in front of it at {opened.url}. Traffic for {show.seconds:g} s:")
        await _send_all(opened, secrets, stop, show)
        opened.house.ground.settlement.flush()
        await opened.house.ground.writer.durable()
        await asyncio.to_thread(_print_bill, ledger, show.as_json)
        if show.stays and not stop.is_set():
            _invite(opened, secrets["ana"], folder)
            await stop.wait()
    finally:
        await opened.close(at_once=True)
        await sim.stop(at_once=True)


def _make_keys(ledger: Path) -> dict[str, str]:
    with contextlib.closing(connect(ledger)) as db, acting(actor()):
        now_us = time.time_ns() // 1000
        for team in sorted(set(WHO.values())):
            create_tenant(db, team, parent="default", now_us=now_us)
        return {who: create(db, who, team=team, now_us=now_us)[1] for who, team in WHO.items()}


async def _open(config: Config, ledger: Path, log: Path) -> Opened:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await open_gateway(config, ledger, log_descriptor=descriptor)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and config.server.port == PORT:
            say(f"Port {PORT} is taken: another one is used.")
            server = replace(config.server, port=0)
            return await open_gateway(
                replace(config, server=server), ledger, log_descriptor=descriptor
            )
        raise Trouble(
            f"cannot listen on port {config.server.port}: {error.strerror or error}",
            "another program uses it: choose one with --port",
        ) from None


async def _send_all(
    opened: Opened, secrets: dict[str, str], stop: asyncio.Event, show: _Show
) -> None:
    """Send the day's errands at their times; stop early when asked to."""
    from rich.progress import Progress, TextColumn, TimeRemainingColumn

    errands = list(day(show.seed, int(show.seconds * CALLS_PER_S)))
    door, started = Door(), time.monotonic()
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    cost = TextColumn("{task.fields[calls]} calls answered")
    with Progress(*columns, cost, disable=show.as_json, transient=True) as bar:
        task = bar.add_task("traffic", total=len(errands), calls=0)
        answered = 0

        async def one(errand: Errand) -> None:
            nonlocal answered
            answered += await _send(door, opened.url, secrets[errand.who], errand)
            bar.update(task, advance=1, calls=answered)

        async with asyncio.TaskGroup() as group:
            for errand in errands:
                wait = started + errand.at * show.seconds - time.monotonic()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, wait)):
                        await stop.wait()
                if stop.is_set():
                    break
                group.create_task(one(errand))
    await door.close()


async def _send(door: Door, url: str, secret: str, errand: Errand) -> bool:
    headers = [(b"x-api-key", secret.encode()), (b"content-type", b"application/json")]
    headers += errand.headers
    request = Request(b"POST", Url.parse(url), errand.path.encode(), headers, [errand.body])
    exchange = door.exchange(request)
    try:
        await exchange.open()
        await exchange.read_all(MAX_REPLY_BYTES)
        return exchange.status == 200
    except Fault:
        return False
    finally:
        exchange.close()


def _print_bill(ledger: Path, as_json: bool) -> None:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        rows = db.execute(_BILL).fetchall()
        whole, saved, by_us = db.execute(_SAVED).fetchone()
    names = (
        "key",
        "team",
        "model",
        "calls",
        "input_tokens",
        "cache_read_tokens",
        "output_tokens",
        "retries_and_fallbacks",
        "not_clean",
        "cost_nusd",
    )
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print_table(
        (
            "key",
            "team",
            "model",
            "calls",
            "input",
            "cached",
            "output",
            "retries",
            "trouble",
            "cost",
        ),
        [_shown(row) for row in rows],
        title="What the simulated traffic would have cost, from the ledger",
    )
    total = sum(row[-1] for row in rows)
    say(f"Together {dollars(total)} for {sum(row[3] for row in rows)} calls (simulated).")
    if whole:
        say(
            f"Prompt caches saved {dollars(saved)} of {dollars(whole)} of input"
            f" ({saved / whole:.0%}), {dollars(by_us)} of it for clients that mark nothing:"
        )
        say('  [cache] prompt = "on" places their marks where that pays.')


def _shown(row: Sequence[object]) -> list[str]:
    key, team, model, calls, given, cached, output, retries, trouble, cost = row
    assert isinstance(given, int)
    assert isinstance(cached, int)
    assert isinstance(cost, int)
    share = f"{100 * cached / given:.0f} %" if given else ""
    return [
        str(key),
        str(team),
        str(model),
        str(calls),
        f"{given:,}",
        share,
        f"{output:,}",
        str(retries),
        str(trouble),
        dollars(cost),
    ]


def _invite(opened: Opened, secret: str, folder: Path) -> None:
    say("")
    say("It stays up until Ctrl-C. Try, in another terminal:")
    say(f"  curl {opened.url}/v1/messages -H 'x-api-key: {secret}' \\")
    say(
        '    -d \'{"model":"claude-haiku-5-5","max_tokens":50,'
        '"messages":[{"role":"user","content":"hi"}]}\''
    )
    say(f"  ANTHROPIC_BASE_URL={opened.url} ANTHROPIC_AUTH_TOKEN={secret} claude")
    say(f"  headgate tail --ledger {folder / 'headgate.db'}")
    say(f"  curl {opened.url}/metrics")
