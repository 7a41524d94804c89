"""A conversation as each client would ask it: Claude Code, OpenAI's SDK and Codex.

Rule 1: the shape is the clients', the words are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.conformance.talk import Paper, Part, Picture, Result, Talk, Thought, Use, Words

Json = dict[str, Any]


def ask(surface: str, talk: Talk, model: str, mark: str) -> Json:
    """The request's body; `mark` finds its case at the upstream."""
    body = WRITERS[surface](talk, mark + " ")
    return {"model": model, **body, **talk.extra}


def _marked(talk: Talk, mark: str) -> list[tuple[str, list[Part]]]:
    """The turns, the first words of the user's with the mark before them."""
    turns = [(turn.role, list(turn.parts)) for turn in talk.turns]
    for role, parts in turns:
        for at, part in enumerate(parts):
            if role == "user" and isinstance(part, Words):
                parts[at] = Words(mark + part.text)
                return turns
    return [("user", [Words(mark)]), *turns]


# -- Messages


def write_messages(talk: Talk, mark: str) -> Json:
    messages = [
        {"role": role, "content": [_block(part) for part in parts]}
        for role, parts in _marked(talk, mark)
    ]
    body: Json = {"max_tokens": talk.most or 1024, "messages": messages}
    if talk.system:
        body["system"] = [{"type": "text", "text": text} for text in talk.system]
    if talk.tools:
        body["tools"] = [
            {"name": tool.name, "description": "a tool", "input_schema": tool.schema}
            for tool in talk.tools
        ]
    if talk.choice:
        plain = talk.choice in ("auto", "any", "none")
        choice = {"type": talk.choice} if plain else {"type": "tool", "name": talk.choice}
        body["tool_choice"] = choice
    if talk.stop:
        body["stop_sequences"] = list(talk.stop)
    settings: Json = {}
    if talk.effort:
        body["thinking"] = {"type": "adaptive"}
        settings["effort"] = talk.effort
    if talk.schema:
        settings["format"] = {"type": "json_schema", "schema": talk.schema}
    if settings:
        body["output_config"] = settings
    if talk.user:
        body["metadata"] = {"user_id": talk.user}
    if talk.stream:
        body["stream"] = True
    return body


def _block(part: Part) -> Json:
    match part:
        case Words():
            return {"type": "text", "text": part.text}
        case Picture():
            return {"type": "image", "source": _source("image/png", part.data)}
        case Paper():
            return {"type": "document", "source": _source("application/pdf", part.data)}
        case Thought():
            return {"type": "thinking", "thinking": part.text, "signature": part.seal}
        case Use():
            call = {"type": "tool_use", "id": part.id, "name": part.name}
            return {**call, "input": part.arguments}
        case Result():
            result: Json = {"type": "tool_result", "tool_use_id": part.id}
            result["content"] = [_block(inner) for inner in part.parts]
            return {**result, "is_error": True} if part.failed else result


def _source(kind: str, data: str) -> Json:
    return {"type": "base64", "media_type": kind, "data": data}


# -- Chat Completions


def write_chat(talk: Talk, mark: str) -> Json:
    messages: list[Json] = []
    if talk.system:
        messages.append({"role": "system", "content": "\n\n".join(talk.system)})
    for role, parts in _marked(talk, mark):
        messages += _chat_turn(role, parts)
    body: Json = {"messages": messages}
    if talk.most:
        body["max_completion_tokens"] = talk.most
    if talk.tools:
        body["tools"] = [_chat_tool(tool.name, tool.schema) for tool in talk.tools]
    if talk.choice:
        body["tool_choice"] = _openai_choice(talk, {"function": {"name": talk.choice}})
    if talk.stop:
        body["stop"] = list(talk.stop)
    if talk.effort:
        body["reasoning_effort"] = talk.effort
    if form := _form(talk):
        nested = "schema" in form
        body["response_format"] = (
            {"type": "json_schema", "json_schema": form} if nested else form
        )
    if talk.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | _user(talk)


def _form(talk: Talk) -> Json:
    """What Responses says flat, and Chat Completions nested."""
    if talk.schema:
        return {"name": "answer", "strict": True, "schema": talk.schema}
    return {"type": "json_object"} if talk.json else {}


def _user(talk: Talk) -> Json:
    return {"user": talk.user} if talk.user else {}


def _openai_choice(talk: Talk, named: Json) -> object:
    plain = {"auto": "auto", "any": "required", "none": "none"}
    return plain.get(talk.choice) or {"type": "function", **named}


def _chat_tool(name: str, schema: Json | None) -> Json:
    if schema is None:
        return {"type": "custom", "custom": {"name": name, "description": "free text"}}
    tool = {"name": name, "description": "a tool", "parameters": schema}
    return {"type": "function", "function": tool}


def _chat_turn(role: str, parts: list[Part]) -> list[Json]:
    results = [part for part in parts if isinstance(part, Result)]
    out: list[Json] = [
        {"role": "tool", "tool_call_id": result.id, "content": result.text}
        for result in results
    ]
    content = [piece for part in parts if (piece := _chat_part(part))]
    calls = [_chat_call(part) for part in parts if isinstance(part, Use)]
    if calls:
        words = "".join(piece["text"] for piece in content) or None
        out.append({"role": role, "content": words, "tool_calls": calls})
    elif len(content) == 1 and content[0]["type"] == "text":
        out.append({"role": role, "content": content[0]["text"]})
    elif content:
        out.append({"role": role, "content": content})
    return out


def _chat_part(part: Part) -> Json | None:
    if isinstance(part, Words):
        return {"type": "text", "text": part.text}
    if isinstance(part, Picture):
        return {"type": "image_url", "image_url": {"url": _data("image/png", part.data)}}
    if isinstance(part, Paper):
        url = _data("application/pdf", part.data)
        return {"type": "file", "file": {"filename": "paper.pdf", "file_data": url}}
    return None


def _data(kind: str, data: str) -> str:
    return f"data:{kind};base64,{data}"


def _chat_call(use: Use) -> Json:
    if isinstance(use.arguments, str):
        custom = {"name": use.name, "input": use.arguments}
        return {"id": use.id, "type": "custom", "custom": custom}
    call = {"name": use.name, "arguments": json.dumps(use.arguments)}
    return {"id": use.id, "type": "function", "function": call}


# -- Responses


def write_responses(talk: Talk, mark: str) -> Json:
    items = [item for role, parts in _marked(talk, mark) for item in _items(role, parts)]
    free = {item["call_id"] for item in items if item["type"] == "custom_tool_call"}
    for item in items:
        if item["type"] == "function_call_output" and item["call_id"] in free:
            item["type"] = "custom_tool_call_output"
    body: Json = {"input": items, "store": False}
    if talk.system:
        body["instructions"] = "\n\n".join(talk.system)
    if talk.most:
        body["max_output_tokens"] = talk.most
    if talk.tools:
        body["tools"] = _response_tools(talk)
    if talk.choice:
        body["tool_choice"] = _openai_choice(talk, {"name": talk.choice})
    if talk.effort:
        body["reasoning"] = {"effort": talk.effort}
    if form := _form(talk):
        body["text"] = {"format": {"type": "json_schema", **form}}
    if talk.stream:
        body["stream"] = True
    return body | _user(talk)


def _response_tools(talk: Talk) -> list[Json]:
    out: list[Json] = []
    groups: dict[str, list[Json]] = {}
    for tool in talk.tools:
        said: Json = {"type": "function", "name": tool.name, "parameters": tool.schema}
        said |= {"description": "a tool", "strict": False}
        if tool.schema is None:
            said = {"type": "custom", "name": tool.name, "description": "free text"}
        if not tool.namespace:
            out.append(said)
            continue
        if tool.namespace not in groups:
            group = groups[tool.namespace] = []
            named = {"name": tool.namespace, "description": "a group", "tools": group}
            out.append({"type": "namespace", **named})
        groups[tool.namespace].append(said)
    return out


def _items(role: str, parts: list[Part]) -> list[Json]:
    out: list[Json] = []
    said: list[Json] = []
    for part in parts:
        match part:
            case Use():
                out += (
                    [_message(role, said), _response_call(part)]
                    if said
                    else [_response_call(part)]
                )
                said = []
            case Result():
                out.append(_response_result(part))
            case Thought():
                pass  # nobody can say a foreign thought here
            case _:
                said.append(_content(role, part))
    return [*out, _message(role, said)] if said else out


def _message(role: str, content: list[Json]) -> Json:
    role = "developer" if role == "system" else role
    return {"type": "message", "role": role, "content": content}


def _content(role: str, part: Words | Picture | Paper) -> Json:
    match part:
        case Words():
            kind = "output_text" if role == "assistant" else "input_text"
            return {"type": kind, "text": part.text}
        case Picture():
            return {"type": "input_image", "image_url": _data("image/png", part.data)}
        case Paper():
            url = _data("application/pdf", part.data)
            return {"type": "input_file", "filename": "paper.pdf", "file_data": url}


def _response_call(use: Use) -> Json:
    call = {"call_id": use.id, "name": use.name}
    if isinstance(use.arguments, str):
        return {"type": "custom_tool_call", **call, "input": use.arguments}
    return {"type": "function_call", **call, "arguments": json.dumps(use.arguments)}


def _response_result(result: Result) -> Json:
    output: object = result.text
    if any(isinstance(part, Picture) for part in result.parts):
        output = [_content("user", part) for part in result.parts]
    return {"type": "function_call_output", "call_id": result.id, "output": output}


WRITERS: dict[str, Callable[[Talk, str], Json]] = {
    "messages": write_messages,
    "chat": write_chat,
    "responses": write_responses,
}
