"""The Chat Completions dialect, and Embeddings beside it."""

from headgate.wire.openai_chat.reading import (
    INCLUDE_USAGE,
    MAX_OUTPUT_FIELDS,
    NAME,
    PING,
    STATUS,
    STOP_ENDS,
    canned,
    canned_stream,
    classify,
    error_body,
    error_event,
    is_usage_only,
    read,
    read_embeddings,
    see,
    session,
)

__all__ = [
    "INCLUDE_USAGE",
    "MAX_OUTPUT_FIELDS",
    "NAME",
    "PING",
    "STATUS",
    "STOP_ENDS",
    "canned",
    "canned_stream",
    "classify",
    "error_body",
    "error_event",
    "is_usage_only",
    "read",
    "read_embeddings",
    "see",
    "session",
]
