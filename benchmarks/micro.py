"""What single pieces of the hot path cost, so that a slow whole can be taken apart.

Rule 1: each figure is the best of several repetitions: noise only ever adds.
Rule 2: these are absolute times of this machine; compare them with an earlier run here only.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from benchmarks import bodies, crossing, gateway, kept, machine, toolbox
from headgate.money.catalog import Catalog, PriceRules
from headgate.policy.router import Outcome, Patience, Target, plan
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Fault, Kind, Usage
from headgate.wire.reading import Reading
from headgate.wire.sse import Decoder
from headgate.wire.stream import StreamWatch

REPEATS = 7
STRETCH_S = 0.06


def best_us(work: Callable[[], object]) -> float:
    """Microseconds of one call of `work`, the best of several stretches."""
    number = 1
    while True:
        at = time.perf_counter()
        for _ in range(number):
            work()
        took = time.perf_counter() - at
        if took > STRETCH_S:
            break
        number = max(number + 1, int(number * STRETCH_S / max(took, 1e-7)))
    times = [took]
    for _ in range(REPEATS - 1):
        at = time.perf_counter()
        for _ in range(number):
            work()
        times.append(time.perf_counter() - at)
    return round(min(times) / number * 1e6, 3)


def envelopes() -> dict[str, float]:
    """Reading model and stream out of a body, and splicing another model in."""
    calls = {
        "1 KB": bodies.sized(1, 1, 1_086),
        "100 KB": bodies.sized(15, 24, 103_665),
        "1 MB": bodies.sized(15, 240, 1_048_576),
    }
    found = {}
    for size, call in calls.items():
        body = bodies.encode(call)

        def read(body: bytes = body) -> Envelope:
            envelope = Envelope(body)
            envelope.text("model")
            envelope.flag("stream")
            return envelope

        def edit(read: Callable[[], Envelope] = read) -> object:
            return read().edit({"model": b'"claude-haiku-4-5"'})

        found[f"read, {size}"] = best_us(read)
        found[f"read and splice the model, {size}"] = best_us(edit)
    return found


def _read(read: Callable[[bytes, Reading], None], body: bytes) -> None:
    read(body, Reading())


def replies() -> dict[str, float]:
    """Usage out of a whole reply."""
    found = {}
    for name, body in (("messages", bodies.anthropic_reply()), ("chat", bodies.chat_reply())):
        read = SURFACES[name].read
        found[f"usage from a reply, {name}"] = best_us(partial(_read, read, body))
    return found


def streams() -> dict[str, float]:
    """Events decoded, and events watched as the gateway watches them, one chunk each."""
    found = {}
    for name, text in (("messages", bodies.anthropic_events()), ("chat", bodies.chat_events())):
        chunks = [part + b"\n\n" for part in text.split(b"\n\n") if part]
        dialect = SURFACES[name].dialect

        def decode(chunks: list[bytes] = chunks) -> None:
            decoder = Decoder()
            for chunk in chunks:
                decoder.feed(chunk)

        def watch(chunks: list[bytes] = chunks, dialect: Any = dialect) -> None:
            watcher = StreamWatch(dialect, Reading())
            for chunk in chunks:
                watcher.feed(chunk)

        decoded, watched = best_us(decode), best_us(watch)
        found[f"decode an event, {name}"] = round(decoded / len(chunks), 3)
        found[f"decode MB/s, {name}"] = round(len(text) / decoded, 1)
        found[f"watch an event, {name}"] = round(watched / len(chunks), 3)
        found[f"watch MB/s, {name}"] = round(len(text) / watched, 1)
    return found


def plans() -> dict[str, float]:
    """A ladder that succeeds at once, and one that climbs over two faults."""
    ladder = [Target("a", "x", 3), Target("b", "y", 2)]
    patience = Patience()
    fault = Fault(Kind.OVERLOADED, "overloaded")

    def walk(faults: int) -> None:
        steps = plan(ladder, lambda _: False, patience, lambda: 0.5)
        next(steps)
        for _ in range(faults):
            steps.send(Outcome(fault))
            next(steps)
        try:
            steps.send(Outcome(None))
        except StopIteration:
            return

    return {
        "plan, first try good": best_us(lambda: walk(0)),
        "plan, two faults": best_us(lambda: walk(2)),
    }


def prices() -> dict[str, float]:
    """Finding a model's rates and pricing a reply."""
    catalog = Catalog.load(PriceRules())
    at = datetime.now(UTC)
    usage = Usage(input_fresh=812, cache_read=24_576, output=173)

    def one() -> object:
        return catalog.rates("anthropic", bodies.ANTHROPIC_MODEL, at).cost(usage, STANDARD)

    return {"rates and price of a reply": best_us(one)}


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--history", action="store_true", help="write the result to history too"
    )
    options = parser.parse_args(words)
    figures: dict[str, float] = {}
    given = partial(kept.figures, best_us)
    for part in (envelopes, replies, streams, crossing.figures, plans, prices, given):
        figures |= part()
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.facts(),
        "us": figures,
    }
    if options.json:
        print(msgspec.json.encode(result).decode())
    else:
        width = max(len(name) for name in figures)
        for name, value in figures.items():
            print(f"{name.ljust(width)}  {value:12,.3f}{'' if 'MB/s' in name else ' us'}")
    if options.history:
        print(f"written to {gateway.keep(result, 'micro').relative_to(toolbox.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
