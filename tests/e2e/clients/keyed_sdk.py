"""Runs an official SDK with an Idempotency-Key against a URL; prints what became of each call.

Rule 1: it judges nothing: the tests that start it do.
Rule 2: every case has a key of its own, and its two calls are the same call to their caller.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anthropic
import openai

HI = [{"role": "user", "content": "Say hi."}]
HURT = {
    "lost": ("reset=head", False),
    "gave_up": ("504", False),
    "cut": ("cut=3;events=12", True),
    "broken": ("error-after=3;events=12", True),
}
"""by case: what happens to the first call, and whether it streams"""
SLOW = "head-delay=1.6"


def ask(vendor: str, client: Any, stream: bool, headers: dict[str, str]) -> str:
    """What was said."""
    if vendor == "messages":
        got = client.messages.create(
            model="claude-opus-5-5",
            max_tokens=99,
            messages=HI,
            stream=stream,
            extra_headers=headers,
        )
        if not stream:
            return str(got.content[0].text)
        return "".join(e.delta.text for e in got if e.type == "content_block_delta")
    if vendor == "chat":
        got = client.chat.completions.create(
            model="over-chat", messages=HI, stream=stream, extra_headers=headers
        )
        if not stream:
            return str(got.choices[0].message.content)
        return "".join(chunk.choices[0].delta.content or "" for chunk in got if chunk.choices)
    got = client.responses.create(
        model="over-responses", input="Say hi.", stream=stream, extra_headers=headers
    )
    if not stream:
        return str(got.output_text)
    return "".join(event.delta for event in got if event.type == "response.output_text.delta")


def tried(vendor: str, client: Any, stream: bool, headers: dict[str, str]) -> dict[str, Any]:
    try:
        return {"said": ask(vendor, client, stream, headers)}
    except (anthropic.APIError, openai.APIError) as error:
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "words": str(error),
        }


def main(vendor: str, url: str, key: str) -> None:
    sdk: Any = anthropic.Anthropic if vendor == "messages" else openai.OpenAI
    client = sdk(base_url=url, api_key=key)
    report: dict[str, Any] = {}
    for case, (script, stream) in HURT.items():
        headers = {"Idempotency-Key": f"{vendor} {case}"}
        first = tried(vendor, client, stream, headers | {"x-headgate-sim": script})
        report[case] = [first, tried(vendor, client, stream, headers)]
    impatient = client.with_options(timeout=1.0)
    for case, stream in (("late", False), ("late_stream", True)):
        headers = {"Idempotency-Key": f"{vendor} {case}", "x-headgate-sim": SLOW}
        report[case] = [tried(vendor, impatient, stream, headers) for _ in range(2)]
    without = tried(vendor, impatient, False, {"x-headgate-sim": SLOW})
    report["without"] = [without]
    print(json.dumps(report))


main(*sys.argv[1:])
