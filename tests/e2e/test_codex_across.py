"""Codex at models of every vendor: its commands really run, its reasoning really kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import (
    MODELS,
    OVERFLOW,
    SENT,
    THINKERS,
    Ran,
    Street,
    codex,
    once,
    tiny_png,
    tool_calls,
)
from tests.e2e.test_codex import as_provider, said, usage
from tests.matrix import CODEX, at_every_upstream

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

FREE = ("-s", "danger-full-access")  # its sandbox needs rights that test machines lack
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "visits": {"type": "integer"}},
    "required": ["city", "visits"],
    "additionalProperties": False,
}


def run(street: Street, home: Path, model: str, *args: str) -> Ran:
    return codex(street, home, *as_provider(street), "-m", model, *FREE, *args)


def items(ran: Ran, kind: str) -> list[dict[str, Any]]:
    done = [event["item"] for event in ran.events if event["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


@at_every_upstream(CODEX, "stream", "tools", "parallel tools")
def test_codex_runs_the_commands_of_a_model_of_any_vendor(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """One command makes a file, two at once look at it, then an answer: three calls."""
    commands = [{"cmd": "cat made.txt"}, {"cmd": "wc -c made.txt"}]
    street.direct(
        tool_calls(
            ("exec_command", {"cmd": "echo 'grüß 🌍' > made.txt"}), ("exec_command", commands)
        )
    )
    mark, seen = street.mark(), street.seen()
    ran = run(street, fresh_home, MODELS[upstream], "make a file")
    assert ran.code == 0, ran.out + ran.err
    assert (fresh_home / "made.txt").read_text() == "grüß 🌍\n"
    done = items(ran, "command_execution")
    assert {item["exit_code"] for item in done} == {0}
    assert sorted(item["aggregated_output"] for item in done) == [
        "",
        "12 made.txt\n",
        "grüß 🌍\n",
    ]
    assert "simulated" in said(ran).lower()
    rows = street.rows_after(mark, 3)
    assert [row["tools_called"] for row in rows] == [1, 2, 0]
    assert {row["ending"] for row in rows} == {"complete"}
    assert {row["model_sent"] for row in rows} == {SENT[MODELS[upstream]]}
    assert len({row["session"] for row in rows}) == 1
    assert usage(ran)["output_tokens"] == sum(row["output"] for row in rows)
    arrived = street.arrived(seen)
    assert all("12 made.txt" in each.body.decode() for each in arrived[2:])
    assert all(row["cost_nusd"] > 0 for row in rows)


@at_every_upstream(CODEX, "thinking")
def test_reasoning_travels_to_codex_and_back(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    """Codex shows the summary and keeps the sealed item for the model that wrote it."""
    street.direct(tool_calls(("exec_command", {"cmd": "true"}), extra="think=20;"))
    mark, seen = street.mark(), street.seen()
    ran = run(street, fresh_home, THINKERS[upstream], "think")
    assert ran.code == 0, ran.out + ran.err
    (thought,) = items(ran, "reasoning")
    assert "simulated" in thought["text"].lower()
    assert usage(ran)["reasoning_output_tokens"] == 20
    assert street.rows_after(mark, 2)[0]["reasoning_of_output"] == 20
    last = street.arrived(seen)[-1].json
    turns = last["input" if upstream == "responses" else "messages"]
    if upstream == "messages":
        back = [block for turn in turns for block in turn["content"] if "signature" in block]
        assert [block["thinking"] for block in back] == [thought["text"]]
        assert back[0]["signature"]
    elif upstream == "chat":
        back = [turn["reasoning_content"] for turn in turns if "reasoning_content" in turn]
        assert back == [thought["text"]]
    else:
        assert [bool(item["encrypted_content"]) for item in turns if "summary" in item] == [1]
    assert b"gw1." not in street.arrived(seen)[-1].body, "a seal of ours is for clients alone"


@at_every_upstream(CODEX, "images")
def test_an_image_that_codex_attaches_is_seen_by_the_model(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    (fresh_home / "square.png").write_bytes(tiny_png())
    seen = street.seen()
    ran = run(street, fresh_home, MODELS[upstream], "-i", "square.png", "--", "look")
    assert ran.code == 0, ran.out + ran.err
    (arrived,) = street.arrived(seen)
    body = arrived.body.decode()
    kind = {"messages": '"type":"image"', "chat": '"image_url"', "responses": '"input_image"'}
    assert kind[upstream] in body
    assert "iVBORw0KGgo" in body, "the picture's own bytes, in base64"


@at_every_upstream(CODEX, "structured output")
def test_codex_gets_an_answer_that_obeys_its_schema(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    (fresh_home / "schema.json").write_text(json.dumps(SCHEMA))
    seen = street.seen()
    model = MODELS[upstream]
    ran = run(street, fresh_home, model, "--output-schema", "schema.json", "answer")
    assert ran.code == 0, ran.out + ran.err
    found = json.loads(said(ran))
    assert set(found) == {"city", "visits"}
    (arrived,) = street.arrived(seen)
    place = {"messages": "output_config", "chat": "response_format", "responses": "text"}
    assert "visits" in json.dumps(arrived.json[place[upstream]])


@at_every_upstream(CODEX, "errors")
def test_an_overload_of_any_vendor_is_survived_without_codex_noticing(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    street.direct(once("529" if upstream == "messages" else "503"))
    mark = street.mark()
    ran = run(street, fresh_home, MODELS[upstream], "say hi")
    assert ran.code == 0, ran.out + ran.err
    assert "Reconnecting" not in ran.out
    (row,) = street.rows_after(mark)
    assert row["tries"] == 2
    assert row["ending"] == "complete"


@at_every_upstream(CODEX, "errors")
def test_codex_understands_that_a_conversation_is_too_long(
    street: Street, fresh_home: Path, upstream: str
) -> None:
    street.direct(OVERFLOW[upstream])
    ran = run(street, fresh_home, MODELS[upstream], "say hi")
    assert ran.code != 0
    assert "ran out of room in the model's context window" in ran.out


@pytest.mark.parametrize("how", ["cut=30", "error-after=30", "reset=9000"])
@at_every_upstream(CODEX, "cut stream")
def test_codex_asks_anew_when_an_answer_broke_off(
    street: Street, fresh_home: Path, upstream: str, how: str
) -> None:
    street.direct(once(f"events=60;output=400;pace=0.005;{how}"))
    mark = street.mark()
    ran = run(street, fresh_home, MODELS[upstream], "say hi")
    assert ran.code == 0, ran.out + ran.err
    assert "Reconnecting... 1/5" in ran.out or how.startswith("reset")  # before the head
    assert "simulated" in said(ran).lower()
    first, second = street.rows_after(mark, 2)
    assert first["ending"] in ("truncated", "error")
    assert second["ending"] == "complete"


def as_openai(street: Street, home: Path, model: str, *args: str) -> Ran:
    """Codex with its built-in provider, which looks its models up in a table of its own."""
    keys = {"OPENAI_API_KEY": street.key, "CODEX_API_KEY": street.key}
    address = ("-c", f'openai_base_url="{street.url}/v1"')
    return codex(street, home, *address, "-m", model, *FREE, *args, **keys)


def test_a_name_codex_knows_may_lead_to_claude(street: Street, fresh_home: Path) -> None:
    """Then its main tool takes free text, a program, and its tools stand in namespaces.

    Claude calls a function with the text as an argument; Codex is told of its own tool.
    """
    program = "const r = await tools.exec_command({cmd: 'echo hi > made.txt'}); text(r)"
    street.direct(tool_calls(("exec", {"input": program})))
    mark, seen = street.mark(), street.seen()
    ran = as_openai(street, fresh_home, "gpt-6.1-terra", "make a file")
    assert ran.code == 0, ran.out + ran.err
    assert (fresh_home / "made.txt").read_text() == "hi\n"
    assert "simulated" in said(ran).lower()
    rows = street.rows_after(mark, 2)
    assert {row["model_sent"] for row in rows} == {"claude-opus-5-5"}
    assert [row["tools_called"] for row in rows] == [1, 0]
    body = street.arrived(seen)[-1].json
    call = next(b for turn in body["messages"] for b in turn["content"] if "input" in b)
    assert (call["name"], call["input"]) == ("exec", {"input": program})


def test_a_tool_in_a_namespace_is_found_by_codex_again(
    street: Street, fresh_home: Path
) -> None:
    """Claude sees one flat list of names; Codex is told namespace and name, and runs it."""
    street.direct(tool_calls(("list_agents", {})))
    seen = street.seen()
    ran = as_openai(street, fresh_home, "gpt-6.1-terra", "look")
    assert ran.code == 0, ran.out + ran.err
    first, last = street.arrived(seen)
    offered = [tool["name"] for tool in first.json["tools"]]
    assert "list_agents" in offered
    assert len(offered) == len(set(offered))
    (result,) = last.json["messages"][-1]["content"]
    assert json.loads(result["content"])["agents"][0]["agent_status"] == "running"
