"""Calls carried from one dialect to another, as the engine carries them, and told as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from headgate.wire import Codec, anthropic, openai_chat, openai_responses
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Loss
from headgate.wire.meaning import Tool
from headgate.wire.model import Ending, Fault, Kind, Usage
from headgate.wire.naming import Lexicon
from headgate.wire.reading import Reading
from headgate.wire.recode import Crossing
from headgate.wire.translate import Translation, told_elsewhere, translate
from headgate.wire.voice import Voice, say

CODECS: dict[str, Codec] = {
    module.NAME: cast(Codec, module) for module in (anthropic, openai_chat, openai_responses)
}
ABILITIES: dict[str, Abilities] = {
    "anthropic": Abilities(
        thinking=("adaptive", "on", "off"),
        efforts=("low", "medium", "high", "xhigh", "max"),
        max_output=128_000,
    ),
    "openai_chat": Abilities(
        efforts=("none", "low", "medium", "high", "xhigh"),
        stops=4,
        max_output=128_000,
        custom_tools=True,
        session_key=True,
    ),
    "openai_responses": Abilities(
        efforts=("none", "low", "medium", "high", "xhigh"),
        stops=0,
        max_output=128_000,
        custom_tools=True,
        session_key=True,
        developer=True,
    ),
}
"""of a capable model of each vendor; stated here so that no price list changes a golden file"""
CALL_ID = "0123456789abcdef"
AT_S = 1_763_000_000
GUESSED = Usage(input_fresh=11, output=7)
"""what is charged where the upstream did not count"""
LONG = (
    "mcp__a-server-with-a-name-that-is-rather-long__and_a_tool_with_a_name_that_is_longer_still"
)
TOOLS = [
    Tool("get_weather"),
    Tool("now"),
    Tool("fs.read/file"),
    Tool(LONG),
    Tool("exec", custom=True, namespace="functions"),
]
"""what the caller of the golden answers offered"""


@dataclass(frozen=True, slots=True)
class Route:
    """From whom to whom an answer travels, and what its call had asked for."""

    upstream: str
    caller: str
    tools: Sequence[Tool] = ()
    stop: tuple[str, ...] = ()
    include_usage: bool = True
    echo: bytes = b"{}"
    """the caller's request, where the answer repeats some of it"""

    @property
    def crossing(self) -> Crossing:
        lexicon = Lexicon(self.tools, 64)
        return Crossing(CODECS[self.upstream], CODECS[self.caller], lexicon, self.stop)

    @property
    def voice(self) -> Voice:
        echo = msgspec.json.decode(self.echo, type=dict[str, msgspec.Raw])
        return Voice(CALL_ID, AT_S, "the-model", self.include_usage, echo)


def guess(reading: Reading) -> Usage:
    return GUESSED


def asked(
    caller: str, upstream: str, body: object, abilities: Abilities | None = None
) -> Translation:
    """The request as it goes upstream; the body as bytes, or as what they say."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    aim = Aim("the-model", abilities or ABILITIES[upstream], stream=_streams(data))
    return translate(data, CODECS[caller], CODECS[upstream], aim)


def _streams(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["stream"])
    except (ValueError, TypeError, KeyError):
        return False


def answered(route: Route, body: bytes) -> bytes:
    """A whole reply as the caller gets it; a Fault is raised."""
    reading = Reading()
    codec: Any = CODECS[route.upstream]
    codec.read(body, reading)
    answer = Translation(b"", route.crossing, []).answer(body, reading, guess)
    return say(CODECS[route.caller], answer, route.voice, stream=False)


def streamed(route: Route, chunks: Iterable[bytes]) -> bytes:
    """A stream as the caller gets it, to its proper end or the dialect's error."""
    watch = Translation(b"", route.crossing, []).stream(route.voice, Reading(), guess)
    out: list[bytes] = []
    try:
        pieces = iter(chunks)
        while watch.ending is None:
            chunk = next(pieces, None)
            out.append(watch.finish() if chunk is None else watch.feed(chunk))
        if watch.ending is Ending.TRUNCATED:
            raise Fault(Kind.TRUNCATED, "the upstream's stream ended before it was complete")
    except Fault as fault:
        out.append(watch.fail(told_elsewhere(fault), CALL_ID))
    return b"".join(out)


def told(translation: Translation) -> dict[str, Any]:
    """A request that goes upstream as JSON: its body, and every loss."""
    lexicon = translation.crossing.lexicon
    aliases = {
        alias: [spoken.name, spoken.namespace, "custom" if spoken.custom else ""]
        for alias, spoken in lexicon._spoken.items()
        if alias != spoken.name or spoken.custom or spoken.namespace
    }
    return {
        "body": json.loads(translation.body),
        "losses": [told_loss(loss) for loss in translation.losses],
        "aliases": aliases,
        "stop": list(translation.crossing.stop),
    }


def told_loss(loss: Loss) -> str:
    grave = "REFUSED " if loss.grave else ""
    heals = f" (heals: {loss.heals})" if loss.heals else ""
    return f"{grave}{loss}{heals}"


def others(dialect: str) -> list[str]:
    return [name for name in CODECS if name != dialect]


def cases(folder: Path, suffix: str) -> list[tuple[Path, str]]:
    """(a case's file, another dialect) of every case below the folder."""
    return [
        (path, other)
        for dialect in CODECS
        for path in sorted((folder / dialect).glob(f"*{suffix}"))
        if "." not in path.stem
        for other in others(dialect)
    ]
