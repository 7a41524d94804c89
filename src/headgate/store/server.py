"""Where a store is that lies on a PostgreSQL server: its URL, and how it is shown.

Rule 1: the password is in `url` alone; nothing prints it, neither as text nor as repr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from headgate.store.sql import StoreError

SCHEMES = ("postgresql", "postgres")
_PASSWORD = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE)
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a PostgreSQL server."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        host = parts.netloc.rpartition("@")[2]
        return f"{SCHEMES[0]}://{user}{'@' if user else ''}{host}{parts.path}"

    def scrubbed(self, words: str) -> str:
        """Somebody's words about it without the password, should it stand in them."""
        words = _PASSWORD.sub(r"\1***", words.replace(self.url, str(self)))
        password = urlsplit(self.url).netloc.rpartition("@")[0].partition(":")[2]
        for form in {password, unquote(password)} - {""}:
            words = words.replace(form, "***")
        return words


def read_url(url: str) -> Server:
    """The server a URL names; StoreError when it names none."""
    hint = "write postgresql://USER:PASSWORD@HOST:5432/DATABASE into the variable it names"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise StoreError("the store's url is no URL", hint) from None
    if parts.scheme not in SCHEMES:
        raise StoreError("the store's url must begin with postgresql://", hint)
    hosts = parts.netloc.rpartition("@")[2].split(",")  # a primary and its standbys
    if not all(map(_HOST.fullmatch, hosts)):
        raise StoreError("the store's url is no URL: a port must be a number", hint)
    if not parts.path.strip("/"):
        raise StoreError(f"the store's url {Server(url)} names no database", hint)
    return Server(url)
