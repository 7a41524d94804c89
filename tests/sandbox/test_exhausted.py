"""A machine that has nothing more to give is told as busy, with what would give more."""

from __future__ import annotations

import errno
import os

import pytest

from headgate.sandbox.exhausted import refusal
from headgate.sandbox.model import Unavailable


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.EMFILE, "x"), "ulimit -n"),
        (BlockingIOError(errno.EAGAIN, "x"), "ulimit -u"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (Unavailable(f"it cannot start: {os.strerror(errno.EAGAIN)}", "?"), "ulimit -u"),
    ],
)
def test_what_there_is_no_more_of_is_named_with_what_gives_more(
    error: Exception, word: str
) -> None:
    told = refusal(error)
    assert told is not None
    assert told.kind == "busy"
    assert word in told.remedy
    assert "sandbox.workers" in told.remedy


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EPERM, "x"),
        RuntimeError("something else"),
        Unavailable("no walls here", "take others"),
        ValueError(),
    ],
)
def test_what_is_wrong_for_another_reason_stays_as_it_is(error: Exception) -> None:
    assert refusal(error) is None
