"""Real coding agents at models of the other vendor: whole sessions with tools, files edited.

The agents run their own tools on a real folder; the simulator only says which one to call.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.street import Ran, Row, Street, claude_code, codex
from tests.e2e.test_codex import as_provider, said

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

WAYS = ["over-chat", "over-responses"]


def script(*steps: tuple[str, object]) -> str:
    """A scenario: the first calls ask for these tools, later ones are answered in words."""
    lines = ['title = "a session with tools"']
    for n, (tool, arguments) in enumerate(steps, 1):
        do = f"tool={tool};tool-again;tool-input={json.dumps(arguments)}"
        lines += ["[[step]]", f'calls = "{n}"', f"do = '''{do}'''"]
    return "\n".join(lines)


def one_session(rows: list[Row]) -> None:
    assert len({row["session"] for row in rows}) == 1
    assert {row["ending"] for row in rows} == {"complete"}
    assert {row["status"] for row in rows} == {200}


@pytest.mark.parametrize("model", WAYS)
def test_claude_code_edits_a_file_with_a_model_of_another_vendor(
    street: Street, fresh_home: Path, model: str
) -> None:
    """Read, Edit, Bash and an answer: four calls, three tools, a file that changed."""
    file = fresh_home / "greeting.txt"
    file.write_text("hello wrold\n")
    street.direct(
        script(
            ("Read", {"file_path": str(file)}),
            ("Edit", {"file_path": str(file), "old_string": "wrold", "new_string": "wörld 🌍"}),
            ("Bash", {"command": "wc -l greeting.txt", "description": "count"}),
        )
    )
    mark = street.mark()
    ran = claude_code(
        street, fresh_home, "fix the typo", "--model", model, "--allowedTools", "Read,Edit,Bash"
    )
    assert ran.json["is_error"] is False, ran.out
    assert ran.json["num_turns"] == 4, ran.out
    assert "simulated" in ran.json["result"].lower()
    assert file.read_text() == "hello wörld 🌍\n"
    rows = street.rows_after(mark, 4)
    one_session(rows)
    assert [row["tools_called"] for row in rows] == [1, 1, 1, 0]
    assert {row["surface"] for row in rows} == {"messages"}
    assert all(row["output"] > 0 and row["input_fresh"] + row["cache_read"] > 0 for row in rows)
    assert ran.json["usage"]["output_tokens"] == sum(row["output"] for row in rows)
