"""The tables of what was measured of nearly the same questions."""

from __future__ import annotations

from headgate.policy.trust import Report
from headgate.store import near
from headgate.store.near import DAY_US, KEPT_DAYS, Look, Pair
from headgate.store.sql import Connection

NOW = 1_763_740_800_000_000
MODEL = "openai:e"


def look(n: int, verdict: str = "", agreed: int = 0, likeness: int = 950, **more: str) -> Look:
    other = f"other{n}" if verdict else ""
    model = more.get("model", MODEL)
    return Look(
        NOW + n,
        f"call{n}",
        "k",
        "r",
        model,
        other,
        likeness if verdict else 0,
        verdict,
        agreed,
        7,
    )


def test_what_was_noted_is_counted(connection: Connection) -> None:
    looks = [
        look(1),
        look(2, "same", 1),
        look(3, "same", 1),
        look(4, "same", 0),
        look(5, "number", 0),
        look(6, "number", 1),
        look(7, "name", 0),
        look(8, "same", 0, likeness=900),
        look(9, "same", 0, model="openai:other"),
    ]
    assert near.add(connection, looks) == 9
    found = near.measure(connection, NOW, MODEL, 920)
    assert found.calls == 8
    assert found.candidates == 6
    assert found.refused == {"number": 2, "name": 1}
    assert list(found.refused) == ["number", "name"]
    assert found.strict == 1
    assert (found.verified, found.agreed, found.worth_nusd) == (3, 2, 14)
    assert found.disagreed == [Pair("call4", "other4", 950, NOW + 4)]
    assert (found.cost_nusd, found.served, found.saved_nusd) == (0, 0, 0)


def test_only_what_came_since_then_is_counted(connection: Connection) -> None:
    near.add(connection, [look(1, "same", 1), look(5, "same", 1)])
    assert near.measure(connection, NOW + 2, MODEL, 0).verified == 1


def test_the_same_row_twice_is_there_once_and_an_old_one_goes(connection: Connection) -> None:
    near.add(connection, [look(1, "same", 1)])
    near.add(connection, [look(1, "same", 1)])
    assert near.measure(connection, 0, MODEL, 0).calls == 1
    near.add(connection, [look(2 + KEPT_DAYS * DAY_US)])
    assert near.measure(connection, 0, MODEL, 0).calls == 1
    assert near.add(connection, []) == 0


def test_the_last_report_is_the_one_that_counts(connection: Connection) -> None:
    assert near.last(connection) == []
    first = Report(NOW, 0, 10, 5, 4, 3, 750, 300, 920, MODEL)
    near.file(connection, first)
    assert near.last(connection) == [first]
    second = first._replace(at_us=NOW + 1, agreed=4)
    near.file(connection, second)
    assert near.last(connection) == [second]
