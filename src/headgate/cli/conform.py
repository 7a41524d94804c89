"""headgate doctor --client: our own gateway, or anybody's, held to what clients need of it.

Rule 1: no provider is called: a scripted upstream on this machine answers every case.
Rule 2: our own gateway is started with settings and a ledger of its own, and leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from headgate import config as configuration
from headgate.cli import FAILURE, INTERRUPTED, Misuse, Trouble
from headgate.cli.terminal import print_json, print_table, say
from headgate.conformance import report, setups
from headgate.conformance.case import SURFACES, Case
from headgate.conformance.families import chosen, families
from headgate.conformance.runner import Gateway, Played, play_all, warm_up
from headgate.conformance.script import Scripted
from headgate.gateway import serve
from headgate.gateway.start import open_gateway
from headgate.store.keys import create
from headgate.store.sqlite import connect
from headgate.upstream import Url

OWN = "our own gateway"
UPSTREAM_PORT = 4198
GATEWAY_PORT = 4100


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be tested, and how."""

    url: str
    """OWN, or the address of a gateway that is running"""
    port: int = UPSTREAM_PORT
    """of the scripted upstream, in front of which the gateway stands"""
    key: str = "headgate"
    models: tuple[str, ...] = ()
    """surface=NAME"""
    families: tuple[str, ...] = ()
    long: bool = False
    as_json: bool = False


def print_config(name: str, port: int) -> None:
    """A ready configuration for this gateway, and how to start it."""
    upstream = f"http://127.0.0.1:{port}"
    click.echo(setups.text_of(name, upstream, GATEWAY_PORT), nl=False)
    setup = setups.SETUPS[name]
    say(f"Save it as {setup.file}, set these, and start it:")
    for variable, value in setups.environment("sk-client-of-the-suite").items():
        say(f"  export {variable}={value}")
    say(f"  {setup.start.format(port=GATEWAY_PORT)}")
    url = f"http://127.0.0.1:{GATEWAY_PORT}"
    say(f"  headgate doctor --client {url} --upstream-port {port} --key sk-client-of-the-suite")


def conform(order: Order) -> int:
    """Play, print, and give the exit code."""
    _check(order)
    cases = chosen(order.families, long=order.long)
    played: list[Played] = []
    stopped = False

    async def main(stop: asyncio.Event) -> None:
        nonlocal stopped
        playing = asyncio.ensure_future(_play(order, cases, played))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopped = not playing.done()
        for task in (playing, stopping):
            task.cancel()
        await asyncio.gather(playing, stopping, return_exceptions=True)
        if not stopped:
            playing.result()

    serve.run(main)
    _show(played, order)
    if stopped:
        say("stopped: the table shows what was played until then")
        return INTERRUPTED
    return FAILURE if report.totals(played)["fails"] else 0


def _check(order: Order) -> None:
    if order.url != OWN:
        try:
            Url.parse(order.url)
        except ValueError as error:
            hint = "give the address that clients use, such as http://127.0.0.1:4000"
            raise Misuse(f"--client: {error}", hint) from None
    for word in order.models:
        if word.partition("=")[0] not in SURFACES or "=" not in word:
            hint = f"one of {', '.join(f'{surface}=NAME' for surface in SURFACES)}"
            raise Misuse(f"--model {word}: it names no surface", hint)
    known = [family.name for family in families()]
    if strangers := [name for name in order.families if name not in known]:
        raise Misuse(f"no family is called {strangers[0]}", f"one of {', '.join(known)}")


def _models(order: Order) -> dict[str, str]:
    given = dict(word.split("=", 1) for word in order.models)
    return {**setups.NAMES, **given}


async def _play(order: Order, cases: Mapping[str, list[Case]], played: list[Played]) -> None:
    from rich.progress import Progress

    scripted = Scripted()
    async with contextlib.AsyncExitStack() as stack:
        if order.url == OWN:
            gateway = await stack.enter_async_context(own_gateway(scripted))
        else:
            gateway = await stack.enter_async_context(_foreign(order, scripted))
        bar = stack.enter_context(Progress(disable=order.as_json, transient=True))
        task = bar.add_task("promises", total=sum(map(len, cases.values())))

        def on_played(each: Played) -> None:
            played.append(each)
            bar.update(task, advance=1)

        if order.url != OWN:
            await warm_up(cases, gateway, scripted)
        in_order = await play_all(cases, gateway, scripted, on_played)
        played[:] = in_order


@contextlib.asynccontextmanager
async def own_gateway(scripted: Scripted) -> AsyncIterator[Gateway]:
    """Headgate in front of the scripted upstream, on a free port, with a ledger to forget."""
    upstream = await serve.start(scripted, serve.Listen())
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="headgate-conform-")
    try:
        home = Path(folder.name)
        secret = await asyncio.to_thread(_make_key, home / "headgate.db")
        text = setups.text_of("headgate", upstream.url, 0)
        env = setups.environment(secret)
        config = await asyncio.to_thread(configuration.load, text, env, source="the suite")
        descriptor = await asyncio.to_thread(_open_log, home / "log.jsonl")
        opened = await open_gateway(config, home / "headgate.db", log_descriptor=descriptor)
        try:
            yield Gateway(opened.url, secret, setups.NAMES)
        finally:
            await opened.close(at_once=True)
            os.close(descriptor)
    finally:
        await upstream.stop(at_once=True)
        await asyncio.to_thread(folder.cleanup)


def _make_key(ledger: Path) -> str:
    with contextlib.closing(connect(ledger)) as db:
        return create(db, "conformance", now_us=time.time_ns() // 1000)[1]


def _open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@contextlib.asynccontextmanager
async def _foreign(order: Order, scripted: Scripted) -> AsyncIterator[Gateway]:
    """A gateway that runs already; it must stand in front of our scripted upstream."""
    try:
        upstream = await serve.start(scripted, serve.Listen(port=order.port))
    except OSError as error:
        what = f"cannot listen on port {order.port}: {error.strerror or error}"
        raise Trouble(
            what, "choose another with --upstream-port, and tell the gateway"
        ) from None
    try:
        _demand(upstream.url, _models(order))
        await _reach(order.url)
        yield Gateway(order.url, order.key, _models(order))
    finally:
        await upstream.stop(at_once=True)


def _demand(upstream: str, models: Mapping[str, str]) -> None:
    say("The gateway must be set up with these models, without retries:")
    paths = {"messages": upstream, "chat": f"{upstream}/v1", "responses": f"{upstream}/v1"}
    for surface, name in models.items():
        model = setups.MODELS[surface]
        say(f"  {name or '(none)'} → {model} through {surface} at {paths[surface]}")


async def _reach(url: str) -> None:
    place = Url.parse(url)
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(place.host, place.port)
        writer.close()
    except (OSError, TimeoutError) as error:
        hint = "start the gateway first; --print-config shows a configuration for it"
        raise Trouble(f"nothing answers at {url}: {error}", hint) from None


def _show(played: list[Played], order: Order) -> None:
    if order.as_json:
        print_json({"gateway": order.url, **report.as_json(played)})
        return
    if played:
        heads = [head.replace(" →", "\n→") for head in report.heads()]
        print_table(("promises kept", *heads), report.summary(played))
    for promise, why in report.failures(played):
        click.echo(f"{click.style('✗', fg='red')} {promise}")
        for each in why:
            click.echo(f"    {each}")
    counts = report.totals(played)
    say(f"{counts['holds']} hold, {counts['fails']} fail, {counts['none']} do not apply")
