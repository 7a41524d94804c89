"""Anthropic's code execution: what counts as the command that was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.sandbox.hosted import anthropic, parcel
from headgate.sandbox.hosted.anthropic import Anthropic
from headgate.sandbox.hosted.said import Said
from headgate.sandbox.model import Job, Unavailable

SENT = parcel.pack(Job("python", "1"))


def use(command: str, name: str = "bash_code_execution") -> dict[str, Any]:
    return {"type": "server_tool_use", "id": "a", "name": name, "input": {"command": command}}


def said(*blocks: dict[str, Any]) -> Said:
    return anthropic._said("container_1", list(blocks), [{}], SENT)


def test_the_command_once_and_nothing_else_is_ours() -> None:
    line = anthropic.line(SENT)
    assert said(use(line)).is_ours
    assert not said(use(line), use(line)).is_ours
    assert not said(use("ls"), use(line)).is_ours
    assert not said(use(line + "; ls")).is_ours
    assert not said().ran


def test_what_was_printed_is_read_from_the_vendors_own_record() -> None:
    content = {"stdout": "out", "stderr": "err", "content": [{"file_id": "f"}]}
    kind = "bash_code_execution_tool_result"
    told = said({"type": kind, "content": content}, {"type": "text", "text": f"{SENT.name} 0"})
    assert (told.logs, told.files) == ("outerr", ("f",))


async def test_its_containers_are_not_kept_awake() -> None:
    one = Anthropic(None)  # type: ignore[arg-type] # it is not asked
    with pytest.raises(Unavailable, match="30 days"):
        await one.touch("container_1")
