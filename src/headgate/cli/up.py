"""headgate up: start the gateway, and say how to point clients at it."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from headgate.cli import Trouble
from headgate.cli.where import explained, ledger_of
from headgate.config import NOBODY, Config, ConfigError, load_file
from headgate.gateway import serve
from headgate.gateway.start import Opened, open_gateway


@click.command(
    epilog="Example: headgate up --config headgate.toml --port 4100",
)
@click.option("--config", "file", type=click.Path(path_type=Path), help="headgate.toml to use.")
@click.option("--host", help="Address to listen on; without any key it is always loopback.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks one.")
@click.option("--log", type=click.Path(path_type=Path), help="File for the JSON log lines.")
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON line.")
def command(
    file: Path | None, host: str | None, port: int | None, log: Path | None, as_json: bool
) -> None:
    """Start the gateway and serve until Ctrl-C; running calls are finished first."""

    def read() -> Config:
        config = load_file(file, os.environ)
        server = config.server
        return replace(
            config,
            server=replace(
                server,
                host=server.host if host is None else host,
                port=server.port if port is None else port,
            ),
        )

    config = read()
    if not config.providers:
        flaws = [note for note in config.notes if note != NOBODY]
        what, _, hint = NOBODY.partition(": ")
        raise Trouble("\n".join([what, *flaws]), hint)
    descriptor = _open_log(log)

    async def main(stop: serve.Stop) -> None:
        loop, early = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, early.set)  # unheard, it would end us
        opened = await _open(config, read, descriptor)
        loop.add_signal_handler(signal.SIGHUP, _reload, opened)
        if early.is_set():
            _reload(opened)
        _greet(opened, as_json)
        await stop.wait()
        running = len(opened.house.ground.running)
        if running:
            click.echo(f"stopping: {running} running calls are finished first", err=True)
            click.echo("a second signal ends them now", err=True)
        await opened.close(hurry=stop.at_once)

    serve.run(main)


def _open_log(path: Path | None) -> int:
    if path is None:
        return 2
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        hint = "create its folder, or name another file with --log"
        raise Trouble(f"the log {path} cannot be written: {error.strerror}", hint) from None


async def _open(config: Config, read: Callable[[], Config], descriptor: int) -> Opened:
    server = config.server
    for name in ("tls_cert", "tls_key"):
        path = getattr(server, name)
        if path and not os.access(path, os.R_OK):
            hint = "check that the path is right and that this user may read the file"
            raise Trouble(f"server.{name}: {path} cannot be read", hint)
    try:
        with explained():
            return await open_gateway(
                config, ledger_of(config), log_descriptor=descriptor, reread=read
            )
    except ssl.SSLError as error:
        raise Trouble(
            f"the TLS certificate cannot be used: {error.reason or error}",
            "server.tls_cert and server.tls_key must be PEM files of one pair",
        ) from None
    except OSError as error:
        place = f"{server.host}:{server.port}"
        raise Trouble(
            f"cannot listen on {place}: {error.strerror or error}",
            "another program may use that port: choose one with --port",
        ) from None


def _reload(opened: Opened) -> None:
    try:
        notes = opened.house.reload()
    except ConfigError as error:
        click.echo(f"reload refused, the old configuration stays:\n{error}", err=True)
    else:
        click.echo("\n".join(["reloaded", *notes]), err=True)


def _greet(opened: Opened, as_json: bool) -> None:
    if as_json:
        facts = {"url": opened.url, "keyless": opened.keyless, "pid": os.getpid()}
        click.echo(msgspec.json.encode(facts).decode())
    config, lines = opened.config, []
    names = ", ".join(provider.name for provider in config.providers)
    lines.append(f"Headgate is up at {opened.url}, in front of {names}.")
    if opened.keyless:
        lines.append(
            "No key is defined: it listens on loopback only and asks nobody for one."
            " `headgate keys create --name NAME` changes that."
        )
    if opened.orphans:
        lines.append(
            f"{len(opened.orphans)} calls of an earlier run were never closed and may have"
            " been billed:"
        )
        lines += [f"  {o.id}  {o.provider}:{o.model_sent}" for o in opened.orphans[:10]]
    lines += list(config.notes)
    key = "your Headgate key" if not opened.keyless else "headgate"
    lines += [
        "",
        f"Claude Code   ANTHROPIC_BASE_URL={opened.url} ANTHROPIC_AUTH_TOKEN={key!r} claude",
        f"Codex         headgate setup codex --url {opened.url}",
        f"OpenAI SDKs   OPENAI_BASE_URL={opened.url}/v1 OPENAI_API_KEY={key!r}",
        f"Anthropic SDK ANTHROPIC_BASE_URL={opened.url} ANTHROPIC_API_KEY={key!r}",
    ]
    click.echo("\n".join(lines), err=True)
