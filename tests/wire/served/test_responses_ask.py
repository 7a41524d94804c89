"""A Responses request with the vendor's code interpreter, said with a function of ours."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.model import Fault
from headgate.wire.served.responses_ask import Asked

TOOL: dict[str, Any] = {"type": "code_interpreter", "container": {"type": "auto"}}


def asked(**members: Any) -> Asked:
    return Asked({"model": "m", "input": "go", "tools": [TOOL], **members})


def test_the_tool_becomes_a_function_with_a_name_that_is_free() -> None:
    other = {"type": "function", "name": "code_interpreter"}
    one = asked(tools=[other, TOOL])
    body = one.body(one.items({}), first=True, last=False)
    assert [it["name"] for it in body["tools"]] == ["code_interpreter", "code_interpreter_2"]
    assert body["input"] == [{"role": "user", "content": "go"}]


@pytest.mark.parametrize("choice", ["required", {"type": "code_interpreter"}])
def test_a_demanded_call_is_demanded_once(choice: Any) -> None:
    one = asked(tool_choice=choice)
    first = one.body([], first=True, last=False)["tool_choice"]
    assert first in ("required", {"type": "function", "name": "code_interpreter"})
    assert one.body([], first=False, last=False)["tool_choice"] == "auto"
    assert one.body([], first=False, last=True)["tool_choice"] == "none"


def test_a_choice_among_tools_names_the_function() -> None:
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "code_interpreter"}]}
    said = asked(tool_choice=allowed).body([], first=False, last=False)["tool_choice"]
    assert said["tools"] == [{"type": "function", "name": "code_interpreter"}]


def test_an_item_that_comes_back_is_a_call_and_its_output() -> None:
    item = {
        "type": "code_interpreter_call",
        "id": "ci_7",
        "container_id": "cntr_1",
        "code": "1+1",
        "outputs": [{"type": "logs", "logs": "2"}, {"type": "image", "url": "data:"}],
    }
    note = {"type": "container_file_citation", "file_id": "cfile_1"}
    url = {"type": "url_citation", "url": "u"}
    words = {"type": "output_text", "text": "t", "annotations": [note, url]}
    message = {"type": "message", "role": "assistant", "content": [words]}
    one = asked(input=[item, message])
    call, output, said = one.items({})
    assert call["call_id"] == output["call_id"] == "call_7"
    assert call["arguments"] == '{"code":"1+1"}'
    assert output["output"] == "2\n(a picture)"
    assert said["content"][0]["annotations"] == [url]
    assert one.items({"ci_7": "as it was told"})[1]["output"] == "as it was told"
    assert one.wish.earlier == ("cntr_1",)
    silent = asked(input=[{**item, "outputs": None}])
    assert "not known any more" in silent.items({})[1]["output"]


def test_what_is_asked_of_the_container_is_read() -> None:
    auto = {"type": "auto", "file_ids": ["file_1"], "memory_limit": "4g"}
    wish = asked(tools=[{**TOOL, "container": auto}], max_tool_calls=3).wish
    assert (wish.files, wish.memory, wish.most_runs) == (("file_1",), "4g", 3)
    assert asked(tools=[{**TOOL, "container": "cntr_1"}]).wish.container == "cntr_1"
    assert not asked(tools=[]).wish.offered


def test_outputs_are_asked_of_us_and_of_nobody_else() -> None:
    include = ["code_interpreter_call.outputs", "reasoning.encrypted_content"]
    one = asked(include=include)
    assert one.with_outputs
    assert one.body([], first=True, last=False)["include"] == ["reasoning.encrypted_content"]
    assert "include" not in asked(include=include[:1]).body([], first=True, last=False)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"tools": [{"type": "code_interpreter"}]}, "tools.container"),
        (
            {
                "tools": [
                    {
                        "type": "code_interpreter",
                        "container": {"type": "auto", "network_policy": {"type": "allowlist"}},
                    }
                ]
            },
            "network_policy",
        ),
        ({"input": 5}, "input"),
    ],
)
def test_what_only_the_vendor_can_do_is_refused_by_its_name(
    members: dict[str, Any], named: str
) -> None:
    with pytest.raises(Fault, match=named):
        asked(**members).items({})
