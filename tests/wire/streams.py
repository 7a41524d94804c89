"""Recorded forms of streams that tests share, and ways to cut, watch and tell of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from headgate.wire import Codec, anthropic, openai_chat, openai_responses
from headgate.wire.model import Ending
from headgate.wire.reading import Reading
from headgate.wire.stream import StreamWatch
from headgate.wire.voice import Voice, canned

FOLDER = Path(__file__).parent.parent / "golden" / "streams"
STREAMS = sorted(FOLDER.glob("*.sse"))
DIALECTS: dict[str, Codec] = {
    dialect.NAME: dialect for dialect in (anthropic, openai_chat, openai_responses)
}


def dialect_of(path: Path) -> Codec:
    """A stream's file is named after its dialect."""
    return DIALECTS[path.stem.partition("-")[0]]


def chunked(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


def watched(
    dialect: Codec, chunks: Iterable[bytes], *, drop_usage: bool = False
) -> tuple[list[bytes], Ending, Reading]:
    """(what was forwarded, piece by piece; how it ended; what was learned)."""
    watch = StreamWatch(dialect, Reading(keep_text_chars=1000), drop_usage=drop_usage)
    pieces = [watch.feed(chunk) for chunk in chunks]
    pieces.append(watch.finish())
    return pieces, watch.close(Ending.TRUNCATED), watch.reading


def told(reading: Reading) -> dict[str, Any]:
    """A reading as JSON, without what says nothing."""
    fields: dict[str, Any] = {
        "usage": {k: v for k, v in reading.usage._asdict().items() if v},
        "usage_seen": reading.usage_seen,
        "terms": {k: v for k, v in reading.terms._asdict().items() if v},
        "text": "".join(reading.text),
        "fault": [reading.fault.kind, reading.fault.message] if reading.fault else None,
    }
    plain = ("model", "reply_id", "created_at", "stop", "text_chars", "tools_called", "content")
    more = ("last_sequence", "done", "warnings")
    return fields | {name: getattr(reading, name) for name in plain + more}


def canned_reply(
    dialect: Codec, text: str, *, stream: bool = False, usage: bool = False
) -> bytes:
    """The operator's own words to a caller of this dialect."""
    return canned(dialect, text, Voice("id-1", 7, "m", usage), stream=stream)
