"""A first look at a bill takes its four steps, and says which a source cannot answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.book.quick import DAYS, Prompts, quick
from tests.ledger.book.pages import DAY_US, MONDAY_US, book_of


def call(day: int = 0, **more: Any) -> dict[str, Any]:
    plain = {"input_fresh": 100, "request_bytes": 400, "head": 5, "head_bytes": 200}
    return {"at_us": MONDAY_US + day * DAY_US, "cost_nusd": 10, **plain, **more}


@pytest.mark.parametrize(
    ("prompts", "flagged"),
    [
        (Prompts(9, 10_000, 0, 0.0), True),
        (Prompts(10, 10_000, 0, 0.0), False),
        (Prompts(9, 9_999, 0, 0.0), False),
        (Prompts(9, 10_000, 0, 0.5), False),
        (Prompts(0, 10_000, 0, 0.0), False),
    ],
)
def test_few_prompts_over_many_calls_flag_missing_caching_unless_it_is_there(
    prompts: Prompts, flagged: bool
) -> None:
    assert prompts.flagged is flagged


def test_all_four_steps_are_taken(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [call(day, key_id=f"k{day % 2}") for day in range(6)]
    rows += [call(4, key_id="ci", head=9, cost_nusd=400) for _ in range(3)]
    rows.append(call(4, surface="chat"))
    with book_of(tmp_path, rows) as book:
        found = quick(book)
    assert found.prompts == Prompts(2, 10, 0, 0.0)
    assert [(it.surface, it.calls) for it in found.pairs] == [("messages", 9), ("chat", 1)]
    assert found.spike is not None
    assert (found.spike.day_us, found.spike.cost_nusd) == (MONDAY_US + 4 * DAY_US, 1_220)
    assert (found.spike.usual_nusd, found.spike.conspicuous) == (10, True)
    causes = {it.what: (it.name, it.cost_nusd) for it in found.spike.causes}
    assert causes["key"] == ("ci", 1_200)
    assert causes["prompt"] == ("00000000", 1_200)
    assert [(it.head, it.calls) for it in found.prefixes] == [(5, 7), (9, 3)]
    assert (found.calls, found.cost_nusd, found.unable) == (10, 1_270, {})


def test_only_the_last_days_that_there_are_calls_of_count(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(0), call(DAYS), call(DAYS + 3)]) as book:
        assert quick(book).calls == 2


def test_transcripts_carry_no_system_prompt_and_it_says_so(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [call(day, source="claude-code", head=0) for day in range(2)]
    with book_of(tmp_path, rows) as book:
        found = quick(book)
    assert found.prompts is None
    assert found.prefixes == ()
    assert "claude-code: carries no system prompts" in found.unable["prompts"]
    assert "claude-code" in found.unable["prefixes"]
    assert len(found.pairs) == 1


def test_rows_that_cannot_tell_beside_rows_that_can_are_named(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(), call(), call(source="codex")]) as book:
        found = quick(book)
    assert found.prompts is not None
    assert found.unable["prompts"].startswith("without rows of codex")


def test_one_day_has_no_spike(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(), call()]) as book:
        assert quick(book).unable["spike"] == "all calls are of one day"


def test_a_bill_that_only_falls_has_no_spike(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(), call(), call(1)]) as book:
        assert quick(book).spike is None


def test_days_without_calls_cost_nothing(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(0), call(5), call(5)]) as book:
        spike = quick(book).spike
    assert spike is not None
    assert spike.usual_nusd == 0


def test_the_day_after_a_pause_is_no_spike(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(0), call(1), call(15)]) as book:
        assert quick(book).spike is None


def test_an_empty_book_has_no_answer_and_no_error(tmp_path: Path) -> None:
    with book_of(tmp_path, []) as book:
        found = quick(book)
    assert (found.calls, set(found.unable.values())) == (0, {"there are no calls yet"})
