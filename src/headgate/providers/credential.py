"""Is this a key at all: decides what is wrong with a credential without sending it anywhere.

Rule 1: damage (a space, a quote, a line break) makes a key unusable, everywhere.
Rule 2: a shape we do not know is only suspicious: vendors change shapes without telling us.
Rule 3: no message repeats the key; it says how long it is and how it should begin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from headgate.providers import Preset, read_all

_PLACEHOLDER = re.compile(
    r"(?:^|[-_ ])(?:your|my|insert|replace|paste)[-_ ]?"
    r"(?:api|openai|anthropic|key|secret|token)|"
    r"x{6}|^<.*>$|^\$|^(?:changeme|todo|none|null|secret|test|key|api[-_]?key)$|\.\.\.",
    re.IGNORECASE,
)
_QUOTES = ("'", '"', "`")
_WRONG_SORT = {
    "sk-ant-admin": "an Anthropic admin key, which cannot call models",
    "sk-ant-oat": "a Claude subscription token, not an API key",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a key."""

    what: str
    remedy: str
    usable: bool
    """False: it cannot be what the vendor issued; True: it only looks unusual"""


def inspect(key: str, variable: str, preset: Preset, base_url: str) -> Flaw | None:
    """The key's worst flaw, or None; the shape counts only at the vendor's own address."""
    again = _remedy(variable, preset)
    if damage := _damage(key):
        return Flaw(f"{variable} {damage}", again, usable=False)
    if not preset.key_shape or _host(base_url) != _host(preset.base_url):
        return None  # another server may take any text as its key
    for start, sort in _WRONG_SORT.items():
        if key.startswith(start):
            return Flaw(f"{variable} holds {sort}", again, usable=False)
    if _PLACEHOLDER.search(key):
        return Flaw(f"{variable} still holds a placeholder", again, usable=False)
    misfit = _misfit(key, preset)
    return Flaw(f"{variable} {misfit}", again, usable=True) if misfit else None


def _damage(key: str) -> str:
    """The first thing that no vendor's key ever has."""
    signs = (
        (not key.strip(), "is empty"),
        ("\n" in key or "\r" in key, "contains a line break"),
        (key != key.strip(), "begins or ends with a space"),
        (
            key[:1] in _QUOTES or key[-1:] in _QUOTES,
            "has quotes around it, as part of its value",
        ),
        (not all("!" <= sign <= "~" for sign in key), "contains a sign that no key has"),
    )
    return next((what for found, what in signs if found), "")


def _misfit(key: str, preset: Preset) -> str:
    """Tell another vendor's key from a truncated one: the remedy differs."""
    owner = _owner(key)
    if owner and len(owner.key_start) > len(preset.key_start):
        return f"looks like a key of {owner.title}"
    if re.fullmatch(preset.key_shape, key):
        return ""
    if preset.key_start and key.startswith(preset.key_start):
        return f"looks truncated or damaged: {len(key)} characters"
    if owner and not preset.key_start:
        return f"looks like a key of {owner.title}"
    return f"does not look like a key of {preset.title}: {len(key)} characters"


def _owner(key: str) -> Preset | None:
    """Whose keys begin like this one; the longest beginning decides."""
    kin = [it for it in read_all().values() if it.key_start and key.startswith(it.key_start)]
    return max(kin, key=lambda preset: len(preset.key_start), default=None)


def _remedy(variable: str, preset: Preset) -> str:
    shape = f"; its shape is {preset.key_hint}" if preset.key_hint else ""
    where = f" from {preset.key_page}" if preset.key_page else ""
    return f"export {variable}=… with the whole key{where}{shape}"


def missing(preset: Preset, variable: str) -> str:
    """The remedy for a key that is not there."""
    return _remedy(variable, preset)


def present(preset: Preset, env: Mapping[str, str]) -> str:
    """The first of the kind's variables that is set; empty: none is."""
    return next((name for name in preset.key_env if env.get(name)), "")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
