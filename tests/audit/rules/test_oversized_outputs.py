"""Output that a limit cut, that ran on, or that was thought and not said."""

from __future__ import annotations

from typing import Any

from headgate.audit.rules.oversized_outputs import RULE
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found, keeps_its_word

OUT = 10_000
"""nano-dollars for a token of output"""


def call(n: int, output: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + n * 60_000_000,
        "key_id": "k",
        "input_fresh": 1_000,
        "output": output,
        "chain": [1, 100 + n],
        "cover": [10, 20],
        **more,
    }


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_a_cut_answer_that_is_asked_again_with_more_room_was_for_nothing() -> None:
    rows = []
    for n in range(6):
        rows.append(call(10 * n, 500, max_output=500))
        rows.append(call(10 * n + 1, 1_900, max_output=4_000, chain=[1, 100 + 10 * n]))
    (it,) = found(RULE, rows)
    assert it.saving_nusd == 6 * (1_000 * 2_000 + 500 * OUT)
    assert it.rows == 6
    late = [
        row | {"at_us": row["at_us"] + 3_600_000_000 * (n % 2)} for n, row in enumerate(rows)
    ]
    assert not found(RULE, late)


def test_where_no_prompt_is_known_the_session_and_the_size_tell() -> None:
    rows = []
    for n in range(6):
        same = {"chain": [], "cover": [], "session": f"s{n}", "source": "claude-code"}
        rows.append(call(10 * n, 500, max_output=500, **same))
        rows.append(call(10 * n + 1, 1_900, max_output=4_000, **same))
    assert [it.rows for it in found(RULE, rows)] == [6]


def test_answers_that_run_on_are_counted_above_twice_the_longest_usual_one() -> None:
    rows = [call(n, 400) for n in range(100)]
    rows += [call(200 + n, 20_000, max_output=20_000) for n in range(5)]
    (it,) = found(RULE, rows)
    assert it.figures["cap"] == 1_024
    assert it.saving_nusd == 5 * (20_000 - 1_024) * OUT
    assert "max_tokens = 1024" in it.change


def test_what_is_usual_is_that_of_the_purpose() -> None:
    rows = [call(n, 400, tags="short") for n in range(100)]
    rows += [call(200 + n, 20_000, max_output=20_000, tags="long") for n in range(5)]
    rows += [call(300 + n, 19_000, max_output=20_000, tags="long") for n in range(60)]
    assert not found(RULE, rows, purpose="tags")


def test_where_many_reach_the_limit_it_is_the_limit_that_is_usual() -> None:
    rows = [call(n, 400 if n % 2 else 20_000, max_output=20_000) for n in range(100)]
    assert not found(RULE, rows)


def test_much_thinking_is_a_hypothesis() -> None:
    rows = [call(n, 2_000, reasoning_of_output=1_800) for n in range(60)]
    (it,) = found(RULE, rows)
    assert (it.confidence, it.saving_nusd) == ("hypothesis", 60 * 900 * OUT)
    assert not found(RULE, [row | {"reasoning_of_output": 900} for row in rows])
