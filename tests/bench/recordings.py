"""Recorded calls for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from headgate.store.recordings import Recorded
from headgate.wire.transcript import Answered, Asked, Said
from tests.bench.samples import RIGHT

QUESTION = "Write double(n) in Python, which doubles a number."


def said(code: str = RIGHT, word: str = "python") -> Answered:
    return Answered(f"Here it is:\n\n```{word}\n{code}```\n\nIt doubles.")


def call(id: str = "req_1", question: str = QUESTION, **more: Any) -> Recorded:
    plain = Recorded(
        id=id,
        at_us=1_700_000_000_000_000,
        surface="messages",
        key="ci",
        key_id="k_1",
        tags=("team=search",),
        model_asked="claude-haiku",
        provider="anthropic",
        model_sent="claude-haiku-4-5",
        asked=Asked("", (Said("user", question),)),
        answer=said(),
    )
    return replace(plain, **more)
