"""What `headgate up` says once it serves: where, how clients are pointed at it, what is odd.

Rule 1: with --json one line on stdout names the address and the processes; words go to stderr.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from headgate.config import Config
from headgate.gateway.start import Opened

NAMED = 10
"""open calls of an earlier run that are named one by one"""


class Greeting(msgspec.Struct):
    """What a gateway, or one of its workers, says of itself when it serves."""

    url: str
    keyless: bool
    pid: int
    orphans: int = 0
    named: list[str] = []
    """the first of them, as id and target"""


def greeting_of(opened: Opened, pid: int) -> Greeting:
    named = [f"{o.id}  {o.provider}:{o.model_sent}" for o in opened.orphans[:NAMED]]
    return Greeting(opened.url, opened.keyless, pid, len(opened.orphans), named)


def greet(
    said: Greeting, config: Config, as_json: bool = False, workers: Sequence[int] = ()
) -> None:
    """`workers`: their process numbers, where there are several; said.pid is of all."""
    if as_json:
        facts: dict[str, Any] = {"url": said.url, "keyless": said.keyless, "pid": said.pid}
        if workers:
            facts["workers"] = list(workers)
        click.echo(msgspec.json.encode(facts).decode())
    lines = []
    names = ", ".join(provider.name for provider in config.providers)
    by = f" by {len(workers)} workers" if workers else ""
    lines.append(f"Headgate is up{by} at {said.url}, in front of {names}.")
    if said.keyless:
        lines.append(
            "No key is defined: it listens on loopback only and asks nobody for one."
            " `headgate keys create --name NAME` changes that."
        )
    if said.orphans:
        lines.append(
            f"{said.orphans} calls of an earlier run were never closed and may have"
            " been billed:"
        )
        lines += [f"  {each}" for each in said.named]
    lines += list(config.notes)
    key = "your Headgate key" if not said.keyless else "headgate"
    lines += [
        "",
        f"Claude Code   ANTHROPIC_BASE_URL={said.url} ANTHROPIC_AUTH_TOKEN={key!r} claude",
        f"Codex         headgate setup codex --url {said.url}",
        f"OpenAI SDKs   OPENAI_BASE_URL={said.url}/v1 OPENAI_API_KEY={key!r}",
        f"Anthropic SDK ANTHROPIC_BASE_URL={said.url} ANTHROPIC_API_KEY={key!r}",
    ]
    click.echo("\n".join(lines), err=True)
