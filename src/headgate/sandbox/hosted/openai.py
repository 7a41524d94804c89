"""OpenAI's code interpreter: a container, a parcel in it, and one line that a model runs.

Facts: API references "Containers", "Container files" and "Create a response", SDK 3.54.0, as of
2026-11-22.
"""

from __future__ import annotations

import ast
from typing import Any

import msgspec

from headgate.sandbox.hosted.parcel import Parcel
from headgate.sandbox.hosted.said import Said
from headgate.sandbox.hosted.wire import Wire

PLACE = "/mnt/data"
MINUTES = 20
MOST_OUTPUT = 2048
"""tokens: the line, and a word after it; models that reason need some more"""
_ASK = (
    "Call the python tool exactly once, with exactly this code, not one character changed, and"
    " nothing before or after it. Then answer with the single word done.\n\n```python\n{0}\n```"
)


def line(parcel: Parcel) -> str:
    """What the model is to run."""
    path = f"{PLACE}/{parcel.file}"
    run = f'subprocess.run([sys.executable, "{path}"], capture_output=True, text=True)'
    return f"import subprocess, sys\nran = {run}\nprint(ran.stdout, ran.stderr)"


class OpenAI:
    """Runs parcels on one account."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def open(self, size: str) -> str:
        """A new container."""
        made = await self._wire.post(
            "/containers",
            {
                "name": "headgate",
                "memory_limit": size,
                "expires_after": {"anchor": "last_active_at", "minutes": MINUTES},
            },
        )
        return str(made.get("id"))

    async def touch(self, container: str) -> None:
        """Keep it alive: to look at it counts as use."""
        await self._wire.fetch(f"/containers/{container}")

    async def close(self, container: str) -> None:
        await self._wire.ask(b"DELETE", f"/containers/{container}")

    async def run(self, parcel: Parcel, model: str, container: str) -> Said:
        """Have the parcel run in the container."""
        await self._wire.upload(f"/containers/{container}/files", parcel.file, parcel.data)
        body = {
            "model": model,
            "input": _ASK.format(line(parcel)),
            "tools": [{"type": "code_interpreter", "container": container}],
            "tool_choice": "required",
            "include": ["code_interpreter_call.outputs"],
            "max_output_tokens": MOST_OUTPUT,
            "max_tool_calls": 1,
            "store": False,
        }
        answer = await self._wire.post("/responses", body)
        calls = [it for it in _list(answer, "output") if it.get("type") == _CALL]
        ran = [str(it.get("code") or "") for it in calls]
        logs = "\n".join(
            str(part.get("logs") or "") for it in calls for part in _list(it, "outputs")
        )
        is_ours = len(ran) == 1 and _same(ran[0], line(parcel))
        return Said(container, tuple(ran), logs, is_ours, (msgspec.json.encode(answer),))

    async def files(self, said: Said, parcel: Parcel) -> dict[str, bytes]:
        """What the parcel left there, by name."""
        folder, found = f"/containers/{said.container}/files", {}
        after = ""
        while True:
            page = await self._wire.fetch(f"{folder}?limit=100{after}")
            listed = _list(page, "data")
            for each in listed:
                name = str(each.get("path")).rpartition("/")[2]
                if name.startswith(parcel.name) and name != parcel.file:
                    found[name] = await self._wire.ask(b"GET", f"{folder}/{each['id']}/content")
            if not page.get("has_more") or not listed:
                return found
            after = f"&after={listed[-1].get('id')}"

    async def clear(self, said: Said, parcel: Parcel) -> None:
        """Nothing is left to do: the container goes with its files."""


_CALL = "code_interpreter_call"


def _list(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def _same(code: str, wanted: str) -> bool:
    """Is it the same program; blanks and comments run as nothing."""
    try:
        return ast.dump(ast.parse(code)) == ast.dump(ast.parse(wanted))
    except (SyntaxError, ValueError, RecursionError):
        return False
