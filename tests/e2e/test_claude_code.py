"""Claude Code itself, headless, through the gateway: it works, and its own bill equals ours.

The client computes `total_cost_usd` from a price table of its own, so it is an oracle that
nobody of this project wrote.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.street import Ran, Row, Street, claude_code
from tests.matrix import CLAUDE_CODE, cell

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

USAGE = "usage=input:{0},read:{1},write5m:{2},output:{3}"


def dollars(rows: list[Row]) -> Decimal:
    return sum((Decimal(row["cost_nusd"]) for row in rows), Decimal(0)) / 10**9


def printed(ran: Ran) -> Decimal:
    """The client's figure; it adds binary fractions, so its 16th digit and beyond are noise."""
    return Decimal(format(ran.json["total_cost_usd"], ".15g"))


@cell(CLAUDE_CODE, "messages", "stream")
def test_a_first_prompt_is_answered_and_billed_alike(street: Street, fresh_home: Path) -> None:
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi")
    assert ran.json["is_error"] is False, ran.out
    assert "simulated" in ran.json["result"].lower()
    rows = street.rows_after(mark)
    assert [row["surface"] for row in rows] == ["messages"]
    row = rows[0]
    assert row["status"] == 200
    assert row["ending"] == "complete"
    assert row["key_id"]
    assert row["simulated"] == 1
    assert row["client"].startswith("claude-cli/")
    assert row["session"] == ran.json["session_id"]
    assert printed(ran) == dollars(rows) > 0


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("claude-opus-5-5", (777, 55, 5, 2)),
        ("claude-haiku-5-5", (777, 55, 5, 2)),
        ("claude-sonnet-5-5", (777, 55, 5, 2)),
        ("claude-haiku-4-5", (777, 55, 5, 2)),
        ("claude-fable-5-2", (777, 55, 5, 2)),
        ("claude-haiku-5-5", (100_000, 0, 0, 1_000)),
        ("claude-haiku-5-5", (100_001, 0, 0, 1_000)),
        ("claude-haiku-5-5", (10_000, 140_000, 0, 1_000)),
        ("claude-opus-5-5", (300_000, 0, 0, 1_000)),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value)),
)
def test_the_clients_own_bill_equals_the_ledger_to_the_last_digit(
    street: Street, fresh_home: Path, model: str, usage: tuple[int, ...]
) -> None:
    street.direct(USAGE.format(*usage))
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", model)
    rows = street.rows_after(mark)
    assert ran.json["is_error"] is False, ran.out
    assert printed(ran) == dollars(rows) > 0
    assert {row["model_sent"] for row in rows} == {model}
    assert rows[-1]["input_fresh"] == usage[0]
    assert rows[-1]["cache_read"] == usage[1]
    assert rows[-1]["cache_write_5m"] == usage[2]
    assert rows[-1]["output"] == usage[3]


@pytest.mark.parametrize("words", ["speed=fast", "geo=us", "searches=3"])
def test_special_terms_are_billed_as_the_client_bills_them(
    street: Street, fresh_home: Path, words: str
) -> None:
    street.direct(f"{USAGE.format(1000, 0, 0, 1000)};{words}")
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", "claude-opus-5-5")
    assert printed(ran) == dollars(street.rows_after(mark)) > 0


def test_one_hour_cache_writes_are_billed_as_the_client_bills_them(
    street: Street, fresh_home: Path
) -> None:
    street.direct("usage=input:1000,write5m:1000,write1h:2000,output:0")
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", "claude-opus-5-5")
    assert printed(ran) == dollars(street.rows_after(mark)) > 0


@cell(CLAUDE_CODE, "messages", "tools")
def test_a_tool_round_is_two_calls_of_one_session(street: Street, fresh_home: Path) -> None:
    """The first reply asks for Bash; what the client then sends is answered in words."""
    street.direct(
        'title = "one tool call"\n'
        '[[step]]\ncalls = "1"\ndo = \'tool=Bash;tool-input={"command":"echo 41"}\'\n'
    )
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--allowedTools", "Bash")
    rows = street.rows_after(mark, 2)
    assert ran.json["num_turns"] == 2, ran.out
    assert [row["tools_called"] for row in rows] == [1, 0]
    assert len({row["session"] for row in rows}) == 1
    assert printed(ran) == dollars(rows)


def test_context_is_counted_by_count_tokens_and_costs_nothing(
    street: Street, fresh_home: Path
) -> None:
    mark = street.mark()
    ran = claude_code(street, fresh_home, "/context")
    assert ran.json["is_error"] is False, ran.out
    rows = street.rows_after(mark, 10)
    assert {row["surface"] for row in rows} == {"count_tokens"}
    assert {row["status"] for row in rows} == {200}
    assert dollars(rows) == 0


@cell(CLAUDE_CODE, "messages", "errors")
def test_an_overload_is_survived_without_the_client_noticing(
    street: Street, fresh_home: Path
) -> None:
    """Two 529s upstream; the client sees one answer and the ledger one row of three tries."""
    street.direct('title = "a bad moment"\n[[step]]\ncalls = "1-2"\ndo = "529"\n')
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi")
    rows = street.rows_after(mark)
    assert ran.json["is_error"] is False, ran.out
    assert [row["tries"] for row in rows] == [3]
    assert printed(ran) == dollars(rows)


def test_an_outage_of_one_model_is_answered_by_the_next_rung(
    street: Street, fresh_home: Path
) -> None:
    street.direct('title = "opus is down"\n[[step]]\nmodel = "claude-opus*"\ndo = "529"\n')
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", "sturdy")
    assert ran.json["is_error"] is False, ran.out
    (row,) = street.rows_after(mark)
    assert row["model_asked"] == "sturdy"
    assert row["model_sent"] == "claude-haiku-5-5"
    assert row["tries"] == 2
    assert row["ending"] == "complete"


def test_a_wrong_key_is_refused_at_once(street: Street, fresh_home: Path) -> None:
    """A 401 would be retried ten times; ours says that it cannot help."""
    ran = claude_code(street, fresh_home, "hi", ANTHROPIC_AUTH_TOKEN="hg-wrong")
    assert ran.json["is_error"] is True
    assert ran.seconds < 10


def test_the_key_is_accepted_in_the_x_api_key_header_too(
    street: Street, fresh_home: Path
) -> None:
    env = {"ANTHROPIC_AUTH_TOKEN": "", "ANTHROPIC_API_KEY": street.key}
    ran = claude_code(street, fresh_home, "hi", **env)
    assert ran.json["is_error"] is False, ran.out
