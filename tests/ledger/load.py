"""A gateway's worth of ledger traffic, in a process that is there to be killed.

It prints what the ledger has acknowledged: `orphan ID` for what start() reported, `intent ID`
and `call ID` once durable() returned, each as one write to a pipe that outlives the process.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from headgate.ledger.record import Entry
from headgate.ledger.writer import Writer
from headgate.store.place import Place
from headgate.store.server import read_url
from tests.ledger.rows import INTENT, entry

TASKS = 24
SENT = INTENT._replace(charged="house", probable_nusd=777)


def row(name: str) -> Entry:
    """The row of that call; whoever knows the name can tell whether the row is whole."""
    seed = sum(name.encode())
    cost = seed * 1_000_003
    bulk = {"agent": name * 3, "prefix": name.encode() * 8}
    return entry(id=name, cost_nusd=cost, charged="house", **bulk)


def acknowledge(kind: str, name: str) -> None:
    os.write(1, f"{kind} {name}\n".encode())


async def calls(ledger: Writer, name: str) -> None:
    dice = random.Random(name)  # noqa: S311 - repeatable load
    for n in range(1_000_000):
        call = f"{name}-{n}"
        handle = ledger.intend(SENT._replace(id=call))
        if dice.random() < 0.5:
            await ledger.durable()
            acknowledge("intent", call)
            await asyncio.sleep(dice.random() * 0.01)
        ledger.put(handle, row(call))
        await ledger.durable()
        acknowledge("call", call)


async def main(place: Place, name: str) -> None:
    ledger = Writer(place, linger_ms=1)
    for intent in ledger.start():
        acknowledge("orphan", intent.id)
    acknowledge("started", name)
    await asyncio.gather(*(calls(ledger, f"{name}.{task}") for task in range(TASKS)))


if __name__ == "__main__":
    where = sys.argv[1]
    asyncio.run(main(read_url(where) if "://" in where else Path(where), sys.argv[2]))
