"""The Anthropic Messages dialect."""

from headgate.wire.anthropic.reading import (
    ERROR_TYPES,
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
    read_count,
    see,
    session,
)

__all__ = [
    "ERROR_TYPES",
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
    "read_count",
    "see",
    "session",
]
