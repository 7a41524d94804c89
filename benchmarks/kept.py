"""What it costs to recognise a question and to find the reply that is kept to it.

Rule 1: each figure is one step of a hit, on requests of three sizes; what a whole hit costs,
with sockets and ledger, is measured by `benchmarks.caching`.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from benchmarks import bodies
from headgate.policy.replycache import Asked, Namer, allows, asked
from headgate.store.replies.kept import Kept
from headgate.store.replies.memory import Memory
from headgate.store.sealed import seal, unseal
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.gathered import stream_of, whole_of

Best = Callable[[Callable[[], object]], float]

SECRET = bytes(range(32))
SCOPE = repr(("key", "acme", "k_1", "")) + "\0claude-*\0"
CALLS = {"1 KB": (1, 1, 1_086), "25 KB": (15, 6, 26_000), "100 KB": (15, 24, 103_665)}
AT_US = 1_800_000_000_000_000


def figures(best_us: Best) -> dict[str, float]:
    found: dict[str, float] = {}
    for size, shape in CALLS.items():
        envelope = Envelope(bodies.encode({**bodies.sized(*shape), "temperature": 0}))
        found |= {f"{name}, {size}": us for name, us in _of(envelope, best_us).items()}
    return found | _forms(best_us)


def _of(envelope: Envelope, best_us: Best) -> dict[str, float]:
    namer, memory = Namer(SECRET), Memory(1 << 24, 1 << 60)
    known = namer.asked("messages", envelope, SCOPE)
    assert known is not None
    memory.put(known.name, _reply())

    def hit() -> Kept | None:
        again = namer.asked("messages", envelope, SCOPE)
        assert again is not None
        return memory.find(again.name, AT_US)

    def name() -> Asked | None:
        return asked("messages", envelope, SCOPE, SECRET)

    return {
        "kept reply, may it be given": best_us(lambda: allows("all", envelope, "messages")),
        "kept reply, name of a new question": best_us(name),
        "kept reply, named again and found": best_us(hit),
    }


def _reply() -> Kept:
    return Kept(200, False, [], bodies.anthropic_reply(), AT_US, 1, "c", 1)


def _forms(best_us: Best) -> dict[str, float]:
    messages, whole = SURFACES["messages"], bodies.anthropic_reply()
    stream = stream_of(messages, whole)
    assert stream is not None, json.loads(whole)
    box = seal(SECRET, whole, b"name")
    return {
        "kept reply, whole as a stream": best_us(lambda: stream_of(messages, whole)),
        "kept reply, stream as a whole": best_us(lambda: whole_of(messages, stream)),
        "kept reply, sealed": best_us(lambda: seal(SECRET, whole, b"name")),
        "kept reply, unsealed": best_us(lambda: unseal(SECRET, box, b"name")),
    }
