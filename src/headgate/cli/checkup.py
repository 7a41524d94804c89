"""What may be wrong on this machine before a call is sent: each check says what it saw.

Rule 1: a check never raises for what it finds; it returns findings with their remedies.
Rule 2: nothing here uses the network, or leaves more on the disk than the state folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from headgate import __version__
from headgate.config import Config, ConfigError, Route, spell
from headgate.ledger.archive.chore import last
from headgate.money.catalog import UNPRICED, Catalog
from headgate.providers import Provider, read_all
from headgate.providers.credential import inspect
from headgate.store.event import Noted
from headgate.store.place import Place, connect_reader
from headgate.store.sql import Connection, StoreError
from headgate.wire import SURFACES

State = Literal["ok", "info", "warn", "fail"]

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""no clock that is right shows an earlier day to this program"""
SKEW_S = 2.0
SLOW_SYNC_MS = 20.0
REFUSED_LATELY = timedelta(days=1)
LITTLE_BYTES, TOO_LITTLE_BYTES = 2 * 1024**3, 200 * 1024**2
FEW_FILES = 4096
SYNCS = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw."""

    area: str
    state: State
    what: str
    hint: str = ""


def read_config(read: Callable[[], Config]) -> tuple[Config | None, list[Finding]]:
    """The configuration, or every mistake in it."""
    try:
        config = read()
    except ConfigError as error:
        return None, [
            Finding("configuration", "fail", str(problem).strip().split("\n")[0], problem.hint)
            for problem in error.problems
        ]
    found = [
        Finding("configuration", "ok", config.source or "no file: the environment decides")
    ]
    notes = config.notes if config.providers else config.notes[:-1]
    for note in notes:
        what, _, hint = note.partition("; hint: ")
        if hint.startswith("export ") and "left out" not in what:
            continue  # a key that is in use: credentials() judges it
        state: State = "warn" if hint else "info"
        found.append(Finding("configuration", state, what, hint))
    if not config.providers:
        what, _, hint = config.notes[-1].partition(": ")
        found.append(Finding("configuration", "fail", what, hint))
    return config, found


def program() -> Finding:
    """What is running this."""
    python = ".".join(map(str, sys.version_info[:3]))
    parts = f"Python {python}, SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION}"
    return Finding("headgate", "ok", f"{__version__} on {parts}")


def credentials(config: Config) -> Iterator[Finding]:
    """Is each key there, whole, and of the right sort."""
    presets = read_all()
    for provider in config.providers:
        area = "credentials"
        if provider.credentials == "client":
            yield Finding(area, "ok", f"{provider.name}: the caller's own key is forwarded")
        elif not provider.accounts:
            yield Finding(area, "ok", f"{provider.name}: needs no key")
        for account in provider.accounts:
            preset = presets[provider.kind]
            flaw = inspect(account.key, account.variable, preset, provider.base_url)
            if flaw:
                yield Finding(area, "warn", f"{provider.name}: {flaw.what}", flaw.remedy)
            else:
                what = f"{provider.name}: {account.variable}, {len(account.key)} characters"
                yield Finding(area, "ok", what)


def quarantined(config: Config, events: Iterable[Noted]) -> Iterator[Finding]:
    """Credentials of ours that their providers refused lately: the last refusal of each."""
    accounts = {
        f"{provider.name}/{label}": variable
        for provider in config.providers
        for label, variable in _labels(provider)
    }
    last = {each.subject: each for each in events if each.subject in accounts}
    for subject, event in last.items():
        at = datetime.fromtimestamp(event.at_us / 1e6, UTC)
        why = msgspec.json.decode(event.detail, type=dict[str, object]).get("why", "")
        yield Finding(
            "credentials",
            "warn",
            f"{subject} was refused by its provider at {at:%Y-%m-%d %H:%M} UTC: {why}",
            f"check {accounts[subject]} with the provider; `headgate pools` shows whether it is"
            " passed over still, and a reload tries it at once",
        )


def _labels(provider: Provider) -> list[tuple[str, str]]:
    """(name in rows and events, variable) of each of a provider's accounts."""
    if provider.api_keys:
        return [(account.variable, account.variable) for account in provider.api_keys]
    return [(provider.credentials, provider.key_env)] if provider.key_env else []


def defaults(config: Config) -> Iterator[Finding]:
    """The limits in force, as they were resolved."""
    retry = config.retry
    waits = ", ".join(f"{wait:g}" for wait in retry.waits_s)
    yield Finding(
        "limits",
        "info",
        f"waits of {waits} s between tries (jitter {retry.jitter:.0%}), none after the last; "
        f"a retry-after above {retry.max_retry_after_s:g} s is not waited for",
    )
    yield Finding(
        "limits",
        "info",
        f"a stream's head waits up to {retry.hold_ms:,} ms for first content; bodies up to "
        f"{config.server.max_body_bytes:,} bytes",
    )
    for provider in config.providers:
        yield Finding(
            "limits",
            "info",
            f"{provider.name}: connect {provider.connect_s:g} s, whole call "
            f"{provider.call_s:g} s, silence {provider.silence_s:g} s",
        )


def ladders(config: Config) -> Iterator[Finding]:
    """Every name a caller may use, and what stands behind it."""
    providers = {provider.name: provider for provider in config.providers}
    for route in config.routes:
        rungs = ", ".join(spell(rung) for rung in route.ladder)
        end = ", then the canned answer" if route.canned else ""
        lonely = _lonely(route, providers)
        if lonely:
            yield Finding(
                "models",
                "warn",
                f"{route.pattern}: {rungs}{end}; no two of {lonely} serve one kind of call",
                "no call ever passes from one of them to another; let two serve conversations",
            )
        else:
            yield Finding("models", "info", f"{route.pattern}: {rungs}{end}")


def _lonely(route: Route, providers: Mapping[str, Provider]) -> str:
    """The ladder's providers when no call could ever fall from one to another."""
    names = list(dict.fromkeys(rung.provider for rung in route.ladder))
    spoken = [_served(providers[name]) for name in names]
    if len(names) < 2 or any(a & b for at, a in enumerate(spoken) for b in spoken[at + 1 :]):
        return ""
    return ", ".join(names)


def _served(provider: Provider) -> set[str]:
    """What kinds of calls it serves: a conversation is translated into its own dialect."""
    named = (SURFACES[name] for name in provider.paths if name in SURFACES)
    return {"conversations" if it.converses else it.name for it in named}


def prices(config: Config, at: datetime) -> Iterator[Finding]:
    """Which catalogue is in force, and which configured targets it does not know."""
    rules = config.prices
    catalog = Catalog.load(rules.rules)
    yield Finding("prices", "ok", f"{catalog.version}; {len(rules.overrides)} overrides")
    providers = {provider.name: provider for provider in config.providers}
    for provider in config.providers:
        if provider.prices and provider.prices not in catalog.providers:
            yield Finding(
                "prices",
                "warn",
                f"{provider.name}: the catalogue has no provider '{provider.prices}'",
                f"prices = one of {', '.join(catalog.providers)}",
            )
    targets = {
        (rung.provider, rung.model)
        for route in config.routes
        for rung in route.ladder
        if rung.model
    }
    for name, model in sorted(targets):
        provider = providers[name]
        rates = catalog.rates(
            provider.prices, model, at, free=provider.free, seller=provider.name
        )
        if rates.priced_by == UNPRICED:
            yield Finding(
                "prices",
                "warn",
                f"{name}:{model} has no listed price and there is no ceiling: it is booked at"
                " nothing",
                f'add [prices.overrides."{name}:{model}"], or free = true to the provider',
            )
        elif rates.priced_by == "ceiling":
            yield Finding(
                "prices",
                "warn",
                f"{name}:{model} has no listed price: it is booked at the ceiling of $"
                f"{rules.ceiling_input_mtok} in, ${rules.ceiling_output_mtok} out per million",
                f'add [prices.overrides."{name}:{model}"], or free = true to the provider',
            )


def store(place: Place) -> Iterator[Finding]:
    """Can rows be kept where they are to be kept."""
    if isinstance(place, Path):
        yield from disk(place)
        with suppress(StoreError), closing(connect_reader(place)) as reader:
            yield from _tended(reader)
        return
    try:
        with closing(connect_reader(place)) as reader:
            found = reader.execute("SHOW server_version").fetchone()[0]
            yield Finding("store", "ok", f"{place}: PostgreSQL {found}")
            yield from _commits(reader)
            yield from _tended(reader)
    except StoreError as error:
        yield Finding("store", "fail", error.what, error.hint)


def _tended(reader: Connection) -> Iterator[Finding]:
    """Are old rows sealed, where a gateway has tried to."""
    found = last(reader)
    if found is not None and found.trouble:
        hint = "`headgate archive status` says when; it is tried again every few minutes"
        what = f"old rows are not moved to the archive: {found.trouble}"
        yield Finding("archive", "warn", what, hint)


def _commits(reader: Connection) -> Iterator[Finding]:
    """Is a commit there as safe as on a disk of one's own."""
    weak = [
        name
        for name in ("fsync", "full_page_writes")
        if reader.execute(f"SHOW {name}").fetchone()[0] != "on"
    ]
    if weak:
        what = f"the server runs with {' and '.join(weak)} off: a power cut may lose rows"
        yield Finding("store", "warn", what, "set it on in its postgresql.conf")


def disk(ledger: Path) -> Iterator[Finding]:
    """Can the ledger be written, how much fits, and how long a commit takes here."""
    folder = ledger.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        sync_ms, skew_s = _measure(folder)
    except OSError as error:
        yield Finding(
            "disk",
            "fail",
            f"{folder} cannot be written: {error.strerror}",
            "set [ledger] path or HEADGATE_HOME to a folder that can be written",
        )
        return
    state: State = "ok"
    if free < LITTLE_BYTES:
        state = "fail" if free < TOO_LITTLE_BYTES else "warn"
    hint = "" if state == "ok" else "free some space, or move [ledger] path"
    yield Finding("disk", state, f"{ledger}: {free / 1024**3:.1f} GiB free", hint)
    slow = sync_ms > SLOW_SYNC_MS
    yield Finding(
        "disk",
        "warn" if slow else "ok",
        f"a synced write takes {sync_ms:.2f} ms (median of {SYNCS})",
        'calls do not wait for it with durability = "group"; "strict" would' if slow else "",
    )
    if abs(skew_s) > SKEW_S:
        yield Finding(
            "clock",
            "warn",
            f"the disk's clock differs from this machine's by {skew_s:+.0f} s",
            "the ledger should be on a local disk, not on a network share",
        )


def _measure(folder: Path) -> tuple[float, float]:
    """(median milliseconds of a synced 4 KiB write, file time minus our time in seconds)."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        taken = []
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(os.urandom(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
        skew = os.fstat(file.fileno()).st_mtime - datetime.now(UTC).timestamp()
    return statistics.median(taken), skew


def clock(at: datetime, newest_us: int | None) -> Iterator[Finding]:
    """Is the time believable: no earlier than this release, nor than the ledger's last row."""
    shown = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    hint = "set the clock, or start its time synchronisation"
    if at < RELEASED:
        yield Finding("clock", "fail", f"{shown} is before this release", hint)
    elif newest_us is not None and newest_us > at.timestamp() * 1_000_000 + SKEW_S * 1_000_000:
        last = datetime.fromtimestamp(newest_us / 1_000_000, UTC)
        yield Finding(
            "clock", "fail", f"{shown} is before the ledger's last row ({last:%Y-%m-%d %H:%M})",
            hint,
        )  # fmt: skip
    else:
        yield Finding("clock", "ok", shown)


def listening(config: Config, keys_defined: bool) -> Iterator[Finding]:
    """Could the gateway listen where it is told to, and would it be safe there."""
    server = config.server
    if not keys_defined and server.host not in ("127.0.0.1", "localhost", "::1"):
        yield Finding(
            "server",
            "warn",
            f"{server.host} is public, but no key exists: the gateway stays on loopback",
            "headgate keys create --name NAME",
        )
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((server.host, server.port))
        except OSError as error:
            yield Finding(
                "server",
                "info",
                f"{server.host}:{server.port} is taken ({error.strerror}): by a running "
                "gateway, or by another program",
            )
        else:
            yield Finding("server", "ok", f"{server.host}:{server.port} is free")
    yield from _certificates(config)


def _certificates(config: Config) -> Iterator[Finding]:
    server = config.server
    if server.tls_cert:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                server.tls_cert, server.tls_key
            )
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or str(error)
            yield Finding(
                "server", "fail", f"the certificate cannot be loaded: {reason}",
                "server.tls_cert and server.tls_key must be PEM files that belong together",
            )  # fmt: skip
        else:
            yield Finding("server", "ok", f"TLS by {server.tls_cert}")
    for provider in config.providers:
        if not provider.verify_tls:
            yield Finding(
                "server", "warn", f"{provider.name}: its certificate is not checked",
                "name its authority with ca_file instead of verify_tls = false",
            )  # fmt: skip
        if provider.ca_file and not Path(provider.ca_file).expanduser().is_file():
            yield Finding(
                "server", "fail", f"{provider.name}: ca_file {provider.ca_file} does not exist",
                "name a PEM file with certificate authorities",
            )  # fmt: skip


def open_files() -> Iterator[Finding]:
    """Each running call holds two sockets."""
    with suppress(ImportError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        few = 0 <= soft < FEW_FILES
        yield Finding(
            "files",
            "warn" if few else "ok",
            f"{soft:,} open files allowed (hard limit {hard:,}): room for "
            f"{max(0, soft - 100) // 2:,} calls at once",
            f"ulimit -n {min(hard, 65_536) if hard > 0 else 65_536}" if few else "",
        )
