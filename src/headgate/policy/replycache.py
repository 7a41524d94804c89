"""Decides which replies may be kept and given again, to whom, and which calls are the same.

Rule 1: calls are the same when they mean the same: the order of an object's members, how a
number is written, and who asks on whose behalf (user, metadata) are no part of it; nor is how
the answer travels (the stream flag) or what it may cost (service tier, the vendors' prompt
caches). Everything else is, also what nobody here has heard of.
Rule 2: the name under which a reply is kept, and the key it is sealed with, are made of what
was asked and a secret of this installation: neither can be had without both.
Rule 3: what refers to something elsewhere that can change, or does something there, is never
answered with what was said before.
Rule 4: nothing goes from one organisation to another, nor from one caller's own credential to
another's.
Rule 5: `only-if-cached` is not read: the 504 it asks for is what vendors' clients repeat.
"""

from __future__ import annotations

import json
import re
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import msgspec

from headgate.policy.wish import PREFER
from headgate.wire.broken import BROKEN
from headgate.wire.call import Call, Holder
from headgate.wire.envelope import Envelope
from headgate.wire.headers import CREDENTIALS, REHEARSAL
from headgate.wire.history import instructs
from headgate.wire.model import Ending, Fault
from headgate.wire.reading import Reading

DETERMINISTIC, ALL = "deterministic", "all"
NAME_BYTES = 32

_UNHEARD = frozenset(
    (
        "stream",
        "stream_options",
        "user",
        "safety_identifier",
        "metadata",
        "client_metadata",
        "service_tier",
        "speed",
        "cache_control",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "diagnostics",
    )
)
"""members of a request that change neither what is said nor what becomes of it.

`store` is not among them: whoever has a reply stored at the vendor goes on from it by its id.
Nor is `inference_geo`: where a text is worked on is not the caller's affair alone.
"""
_MARKS = ("cache_control", "prompt_cache_breakpoint")
_MARKED = b"cache_"
"""stands in a body that has any of them"""
_SAID = ("system", "tools", "messages", "input")
"""members whose entries, and the blocks in them, may bear marks"""
_TOLD = (b"anthropic-version", b"anthropic-beta", b"openai-beta", PREFER, REHEARSAL)
"""header fields by which an answer differs: versions and betas change what can be in it"""
_OWNERS = (*sorted(CREDENTIALS), b"openai-organization", b"openai-project",
           b"anthropic-workspace-id")  # fmt: skip

_STATEFUL = (
    "previous_response_id",
    "conversation",
    "thread",
    "container",
    "background",
    "prompt",  # a text that is stored at the vendor, and may be changed there
    "mcp_servers",
)
_ACTS = re.compile(
    rb'"type"[ \t\r\n]*:[ \t\r\n]*"(?:mcp"|mcp_toolset|code_interpreter|code_execution'
    rb'|file_search|shell"|computer_use)'
)
"""tools that the vendor runs, with effects or on data that are not in the request"""
_ELSEWHERE = re.compile(rb'"(?:image_url|file_url|url)"[ \t\r\n]*:[ \t\r\n]*"(?!data:)')
"""what lies on a page of the web is not what lay there; in a text, quotes are escaped"""
_ESCAPED = re.compile(rb"\\u00(?:[67]|5[fF])")
"""a letter or a low line that was escaped, as no encoder does unasked: names cannot be told"""
_NOTHING = (b"null", b"false", b"[]", b"{}", b'""')
_GIVE_UP = frozenset(("refusal", "content_filter", "pause_turn", "compaction"))
"""an answer that ended so is asked for again by its client, or goes on at the vendor: another
try may well end otherwise. One that is as long as it was allowed to be is what was asked for"""

_ALONE = ("", "house", "client")
"""credentials that are not one of several accounts"""
_SEALED = b'"reasoning.encrypted_content"'

_AT = struct.Struct("<III")
_LARGEST_EXACT = 1 << 53


class Asked(NamedTuple):
    """What was asked, as far as anybody can know who did not ask it."""

    name: bytes
    """where the answer is kept"""
    key: bytes
    """what it is sealed with"""


def _number(text: str) -> float:
    """1.0 as 1; a number no JSON can hold again makes the request one that has no twin."""
    number = float(text)
    if number.is_integer() and abs(number) < _LARGEST_EXACT:
        return int(number)
    if number - number:
        raise ValueError("not finite")
    return number


_READ = msgspec.json.Decoder(float_hook=_number).decode
_WRITE = msgspec.json.Encoder(order="deterministic").encode


def asked(surface: str, envelope: Envelope, scope: str, secret: bytes) -> Asked | None:
    """What names this question within a scope; None: it cannot be compared with another."""
    try:
        members: dict[str, Any] = _READ(envelope.body)
        for name in _UNHEARD.intersection(members):
            del members[name]
        _drop_marks(members, envelope.body)
        said = _WRITE(members)
    except (*BROKEN, ValueError):
        return None
    return _named(surface, said, scope, secret)


def _named(surface: str, said: bytes, scope: str, secret: bytes) -> Asked:
    both = _digest(surface, said, scope, secret, 2 * NAME_BYTES)
    return Asked(both[:NAME_BYTES], both[NAME_BYTES:])


def _digest(surface: str, said: bytes, scope: str, secret: bytes, size: int) -> bytes:
    at, within = surface.encode(), scope.encode("utf-8", "surrogatepass")
    hashed = blake2b(_AT.pack(size, len(at), len(within)), key=secret, digest_size=size)
    hashed.update(at + within)
    hashed.update(said)
    return hashed.digest()


def _drop_marks(members: dict[str, Any], body: bytes) -> None:
    """Take out what tells a vendor's cache, and nobody else, anything."""
    if _MARKED in body:
        for name in _SAID:
            _unmark(members.get(name))
    system = members.get("system")
    if isinstance(system, list):
        members["system"] = [block for block in system if not _is_billing(block)]


def _unmark(entries: object) -> None:
    """Of a list of turns, blocks or tools: never inside of what a tool takes or was given."""
    if not isinstance(entries, list):
        return
    for entry in entries:
        if isinstance(entry, dict):
            for mark in _MARKS:
                entry.pop(mark, None)
            for inner in ("content", "output"):
                _unmark(entry.get(inner))


def _is_billing(block: object) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, str) and bool(text) and not instructs(text)


class Namer:
    """Names questions; one that is asked again with the same bytes costs one hash.

    Belongs to one thread. What it remembers are hashes, of a bounded number of questions.
    """

    def __init__(self, secret: bytes, most: int = 4096) -> None:
        self._secret = secret
        self._most = most
        self._known: OrderedDict[bytes, Asked | None] = OrderedDict()

    def asked(self, surface: str, envelope: Envelope, scope: str) -> Asked | None:
        """As the function of that name."""
        known = self._known
        raw = _digest(surface, envelope.body, scope, self._secret, NAME_BYTES)
        if raw in known:
            known.move_to_end(raw)
            return known[raw]
        found = known[raw] = asked(surface, envelope, scope, self._secret)
        if len(known) > self._most:
            known.popitem(last=False)
        return found


def is_clear(envelope: Envelope) -> bool:
    """Does everybody who reads this request read the same.

    Where an object has a name twice, we hear the last and another may hear the first: an
    answer to that would be kept under somebody else's question.
    """
    try:
        json.loads(envelope.body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return False
    return True


def _once(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name occurs twice")


def beside(told: Mapping[bytes, bytes], query: bytes) -> str:
    """What of a request's header fields and address counts as part of the question."""
    fields = [told.get(name, b"") for name in _TOLD]
    fields[1] = b",".join(sorted(beta.strip() for beta in fields[1].split(b",")))
    return b"\0".join([*fields, b"&".join(sorted(query.split(b"&")))]).decode("latin-1")


def credential(told: Mapping[bytes, bytes]) -> bytes:
    """Who a vendor would take the caller for; empty: the caller brings nothing of the kind."""
    fields = [told.get(name, b"") for name in _OWNERS]
    return b"\0".join(fields) if any(fields) else b""


def scope_of(holder: Holder, width: str, credential: bytes = b"") -> str:
    """Among whom replies are shared: a key, its team or its organisation.

    `credential` is the caller's own where that travels on to the vendor: its answers are that
    account's. A key that has no team, or no organisation, keeps its replies to itself.
    """
    organisation, team = holder.organisation, holder.team
    if width == "organisation" and organisation:
        parts = ["organisation", organisation]
    elif width == "team" and team:
        parts = ["team", organisation, team]
    else:
        parts = ["key", organisation, holder.key_id]
    own = blake2b(credential, digest_size=16).hexdigest() if credential else ""
    return repr((*parts, own))  # no name can make it look like another's


def allows(mode: str, envelope: Envelope, surface: str = "") -> bool:
    """May an answer to this be one that was given before.

    `deterministic`: only where the model was asked to leave nothing to chance, may call
    nothing and looks at nothing that can change. An embedding always is such.
    """
    if mode not in (DETERMINISTIC, ALL) or surface == "count_tokens":
        return False
    if surface == "embeddings":
        return True
    if mode == DETERMINISTIC and not _is_determined(envelope):
        return False
    return not (_refers(envelope) or _warms(envelope) or _ESCAPED.search(envelope.body))


def _has(envelope: Envelope, name: str) -> bool:
    raw = envelope.members.get(name)
    return raw is not None and bytes(raw) not in _NOTHING


def _refers(envelope: Envelope) -> bool:
    """Does it go on from, or act upon, what lies elsewhere."""
    if any(_has(envelope, name) for name in _STATEFUL):
        return True
    tools, said = envelope.members.get("tools"), envelope.members.get("input")
    if tools is not None and _ACTS.search(bytes(tools)) is not None:
        return True
    return said is not None and b'"item_reference"' in bytes(said)


def _warms(envelope: Envelope) -> bool:
    """Is it asked for the sake of the vendor's cache, and not of an answer."""
    options = bytes(envelope.members.get("prompt_cache_options", b""))
    return b'"prewarm"' in options or _is_zero(envelope, "max_tokens")


def _is_determined(envelope: Envelope) -> bool:
    if not _is_zero(envelope, "temperature"):  # where it says nothing, a vendor throws dice
        return False
    if bytes(envelope.members.get("n", b"null")) not in (b"null", b"1"):
        return False
    if bytes(envelope.members.get("store", b"")) == b"true":  # there shall be one more of it
        return False
    if any(_has(envelope, name) for name in ("tools", "functions", "web_search_options")):
        return False
    return b'url"' not in envelope.body or _ELSEWHERE.search(envelope.body) is None


def _is_zero(envelope: Envelope, name: str) -> bool:
    try:
        return float(bytes(envelope.members[name])) == 0
    except (KeyError, ValueError):
        return False


class Control(NamedTuple):
    """What the caller says of caches in its Cache-Control field (RFC 9111, 5.2.1)."""

    no_store: bool = False
    """neither is a kept reply given nor is this one kept"""
    no_cache: bool = False
    """it is asked anew; the answer is kept"""
    max_age_s: float | None = None
    """no older reply will do"""

    @classmethod
    def of(cls, told: Mapping[bytes, bytes]) -> Control:
        field = told.get(b"cache-control")
        if field is None:
            return FREE
        no_store = no_cache = False
        ages: list[float] = []
        for directive in field.lower().split(b","):
            name, _, value = directive.strip().partition(b"=")
            no_store = no_store or name == b"no-store"
            no_cache = no_cache or name == b"no-cache"
            if name == b"max-age":
                digits = value.strip(b' "')
                ages.append(float(digits) if digits.isdigit() else 0.0)
        age = min(ages, default=None)
        return cls(no_store, no_cache or age == 0, age)


FREE = Control()


class Noted(Protocol):
    """One try of a call."""

    @property
    def fault(self) -> str: ...


class Crossed(Protocol):
    """How a call was translated."""

    @property
    def losses(self) -> Sequence[object]: ...


class Led(Protocol):
    """A call to an upstream that is over, as far as it matters here."""

    @property
    def call(self) -> Call: ...
    @property
    def status(self) -> int: ...
    @property
    def ending(self) -> Ending | None: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def canned(self) -> bool: ...
    @property
    def lowered(self) -> bool: ...
    @property
    def reading(self) -> Reading: ...
    @property
    def notes(self) -> Sequence[Noted]: ...
    @property
    def crossing(self) -> Crossed | None: ...
    @property
    def credential(self) -> str: ...


def may_keep(led: Led) -> bool:
    """Is its answer whole, the model's own, and worth being given again."""
    if led.status != 200 or led.ending is not Ending.COMPLETE or led.fault is not None:
        return False
    if led.canned or led.lowered or led.reading.fault is not None:
        return False
    if not led.call.surface.converses:
        return True
    if not led.reading.content or led.reading.stop in _GIVE_UP:
        return False
    return not (_was_makeshift(led) or _is_bound(led))


def _is_bound(led: Led) -> bool:
    """May it hold thoughts that only the account can read again that thought them.

    Among several accounts every conversation keeps to its own, and who is given this answer has
    a conversation elsewhere (Claude 5.5: "Preserved thinking", docs as of 2026-11-20).
    """
    if led.credential in _ALONE:
        return False
    members = led.call.envelope.members
    mode = bytes(members.get("thinking", b'"disabled"'))
    return b'"disabled"' not in mode or _SEALED in bytes(members.get("include", b""))


def _was_makeshift(led: Led) -> bool:
    """Did something go wrong, and who stood in could not be told all of it."""
    lost = led.crossing is not None and bool(led.crossing.losses)
    return lost and any(note.fault for note in led.notes)
