"""Claude Code and Codex themselves, stopped as a loop: they show why, and do not try again.

The street of these tests notices a request that comes again once, and allows three calls to a
session: whatever either client does beyond a tool round is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import street as streets
from tests.e2e.street import Street, claude_code, codex, open_street, tool_calls
from tests.e2e.test_codex import as_provider

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

STRICT = """
[loops]
identical = 1
session_calls = 3
answer = "Ask in the channel llm-help."
"""
FREE = ("-s", "danger-full-access")  # its sandbox needs rights that test machines lack
WORDS = ("stopped as a loop", "3 calls", "session_calls", "Ask in the channel llm-help.")


@pytest.fixture(scope="module")
def strict_street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streets, "CONFIG", streets.CONFIG + STRICT)
        with open_street(tmp_path_factory.mktemp("strict")) as street:
            yield street


def test_claude_code_shows_the_reason_and_asks_no_more(
    strict_street: Street, fresh_home: Path
) -> None:
    street = strict_street
    steps = [("Bash", {"command": f"echo {n}"}) for n in range(6)]
    street.direct(tool_calls(*steps))
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--allowedTools", "Bash")
    assert ran.json["is_error"] is True
    for words in WORDS:
        assert words in ran.json["result"]
    rows = street.rows_after(mark, 4)
    assert [row["status"] for row in rows] == [200, 200, 200, 429]
    assert rows[-1]["fault"] == "loop"
    assert ran.seconds < 15


def test_codex_shows_the_reason_and_asks_no_more(
    strict_street: Street, fresh_home: Path
) -> None:
    street = strict_street
    steps = [("exec_command", {"cmd": f"echo {n}"}) for n in range(6)]
    street.direct(tool_calls(*steps))
    mark = street.mark()
    ran = codex(
        street, fresh_home, *as_provider(street), "-m", "over-responses", *FREE, "say hi"
    )
    failed = [event for event in ran.events if event["type"] == "turn.failed"]
    assert len(failed) == 1, ran.out + ran.err
    for words in WORDS:
        assert words in failed[0]["error"]["message"]
    assert "Reconnecting" not in ran.out
    rows = street.rows_after(mark, 4)
    assert [row["status"] for row in rows] == [200, 200, 200, 400]
    assert rows[-1]["fault"] == "loop"
    assert ran.seconds < 15


def test_in_ordinary_work_neither_client_sends_a_request_twice(
    strict_street: Street, fresh_home: Path
) -> None:
    """Counting tokens, a title, a tool round: nothing of it looks like a loop."""
    street = strict_street
    street.direct(tool_calls(("Bash", {"command": "true"})))
    mark = street.mark()
    assert claude_code(street, fresh_home, "/context").json["is_error"] is False
    assert claude_code(street, fresh_home, "hi", "--allowedTools", "Bash").code == 0
    street.direct(tool_calls(("exec_command", {"cmd": "true"})))
    ran = codex(street, fresh_home, *as_provider(street), "-m", "over-responses", *FREE, "hi")
    assert ran.code == 0, ran.out + ran.err
    rows = street.rows_after(mark, 5)
    assert not [row["warnings"] for row in rows if "loop" in row["warnings"]]
    assert {row["status"] for row in rows} == {200}
