"""A Messages request with the vendor's code execution in it, said with functions of ours.

Facts: docs page "Code execution tool" and SDK 2.12.0, as of 2026-11-22. The tool of 20250522
runs Python; that of 20250825 runs bash and edits files; later ones do all three.
Rule 1: what only the vendor's own container can do is refused with the field's name: skills,
and tools that only code may call.
Rule 2: blocks that come back are split where results stand, as a model without hosted tools has
each result in a turn of the user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind
from headgate.wire.served.model import Ran, Tool, Wish, free, words

KIND = re.compile(r"code_execution_(\d{8})")
SHOWN = "srvtoolu_"
OWN = "toolu_"
NAMES: dict[str, Tool] = {
    "bash_code_execution": "bash",
    "text_editor_code_execution": "edit",
    "code_execution": "python",
}
"""what the vendor calls its tools"""
_PYTHON_ONLY, _NO_PYTHON = "20250522", "20250825"
_PLACE = (
    " The machine has no network. The work folder and its files last for the whole"
    " conversation. Files for the user go into the folder that $OUTPUT_DIR names."
)
_ABOUT = {
    "bash_code_execution": "Run a command with bash in a sandbox." + _PLACE,
    "text_editor_code_execution": "View, create or change a file of the sandbox: command is"
    " view (with view_range), create (with file_text) or str_replace (with old_str and new_str,"
    " where old_str must stand in the file exactly once).",
    "code_execution": "Run Python in a sandbox; variables last for the whole conversation."
    + _PLACE,
}
_TEXT: Object = {"type": "string"}
_SCHEMAS: dict[str, Object] = {
    "bash_code_execution": {
        "type": "object",
        "properties": {"command": _TEXT},
        "required": ["command"],
    },
    "text_editor_code_execution": {
        "type": "object",
        "properties": {
            "command": {"type": "string", "enum": ["view", "create", "str_replace"]},
            "path": _TEXT,
            "file_text": _TEXT,
            "old_str": _TEXT,
            "new_str": _TEXT,
            "view_range": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["command", "path"],
    },
    "code_execution": {"type": "object", "properties": {"code": _TEXT}, "required": ["code"]},
}


class Asked:
    """The request, taken apart once and said anew for each round."""

    def __init__(self, members: Object) -> None:
        self.rest = members
        self.ours: dict[str, str] = {}
        """our function's name -> what the vendor calls the tool"""
        tools = _objects(members.pop("tools", None), "tools")
        taken = {str(tool.get("name")) for tool in tools if _theirs(tool) is None}
        versions = [found[1] for each in tools if (found := _theirs(each)) is not None]
        self.offered = bool(versions)
        for name in _offered(versions[0]) if versions else ():
            self.ours[free(name, taken)] = name
        self._tools = self._said(tools)
        self._choice = self._chosen(members.pop("tool_choice", None))
        self._messages = _objects(members.pop("messages", None), "messages")
        container, id = members.pop("container", None), ""
        if isinstance(container, dict):
            if container.get("skills"):
                _refuse("container.skills", "Headgate's sandbox has no skills; leave them out")
            container = container.get("id")
        if container is not None:
            id = container if isinstance(container, str) else _refuse("container", "an id")
        self.wish = Wish(id, tuple(_uploads(self._messages)), offered=self.offered)
        self.stream = members.get("stream") is True

    def _said(self, tools: list[Object]) -> list[Object]:
        said: list[Object] = []
        for at, tool in enumerate(tools):
            if _theirs(tool) is not None:
                marked = {k: v for k, v in tool.items() if k == "cache_control"}
                mine = [_function(name, self.ours[name]) for name in self.ours]
                said += [*mine[:-1], {**mine[-1], **marked}] if mine else []
                continue
            callers = tool.pop("allowed_callers", None)
            if callers and "direct" not in callers:
                text = "code in Headgate's sandbox cannot call your tools; add 'direct'"
                _refuse(f"tools[{at}].allowed_callers", text)
            said.append(tool)
        return said

    def _chosen(self, choice: Any) -> Any:
        """A choice of the vendor's tool becomes one of the first of ours."""
        if not isinstance(choice, dict) or choice.get("name") not in (*NAMES, "code_execution"):
            return choice
        own = {theirs: name for name, theirs in self.ours.items()}
        name = own.get(str(choice["name"])) or next(iter(self.ours), None)
        return {**choice, "name": name} if name else choice

    def turns(self, known: Mapping[str, str]) -> list[Object]:
        """The conversation as a model without hosted tools knows it."""
        theirs = {shown: name for name, shown in self.ours.items()}
        return said_again(self._messages, theirs, known)

    def body(self, turns: list[Object], *, first: bool, last: bool) -> Object:
        """A round's request: only the first may be told to call a tool."""
        said = {**self.rest, "messages": turns}
        if self._tools:
            said["tools"] = self._tools
        choice = self._choice
        if last and self._tools:
            choice = {"type": "none"}
        elif not first and isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
            alone = choice.get("disable_parallel_tool_use")
            choice = {"type": "auto"}
            if alone is not None:
                choice["disable_parallel_tool_use"] = alone
        if choice is not None:
            said["tool_choice"] = choice
        return said


def _refuse(name: str, wanted: str) -> Any:
    raise Fault(Kind.INVALID, f"{name}: {wanted}")


def _objects(value: Any, name: str) -> list[Object]:
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        _refuse(name, "must be a list of objects")
    return list(found)


def _theirs(tool: Object) -> re.Match[str] | None:
    return KIND.fullmatch(str(tool.get("type")))


def _offered(version: str) -> list[str]:
    if version == _PYTHON_ONLY:
        return ["code_execution"]
    names = list(NAMES)
    return names[:2] if version == _NO_PYTHON else names


def _function(name: str, theirs: str) -> Object:
    return {"name": name, "description": _ABOUT[theirs], "input_schema": _SCHEMAS[theirs]}


def shown_id(id: str) -> str:
    """The id that the caller is shown of an upstream's."""
    return SHOWN + id.removeprefix(OWN)


def own_id(shown: str) -> str:
    """The upstream's id of one that the caller was shown."""
    rest = shown.removeprefix(SHOWN)
    return rest if rest.startswith("call_") else OWN + rest


def _uploads(messages: list[Object]) -> list[str]:
    return [
        str(block.get("file_id"))
        for turn in messages
        for block in _blocks(turn)
        if block.get("type") == "container_upload"
    ]


def _blocks(turn: Object) -> list[Object]:
    content = turn.get("content")
    found = content if isinstance(content, list) else []
    return [block for block in found if isinstance(block, dict)]


def is_result(block: Object) -> bool:
    kind = str(block.get("type"))
    return kind.removesuffix("_tool_result") in NAMES and kind.endswith("_tool_result")


def said_again(
    messages: list[Object], ours: Mapping[str, str], known: Mapping[str, str]
) -> list[Object]:
    """The same turns; `ours`: the vendor's names -> our functions'."""
    out: list[Object] = []
    owed: list[Object] = []
    for turn in messages:
        content = turn.get("content")
        if turn.get("role") == "assistant" and isinstance(content, list):
            if owed:
                out.append({"role": "user", "content": owed})
            split = _split(content, ours, known)
            owed = split.pop()["content"]
            out += split
            continue
        if not isinstance(content, list):
            if owed:
                content = [{"type": "text", "text": content}]
        else:
            content = [_laid(block) for block in content]
        if owed and isinstance(content, list):
            content, owed = [*owed, *content], []
        out.append({**turn, "content": content})
    if owed:
        out.append({"role": "user", "content": owed})
    return out


def _laid(block: Any) -> Any:
    if not isinstance(block, dict) or block.get("type") != "container_upload":
        return block
    marked = {k: v for k, v in block.items() if k == "cache_control"}
    text = f"[the file {block.get('file_id')} was laid into the sandbox's work folder]"
    return {"type": "text", "text": text, **marked}


def _split(
    content: list[Any], ours: Mapping[str, str], known: Mapping[str, str]
) -> list[Object]:
    """Turns of the assistant and of the user by turns; the last is the user's, may be empty."""
    turns: list[Object] = []
    said: list[Any] = []
    results: list[Object] = []
    open_ids: dict[str, None] = {}
    for block in content:
        if isinstance(block, dict) and is_result(block):
            open_ids.pop(own_id(str(block.get("tool_use_id"))), None)
            results.append(_result(block, known))
            continue
        if results and not open_ids:
            turns += [_turn("assistant", said), _turn("user", results)]
            said, results = [], []
        call = _call(block, ours)
        if call is not None:
            open_ids[call["id"]] = None
        said.append(call or _plain(block))
    results += [_unanswered(id) for id in open_ids]
    return [*turns, *([_turn("assistant", said)] if said else []), _turn("user", results)]


def _turn(role: str, content: list[Any]) -> Object:
    return {"role": role, "content": content}


def _call(block: Any, ours: Mapping[str, str]) -> Object | None:
    if not isinstance(block, dict) or block.get("type") != "server_tool_use":
        return None
    name = str(block.get("name"))
    if name not in NAMES:
        return None
    call = {
        "type": "tool_use",
        "id": own_id(str(block.get("id"))),
        "name": ours.get(name, name),
        "input": block.get("input") or {},
    }
    return {**call, **{k: v for k, v in block.items() if k == "cache_control"}}


def _plain(block: Any) -> Any:
    """A block without what says that code might have called it."""
    if isinstance(block, dict) and block.get("type") == "tool_use" and "caller" in block:
        return {k: v for k, v in block.items() if k != "caller"}
    return block


def _result(block: Object, known: Mapping[str, str]) -> Object:
    shown = str(block.get("tool_use_id"))
    text = known.get(shown) or told(block.get("content"))
    result = {"type": "tool_result", "tool_use_id": own_id(shown), "content": text}
    return {**result, **{k: v for k, v in block.items() if k == "cache_control"}}


def _unanswered(id: str) -> Object:
    text = "[tool call was not completed]"
    return {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": True}


def told(content: Any) -> str:
    """What a result's content says, in words."""
    if not isinstance(content, dict):
        return str(content or "(no output)")
    kind = str(content.get("type"))
    if kind.endswith("_error"):
        return f"error: {content.get('error_message') or content.get('error_code')}"
    if "view_result" in kind:
        return str(content.get("content"))
    if "create_result" in kind or "str_replace_result" in kind:
        return "\n".join(map(str, content.get("lines") or ())) or "done"
    code = content.get("return_code")
    ran = Ran(
        str(content.get("stdout") or ""),
        str(content.get("stderr") or ""),
        code if isinstance(code, int) else 0,
    )
    return words(ran)
