"""Decides what is made of a row's fingerprint for the book: chain, cover, head and head_bytes.

Rule 1: the hashes of `chain` are those of `prefix`, as whole numbers, most significant byte
first; `cover` says what bytes each of them stands for.
Rule 2: `head` is the hash of all that stands before the turns: tools and system prompt, the
last of what `opening` names.
Rule 3: it is 0, unknown, where nothing stands before the turns, and for a body so short that
one hash stands for the whole: that one changes with each question, and would make a new
system prompt of every call.
"""

from __future__ import annotations

from headgate.policy.prefix import PAIR

COLUMNS = ("chain", "cover", "head", "head_bytes")
"""what is derived"""

_HASH = 8
_PAIRS = f"range(coalesce(octet_length(prefix), 0) // {PAIR.size})"
_NUMBER = f"prefix[i * {PAIR.size} + 1 : i * {PAIR.size} + {_HASH}]::BIT::UBIGINT"
_BYTES = f"prefix[i * {PAIR.size} + {_HASH + 1} : (i + 1) * {PAIR.size}]::BIT::UBIGINT"
# They stand with the least first: turned round as numbers, not as texts, which takes a third.
_TURNED = "((n & 255) << 24) | ((n & 65280) << 8) | ((n >> 8) & 65280) | (n >> 24)"
_CHAIN = f"list_transform({_PAIRS}, lambda i: {_NUMBER})"
_COVER = (
    f"list_transform(list_transform({_PAIRS}, lambda i: {_BYTES}),"
    f" lambda n: ({_TURNED})::UINTEGER)"
)
_NAMES = "length(opening) - length(replace(opening, ',', '')) + 1"


def derived(source: str) -> str:
    """SELECT of all columns of a table or subquery, and of what is derived of its prefix and
    opening."""
    taken = f"SELECT *, {_CHAIN} AS chain, {_COVER} AS cover FROM {source}"  # noqa: S608 - texts of ours
    first = f"{_at('chain')} AS head, {_at('cover')}::BIGINT AS head_bytes"
    return f"SELECT *, {first} FROM ({taken})"  # noqa: S608 - texts of ours


def _at(values: str) -> str:
    return f"CASE WHEN opening = '' THEN 0 ELSE coalesce({values}[{_NAMES}], 0) END"
