"""Opens a gateway from a configuration and closes it again, losing nothing.

Rule 1: everything that can be wrong is found before a socket listens.
Rule 2: closing lets running calls finish, then commits what is left of the ledger.
Rule 3: a call for which there is no more time is told so and settled like any other.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from headgate.config import Config
from headgate.engine import Ground, Journal, Meters, Settlement, sweep
from headgate.engine.clerk import Clerk
from headgate.engine.nearby import Nearby
from headgate.engine.notice import Notices
from headgate.engine.recall import recall
from headgate.engine.recorder import Recorder
from headgate.engine.webhook import Webhook
from headgate.gateway import serve
from headgate.gateway.app import Gateway
from headgate.gateway.board import Board
from headgate.gateway.counter import open_counter
from headgate.gateway.execute.execution import Execution, box_of
from headgate.gateway.execute.homes import Homes
from headgate.gateway.house import House
from headgate.gateway.lifeline import Post
from headgate.gateway.neighbours import among_neighbours
from headgate.gateway.peers import SHOW_S, Peers
from headgate.gateway.recordings import keep_recordings
from headgate.ledger.record import Intent
from headgate.ledger.writer import Writer
from headgate.money.catalog import Catalog
from headgate.sandbox.settings import Settings as Sandbox
from headgate.store.keyed import Keyed
from headgate.store.keys import Keys, stamp
from headgate.store.place import Place, connect
from headgate.store.replies import ReplyStore
from headgate.store.replies.open import open_replies
from headgate.store.sql import StoreError
from headgate.store.sqlite import state_place
from headgate.upstream import Door

REFRESH_S = 0.5
STAMP_S = 20.0
"""how often it is looked whether a secret was used on a day not noted yet"""
FAREWELL_S = 0.4
"""how long calls that are cut off may take to tell their callers"""
STEP_S = 0.02
TOLD = 20
"""calls of a dead process that a line of the log names"""
LOOPBACK = "127.0.0.1"
LOOPBACK_6 = "::1"


@dataclass(slots=True)
class Opened:
    """A running gateway."""

    config: Config
    house: House
    server: serve.Running
    orphans: list[Intent]
    """calls an earlier process left open: each may have been billed"""
    keyless: bool
    """no virtual key is defined, so it listens on loopback only"""
    _clerk: Clerk
    _chores: list[asyncio.Task[None]]
    _drain_s: float

    @property
    def url(self) -> str:
        return self.server.url

    async def close(self, *, at_once: bool = False, hurry: asyncio.Event | None = None) -> None:
        """Let running calls finish, for drain_s or until `hurry` is set; then end them."""
        self.house.draining = True
        stopping = asyncio.ensure_future(self.server.stop(at_once=at_once))
        if not at_once:
            ended = asyncio.ensure_future(self._calls_end(stopping))
            hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait((ended, hurried), timeout=self._drain_s, return_when=first)
            ended.cancel()
            hurried.cancel()
        if not stopping.done():
            self.server.hurry()
            await self._cut_off()
        await stopping
        await self._cut_off()  # whoever came while the door was closing
        await self._end_flights()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        if self.house.execution is not None:
            await self.house.execution.close()
        ground = self.house.ground
        ground.settlement.flush()
        self.house.peers.show(self.house)  # a successor counts on from here
        await ground.door.close()
        if ground.keyed is not None:
            await asyncio.to_thread(ground.keyed.close)  # before this process counts as gone
        await asyncio.to_thread(ground.writer.flush)
        await self._clerk.close()  # once what was spent is known: nobody may be granted it
        await asyncio.to_thread(ground.writer.close)
        await asyncio.to_thread(ground.notices.close)
        if ground.replies is not None:
            await asyncio.to_thread(ground.replies.close)
        if ground.recorder is not None:
            await asyncio.to_thread(ground.recorder.close)
        await _stamp_keys(self.house)
        self.house.keys.close()
        await asyncio.to_thread(ground.settlement.journal.close)

    async def _calls_end(self, stopping: asyncio.Future[None]) -> None:
        """Wait for calls to end; some have all their clients at other processes."""
        await asyncio.shield(stopping)
        await self.house.ground.flights.landed()

    async def _end_flights(self) -> None:
        ground = self.house.ground
        await ground.flights.close()
        if ground.relay is not None:
            await ground.relay.close()

    async def _cut_off(self) -> None:
        """End running calls: in their callers' dialect where they wait for an upstream."""
        ground = self.house.ground
        if not ground.running:
            return
        ground.settlement.journal.say("cut_off", calls=len(ground.running))
        for _ in range(int(FAREWELL_S / STEP_S)):
            ground.cut_off()
            await asyncio.sleep(STEP_S)
            if not ground.running:
                return
        ground.give_up()
        await self.server.cut()


async def open_gateway(
    config: Config,
    ledger: Place,
    *,
    log_descriptor: int = 2,
    reread: Callable[[], Config] | None = None,
    post: Post | None = None,
) -> Opened:
    """Start serving; StoreError, OSError and ssl.SSLError say what stands in the way.

    `post`: as one of several workers, with what it inherited from its supervisor.
    """
    board = Board(post.board, post.workers) if post is not None else None
    journal = (
        Journal(log_descriptor, board.turn) if board is not None else Journal(log_descriptor)
    )
    keys, ground, orphans = _lay_ground(config, ledger, journal)
    workers = post.workers if post is not None else 1
    ground = among_neighbours(ground, ledger, config.store.redis, workers)
    place = post.place if post is not None else 1
    box = box_of(_with_folder(config.sandbox, ledger), ground)
    ground = replace(ground, sandbox=box, lodging=Homes() if box and workers > 1 else None)
    house = House.build(config, ground, keys, lambda: _take_up(opened, reread))
    if box is not None:
        house.execution = Execution(ground, config, box, place, workers)
    house.peers = Peers(board, place)
    house.peers.resume(house)
    server = config.server
    listen = listen_of(config, keyed=keys.defined)
    if post is not None:
        listen = replace(listen, socket=socket.socket(fileno=post.listening))
    clerk: Clerk | None = None
    try:
        clerk = await asyncio.to_thread(open_counter, config, ledger, ground)
        clerk.start()
        if house.execution is not None:
            await house.execution.start()
        say = ground.settlement.journal.say
        running = await serve.start(
            Gateway(house), listen, lambda why: say("certificate", trouble=why)
        )
    except BaseException:
        if clerk is not None:
            await clerk.close()
        if house.execution is not None:
            await house.execution.close()
        await _leave_ground(ground)
        keys.close()
        raise
    chores = _chores(house, server.ping_s, shared=workers > 1 or not keys.is_near)
    keyless, drain_s = not keys.defined, server.drain_s
    opened = Opened(config, house, running, orphans, keyless, clerk, chores, drain_s)
    gc.collect()
    gc.set_threshold(20_000, 20, 50)  # calls leave no cycles behind: look seldom
    gc.freeze()  # what start-up built stays: streams' p99 falls from 19 ms to about 1 ms
    return opened


def _chores(house: House, ping_s: float, *, shared: bool) -> list[asyncio.Task[None]]:
    """What goes on beside the calls for as long as it serves."""
    ground = house.ground
    running = (
        sweep(lambda: house.engine, ground.running, ping_s),
        _keep_house(house),
        _keep_keys(house.keys),
        _keep_stamping(house),
        _keep_showing(house),
        _webhook(house).run(),
        _keep_comparing(house),
        keep_recordings(house),
        recall(ground, shared=shared),
    )
    return [asyncio.ensure_future(it) for it in running]


async def _leave_ground(ground: Ground) -> None:
    """End its threads: nothing was served yet."""
    if ground.keyed is not None:
        await asyncio.to_thread(ground.keyed.close)
    await asyncio.to_thread(ground.writer.close)
    await asyncio.to_thread(ground.notices.close)
    await asyncio.to_thread(ground.settlement.journal.close)


def listen_of(config: Config, *, keyed: bool) -> serve.Listen:
    """Where to listen: as configured, but on loopback only while no key is defined."""
    server = config.server
    return serve.Listen(
        server.host if keyed or server.host == LOOPBACK_6 else LOOPBACK,
        server.port,
        Path(server.tls_cert) if server.tls_cert else None,
        Path(server.tls_key) if server.tls_key else None,
        server.drain_s,
        server.client_stall_s,
    )


def _lay_ground(
    config: Config, ledger: Place, journal: Journal
) -> tuple[Keys, Ground, list[Intent]]:
    """What engines stand on. It reads files, so it comes before anything is served."""
    loop = asyncio.get_running_loop()
    journal.start()

    def on_trouble(why: str) -> None:
        loop.call_soon_threadsafe(
            partial(journal.say, "ledger_trouble" if why else "ledger_works_again", why=why)
        )

    def on_orphans(orphans: list[Intent]) -> None:
        ids = [orphan.id for orphan in orphans[:TOLD]]
        loop.call_soon_threadsafe(partial(journal.say, "orphans", calls=len(orphans), ids=ids))

    writer = Writer(
        ledger,
        linger_ms=config.ledger.linger_ms,
        queue_rows=config.ledger.queue_rows,
        on_trouble=on_trouble,
        on_orphans=on_orphans,
    )
    orphans = writer.start()
    keys = Keys(ledger)
    catalog = Catalog.load(config.prices.rules)
    notices = Notices(journal, partial(connect, ledger))
    ground = Ground(
        Door(),
        Settlement(catalog, writer, journal, Meters()),
        time.monotonic,  # the loop's own clock stands still within a turn
        random.random,
        {},
        set(),
        replies=_open_replies(config, ledger, loop, journal),
        keyed=Keyed(ledger, lambda: writer.owner_n),
        nearby=Nearby(notices, journal.say, writer.fingerprint_key),
        notices=notices,
        recorder=_open_recorder(ledger, loop, journal, keys),
    )
    assert ground.keyed is not None
    ground.keyed.start()
    ground.settlement.notices = ground.notices
    return keys, ground, orphans


def _with_folder(sandbox: Sandbox, ledger: Place) -> Sandbox:
    """What is kept of sessions and artefacts lies beside the ledger, if nothing else is said:
    the workers of a host share it."""
    return replace(sandbox, folder=sandbox.folder or str(_beside(ledger) / "sandbox"))


def _beside(ledger: Place) -> Path:
    """Where this host's own files lie."""
    return ledger.parent if isinstance(ledger, Path) else state_place(os.environ)


def _open_recorder(
    ledger: Place, loop: asyncio.AbstractEventLoop, journal: Journal, keys: Keys
) -> Recorder:
    def say(why: str) -> None:
        event = "recordings_trouble" if why else "recordings_work_again"
        loop.call_soon_threadsafe(partial(journal.say, event, why=why))

    def name_of(id: str) -> str:
        key = keys.named(id)
        return key.name if key is not None else ""

    return Recorder(_beside(ledger), say, name_of)


def _open_replies(
    config: Config, ledger: Place, loop: asyncio.AbstractEventLoop, journal: Journal
) -> ReplyStore:
    def say(why: str) -> None:
        loop.call_soon_threadsafe(partial(journal.say, "replies_trouble", why=why))

    return open_replies(config.cache, _beside(ledger), config.store.redis, say)


def _take_up(opened: Opened, reread: Callable[[], Config] | None) -> list[str]:
    """Read and take up a new configuration; what only a restart can change is said."""
    if reread is None:
        return ["there is no file to read again"]
    before, config = opened.config, reread()
    notes = list(config.notes)
    fixed = (
        *("host", "port", "workers", "tls_cert", "tls_key"),
        *("client_stall_s", "drain_s", "ping_s"),
    )
    changed = [f for f in fixed if getattr(before.server, f) != getattr(config.server, f)]
    notes += [f"server.{name} takes effect after a restart" for name in changed]
    if replace(before.ledger, durability="", fingerprints=True) != replace(
        config.ledger, durability="", fingerprints=True
    ):
        notes.append("[ledger] path, linger_ms and queue_rows take effect after a restart")
    if (before.store.url, before.store.redis) != (config.store.url, config.store.redis):
        notes.append("[store] url and redis take effect after a restart")
    if replace(before.sandbox, second_usd="0") != replace(config.sandbox, second_usd="0"):
        notes.append("[sandbox] takes effect after a restart, all of it but second_usd")
    settlement = opened.house.ground.settlement
    settlement.flush()  # what has ended is charged at the prices it ran under
    catalog = settlement.catalog
    if before.prices != config.prices:
        catalog = Catalog.load(config.prices.rules)
    opened.house.take_up(config, catalog)
    opened.config = config
    opened.house.ground.health.clear()
    opened.house.ground.pool.reopen()
    try:
        opened.server.reload_certificates()
    except OSError as error:  # ssl.SSLError is one
        notes.append(f"server.tls_cert cannot be used, the old one stays: {error}")
    settlement.journal.say("reloaded", source=config.source, notes=notes)
    return notes


def _webhook(house: House) -> Webhook:
    ground, journal = house.ground, house.ground.settlement.journal
    return Webhook(ground.notices, ground.door, journal, lambda: house.engine.config.events)


async def _keep_house(house: House) -> None:
    """Flush the log."""
    journal = house.ground.settlement.journal
    while True:
        await asyncio.sleep(REFRESH_S / 5)
        journal.flush()


async def _keep_keys(keys: Keys) -> None:
    """Take in keys that other processes made or revoked."""
    while True:
        await asyncio.sleep(REFRESH_S / 5)
        if keys.is_near:
            keys.refresh()
        else:
            keys.take(await asyncio.to_thread(keys.look))


async def _keep_showing(house: House) -> None:
    """Let the other workers see what was counted here."""
    while not house.peers.alone:
        house.peers.show(house)
        await asyncio.sleep(SHOW_S)


async def _keep_comparing(house: House) -> None:
    """Measure how often answers to nearly the same question are the same."""
    if house.ground.nearby is not None:
        await house.ground.nearby.run(lambda: house.engine)


async def _keep_stamping(house: House) -> None:
    while True:
        await asyncio.sleep(STAMP_S)
        await _stamp_keys(house)


async def _stamp_keys(house: House) -> None:
    """Note on which day secrets were used: once for each and day, off the event loop."""
    used = house.keys.used()
    if not used:
        return
    try:
        await asyncio.to_thread(stamp, house.keys.place, used)
    except StoreError as error:  # it is tried again; calls do not depend on it
        house.ground.settlement.journal.say("keys_not_stamped", why=str(error))
    else:
        house.keys.stamped(used)
