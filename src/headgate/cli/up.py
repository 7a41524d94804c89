"""headgate up: start the gateway, and say how to point clients at it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from headgate.cli import Trouble
from headgate.cli.greeting import greet, greeting_of
from headgate.cli.sharing import Source
from headgate.cli.supervise import DONE, log_reload, share, supervise
from headgate.cli.tending import Tending
from headgate.cli.where import explained, ledger_of
from headgate.config import NOBODY, Config, ConfigError
from headgate.config.reconcile import latest
from headgate.gateway import serve
from headgate.gateway.following import Following, follow
from headgate.gateway.lifeline import HURRY, RELOAD, STOP, Lifeline, Post
from headgate.gateway.start import Opened, listen_of, open_gateway
from headgate.store.keys import Keys


@click.command(
    epilog="Examples: headgate up --config headgate.toml --port 4100; headgate up --workers 4",
)
@click.option("--config", "file", type=click.Path(path_type=Path), help="headgate.toml to use.")
@click.option("--host", help="Address to listen on; without any key it is always loopback.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks one.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes that share the port, the ledger, limits and budgets; one that dies is"
    " replaced. Default: [server] workers, which is 1.",
)
@click.option("--log", type=click.Path(path_type=Path), help="File for the JSON log lines.")
@click.option(
    "--json", "as_json", is_flag=True, help="Say where it listens, and its pids, as JSON."
)
@click.option("--post", hidden=True)
def command(
    file: Path | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    log: Path | None,
    as_json: bool,
    post: str | None,
) -> None:
    """Start the gateway and serve until Ctrl-C; running calls are finished first.

    SIGHUP makes it read headgate.toml again, in every worker. SIGTERM and Ctrl-C let running
    calls finish for [server] drain_s; a second one ends them at once.
    """
    said = {"host": host, "port": port, "workers": workers}
    given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}

    def typed_in(config: Config) -> Config:
        return share(replace(config, server=replace(config.server, **given)))

    source = Source(file)
    config = typed_in(source.begin())
    _check(config)
    descriptor = _open_log(log)
    worker = Post.parse(post) if post is not None else None
    up = _Up(
        config, lambda: typed_in(source.read()), descriptor, source.following, worker, file
    )
    if worker is not None:
        serve.run(up.main)
    elif config.server.workers > 1:
        words = {"config": file, **given, "log": log}
        typed = [f"--{name}={value}" for name, value in words.items() if value is not None]
        with _explained(config):
            listen = listen_of(config, keyed=_keyed(config))
            sys.exit(supervise(config, listen, typed, descriptor, as_json))
    else:
        serve.run(partial(up.main, greets=partial(greet, as_json=as_json)))


@dataclass(frozen=True, slots=True)
class _Up:
    """One process that serves: alone, or as a worker at its post."""

    config: Config
    read: Callable[[], Config]
    descriptor: int
    following: Following | None
    post: Post | None
    file: Path | None = None
    """the configuration that was named"""

    async def main(self, stop: serve.Stop, greets: Callable[..., None] = greet) -> None:
        loop, early = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, early.set)  # unheard, it would end us
        line = self._report(stop) if self.post is not None else None
        with _explained(self.config):
            opened = await open_gateway(
                self.config,
                ledger_of(self.config),
                log_descriptor=self.descriptor,
                reread=self.read,
                post=self.post,
            )
        chore = self._follow(opened, line)
        chores = [it for it in (self._tend(opened), self._reconcile(opened)) if it is not None]
        if line is not None:
            self._join(opened, stop, line)
        loop.add_signal_handler(signal.SIGHUP, _reload, opened)
        if early.is_set():
            _reload(opened)
        said = greeting_of(opened, os.getpid())
        if line is not None:
            line.tell(ready=said)
        else:
            greets(said, opened.config)
        await stop.wait()
        running = len(opened.house.ground.running)
        if line is not None:
            line.tell(running=running)
        elif running:
            click.echo(f"stopping: {running} running calls are finished first", err=True)
            click.echo("a second signal ends them now", err=True)
        if chore is not None:
            chore.cancel()
        for it in chores:
            it.stop()
        await opened.close(hurry=stop.at_once)

    def _report(self, stop: serve.Stop) -> Lifeline:
        """Take up the line to the supervisor, which alone says when to hurry."""
        assert self.post is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # where every process of a group is told to stop, once is meant
            loop.add_signal_handler(number, stop.set)
        line = Lifeline(socket.socket(fileno=self.post.line), self.config.server.drain_s)
        line.start(lambda word: _obey(stop, word))
        return line

    def _follow(self, opened: Opened, line: Lifeline | None) -> asyncio.Future[None] | None:
        """Take up what is published from now on."""
        if self.following is None:
            return None
        journal = opened.house.ground.settlement.journal

        def say(message: str) -> None:
            journal.say("shared_config", message=message)
            if line is not None:
                line.tell(heard=message)
            else:
                click.echo(message, err=True)

        opened.house.following = self.following
        return asyncio.ensure_future(follow(self.following, opened.house.reload, say))

    def _tend(self, opened: Opened) -> Tending | None:
        """Have the archive tended, by one of several workers."""
        if self.config.archive.seal == "off" or not self._is_first():
            return None
        tending = Tending(self._words(), self._teller(opened, "archive"))
        tending.start()
        return tending

    def _reconcile(self, opened: Opened) -> Tending | None:
        """Have the providers' reports fetched every night, where there is a key to do it."""
        it = self.config.reconcile
        keyed = it.anthropic_admin_key or it.openai_admin_key
        if not (it.daily_at and keyed and self._is_first()):
            return None
        tending = Tending(
            self._words(),
            self._teller(opened, "reconcile"),
            task=("reconcile", "--nightly"),
            due=lambda: latest(it.daily_at, datetime.now(UTC)),
        )
        tending.start()
        return tending

    def _is_first(self) -> bool:
        return self.post is None or self.post.place == 1

    def _words(self) -> list[str]:
        return [] if self.file is None else [f"--config={self.file}"]

    def _teller(self, opened: Opened, event: str) -> Callable[[str], None]:
        """A line of the log, from whatever thread."""
        loop, journal = asyncio.get_running_loop(), opened.house.ground.settlement.journal

        def say(message: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(partial(journal.say, event, message=message))

        return say

    def _join(self, opened: Opened, stop: serve.Stop, line: Lifeline) -> None:
        """Reload when another worker did, and tell the others when this one did."""
        reload = opened.house.reload

        def spread() -> list[str]:
            notes = reload()
            line.tell(reloaded=True)
            return notes

        opened.house.reload = spread
        line.obey = lambda word: (
            line.tell(heard=_reloaded(reload)) if word == RELOAD else _obey(stop, word)
        )


def _obey(stop: serve.Stop, word: str) -> None:
    if word in (STOP, HURRY):
        stop.set()
    if word == HURRY:
        stop.at_once.set()


def _check(config: Config) -> None:
    if not config.providers:
        flaws = [note for note in config.notes if note != NOBODY]
        what, _, hint = NOBODY.partition(": ")
        raise Trouble("\n".join([what, *flaws]), hint)


def _keyed(config: Config) -> bool:
    """Is a key defined; also brings the ledger up to date before workers open it."""
    keys = Keys(ledger_of(config))
    keys.close()
    return keys.defined


def _open_log(path: Path | None) -> int:
    if path is None:
        return 2
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        hint = "create its folder, or name another file with --log"
        raise Trouble(f"the log {path} cannot be written: {error.strerror}", hint) from None


@contextlib.contextmanager
def _explained(config: Config) -> Iterator[None]:
    """Show what keeps a gateway from opening as the command line shows errors."""
    server = config.server
    for name in ("tls_cert", "tls_key"):
        path = getattr(server, name)
        if path and not os.access(path, os.R_OK):
            hint = "check that the path is right and that this user may read the file"
            raise Trouble(f"server.{name}: {path} cannot be read", hint)
    try:
        with explained():
            yield
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
    said = _reloaded(opened.house.reload)
    click.echo(said, err=True)
    if said.startswith(DONE):
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, log_reload, opened.house.keys.place, opened.config.source)


def _reloaded(reload: Callable[[], list[str]]) -> str:
    """What came of reading the configuration again."""
    try:
        return "\n".join([DONE, *reload()])
    except ConfigError as error:
        return f"reload refused, the old configuration stays:\n{error}"
