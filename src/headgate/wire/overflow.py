"""Recognises that an input did not fit a model's window, whoever says so and in which words.

Clients mend a conversation that grew too long only when they are told in words they know:
Claude Code by "prompt is too long", OpenAI's by the code `context_length_exceeded` (seen
2026-11-20).
"""

from __future__ import annotations

import re

_NUMBER = r"(\d[\d,_]*)"
_WORDS = re.compile(
    r"prompt is too long|maximum context length|context_length_exceeded|exceeds? the"
    r" (?:model's )?context|context window|contextwindowexceeded|input (?:token )?(?:length"
    r" )?(?:is )?too long|maximum prompt length|reduce the length of the messages|input tokens"
    r" exceed|too many tokens",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    rf"(?:maximum(?: context length| prompt length)?(?: is| of)|limit (?:is|of)|> |window of)"
    rf" *{_NUMBER}",
    re.IGNORECASE,
)
_SENT = re.compile(
    rf"(?:resulted in|too long:|requested|sent|contains?|has|your input of) +(?:about )?"
    rf"{_NUMBER}",
    re.IGNORECASE,
)


def is_overflow(text: str) -> bool:
    """Does an error's code or message say that the input is too long."""
    return _WORDS.search(text) is not None


def spoken(message: str) -> str:
    """The same in the words that Anthropic's clients know, with the numbers that were given."""
    if "prompt is too long" in message.lower():
        return message
    sent, limit = _SENT.search(message), _LIMIT.search(message)
    if sent is None or limit is None:
        return f"prompt is too long: {message}"
    return f"prompt is too long: {_digits(sent[1])} tokens > {_digits(limit[1])} maximum"


def _digits(number: str) -> str:
    return number.replace(",", "").replace("_", "")
