"""A lifetime that does not fit the pauses is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.audit.finding import Finding
from headgate.audit.rules.wrong_ttl import RULE
from tests.audit.ledgers import DAY_US, MONDAY_US
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

MINUTE_US = 60_000_000


def judged(rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    return found_of(RULE, rows, **more)


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def talk(day: int, minutes: list[int], ttl: str) -> list[dict[str, Any]]:
    """A conversation that is read where the pause was shorter than its lifetime."""
    rows: list[dict[str, Any]] = []
    life = 5 if ttl == "5m" else 60
    for turn, minute in enumerate(minutes):
        size = 20_000 + 400 * turn
        alive = turn > 0 and minute - minutes[turn - 1] < life
        read = size - 400 if alive else 0
        rows.append(
            {
                "at_us": MONDAY_US + day * DAY_US + minute * MINUTE_US,
                "source": "claude-code",
                "project": "shop",
                "session": f"day {day}",
                "input_fresh": 4,
                "cache_read": read,
                f"cache_write_{ttl}": size - read,
                "output": 80,
            }
        )
    return rows


def test_pauses_of_ten_minutes_want_an_hour() -> None:
    (found,) = judged(RULE.fires_on())
    assert found.figures["policy"] == {"turns": "1h"}
    assert "ENABLE_PROMPT_CACHING_1H" in found.change
    assert "59 pauses" in found.what


def test_turns_of_a_minute_do_not_need_an_hour() -> None:
    rows = [row for day in range(4) for row in talk(day, list(range(40)), "1h")]
    (found,) = judged(rows)
    assert found.figures["policy"] == {"turns": "5m"}
    assert "FORCE_PROMPT_CACHING_5M" in found.change
    assert "within five minutes" in found.what


def test_turns_of_a_minute_are_well_with_five() -> None:
    assert judged(RULE.silent_on()) == []


def test_a_rare_pause_is_told_as_what_it_cost_and_not_as_a_saving() -> None:
    """It comes early, when there is little to write again: an hour would not pay."""
    minutes = [n + (20 if n >= 3 else 0) for n in range(60)]
    found = judged([row for day in range(4) for row in talk(day, minutes, "5m")])
    assert [it.confidence for it in found] == ["hypothesis"]
    assert found[0].figures["cliffs"] == 4
    assert "write" in found[0].what or "wrote" in found[0].what


def test_calls_through_the_gateway_are_told_of_its_own_planner() -> None:
    rows = [
        row | {"source": "", "key_id": "ci", "project": "", "cache_plan": "own"}
        for row in RULE.fires_on()
    ]
    (found,) = judged(rows)
    assert '"ttl": "1h"' in found.change
    assert "headgate keys update ci --prompt-cache on" in found.change
