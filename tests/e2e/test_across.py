"""Claude Code at models of every vendor: whole sessions with tools, and all that goes wrong.

It runs its own tools on a real folder; the simulator only says which one to call.
"""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import (
    MODELS,
    OVERFLOW,
    SENT,
    THINKERS,
    Row,
    Street,
    claude_code,
    once,
    tiny_png,
    tool_calls,
)
from tests.matrix import CLAUDE_CODE, at_every_upstream

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "visits": {"type": "integer"}},
    "required": ["city", "visits"],
    "additionalProperties": False,
}
# dollars per million tokens, in and out: the upstream's model is what is paid for
PRICES = {"messages": (4, 20), "chat": (2, 8), "responses": (2, 12)}


def one_session(rows: list[Row]) -> None:
    assert len({row["session"] for row in rows}) == 1
    assert {row["ending"] for row in rows} == {"complete"}
    assert {row["status"] for row in rows} == {200}


@at_every_upstream(CLAUDE_CODE, "stream", "tools")
def test_claude_code_edits_a_file_with_a_model_of_any_vendor(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """Read, Edit, Bash and an answer: four calls, three tools, a file that changed."""
    file = fresh_home / "greeting.txt"
    file.write_text("hello wrold\n")
    street.direct(
        tool_calls(
            ("Read", {"file_path": str(file)}),
            ("Edit", {"file_path": str(file), "old_string": "wrold", "new_string": "wörld 🌍"}),
            ("Bash", {"command": "wc -l greeting.txt", "description": "count"}),
        )
    )
    mark, seen = street.mark(), street.seen()
    tools = ("--allowedTools", "Read,Edit,Bash")
    ran = claude_code(street, fresh_home, "fix the typo", "--model", MODELS[upstream], *tools)
    assert ran.json["is_error"] is False, ran.out
    assert ran.json["num_turns"] == 4, ran.out
    assert "simulated" in ran.json["result"].lower()
    assert file.read_text() == "hello wörld 🌍\n"
    rows = street.rows_after(mark, 4)
    one_session(rows)
    assert [row["tools_called"] for row in rows] == [1, 1, 1, 0]
    assert {row["surface"] for row in rows} == {"messages"}
    assert all(row["output"] > 0 and row["cost_nusd"] > 0 for row in rows)
    assert ran.json["usage"]["output_tokens"] == sum(row["output"] for row in rows)
    arrived = street.arrived(seen)
    assert len(arrived) == 4
    assert {each.json["stream"] for each in arrived} == {True}
    assert {each.json["model"] for each in arrived} == {SENT[MODELS[upstream]]}


@pytest.mark.parametrize("upstream", ["chat", "responses"])
def test_what_claude_code_said_before_stays_word_for_word(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """A provider's prompt cache lives on prefixes: a turn more must not change a turn said."""
    file = fresh_home / "notes.txt"
    file.write_text("one\n")
    step = ("Read", {"file_path": str(file)})
    street.direct(tool_calls(step, step))
    seen = street.seen()
    claude_code(street, fresh_home, "hi", "--model", MODELS[upstream], "--allowedTools", "Read")
    asks = [_unmarked(each.json) for each in street.arrived(seen)]
    assert len(asks) == 3
    key = "input" if upstream == "responses" else "messages"
    for earlier, later in itertools.pairwise(asks):
        assert later[key][: len(earlier[key])] == earlier[key]
        rest = set(earlier) - {key}
        assert {name: later[name] for name in rest} == {name: earlier[name] for name in rest}


def _unmarked(value: Any) -> Any:
    """Without cache marks, which move with the conversation's end."""
    if isinstance(value, dict):
        marks = ("cache_control", "prompt_cache_breakpoint")
        return {key: _unmarked(each) for key, each in value.items() if key not in marks}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value


@at_every_upstream(CLAUDE_CODE, "parallel tools")
def test_two_tools_called_at_once_are_both_run_and_both_answered(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    commands = [{"command": f"echo {word} >> out.txt", "description": word} for word in "ab"]
    street.direct(tool_calls(("Bash", commands)))
    mark, seen = street.mark(), street.seen()
    model = MODELS[upstream]
    ran = claude_code(street, fresh_home, "hi", "--model", model, "--allowedTools", "Bash")
    assert ran.json["is_error"] is False, ran.out
    assert sorted((fresh_home / "out.txt").read_text().split()) == ["a", "b"]
    rows = street.rows_after(mark, 2)
    one_session(rows)
    assert [row["tools_called"] for row in rows] == [2, 0]
    assert len(_results(street.arrived(seen)[-1].json)) == 2


def _results(body: dict[str, Any]) -> list[Any]:
    """The tool results in an upstream's request, whatever its dialect."""
    turns = body.get("input", body.get("messages", []))
    blocks = [
        block
        for turn in turns
        if isinstance(turn.get("content"), list)
        for block in turn["content"]
        if block["type"] == "tool_result"
    ]
    others = [
        turn
        for turn in turns
        if turn.get("role") == "tool" or turn.get("type") == "function_call_output"
    ]
    return blocks + others


@at_every_upstream(CLAUDE_CODE, "images")
def test_an_image_that_claude_code_reads_is_seen_by_the_model(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """Its Read tool answers with an image inside a tool result."""
    (fresh_home / "square.png").write_bytes(tiny_png())
    street.direct(tool_calls(("Read", {"file_path": str(fresh_home / "square.png")})))
    seen = street.seen()
    model = MODELS[upstream]
    ran = claude_code(street, fresh_home, "look", "--model", model, "--allowedTools", "Read")
    assert ran.json["is_error"] is False, ran.out
    assert ran.json["num_turns"] == 2
    last = street.arrived(seen)[-1].body.decode()
    kind = {"messages": '"type":"image"', "chat": '"image_url"', "responses": '"input_image"'}
    assert kind[upstream] in last
    assert "iVBORw0KGgo" in last, "the picture's own bytes, in base64"


@at_every_upstream(CLAUDE_CODE, "structured output")
def test_claude_code_gets_an_answer_that_obeys_its_schema(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """`--json-schema`: the client offers a tool for it and wants it called."""
    street.direct("tool=StructuredOutput")
    schema = json.dumps(SCHEMA)
    model = MODELS[upstream]
    ran = claude_code(street, fresh_home, "hi", "--model", model, "--json-schema", schema)
    assert ran.json["is_error"] is False, ran.out
    found = ran.json["structured_output"]
    assert set(found) == {"city", "visits"}
    assert isinstance(found["visits"], int)


@at_every_upstream(CLAUDE_CODE, "thinking")
def test_thoughts_go_back_to_the_model_that_had_them(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """The client keeps them sealed; the second call gives the upstream its own thought."""
    note = {"command": "true", "description": "nothing"}
    street.direct(tool_calls(("Bash", note), extra="think=20;"))
    mark, seen = street.mark(), street.seen()
    model = THINKERS[upstream]
    ran = claude_code(street, fresh_home, "hi", "--model", model, "--allowedTools", "Bash")
    assert ran.json["is_error"] is False, ran.out
    assert street.rows_after(mark, 2)[0]["reasoning_of_output"] == 20
    body = street.arrived(seen)[-1].json
    thoughts = _thoughts(body)
    assert len(thoughts) == 1, body
    assert "simulated" in thoughts[0] or base64.b64decode(thoughts[0]).startswith(b"simulated")
    assert b"gw1." not in street.arrived(seen)[-1].body, "a seal of ours is for clients alone"


def _thoughts(body: dict[str, Any]) -> list[str]:
    """What an upstream is given back of its own: signatures, or the text where it has none."""
    turns = body.get("input", body.get("messages", []))
    blocks = [
        block["signature"]
        for turn in turns
        if turn.get("role") == "assistant" and isinstance(turn.get("content"), list)
        for block in turn["content"]
        if block["type"] == "thinking"
    ]
    items = [turn["encrypted_content"] for turn in turns if turn.get("type") == "reasoning"]
    spoken = [turn["reasoning_content"] for turn in turns if "reasoning_content" in turn]
    return blocks + items + spoken


@at_every_upstream(CLAUDE_CODE, "errors")
def test_an_overload_of_any_vendor_is_survived_without_claude_code_noticing(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    street.direct(once("529" if upstream == "messages" else "503"))
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    assert ran.json["is_error"] is False, ran.out
    (row,) = street.rows_after(mark)
    assert row["tries"] == 2
    assert row["ending"] == "complete"


@at_every_upstream(CLAUDE_CODE, "errors")
def test_claude_code_understands_that_a_conversation_is_too_long(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """It compacts on this in an interactive session; headless it says so."""
    street.direct(OVERFLOW[upstream])
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    assert ran.json["is_error"] is True
    assert "prompt is too long" in ran.json["result"].lower()
    assert [row["status"] for row in street.rows_after(mark)] == [400]


@at_every_upstream(CLAUDE_CODE, "errors")
def test_a_refusal_of_any_vendor_is_told_as_one(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    street.direct(f"stop={'refusal' if upstream == 'messages' else 'content_filter'}")
    ran = claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    assert ran.json["is_error"] is True
    assert "safeguards flagged this message" in ran.json["result"]


@pytest.mark.parametrize("how", ["cut=30", "error-after=30", "reset=9000"])
@at_every_upstream(CLAUDE_CODE, "cut stream")
def test_half_an_answer_is_never_taken_for_a_whole_one(
    street: Street, fresh_home: Path, upstream: str, how: str
) -> None:
    """The client asks anew, as it does of Anthropic, and its user gets a whole answer."""
    street.direct(once(f"events=60;output=400;pace=0.005;{how}"))
    mark = street.mark()
    ran = claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    assert ran.json["is_error"] is False, ran.out
    first, *rest = street.rows_after(mark, 2)
    assert first["ending"] in ("truncated", "error")
    assert first["output"] > 0 or how.startswith("reset"), "what was served is paid for"
    assert [row["ending"] for row in rest] == ["complete"]
    assert ran.json["usage"]["output_tokens"] >= rest[0]["output"]


@at_every_upstream(CLAUDE_CODE, "stream")
def test_the_row_is_priced_as_the_model_that_answered(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """The client knows Anthropic's prices alone; the ledger's are the upstream's."""
    street.direct("usage=input:1000,output:100")
    mark = street.mark()
    claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    (row,) = street.rows_after(mark)
    price_in, price_out = PRICES[upstream]
    assert row["model_asked"] == MODELS[upstream]
    assert row["model_sent"] == SENT[MODELS[upstream]]
    assert row["cost_nusd"] == (1000 * price_in + 100 * price_out) * 1_000


@pytest.mark.parametrize("upstream", ["chat", "responses"])
def test_the_operators_words_in_mid_conversation_arrive_as_such(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """Claude Code speaks as `system` after the user's turn: others call that differently."""
    seen = street.seen()
    claude_code(street, fresh_home, "hi", "--model", MODELS[upstream])
    (arrived,) = street.arrived(seen)
    turns = arrived.json["input" if upstream == "responses" else "messages"]
    roles = [turn.get("role") for turn in turns]
    said = [role for role in roles[roles.index("user") :] if role in ("system", "developer")]
    assert said, roles
    assert b"x-anthropic-billing-header" not in arrived.body


@pytest.mark.parametrize("upstream", ["chat", "responses"])
def test_context_is_estimated_by_the_client_where_nobody_counts(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    mark = street.mark()
    ran = claude_code(street, fresh_home, "/context", "--model", MODELS[upstream])
    assert ran.json["is_error"] is False, ran.out
    assert "Context Usage" in ran.json["result"]
    rows = street.rows_after(mark, 10)
    assert {row["surface"] for row in rows} == {"count_tokens"}
    assert {row["status"] for row in rows} == {501}
    assert sum(row["cost_nusd"] or 0 for row in rows) == 0


def test_claude_code_goes_on_without_an_image_that_its_model_cannot_see(
    street: Street, fresh_home: Path
) -> None:
    """It is told so in its own words, `capability_rejected`, and sends the rest again."""
    (fresh_home / "square.png").write_bytes(tiny_png())
    street.direct(tool_calls(("Read", {"file_path": str(fresh_home / "square.png")})))
    mark, seen = street.mark(), street.seen()
    ran = claude_code(street, fresh_home, "look", "--model", "blind", "--allowedTools", "Read")
    assert ran.json["is_error"] is False, ran.out
    assert "simulated" in ran.json["result"].lower()
    assert [row["status"] for row in street.rows_after(mark, 3)] == [200, 400, 200]
    assert b"iVBORw0KGgo" not in street.arrived(seen)[-1].body
