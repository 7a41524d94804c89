"""What sharing limits costs: exchanges a second and their latency, by bank and number of asks.

Rule 1: as many processes' banks as are asked for take turns in one thread: what is measured is
an exchange, not how many fit on this machine at once.
Rule 2: every account has a month of spend behind it, and everything that is asked for changes.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from headgate.policy.cap import Period, span
from headgate.store import place as stores
from headgate.store import postgres, postgres_schema
from headgate.store.bank import Bank, Flow, Stock
from headgate.store.bank.open import open_bank
from headgate.store.place import Place
from headgate.store.server import Server
from tests.servers import Postgres, Redis

PROCESSES = 10
ACCOUNTS = 50
SIZES = (4, 40, 200)
PERIODS: tuple[Period, ...] = ("day", "month")
DAY = 20_420
_SPEND = "INSERT INTO spend (account, day, owner, calls, cost_nusd) VALUES (?, ?, ?, 1, 1000)"
_OWNER = (
    "INSERT INTO owner (n, lock, pid, started_us, batch, alive_us) VALUES (?, ?, 1, 1, 1, 1)"
)


def fill(place: Place) -> None:
    """A month of spend, of which the last three days are those of the living."""
    rows = [
        (f"key:{account}", DAY - age, owner)
        for account in range(ACCOUNTS)
        for age in range(30)
        for owner in (range(PROCESSES + 1) if age < 3 else (0,))
    ]
    with contextlib.closing(stores.connect(place)) as connection:
        connection.execute("BEGIN")
        connection.executemany(_SPEND, rows)
        connection.executemany(_OWNER, [(n, str(n)) for n in range(1, PROCESSES + 1)])
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


def asks(count: int, turn: int) -> list[Stock | Flow]:
    found: list[Stock | Flow] = []
    for n in range(ACCOUNTS):
        key = f"key:{n}"
        for period in PERIODS:
            days = span(period, DAY)
            found.append(Stock(f"{key} {period}", key, days, 10**12, 10**6 + turn, 1))
        found.append(Flow(f"{key} requests", 600, 100, 2, 1))
        found.append(Flow(f"{key} input_tokens", 10**6, 10**6, 200, 1))
    return found[:count]


def measure(banks: list[Bank], count: int, seconds: float) -> list[float]:
    times, turn, end = [], 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        turn += 1
        for bank in banks:
            wanted = asks(count, turn)
            began = time.perf_counter()
            bank.exchange(wanted)
            times.append(time.perf_counter() - began)
    return sorted(times)


@contextlib.contextmanager
def servers() -> Iterator[tuple[Postgres, Redis]]:
    with contextlib.ExitStack() as stack:
        started = Postgres(), Redis()
        for server in started:
            stack.callback(server.remove)
            server.start()
        yield started


def shaped(server: Postgres) -> Server:
    place = Server(server.fresh())
    with contextlib.closing(postgres.connect_bare(place)) as connection:
        postgres_schema.upgrade(connection)
    return place


def report(name: str, place: Place, redis_url: str, seconds: float) -> None:
    fill(place)
    banks = [open_bank(place, n, redis_url) for n in range(1, PROCESSES + 1)]
    for count in SIZES:
        times = measure(banks, count, seconds)
        print(
            f"{name:20} {count:4} asks {1 / statistics.mean(times):7.0f} exchanges/s"
            f"   p50 {times[len(times) // 2] * 1e3:6.2f} ms"
            f"   p99 {times[int(len(times) * 0.99)] * 1e3:6.2f} ms"
        )
    for bank in banks:
        bank.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each of the figures")
    seconds = parser.parse_args().seconds
    with servers() as (server, redis), tempfile.TemporaryDirectory() as folder:
        print(f"Python {sys.version.split()[0]}, {PROCESSES} processes, {ACCOUNTS} accounts")
        print(f"PostgreSQL {server.run('SHOW server_version')}, psycopg {version('psycopg')}")
        print(f"{redis.version()}, redis-py {version('redis')}")
        report("SQLite", Path(folder) / "headgate.db", "", seconds)
        report("PostgreSQL", shaped(server), "", seconds)
        report("PostgreSQL and Redis", shaped(server), redis.url, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
