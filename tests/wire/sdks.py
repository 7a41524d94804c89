"""The vendors' own clients, answered from memory: what they make of our bytes decides."""

from __future__ import annotations

import anthropic
import httpx2
import openai

EVENTS = "text/event-stream; charset=utf-8"


def _answering(status: int, body: bytes, kind: str) -> httpx2.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": kind, "x-should-retry": "false", "request-id": "req-1"}
        return httpx2.Response(status, headers=headers, content=body)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def anthropic_sdk(
    body: bytes, *, status: int = 200, kind: str = "application/json"
) -> anthropic.Anthropic:
    """A client that gets this answer to whatever it asks."""
    return anthropic.Anthropic(
        api_key="k", max_retries=0, http_client=_answering(status, body, kind)
    )


def openai_sdk(
    body: bytes, *, status: int = 200, kind: str = "application/json"
) -> openai.OpenAI:
    """A client that gets this answer to whatever it asks."""
    return openai.OpenAI(api_key="k", max_retries=0, http_client=_answering(status, body, kind))
