"""A Responses request with the vendor's code interpreter in it, said with a function of ours.

Facts: API reference "Create a response" and SDK 3.54.0, as of 2026-11-22.
Rule 1: what of it only the vendor's own container can do is refused with the field's name.
Rule 2: an item that comes back is said as a call and its output; outputs the caller was not
shown are known by the item's id, as long as its container lives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind
from headgate.wire.served.model import Wish, free

TOOL = "code_interpreter"
ITEM = "code_interpreter_call"
OUTPUTS = "code_interpreter_call.outputs"
CITATION = "container_file_citation"
SHOWN, OWN = "ci_", "call_"
_ABOUT = (
    "Run Python in a sandbox and see what it prints and what its last expression comes to."
    " Variables, the work folder and its files last for the whole conversation. The machine has"
    " no network. Files for the user go into the folder os.environ['OUTPUT_DIR']; open figures"
    " of matplotlib are kept by themselves."
)
_SCHEMA: Object = {
    "type": "object",
    "properties": {"code": {"type": "string"}},
    "required": ["code"],
    "additionalProperties": False,
}
_UNTOLD = "(the output is not known any more)"


class Asked:
    """The request, taken apart once and said anew for each round."""

    def __init__(self, members: Object) -> None:
        self.rest = members
        self.shown = {k: members.get(k) for k in ("tools", "tool_choice", "max_tool_calls")}
        """what the reply repeats of it"""
        tools = _list(members.pop("tools", None), "tools")
        mine = [each for each in tools if _kind(each) == TOOL]
        self.offered = bool(mine)
        self.name = free(TOOL, {str(each.get("name")) for each in tools if each not in mine})
        self._tools = [self._function() if each in mine else each for each in tools]
        self._choice = self._chosen(members.pop("tool_choice", None))
        include = members.pop("include", None)
        self.with_outputs = isinstance(include, list) and OUTPUTS in include
        if isinstance(include, list) and (kept := [it for it in include if it != OUTPUTS]):
            members["include"] = kept
        self._input = members.pop("input", None)
        most = members.pop("max_tool_calls", None)
        self.wish = self._wish(mine, most if isinstance(most, int) else None)
        self.stream = members.get("stream") is True
        self.chained = members.get("conversation") is not None
        """the vendor keeps the conversation: each round brings only what is new"""

    def _function(self) -> Object:
        return {
            "type": "function",
            "name": self.name,
            "description": _ABOUT,
            "parameters": _SCHEMA,
            "strict": False,
        }

    def _wish(self, mine: list[Object], most: int | None) -> Wish:
        container = mine[0].get("container") if mine else None
        if mine and container is None:
            _refuse("tools.container", 'is required: an id, or {"type": "auto"}')
        follows = str(self.rest.get("previous_response_id") or "")
        wish = Wish(most_runs=most, response=follows, offered=self.offered)
        if isinstance(container, str):
            return msgspec.structs.replace(wish, container=container)
        if not isinstance(container, dict):
            return wish
        network = container.get("network_policy") or {}
        if network.get("type") == "allowlist":
            text = "Headgate's sandbox has no network; leave it out"
            _refuse("tools.container.network_policy", text)
        files = container.get("file_ids") or []
        memory = str(container.get("memory_limit") or "")
        given = self._input if isinstance(self._input, list) else []
        ran = [it for it in given if isinstance(it, dict) and _kind(it) == ITEM]
        earlier = tuple(str(it.get("container_id")) for it in ran)
        return msgspec.structs.replace(
            wish, files=tuple(map(str, files)), memory=memory, earlier=earlier
        )

    def _chosen(self, choice: Any) -> Any:
        if not isinstance(choice, dict):
            return choice
        if _kind(choice) == TOOL:
            return {"type": "function", "name": self.name}
        if _kind(choice) == "allowed_tools":
            own = {"type": "function", "name": self.name}
            tools = _list(choice.get("tools"), "tool_choice.tools")
            return {**choice, "tools": [own if _kind(it) == TOOL else it for it in tools]}
        return choice

    def items(self, known: Mapping[str, str]) -> list[Any]:
        """The conversation as a model without the interpreter knows it."""
        given = self._input
        if isinstance(given, str):
            return [{"role": "user", "content": given}]
        out: list[Any] = []
        for item in _list(given, "input"):
            out += _said(item, self.name, known)
        return out

    def body(self, items: list[Any], *, first: bool, last: bool) -> Object:
        """A round's request: only the first may be told to call a tool."""
        said = {**self.rest, "input": items}
        if self._tools:
            said["tools"] = self._tools
        choice = self._choice
        if last and self._tools:
            choice = "none"
        elif not first and (choice == "required" or _is_named(choice)):
            choice = "auto"
        if choice is not None:
            said["tool_choice"] = choice
        return said


def _is_named(choice: Any) -> bool:
    named = isinstance(choice, dict)
    return named and (choice.get("type") != "allowed_tools" or choice.get("mode") == "required")


def _refuse(name: str, wanted: str) -> Any:
    raise Fault(Kind.INVALID, f"{name}: {wanted}")


def _list(value: Any, name: str) -> list[Object]:
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        _refuse(name, "must be a list of objects")
    return list(found)


def _kind(value: Object) -> str:
    return str(value.get("type"))


def shown_id(call_id: str) -> str:
    """The id that the caller is shown of an upstream's call."""
    return SHOWN + call_id.removeprefix(OWN)


def _said(item: Object, name: str, known: Mapping[str, str]) -> list[Any]:
    if _kind(item) != ITEM:
        return [_uncited(item)]
    shown = str(item.get("id"))
    call_id = OWN + shown.removeprefix(SHOWN)
    arguments = msgspec.json.encode({"code": item.get("code") or ""}).decode()
    text = known.get(shown) or told(item.get("outputs")) or _UNTOLD
    call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
    return [call, {"type": "function_call_output", "call_id": call_id, "output": text}]


def told(outputs: Any) -> str:
    """What an item's outputs say, in words; empty: nothing."""
    found = outputs if isinstance(outputs, list) else []
    parts = [
        str(each.get("logs")) if each.get("type") == "logs" else "(a picture)"
        for each in found
        if isinstance(each, dict)
    ]
    return "\n".join(parts)


def _uncited(item: Object) -> Object:
    """A message without citations of files that only we have."""
    content = item.get("content")
    if not isinstance(content, list) or _kind(item) not in ("message", "None"):
        return item
    return {**item, "content": [_uncited_part(part) for part in content]}


def _uncited_part(part: Any) -> Any:
    notes = part.get("annotations") if isinstance(part, dict) else None
    if not isinstance(notes, list):
        return part
    kept = [it for it in notes if not (isinstance(it, dict) and _kind(it) == CITATION)]
    return {**part, "annotations": kept}
