"""Opens this process's way to the running calls of the others that share its store.

Rule 1: a process that is alone asks nobody: one worker whose store is a file. Should another
`headgate up` share that file, each shares calls among its own clients only.
Rule 2: nothing is opened before a call may be shared; trouble is logged, and refuses no call.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from headgate.engine import Ground
from headgate.engine.relay import Relay
from headgate.store.place import Place
from headgate.store.relay import Tower
from headgate.store.relay.open import open_tower, swept


def among_neighbours(ground: Ground, place: Place, redis_url: str, workers: int) -> Ground:
    """The same ground, with a way to the other processes where there can be any."""
    if workers == 1 and isinstance(place, Path):
        return ground
    settlement = ground.settlement

    def on_trouble(why: str) -> None:
        settlement.journal.say("joins_trouble" if why else "joins_work_again", why=why)

    opened = partial(_open, place, redis_url)
    return replace(ground, relay=Relay(opened, on_trouble, settlement.flush))


def _open(place: Place, redis_url: str) -> Tower:
    return swept(open_tower(place, redis_url))
