"""The trail a request leaves: hashes of its parts, by which the first that changed is found.

Rule 1: nothing of the text is kept: seeded hashes, of parts of tools, instructions and turns,
and of pieces of long parts.
Rule 2: cache marks are no part of it; they are only noted.
Rule 3: what is known to be the same as before is not hashed again: a turn costs what it adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Layout
from typing import NamedTuple

import msgspec
import xxhash

from headgate.policy import unmarked
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope

OPENING = ("tools", "instructions", "system")
TURNS = ("messages", "input")
_OPERATOR = ("system", "developer")
FINE_BYTES, COARSE_BYTES, FINE_UNTIL = 2_048, 16_384, 65_536
"""how long a piece may be, near the beginning of its member and far from it"""
MOST_PIECES = 512
"""of one member; what lies beyond is not looked at"""
PIECE = Layout("<8sI")
"""a hash, and where its piece ends"""
LABEL_CHARS = 60

_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    name: str = ""
    type: str = ""
    function: _Function | None = None


_TOOL = msgspec.json.Decoder(_Tool)


class Member(NamedTuple):
    """One of the members that make up a prompt."""

    name: str
    pieces: bytes = b""
    """packed"""
    size: int = 0
    """its bytes without marks"""
    marked: bool = False
    last: tuple[int, int] = (0, 0)
    """where its last part begins: after how many pieces, at which byte"""
    head: int = 0
    """where what the operator says among the turns ends: before anybody else speaks"""


class Trail(NamedTuple):
    """All of them, in the order in which a prompt is cached."""

    opening: tuple[Member, ...]
    turns: Member

    @property
    def size(self) -> int:
        return self.opening_size + self.turns.size

    @property
    def opening_size(self) -> int:
        return sum([it.size for it in self.opening])

    @property
    def head_size(self) -> int:
        """The bytes of all that the operator says before anybody else speaks."""
        return self.opening_size + self.turns.head

    @property
    def opening_is_marked(self) -> bool:
        return any(it.marked for it in self.opening)


class _Turn(msgspec.Struct):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw(b"")


_TURN = msgspec.json.Decoder(_Turn)


class Change(NamedTuple):
    """The first difference between two requests."""

    member: str
    piece: int
    how: str = "changed"
    """or added, removed or moved"""
    kept: int = 0
    """how many bytes of the prompt lie before it"""


def lay(
    envelope: Envelope,
    seed: int,
    before: Trail | None = None,
    *,
    same: bool = False,
    grown: bool = False,
) -> Trail:
    """A request's trail. `same`: it opens as the one before, `grown`: and goes on from it."""
    members = envelope.members
    opening: tuple[Member, ...]
    if same and before is not None:
        opening = before.opening
    else:
        opening = tuple([_read(n, members[n], seed) for n in OPENING if n in members])
    turns = next((name for name in TURNS if name in members), "")
    if not turns:
        return Trail(opening, Member(""))
    so_far = before.turns if before is not None and grown else None
    read = _read(turns, members[turns], seed, so_far)
    head = so_far.head if so_far is not None else _head(_plain(bytes(members[turns]))[0])
    return Trail(opening, read._replace(head=head))


def _read(name: str, raw: msgspec.Raw, seed: int, so_far: Member | None = None) -> Member:
    # What bore no mark before bears none now: only what was added is searched.
    unseen = so_far.last[1] if so_far is not None and not so_far.marked else 0
    plain, marked = _plain(bytes(raw), unseen)
    view = memoryview(plain)
    found: list[bytes] = []
    at, last = 0, (0, 0)
    if so_far is not None and so_far.last[1] and plain.startswith(b"["):
        last = so_far.last
        found.append(so_far.pieces[: last[0] * PIECE.size])
        at = last[1]
    count, part = last[0], -1
    for number, start, end in _pieces(plain, at):
        if count >= MOST_PIECES:
            break
        if number != part:
            part, last = number, (count, start)
        digest = xxhash.xxh3_64_digest(view[start:end], seed)
        found.append(PIECE.pack(digest, end))
        count += 1
    return Member(name, b"".join(found), len(plain), marked, last)


def _plain(text: bytes, start: int = 0) -> tuple[bytes, bool]:
    marks = unmarked.ranges(text, start, len(text))
    return (unmarked.without(text, marks), True) if marks else (text, False)


def _head(plain: bytes) -> int:
    end = 0
    for start, stop in _parts(plain, 0):
        try:
            if _TURN.decode(plain[start:stop]).role not in _OPERATOR:
                break
        except BROKEN:
            break
        end = stop
    return end


def _pieces(plain: bytes, at: int = 0) -> Iterator[tuple[int, int, int]]:
    """(number of the part, start, end) from `at` on, where a part begins."""
    for number, (begin, end) in enumerate(_parts(plain, at)):
        start = begin
        while start < end:
            most = FINE_BYTES if start < FINE_UNTIL else COARSE_BYTES
            yield number, start, min(start + most, end)
            start += most


def _parts(plain: bytes, at: int) -> Iterator[tuple[int, int]]:
    text = b"[" + plain[at:] if at else plain
    shift = at - 1 if at else 0
    try:
        listed = _LIST.decode(text)
    except BROKEN:  # a text alone, or what is no list
        yield at, len(plain)
        return
    here = 1
    for raw in listed:
        while text[here] in b" \t\r\n,":
            here += 1
        end = here + len(memoryview(raw))
        yield here + shift, end + shift
        here = end


def first_difference(old: Trail, new: Trail) -> Change | None:
    """Where the second stops to be what the first was; None: it goes on from it, or is less."""
    before = {it.name: it for it in old.opening}
    after = {it.name: it for it in new.opening}
    covered = 0
    for name in OPENING:
        one, two = before.get(name, Member(name)), after.get(name, Member(name))
        if one.pieces != two.pieces:
            return _change(one, two, covered)
        covered += one.size
    one, two = old.turns, new.turns
    if two.pieces.startswith(one.pieces) or one.pieces.startswith(two.pieces):
        return None
    return _change(one, two, covered)


def kept_bytes(old: Trail, new: Trail) -> int:
    """How many bytes of the newer prompt are as they were."""
    change = first_difference(old, new)
    return change.kept if change is not None else min(old.size, new.size)


def _change(one: Member, two: Member, covered: int) -> Change:
    width = PIECE.size
    old, new = ([*PIECE.iter_unpack(it.pieces)] for it in (one, two))
    pairs = zip(old, new, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    end = PIECE.unpack_from(two.pieces, (at - 1) * width)[1] if at else 0
    gone = old[at][0] if at < len(old) else b""
    come = new[at][0] if at < len(new) else b""
    if not come or (come in {h for h, _ in old} and gone not in {h for h, _ in new}):
        how = "removed"
    elif not gone or gone in {h for h, _ in new}:
        how = "moved" if come in {h for h, _ in old} else "added"
    else:
        how = "changed"
    return Change(two.name or one.name, at, how, covered + end)


def added_blocks(old: Trail, envelope: Envelope) -> int:
    """How many blocks stand behind what the earlier request ended with."""
    raw = envelope.members.get(old.turns.name)
    if raw is None:
        return 0
    plain, _ = _plain(bytes(raw))
    added = [*_parts(plain, old.turns.last[1])][1:]
    return sum([_blocks(plain[start:end]) for start, end in added])


def _blocks(turn: bytes) -> int:
    try:
        return len(_LIST.decode(_TURN.decode(turn).content))
    except BROKEN:  # a text alone
        return 1


def place(change: Change, envelope: Envelope) -> str:
    """What changed as a person would name it, such as: tools[3] Bash, system[1], messages[4]"""
    name = change.member
    raw = envelope.members.get(name)
    how = "" if change.how == "changed" else f" ({change.how})"
    if raw is None:
        return f"{name} (removed)"
    plain, _ = _plain(bytes(raw))
    if not plain.startswith(b"["):
        return name
    found = next((it for n, it in enumerate(_pieces(plain)) if n == change.piece), None)
    if found is None:
        return f"{name} (its end was removed)"
    number = found[0]
    if name != "tools":
        return f"{name}[{number}]"
    tool = _named(plain, number) if change.how != "removed" else ""
    return f"{name}[{number}]{' ' if tool else ''}{tool}{how}"


def _named(plain: bytes, number: int) -> str:
    try:
        tool = _TOOL.decode(_LIST.decode(plain)[number])
    except BROKEN:
        return ""
    said = tool.name or (tool.function.name if tool.function is not None else "") or tool.type
    return "".join(letter for letter in said if letter.isprintable())[:LABEL_CHARS]


def likeness(old: Trail, new: Trail) -> float:
    """How much two openings share wherever it stands, from 0 to 1."""
    one, two = _hashes(old), _hashes(new)
    return len(one & two) / max(len(one), len(two), 1)


def is_one_talk(old: Trail, new: Trail) -> bool:
    """Are both of one conversation: does it begin alike, or is most of it said again."""
    said, again = _said(old.turns), _said(new.turns)
    if said and said[:1] == again[:1]:
        return True
    return 2 * len({*said} & {*again}) >= max(len({*said}), 2)


def _said(turns: Member) -> list[bytes]:
    return [h for h, end in PIECE.iter_unpack(turns.pieces) if end > turns.head]


def _hashes(trail: Trail) -> set[bytes]:
    return {h for member in trail.opening for h, _ in PIECE.iter_unpack(member.pieces)}
