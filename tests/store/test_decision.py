"""Decisions are kept by their names, in a file and on a server alike."""

from __future__ import annotations

from headgate.store.decision import Decision, every, keep
from headgate.store.sql import Connection


def test_a_name_is_used_once_and_the_newest_comes_first(connection: Connection) -> None:
    first = Decision("support", 1, "{}", "a", "{}")
    keep(connection, first)
    keep(connection, Decision("chat", 2, "{}", "b", "{}"))
    keep(connection, first._replace(at_us=3, said="c"))
    assert [(it.name, it.said) for it in every(connection)] == [("support", "c"), ("chat", "b")]
