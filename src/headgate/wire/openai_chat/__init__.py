"""The Chat Completions dialect, and Embeddings beside it."""

from headgate.wire.openai_chat.answer import decode_answer, encode_answer
from headgate.wire.openai_chat.ask import WORDS, decode_ask, encode_ask
from headgate.wire.openai_chat.flow import Listener
from headgate.wire.openai_chat.reading import (
    INCLUDE_USAGE,
    MAX_OUTPUT_FIELDS,
    NAME,
    PING,
    SHOWS_SEARCHES,
    STATUS,
    STOP_ENDS,
    classify,
    error_body,
    error_event,
    is_usage_only,
    read,
    read_embeddings,
    see,
    session,
)
from headgate.wire.openai_chat.speaker import Speaker

__all__ = [
    "INCLUDE_USAGE",
    "MAX_OUTPUT_FIELDS",
    "NAME",
    "PING",
    "SHOWS_SEARCHES",
    "STATUS",
    "STOP_ENDS",
    "WORDS",
    "Listener",
    "Speaker",
    "classify",
    "decode_answer",
    "decode_ask",
    "encode_answer",
    "encode_ask",
    "error_body",
    "error_event",
    "is_usage_only",
    "read",
    "read_embeddings",
    "see",
    "session",
]
