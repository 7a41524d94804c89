"""What a reply holds, whichever vendor's wire it goes out on: an Ask and a Script -> an Answer.

Rule 1: everything here is pure and comes from the seed and the number of the call.
Rule 2: a Frame knows whether it carries content: scripts count content, not framing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from headgate.sim.faults import Script
from headgate.sim.interpreter import Ran
from headgate.sim.models import chars_per_token
from headgate.sim.text import OPENING, dice, encode, mint, pieces, prose, sample, signature
from headgate.wire.model import STANDARD, Terms, Usage

EPOCH_S = 1_793_836_800
"""2026-11-05: replies are dated from here, a second per call, so that they repeat."""

TOKENS_PER_EVENT = 6
FEWEST, MOST = 24, 72
"""tokens of a reply nobody scripted"""


class Frame(NamedTuple):
    """One event of a stream."""

    data: bytes
    content: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the caller offers."""

    name: str
    schema: Any = None
    is_custom: bool = False
    """takes free text instead of JSON"""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants, read from either vendor's wire."""

    model: str
    stream: bool = False
    max_output: int = 0
    tools: tuple[Tool, ...] = ()
    forced: str = ""
    """empty: free to choose; any: some tool; else its name"""
    after_tool: bool = False
    """the last turn brings a tool's result"""
    schema: Any = None
    """the JSON schema the reply must follow"""
    terms: Terms = STANDARD
    prewarm: bool = False
    """only fill the cache: no reply is wanted"""
    copies: int = 1
    """how many choices (OpenAI's n)"""
    with_usage: bool = False
    """a stream ends with usage"""
    echo: dict[str, Any] = field(default_factory=dict)
    """what the reply repeats or says beside its content"""
    bond: bytes = b""
    """what its thinking is bound to"""
    ran: Ran | None = None
    """what its hosted interpreter ran; None: nothing"""


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a reply: think, text, tool, or ran: what a hosted interpreter ran."""

    kind: str
    text: str
    """prose, or a tool's input"""
    id: str = ""
    name: str = ""
    is_custom: bool = False
    namespace: str = ""
    pieces: tuple[str, ...] = ()
    signature: str = ""
    ran: Ran | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply, before any vendor's form."""

    id: str
    created: int
    model: str
    parts: tuple[Part, ...]
    usage: Usage
    stop: str
    """end, length or tool"""
    scripted_stop: str
    terms: Terms
    bad_usage: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where in the seeded sequence a reply stands."""

    seed: int
    n: int

    def mint(self, prefix: str, length: int = 22) -> str:
        return mint(self.seed, self.n, prefix, length)

    def letters(self, purpose: str, length: int = 24) -> str:
        return mint(self.seed, self.n, purpose, length)[len(purpose) :]

    @property
    def created(self) -> int:
        return EPOCH_S + self.n % 1_000_000


def compose(ask: Ask, script: Script, seat: Seat, prompt: Usage) -> Answer:
    """The reply to an ask: as the script says, else a short text."""
    silent = script.empty or ask.prewarm
    parts = [] if silent else _parts(ask, script, seat)
    wanted = _output_tokens(ask, script, seat, parts)
    bound = ask.max_output or wanted
    thinking = min(script.think, wanted)
    usage = script.usage or prompt._replace(
        output=min(wanted, bound) * ask.copies,
        reasoning_of_output=min(thinking, bound),
        web_searches=script.searches,
    )
    stop = "tool" if any(part.kind == "tool" for part in parts) else "end"
    return Answer(
        id=seat.letters("reply"),
        created=seat.created,
        model=script.model or ask.model,
        parts=tuple(parts),
        usage=usage,
        stop="length" if wanted > bound else stop,
        scripted_stop=script.stop,
        terms=Terms(
            script.tier or ask.terms.tier,
            script.speed or ask.terms.speed,
            script.geo or ask.terms.geo,
        ),
        bad_usage=script.bad_usage,
    )


def _parts(ask: Ask, script: Script, seat: Seat) -> list[Part]:
    parts: list[Part] = []
    ratio = chars_per_token(ask.model)
    if script.think:
        thought = prose(script.think, ratio)
        proof = signature(seat.seed, seat.n, ask.bond)
        parts.append(_cut(Part("think", thought, signature=proof), 0))
    if ask.ran is not None:
        letters = seat.letters("ran")
        parts.append(_cut(Part("ran", ask.ran.code, letters, ran=ask.ran), script.events))
    tool = _tool_wanted(ask, script)
    if tool is None:
        said = _said(ask, script, _text_tokens(ask, script, seat), ratio)
        parts.append(_cut(Part("text", said), script.events))
    else:
        for n, given in enumerate(script.tool_inputs or ("",)):
            letters = seat.letters(f"tool{n or ''}")
            parts.append(_cut(_tool_part(tool, given, letters), script.events))
    return parts


def _said(ask: Ask, script: Script, tokens: int, ratio: float) -> str:
    if script.text:
        return f"[simulated] {script.text}"
    if ask.schema is not None:
        return encode(sample(ask.schema)).decode()
    return prose(tokens, ratio)


def _cut(part: Part, events: int) -> Part:
    count = events or max(1, math.ceil(len(part.text) / (4 * TOKENS_PER_EVENT)))
    return replace(part, pieces=tuple(pieces(part.text, count)) if part.text else ())


def _text_tokens(ask: Ask, script: Script, seat: Seat) -> int:
    low, high = script.output or (FEWEST, MOST)
    tokens = low + int(dice(seat.seed, seat.n, "length") * (high - low + 1))
    return min(tokens, ask.max_output) if ask.max_output else tokens


def _output_tokens(ask: Ask, script: Script, seat: Seat, parts: list[Part]) -> int:
    """Tokens the reply would take if nothing bounded it."""
    if not parts:
        return 0 if ask.prewarm else 1
    low, high = script.output or (FEWEST, MOST)
    tokens = low + int(dice(seat.seed, seat.n, "length") * (high - low + 1))
    last = parts[-1]
    if last.kind == "tool" or script.text or ask.schema is not None:
        tokens = math.ceil(len(last.text) / chars_per_token(ask.model)) + 4
    return tokens + script.think


def _tool_wanted(ask: Ask, script: Script) -> Tool | None:
    """A tool is called once: after its result the reply is text, unless told otherwise."""
    name = script.tool if script.tool_again or not ask.after_tool else ""
    name = name or ask.forced
    if not name or not ask.tools:
        return None
    if name == "any":
        return ask.tools[0]
    return next((tool for tool in ask.tools if tool.name == name), None)


_INPUTS = {
    "Bash": {"command": "echo simulated", "description": "Say that this is simulated"},
    "exec_command": {"cmd": "echo simulated"},
    "Read": {"file_path": "README.md"},
}


def _tool_part(tool: Tool, given: str, letters: str) -> Part:
    if given:
        text = given
    elif tool.is_custom:
        text = f"// {OPENING}nothing to run"
    else:
        usual = _INPUTS.get(tool.name) or sample(tool.schema or {"type": "object"})
        text = encode(usual).decode()
    return Part("tool", text, letters, tool.name, tool.is_custom, tool.namespace)


def distort(usage: dict[str, Any], how: str) -> dict[str, Any] | None:
    """A vendor's usage object, wrong in the way a script asks for."""
    if how == "missing":
        return None
    change = {
        "zero": lambda n: 0,
        "negative": lambda n: -n - 1,
        "text": str,
        "double": lambda n: 2 * n,
    }.get(how)
    if change is None:
        return usage
    return {
        key: distort(value, how) if isinstance(value, dict) else _changed(value, change)
        for key, value in usage.items()
    }


def _changed(value: Any, change: Any) -> Any:
    return change(value) if type(value) is int else value
