"""Generates transcripts as Claude Code writes them, and counts them by the plain rule.

An answer is told in several lines whose counts grow; sessions are forked, so that their lines
are copied to another file; sub-agents have files of their own, and are told again as progress.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
TOOLS = ("Bash", "Read", "Edit", "Grep", "Task")
Line = dict[str, Any]


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Teller:
    """Invents one transcript after the other, always the same ones for a seed."""

    dice: random.Random
    filler: int = 200
    """letters of an average result of a tool"""
    count: int = 0
    text: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.text = "".join(self.dice.choices('abcdefgh {}\\"\n', k=4 * self.filler + 16))

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count:08x}"

    def session(self, turns: int, *, sidechain: bool = False) -> list[Line]:
        """The lines of one session."""
        id, at = self.name("ses"), START + timedelta(minutes=self.dice.randrange(60 * 24 * 60))
        model, prefix, parent = self.dice.choice(MODELS), 12_000, None
        shared = {
            "sessionId": id,
            "isSidechain": sidechain,
            "version": "2.1.329",
            "cwd": f"/srv/project{self.dice.randrange(9)}",
            "gitBranch": "main",
            "userType": "external",
        } | ({"agentId": self.name("agent")} if sidechain else {})
        lines: list[Line] = []
        results: list[tuple[str, bool]] = []
        for _ in range(turns):
            at += timedelta(milliseconds=self.dice.randrange(50, 40_000))
            user = self._user(shared, at, parent, results)
            at += timedelta(milliseconds=self.dice.randrange(500, 20_000))
            answer, results = self._answer(shared, at, user["uuid"], model, prefix)
            lines += [user, *answer]
            parent = answer[-1]["uuid"]
            prefix += self.dice.randrange(100, 3_000)
        return lines

    def _user(
        self, shared: Line, at: datetime, parent: str | None, results: list[tuple[str, bool]]
    ) -> Line:
        start = self.dice.randrange(self.filler)
        body = self.text[start : start + self.dice.randrange(1, 2 * self.filler + 2)]
        content: Any = body
        if results:
            content = [
                {"tool_use_id": it, "type": "tool_result", "content": body, "is_error": bad}
                for it, bad in results
            ]
        return shared | {
            "parentUuid": parent,
            "type": "user",
            "message": {"role": "user", "content": content},
            "uuid": self.name("line"),
            "timestamp": stamp(at),
        }

    def _answer(
        self, shared: Line, at: datetime, parent: str, model: str, prefix: int
    ) -> tuple[list[Line], list[tuple[str, bool]]]:
        id, request = self.name("msg"), self.name("req")
        final = self.dice.randrange(20, 4_000)
        fresh, written = self.dice.randrange(3, 400), self.dice.randrange(0, 5_000)
        lines: list[Line] = []
        results = []
        parts = self.dice.randrange(1, 5)
        for part in range(parts):
            block: Line = {"type": "text", "text": self.text[: self.dice.randrange(9, 99)]}
            if part:
                tool = self.name("toolu")
                results.append((tool, self.dice.random() < 0.1))
                block = {
                    "type": "tool_use",
                    "id": tool,
                    "name": self.dice.choice(TOOLS),
                    "input": {"command": self.text[:40]},
                }
            output = final if part == parts - 1 else min(final, 1 + part)
            usage = {
                "input_tokens": fresh,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": prefix,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": written,
                    "ephemeral_1h_input_tokens": 0,
                },
                "output_tokens": output,
                "service_tier": "standard",
            }
            line = shared | {
                "parentUuid": parent,
                "message": {
                    "id": id,
                    "type": "message",
                    "role": "assistant",
                    "model": model,
                    "content": [block],
                    "stop_reason": "tool_use" if results else "end_turn",
                    "usage": usage,
                },
                "requestId": request,
                "type": "assistant",
                "uuid": self.name("line"),
                "timestamp": stamp(at + timedelta(milliseconds=40 * part)),
            }
            lines.append(line)
            parent = line["uuid"]
        return lines, results


def forked(lines: list[Line], session: str) -> list[Line]:
    """The same history, as a session that goes on from it begins."""
    return [line | {"sessionId": session} for line in lines]


def as_progress(line: Line) -> Line:
    """An answer of a sub-agent, as its parent's file tells it."""
    inner = {"type": "assistant", "message": line["message"], "uuid": line["uuid"]} | {
        "timestamp": line["timestamp"],
        "requestId": line["requestId"],
    }
    return {
        "type": "progress",
        "sessionId": line["sessionId"],
        "version": line["version"],
        "cwd": line["cwd"],
        "timestamp": line["timestamp"],
        "uuid": f"p{line['uuid']}",
        "data": {"type": "agent_progress", "message": inner, "agentId": "a1"},
    }


def folder(seed: int, sessions: int, turns: int, filler: int = 200) -> dict[str, list[Line]]:
    """Files of a ~/.claude by their names."""
    dice = random.Random(seed)  # noqa: S311 - invented data
    teller = Teller(dice, filler)
    files: dict[str, list[Line]] = {}
    for n in range(sessions):
        lines = teller.session(dice.randrange(1, 2 * turns + 1))
        agent = teller.session(dice.randrange(1, turns + 1), sidechain=True)
        told = [as_progress(it) for it in agent if it["type"] == "assistant"]
        place = f"projects/p{n % 7}"
        files[f"{place}/s{n}.jsonl"] = lines + told
        files[f"{place}/s{n}/subagents/agent-{n}.jsonl"] = agent
        if dice.random() < 0.3:
            kept = lines[: dice.randrange(len(lines)) + 1]
            session = f"fork{n}"
            more = forked(teller.session(2), session)
            files[f"{place}/f{n}.jsonl"] = forked(kept, session) + more
    return files


def write(root: Path, files: dict[str, list[Line]]) -> int:
    """Lay them down; how many bytes they are."""
    size = 0
    for name, lines in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = "".join(json.dumps(it, separators=(",", ":")) + "\n" for it in lines)
        path.write_text(data)
        size += len(data)
    return size


def answers(lines: Iterable[Line]) -> Iterator[Line]:
    """Every line that tells of an answer, progress unwrapped."""
    for line in lines:
        inner = line.get("data", {}).get("message") if line["type"] == "progress" else line
        if inner and inner["type"] == "assistant" and "usage" in inner["message"]:
            side = inner.get("isSidechain", line["type"] == "progress")
            yield inner | {"isSidechain": side}


def total(usage: Line) -> int:
    return int(
        usage["input_tokens"]
        + usage["cache_creation_input_tokens"]
        + usage["cache_read_input_tokens"]
        + usage["output_tokens"]
    )


def expected(lines: Iterable[Line]) -> dict[str, Line]:
    """By the documented rule, line by line: message id -> the usage that counts."""
    best: dict[str, tuple[tuple[bool, int], Line]] = {}
    for it in answers(lines):
        rank = (not it["isSidechain"], total(it["message"]["usage"]))
        id = it["message"]["id"]
        if id not in best or rank > best[id][0]:
            best[id] = (rank, it["message"]["usage"])
    return {id: usage for id, (_, usage) in best.items()}
