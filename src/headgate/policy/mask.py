"""Decides what of a text is a secret, and takes it out before the text is kept anywhere.

Rule 1: what is known by its looks goes wherever it stands: keys of vendors, tokens, keys in
PEM, passwords in addresses. What is known by its name goes where it has a value.
Rule 2: of what was taken out only its kind is left. A text that was masked stays as it is.
Rule 3: a mask mends nothing: a password in plain words looks like any other word.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Masked(NamedTuple):
    text: str
    taken: int
    """how much was taken out"""


MARK = "[masked: {}]"
_NOT_YET = r"(?!\[masked: )"
_WORD = r"(?<![A-Za-z0-9_-])"
"""where a token can begin"""
_TOKENS = (
    r"sk-[A-Za-z0-9_-]{16,}",
    r"hg-[A-Za-z0-9_-]{40,}",
    r"(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}",
    r"gh[pousr]_[A-Za-z0-9]{30,}",
    r"github_pat_[A-Za-z0-9_]{30,}",
    r"gl(?:pat|ptt|dt|rt|soat|cbt)-[A-Za-z0-9_-]{20,}",
    r"xox[a-z]-[A-Za-z0-9-]{10,}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"AIza[A-Za-z0-9_-]{35,}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"npm_[A-Za-z0-9]{36,}",
    r"pypi-[A-Za-z0-9_-]{50,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{30,}",
    r"xai-[A-Za-z0-9]{30,}",
    r"r8_[A-Za-z0-9]{30,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"dop_v1_[a-f0-9]{32,}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}",
)
_NAMES = (
    r"(?:api|access|private|secret|client|signing|encryption|auth|account|service|master)"
    r"[_.-]?(?:key|secret|token)(?:[_.-]?id)?"
    r"|secret|passw(?:or)?d|passphrase|credential|token"
)
"""what settings that hold a secret are called, or end in"""
_NAMED = r"(?P<said>(?:" + _NAMES + r")[\"']?+\s{0,8}+(?:=>|:=|[:=])\s{0,8}+)"
"""the end of such a name, and that something follows which it stands for"""
_VARIABLES = (
    r"(?:(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|AUTH|MASTER|SERVICE)_?KEY"
    r"|SECRET|PASSWORD|PASSWD|TOKEN)"
)
_HEADER = (
    r"(?P<said>(?<![A-Za-z0-9-])(?:proxy-)?(?:authorization|x-api-key|api-key|x-goog-api-key"
    r"|x-headgate-key|set-cookie|cookie)[\"']?+\s{0,8}+[:=]\s{0,8}+[\"']?+"
    r"(?:(?:bearer|basic|token|digest|negotiate|apikey)\s{1,8}+)?+)"
)
_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
"""a private key, over several lines"""
_HINTS = ("key", "secret", "passw", "passphrase", "credential", "token")
_LINES = re.compile(r"(?<![:=>\"'\s])(?<!bearer)(?<!basic)(?<!token)[ \t]*\n", re.IGNORECASE)
"""where a text can be cut: what ends so does not go on in the next line"""
_KINDS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        "token",
        ("eyj",),
        re.compile(_WORD + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    ),
    ("key", (), re.compile(_WORD + rf"(?:{'|'.join(_TOKENS)})")),
    (
        "credential",
        ("auth", "key", "cookie"),
        re.compile(_HEADER + _NOT_YET + r"(?![\"'\s])[^\s\"',;}]{6,}", re.IGNORECASE),
    ),
    (
        "credential",
        ("bearer",),
        re.compile(
            r"(?P<said>\bbearer\s{1,8})" + _NOT_YET + r"(?=[^\s\"']{0,200}\d)[\w.~+/=-]{16,}",
            re.IGNORECASE,
        ),
    ),
    (
        "password",
        ("://",),
        re.compile(
            r"(?P<said>[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/@\"'<>]{0,200}:)"
            + _NOT_YET
            + r"[^\s/@\"'<>]{1,200}(?=@)"
        ),
    ),
    (
        "secret",
        _HINTS,
        re.compile(
            _NAMED + r"(?P<quote>[\"'`])" + _NOT_YET + r"[^\s\"'`]{6,}(?=(?P=quote))",
            re.IGNORECASE,
        ),
    ),
    (
        "secret",
        _HINTS,
        re.compile(rf"(?P<said>{_VARIABLES}=)" + _NOT_YET + r"[^\s\"'`$(){}\[\]<>,;=]{6,}"),
    ),
    (
        "secret",
        _HINTS,
        re.compile(
            _NAMED
            + _NOT_YET
            + r"(?=[^\s\"'`(){}\[\],;]{0,400}\d)(?=[^\s\"'`(){}\[\],;]{0,400}[A-Za-z])"
            + r"[^\s\"'`(){}\[\],;]{12,}+(?![(\[])",
            re.IGNORECASE,
        ),
    ),
)
"""(kind, one of which is in a line that holds it, what looks so); the group `said` stays"""


def mask(text: str) -> Masked:
    """The text without the secrets that can be told.

    It goes line by line: whoever waits for this thread waits for one of them.
    """
    text, taken = _BLOCK.subn(MARK.format("private key"), text)
    pieces, at = [], 0
    for cut in (*(it.end() for it in _LINES.finditer(text)), len(text)):
        piece, found = _masked(text[at:cut])
        pieces.append(piece)
        taken += found
        at = cut
    return Masked("".join(pieces), taken)


def _masked(line: str) -> Masked:
    taken, lower = 0, line.lower()
    for kind, hints, pattern in _KINDS:
        if not hints or any(hint in lower for hint in hints):
            line, here = pattern.subn(lambda it, kind=kind: _marked(it, kind), line)  # type: ignore[misc]  # bound at once
            taken += here
    return Masked(line, taken)


def _marked(match: re.Match[str], kind: str) -> str:
    found = match.groupdict()
    return (found.get("said") or "") + (found.get("quote") or "") + MARK.format(kind)
