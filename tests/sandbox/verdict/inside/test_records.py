"""What is logged crosses as a record of logging's own."""

from __future__ import annotations

import logging

import pytest

from headgate.sandbox.verdict.inside import known, values


def codec() -> values.Values:
    return values.Values(lambda it: [], lambda frame: None)


def test_a_record_says_what_it_said() -> None:
    record = logging.LogRecord("shop", 40, "a.py", 3, "bad %s", ("x",), None)
    found = codec().decode(codec().encode(record, known.Known()), known.Known())
    assert (found.getMessage(), found.levelname, found.lineno) == ("bad x", "ERROR", 3)


def test_a_record_that_hides_what_is_logging_s_own_is_refused() -> None:
    told = ["dict", 0, "dict", [["getMessage", "2"]], None]
    with pytest.raises(known.Rubbish):
        codec().decode(["record", told, None], known.Known())
