"""[store]: decides where what processes share is kept, where it is not the ledger's file.

Rule 1: an address holds a password, so each is read from the environment and shown without.
Rule 2: what cannot be an address is found before anything is opened.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from headgate.config.model import Ledger, Store
from headgate.config.setting import STORE
from headgate.config.table import Table
from headgate.store.server import read_url
from headgate.store.sql import StoreError

REDIS = ("redis", "rediss", "unix")


def read_store(table: Table, ledger: Ledger) -> Store:
    """The section; what is wrong with it is reported."""
    found = table.read(STORE)
    store = Store(
        url=str(found.get("url", "")),
        redis=str(found.get("redis", "")),
        config=str(found.get("config", Store().config)),
    )
    if "url" in found:
        try:
            read_url(store.url)
        except StoreError as error:
            table.report.wrong("store.url", error.what, error.hint)
        if ledger.path:
            table.report.note("ledger.path is not used: the store is the one of store.url")
    if "redis" in found:
        _check_redis(table, store)
    return store


def _check_redis(table: Table, store: Store) -> None:
    if urlsplit(store.redis).scheme not in REDIS:
        hint = "write redis://:PASSWORD@HOST:6379/0, or rediss:// with TLS, into the variable"
        table.report.wrong("store.redis", "the address must begin with redis://", hint)
    if "url" not in table.content:
        table.report.wrong(
            "store.redis",
            "needs url beside it: Redis holds shares of limits, PostgreSQL what was spent",
            'url = "env:DATABASE_URL"',
        )
