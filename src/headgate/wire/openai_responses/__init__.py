"""The Responses dialect."""

from headgate.wire.openai_responses.reading import (
    MAX_OUTPUT_FIELDS,
    NAME,
    NOTHING_SAID,
    PING,
    STATUS,
    STOP_ENDS,
    canned,
    canned_stream,
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
    "NOTHING_SAID",
    "PING",
    "STATUS",
    "STOP_ENDS",
    "canned",
    "canned_stream",
    "classify",
    "error_body",
    "error_event",
    "read",
    "see",
    "session",
]
