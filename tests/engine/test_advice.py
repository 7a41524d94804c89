"""Advice: once a day, when it is worth a cent, with the line that switches it on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.engine.advice import DAY_US, MOST, SWITCH, WORTH_TELLING_NUSD, Advice, Whose
from headgate.engine.notice import Notices
from headgate.policy.event import EventKind

NOW = 20_000 * DAY_US
CENT = WORTH_TELLING_NUSD


class Told(Notices):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    def note(
        self, kind: EventKind, subject: str, once: str, detail: Mapping[str, object]
    ) -> None:
        self.told.append((kind, subject, dict(detail)))


WHOSE = Whose("k_1", "claude-*", "claude-haiku-5-5")


def test_less_than_a_cent_is_not_worth_a_word() -> None:
    advice, notices = Advice(), Told()
    advice.count(WHOSE, CENT / 2, CENT, notices, NOW)
    assert notices.told == []
    advice.count(WHOSE, CENT / 2, CENT, notices, NOW + 5_000_000)
    ((kind, subject, detail),) = notices.told
    assert (kind, subject) == ("prompt_cache_advice", "key:k_1")
    assert detail == {
        "route": "claude-*",
        "model": "claude-haiku-5-5",
        "calls": 2,
        "since_s": 5,
        "would_have_saved_usd": 0.01,
        "share_of_input": 0.5,
        "switch_on": SWITCH,
        "for_this_key": "headgate keys update k_1 --prompt-cache on",
    }


def test_it_is_said_once_a_day_of_what_came_since() -> None:
    advice, notices = Advice(), Told()
    for hour in range(49):
        advice.count(WHOSE, CENT, 2 * CENT, notices, NOW + hour * DAY_US // 24)
    assert [detail["calls"] for _, _, detail in notices.told] == [1, 24, 24]


def test_callers_and_routes_are_told_apart_and_a_house_without_keys_by_its_route() -> None:
    advice, notices = Advice(), Told()
    advice.count(WHOSE, CENT, CENT, notices, NOW)
    advice.count(WHOSE._replace(key_id=""), CENT, CENT, notices, NOW)
    assert [subject for _, subject, _ in notices.told] == ["key:k_1", "claude-*"]
    assert "for_this_key" not in notices.told[1][2]


def test_what_would_have_cost_more_is_not_advised() -> None:
    advice, notices = Advice(), Told()
    for _ in range(5):
        advice.count(WHOSE, -CENT, CENT, notices, NOW)
    advice.count(WHOSE, 5 * CENT, CENT, notices, NOW)
    assert notices.told == []


def test_a_bounded_number_is_counted() -> None:
    advice, notices = Advice(), Told()
    advice.count(WHOSE, CENT / 2, CENT, notices, NOW)
    for n in range(MOST):
        advice.count(WHOSE._replace(key_id=str(n)), 0, CENT, notices, NOW)
    advice.count(WHOSE, CENT / 2, CENT, notices, NOW)
    assert notices.told == []
