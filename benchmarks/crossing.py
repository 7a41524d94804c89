"""What saying a call again in another dialect costs: an ask, an answer, and each event.

Rule 1: the whole joint is timed as the engine drives it: watching the upstream's events,
        hearing them, and saying them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import permutations

from benchmarks import bodies
from headgate.wire import SURFACES, Codec
from headgate.wire.ability import Abilities, Aim
from headgate.wire.meaning import ENDED, Begun, Delta, More, Over, Stop, Text
from headgate.wire.model import STANDARD, Usage
from headgate.wire.reading import Reading
from headgate.wire.translate import Translation, translate
from headgate.wire.voice import Voice

REPEATS = 7
PIECES = 200
VOICE = Voice("req_benchmark", 1_763_000_000, "m", include_usage=True)
AIM = Aim("m", Abilities(max_output=128_000, efforts=("low", "high"), stops=4), True)
SPOKEN = ("messages", "chat", "responses")


def best_us(work: Callable[[], object], number: int) -> float:
    """Microseconds of one call of `work`, the best of several stretches."""
    times = []
    for _ in range(REPEATS):
        at = time.process_time()
        for _ in range(number):
            work()
        times.append(time.process_time() - at)
    return min(times) / number * 1e6


def nothing_told(reading: Reading) -> Usage:
    return Usage()


def asks() -> dict[str, bytes]:
    """The 1 KB request of the benchmark, in each dialect."""
    body = bodies.encode(bodies.sized(1, 1, 1_086))
    said = {"messages": body}
    for name in ("chat", "responses"):
        source, target = SURFACES["messages"].dialect, SURFACES[name].dialect
        said[name] = translate(body, source, target, AIM).body
    return said


def stream_of(dialect: Codec) -> list[bytes]:
    """A reply of many small pieces of text, an event each."""
    speaker = dialect.Speaker(VOICE)
    deltas: list[Delta] = [Begun(Text("")), *[More("a few words")] * PIECES, ENDED]
    said = [speaker.begin("reply", "m"), *map(speaker.say, [*deltas, Over(Stop.END)])]
    said.append(speaker.end(Usage(input_fresh=812, output=400), STANDARD))
    return [event for event in said if event]


def event_us(crossed: Translation) -> float:
    chunks = stream_of(crossed.crossing.upstream)

    def retell() -> None:
        retelling = crossed.stream(VOICE, Reading(), nothing_told)
        for chunk in chunks:
            retelling.feed(chunk)

    return best_us(retell, 20) / len(chunks)


def figures() -> dict[str, float]:
    """Microseconds by pair of dialects, the caller's first."""
    found: dict[str, float] = {}
    bodies_of = asks()
    for caller, upstream in permutations(SPOKEN, 2):
        source, target = SURFACES[caller].dialect, SURFACES[upstream].dialect
        body = bodies_of[caller]
        crossed = translate(body, source, target, AIM)

        def again(
            body: bytes = body, source: Codec = source, target: Codec = target
        ) -> Translation:
            return translate(body, source, target, AIM)

        found[f"ask of 1 KB, {caller} to {upstream}"] = round(best_us(again, 300), 2)
        found[f"event, {upstream} to {caller}"] = round(event_us(crossed), 2)
    return found


def slowest_event_us(found: dict[str, float]) -> float:
    return max(value for name, value in found.items() if name.startswith("event"))
