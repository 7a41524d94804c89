"""Days that two files of one import tell are named; files that share nothing are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.twofold import Twofold, said
from tests.ledger.importers.books import DAY_US, booked, draft

AT = 1_790_000_000_000_000 // DAY_US * DAY_US  # 2026-09-21


def total(id: str, tokens: int, day: int = 0, **more: int) -> Draft:
    given = {"span_us": DAY_US, "calls": 0, "output": 0} | more
    return draft(id, AT + day * DAY_US, input_fresh=tokens, **given)


BY_MODEL = [total("m1", 60), total("m2", 40), total("m1+1", 7, 1)]


@pytest.mark.parametrize(
    ("others", "days"),
    [
        ([total("p1", 99), total("p2", 1), total("p1+1", 8, 1)], ["2026-09-21"]),
        ([total("p1", 100), total("p1+1", 7, 1)], ["2026-09-21", "2026-09-22"]),
        ([total("p1", 99)], []),
        ([total("p1", 100, 2)], []),
        (BY_MODEL, []),
        ([draft("call", AT + 9)], ["2026-09-21"]),
        ([draft("call", AT + 5 * DAY_US)], []),
        ([], []),
    ],
)
def test_days_that_come_to_the_same_in_other_rows_are_told(
    tmp_path: Path, others: list[Draft], days: list[str]
) -> None:
    with booked(tmp_path, {"a": BY_MODEL, "b": others}) as (_, counts):
        found = counts.twofold
    assert [it.days for it in found] == ([days] if days else [])
    assert all((Path(it.one).name, Path(it.other).name) == ("a", "b") for it in found)


@pytest.mark.parametrize(("cost", "days"), [(9, 1), (8, 0)])
def test_costs_without_tokens_are_compared_too(tmp_path: Path, cost: int, days: int) -> None:
    one, two = (total(it, 0, stated_nusd=nusd) for it, nusd in (("m", 9), ("p", cost)))
    with booked(tmp_path, {"a": [one], "b": [two]}) as (_, counts):
        assert sum(len(it.days) for it in counts.twofold) == days


def test_calls_alone_are_never_told_twice_over(tmp_path: Path) -> None:
    files: dict[str, Sequence[Draft | Failed]] = {
        name: [draft(f"{name}{n}", AT) for n in range(3)] for name in "abc"
    }
    with booked(tmp_path, files) as (_, counts):
        assert counts.twofold == []


def test_it_names_the_days_and_the_files() -> None:
    days = [f"2026-09-{day:02}" for day in range(1, 8)]
    words = said([Twofold("a.csv", "b.csv", days), Twofold("a.csv", "c.csv", days[:1])])
    assert "7 days (2026-09-01, 2026-09-02," in words
    assert "…) both in a.csv and in b.csv (as in 1 more of their pairs)" in words
