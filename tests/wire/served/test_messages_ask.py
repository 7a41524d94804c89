"""A Messages request with the vendor's code execution, said with functions of ours."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.model import Fault
from headgate.wire.served.messages_ask import Asked, own_id, said_again, shown_id

OURS = {"bash_code_execution": "bash_code_execution"}


def use(id: str, command: str = "ls") -> dict[str, Any]:
    name = "bash_code_execution"
    return {"type": "server_tool_use", "id": id, "name": name, "input": {"command": command}}


def result(id: str, out: str = "a") -> dict[str, Any]:
    content = {
        "type": "bash_code_execution_result",
        "stdout": out,
        "stderr": "",
        "return_code": 0,
    }
    return {"type": "bash_code_execution_tool_result", "tool_use_id": id, "content": content}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def kinds(turns: list[dict[str, Any]]) -> list[Any]:
    return [
        (turn["role"], [block["type"] for block in turn["content"]])
        for turn in turns
        if isinstance(turn["content"], list)
    ]


def test_every_result_stands_in_a_turn_of_the_users() -> None:
    content = [
        text("a"),
        use("srvtoolu_1"),
        use("srvtoolu_2"),
        result("srvtoolu_1"),
        result("srvtoolu_2"),
        text("b"),
        use("srvtoolu_3"),
        result("srvtoolu_3"),
        text("c"),
    ]
    said = said_again([{"role": "assistant", "content": content}], OURS, {})
    assert kinds(said) == [
        ("assistant", ["text", "tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result"]),
        ("assistant", ["text", "tool_use"]),
        ("user", ["tool_result"]),
        ("assistant", ["text"]),
    ]


def test_a_turn_of_the_callers_own_tool_has_all_results_in_one_turn() -> None:
    own = {"type": "tool_use", "id": "toolu_9", "name": "w", "input": {}, "caller": {}}
    mine = {"type": "tool_result", "tool_use_id": "toolu_9", "content": "sun"}
    turns = [
        {"role": "assistant", "content": [use("srvtoolu_1"), own, result("srvtoolu_1")]},
        {"role": "user", "content": [mine]},
    ]
    said = said_again(turns, OURS, {})
    assert kinds(said) == [
        ("assistant", ["tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result"]),
    ]
    assert "caller" not in said[0]["content"][1]


def test_a_paused_turn_goes_on_with_its_results() -> None:
    turns = [{"role": "assistant", "content": [use("srvtoolu_1"), result("srvtoolu_1")]}]
    assert kinds(said_again(turns, OURS, {})) == [
        ("assistant", ["tool_use"]),
        ("user", ["tool_result"]),
    ]


def test_a_call_that_was_cut_off_is_answered_as_not_completed() -> None:
    said = said_again([{"role": "assistant", "content": [use("srvtoolu_1")]}], OURS, {})
    assert said[1]["content"][0]["is_error"] is True


def test_what_is_known_of_a_run_is_said_again_word_for_word() -> None:
    turns = [{"role": "assistant", "content": [use("srvtoolu_1"), result("srvtoolu_1")]}]
    known = said_again(turns, OURS, {"srvtoolu_1": "as it was told"})
    assert known[1]["content"][0]["content"] == "as it was told"
    assert said_again(turns, OURS, {})[1]["content"][0]["content"] == "a"


@pytest.mark.parametrize("id", ["toolu_01ab", "call_7"])
def test_ids_lead_back(id: str) -> None:
    assert shown_id(id).startswith("srvtoolu_")
    assert own_id(shown_id(id)) == id


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("20250522", ["code_execution"]),
        ("20250825", ["bash_code_execution", "text_editor_code_execution"]),
        (
            "20260521",
            ["bash_code_execution", "text_editor_code_execution", "code_execution"],
        ),
    ],
)
def test_each_version_has_its_tools(version: str, names: list[str]) -> None:
    tool = {"type": f"code_execution_{version}", "name": "code_execution"}
    asked = Asked({"messages": [], "tools": [tool, {"name": "mine", "input_schema": {}}]})
    body = asked.body([], first=True, last=False)
    assert [each["name"] for each in body["tools"]] == [*names, "mine"]


def test_a_demanded_tool_is_demanded_once() -> None:
    tool = {"type": "code_execution_20250522", "name": "code_execution"}
    choice = {"type": "tool", "name": "code_execution"}
    asked = Asked({"messages": [], "tools": [tool], "tool_choice": choice})
    assert asked.body([], first=True, last=False)["tool_choice"] == choice
    assert asked.body([], first=False, last=False)["tool_choice"] == {"type": "auto"}
    assert asked.body([], first=False, last=True)["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"container": {"skills": [{}]}}, "container.skills"),
        ({"container": 5}, "container"),
        (
            {"tools": [{"name": "a", "allowed_callers": ["code_execution_20260120"]}]},
            "tools[0]",
        ),
        ({"messages": 5}, "messages"),
    ],
)
def test_what_only_the_vendor_can_do_is_refused_by_its_name(
    members: dict[str, Any], named: str
) -> None:
    with pytest.raises(Fault, match=named.replace("[", r"\[")):
        Asked({"messages": [], **members})
