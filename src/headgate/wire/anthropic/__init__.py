"""The Anthropic Messages dialect."""

from headgate.wire.anthropic.answer import decode_answer, encode_answer
from headgate.wire.anthropic.ask import WORDS, decode_ask, encode_ask
from headgate.wire.anthropic.flow import Listener, Speaker
from headgate.wire.anthropic.reading import (
    ERROR_TYPES,
    MAX_OUTPUT_FIELDS,
    NAME,
    PING,
    SHOWS_SEARCHES,
    STATUS,
    STOP_ENDS,
    classify,
    error_body,
    error_event,
    read,
    read_count,
    see,
    session,
)

__all__ = [
    "ERROR_TYPES",
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
    "read",
    "read_count",
    "see",
    "session",
]
