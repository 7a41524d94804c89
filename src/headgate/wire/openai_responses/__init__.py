"""The Responses dialect."""

from headgate.wire.openai_responses.answer import decode_answer, encode_answer
from headgate.wire.openai_responses.ask import WORDS, decode_ask, encode_ask
from headgate.wire.openai_responses.flow import Speaker
from headgate.wire.openai_responses.hearing import Listener
from headgate.wire.openai_responses.reading import (
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
    see,
    session,
)

__all__ = [
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
    "see",
    "session",
]
