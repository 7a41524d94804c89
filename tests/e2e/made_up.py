"""Invents a month of somebody's Claude Code, the same one always, for the guide to audits.

Three weeks of work with a cache that lives for five minutes, although its owner reads and
thinks for longer than that; a long afternoon in one conversation; a session that was forked, a
sub-agent, and a last line that was cut off. A fourth week, after the change, has the cache live
for an hour.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MONDAY = datetime(2026, 10, 19, 8, tzinfo=UTC)
CHANGED = datetime(2026, 11, 9, tzinfo=UTC)
"""from here on the cache lives for an hour"""
LIFETIMES = {"5m": 300, "1h": 3600}
Line = dict[str, Any]


class Work(NamedTuple):
    """One conversation."""

    project: str
    model: str
    turns: int
    grows: int
    """tokens a turn, on average"""
    thinks: float
    """the share of turns before which its owner thinks for some minutes"""


@dataclass(slots=True)
class Month:
    """Whoever writes transcripts."""

    dice: random.Random = field(default_factory=lambda: random.Random(41))  # noqa: S311
    names: int = 0

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}_{self.names:06d}"

    def talk(self, at: datetime, work: Work, side: bool = False) -> list[Line]:
        """The lines of a conversation that begins then."""
        session, parent, held, last = self.name("ses"), None, 0, at
        prompt = 14_000
        lifetime = "1h" if at >= CHANGED else "5m"
        lines: list[Line] = []
        for _ in range(work.turns):
            gone = (at - last).total_seconds()
            read = held if held and gone < LIFETIMES[lifetime] else 0
            written = prompt - read
            shared = {
                "sessionId": session,
                "isSidechain": side,
                "version": "2.1.329",
                "cwd": f"/srv/{work.project}",
            }
            lines.append(shared | self._asks(at, parent))
            answered = at + timedelta(seconds=self.dice.randrange(4, 30))
            answer = self._answers(work.model, lifetime, (read, written))
            lines.append(
                shared | answer | _placed(self.name("line"), lines[-1]["uuid"], answered)
            )
            parent, held, last, at = lines[-1]["uuid"], prompt, at, answered
            prompt += self.dice.randrange(work.grows // 2, 3 * work.grows // 2)
            thinks = self.dice.random() < work.thinks
            at += timedelta(seconds=self.dice.randrange(*((400, 1500) if thinks else (15, 90))))
        return lines

    def _asks(self, at: datetime, parent: str | None) -> Line:
        asked = {"role": "user", "content": "made up"}
        return {"type": "user", "message": asked} | _placed(self.name("line"), parent, at)

    def _answers(self, model: str, lifetime: str, kept: tuple[int, int]) -> Line:
        read, written = kept
        usage = {
            "input_tokens": self.dice.randrange(3, 60),
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written if lifetime == "5m" else 0,
                "ephemeral_1h_input_tokens": written if lifetime == "1h" else 0,
            },
            "output_tokens": self.dice.randrange(80, 1_400),
            "service_tier": "standard",
        }
        block = {"type": "tool_use", "id": self.name("toolu"), "name": "Bash", "input": {}}
        message = {
            "id": self.name("msg"),
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [block],
            "stop_reason": "tool_use",
            "usage": usage,
        }
        return {"type": "assistant", "requestId": self.name("req"), "message": message}


def _placed(name: str, parent: str | None, at: datetime) -> Line:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    return {"uuid": name, "parentUuid": parent, "timestamp": stamp}


BUILDS = Work("atlas", OPUS, 34, 2_600, 0.16)
WRITES = Work("handbook", SONNET, 22, 1_500, 0.05)
SEARCHES = Work("atlas", HAIKU, 12, 3_000, 0)
AFTERNOON = Work("atlas", OPUS, 150, 2_800, 0.1)


def weeks() -> dict[str, list[Line]]:
    """Every file of the month by its name, the days in order."""
    month, files = Month(), {}
    for day in range(28):
        morning = MONDAY + timedelta(days=day)
        if morning.weekday() >= 5:
            continue
        name = f"{morning:%m%d}"
        files[f"-srv-atlas/{name}-a.jsonl"] = month.talk(morning, BUILDS)
        noon = morning + timedelta(hours=6)
        files[f"-srv-atlas/{name}-b.jsonl"] = month.talk(noon, BUILDS)
        files[f"-srv-handbook/{name}.jsonl"] = month.talk(noon + timedelta(minutes=20), WRITES)
        files[f"-srv-atlas/{name}-a/subagents/agent.jsonl"] = month.talk(
            morning + timedelta(minutes=9), SEARCHES, side=True
        )
    return files


def lay(home: Path, *, changed: bool = False) -> None:
    """Lay down the weeks before the change in `home`/.claude; or those after it, too."""
    root = home / ".claude" / "projects"
    files = weeks()
    long = Month(random.Random(9), 900_000).talk(  # noqa: S311
        datetime(2026, 11, 4, 15, tzinfo=UTC), AFTERNOON
    )
    files["-srv-atlas/1104-c.jsonl"] = long
    some = files["-srv-atlas/1021-b.jsonl"]
    files["-srv-atlas/1021-fork.jsonl"] = [it | {"sessionId": "fork"} for it in some[:20]]
    for name, lines in files.items():
        told = [it for it in lines if (it["timestamp"] >= f"{CHANGED:%Y-%m-%d}") == changed]
        if told:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(json.dumps(it, separators=(",", ":")) + "\n" for it in told)
            path.write_text(text + ('{"type":"assis' if "1106-b" in name else ""))
