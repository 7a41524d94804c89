"""Judges whole streams: `check(dialect, bytes)` says what a client would make of them."""

from __future__ import annotations

from headgate.conformance.grammar.chat import ChatJudge
from headgate.conformance.grammar.messages import MessagesJudge
from headgate.conformance.grammar.responses import ResponsesJudge
from headgate.conformance.grammar.verdict import Judge, Verdict, Wish, split

JUDGES: dict[str, type[Judge]] = {
    "anthropic": MessagesJudge,
    "openai_chat": ChatJudge,
    "openai_responses": ResponsesJudge,
}
OURS = Wish()
VENDORS = Wish(ours=False)


def check(dialect: str, data: bytes, wish: Wish = OURS) -> Verdict:
    """The message a client puts together, and every rule that the stream breaks."""
    judge = JUDGES[dialect](dialect, wish)
    try:
        events, rest = split(data)
    except UnicodeDecodeError as broken:
        judge.blame(f"the bytes are not UTF-8: {broken.reason}")
        events, rest = split(data.decode("utf-8", "replace").encode())
    for event in events:
        judge.take(event)
    judge.want(not rest, "the last event lacks its blank line")
    return judge.close()
