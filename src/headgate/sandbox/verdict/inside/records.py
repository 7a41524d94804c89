"""Carries what is logged, for a formatter or handler of the code that a test tries on a record.

Rule 1: a record that arrives is logging's own, with plain attributes that hide none of its own.
"""

from __future__ import annotations

import logging
from typing import Any

from headgate.sandbox.verdict.inside.known import Known, Rubbish, plainly

PLAIN = (str, int, float, tuple, list, dict, type(None))


def put(values: Any, value: Any, known: Known) -> Any:
    error = value.exc_info[1] if value.exc_info else None
    plain = {
        name: it
        for name, it in vars(value).items()
        if isinstance(it, PLAIN) and name != "exc_info"
    }
    return ["record", values.encode(plain, Known()), values.encode(error, Known())]


def take(values: Any, frame: list[Any], known: Known) -> Any:
    told, error = values.decode(frame[1], Known()), values.decode(frame[2], Known())
    for name, it in told.items():
        if hasattr(logging.LogRecord, name):
            raise Rubbish("a record that answers for itself")
        plainly(name, it)
    made = logging.makeLogRecord(told)
    made.exc_info = (type(error), error, None) if isinstance(error, BaseException) else None
    return made
