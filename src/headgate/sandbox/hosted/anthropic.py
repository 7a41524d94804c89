"""Anthropic's code execution: a parcel among the account's files, one command to run it.

Facts: docs pages "Code execution tool" and "Files", SDK 2.12.0, as of 2026-11-22.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.sandbox.hosted.parcel import Parcel
from headgate.sandbox.hosted.said import Said
from headgate.sandbox.hosted.wire import Wire
from headgate.sandbox.model import Unavailable

TOOL = {"type": "code_execution_20250825", "name": "code_execution"}
MOST_OUTPUT = 1024
MOST_TURNS = 4
"""of a turn that the vendor pauses"""
_ASK = (
    "Run exactly this one command with your bash tool, once, not one character changed. Then"
    " answer with the single word done.\n\n```bash\n{0}\n```"
)


def line(parcel: Parcel) -> str:
    """What the model is to run: where uploads lie is the vendor's affair."""
    find = f"find / -name {parcel.file} -not -path '/proc/*' 2>/dev/null"
    return f'python3 "$({find} | head -n 1)"'


class Anthropic:
    """Runs parcels on one account."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sent: dict[str, str] = {}
        """a parcel's name -> its file's id"""

    async def open(self, size: str) -> str:
        return ""

    async def touch(self, container: str) -> None:
        raise Unavailable(
            "Anthropic's containers cannot be kept awake: they are checkpointed after some"
            " minutes, and last 30 days",
            "name the container's id as the session instead",
        )

    async def close(self, container: str) -> None:
        """They end by themselves."""

    async def run(self, parcel: Parcel, model: str, container: str) -> Said:
        """Have the parcel run in the container, or in a new one."""
        sent = await self._wire.upload("/files", parcel.file, parcel.data)
        id = self._sent[parcel.name] = str(sent.get("id"))
        content = [
            {"type": "text", "text": _ASK.format(line(parcel))},
            {"type": "container_upload", "file_id": id},
        ]
        turns: list[dict[str, Any]] = [{"role": "user", "content": content}]
        blocks: list[dict[str, Any]] = []
        answers: list[dict[str, Any]] = []
        for _ in range(MOST_TURNS):
            body: dict[str, Any] = {
                "model": model,
                "max_tokens": MOST_OUTPUT,
                "messages": turns,
                "tools": [TOOL],
            }
            if container:
                body["container"] = container
            answer = await self._wire.post("/messages", body)
            answers.append(answer)
            container = str((answer.get("container") or {}).get("id") or container)
            blocks += [it for it in answer.get("content") or [] if isinstance(it, dict)]
            if answer.get("stop_reason") != "pause_turn":
                break
            turns = [turns[0], {"role": "assistant", "content": blocks}]
        return _said(container, blocks, answers, parcel)

    async def files(self, said: Said, parcel: Parcel) -> dict[str, bytes]:
        """What the parcel left there, by name."""
        found = {}
        for id in said.files:
            name = str((await self._wire.fetch(f"/files/{id}")).get("filename"))
            if name.startswith(parcel.name):
                found[name] = await self._wire.ask(b"GET", f"/files/{id}/content")
        return found

    async def clear(self, said: Said, parcel: Parcel) -> None:
        """Files of an account last until they are deleted: leave none of ours."""
        for id in (self._sent.pop(parcel.name, ""), *said.files):
            if id:
                await self._wire.ask(b"DELETE", f"/files/{id}")


def _said(
    container: str,
    blocks: list[dict[str, Any]],
    answers: list[dict[str, Any]],
    parcel: Parcel,
) -> Said:
    uses = [it for it in blocks if it.get("type") == "server_tool_use"]
    ran = [str((it.get("input") or {}).get("command") or it.get("input")) for it in uses]
    results = [
        it.get("content")
        for it in blocks
        if it.get("type") == "bash_code_execution_tool_result"
    ]
    found = [it for it in results if isinstance(it, dict)]
    logs = "\n".join(f"{it.get('stdout') or ''}{it.get('stderr') or ''}" for it in found)
    files = [
        str(part.get("file_id"))
        for it in found
        for part in it.get("content") or []
        if isinstance(part, dict)
    ]
    is_ours = len(ran) == 1 and ran[0].strip() == line(parcel)
    bodies = tuple(map(msgspec.json.encode, answers))
    return Said(container, tuple(ran), logs, is_ours, bodies, tuple(files))
