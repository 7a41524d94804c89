"""Decides where the processes of a store share running calls, as configured.

Rule 1: in Redis where one is named, else on the store's server, else in a file beside the
ledger.
Rule 2: what a server needs is loaded when a server is opened, and never otherwise.
"""

from __future__ import annotations

from headgate.store.place import Place
from headgate.store.relay import RelayError, Tower
from headgate.store.relay.sql import open_sql
from headgate.store.sql import StoreError


def open_tower(place: Place, redis_url: str = "") -> Tower:
    """The tower of this store, for one thread. RelayError: it cannot be opened."""
    if not redis_url:
        return open_sql(place)
    try:
        from headgate.store.relay.redis import RedisTower
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "redis":
            raise
        raise RelayError(
            "the package redis is not installed: pip install 'headgate[redis]'"
        ) from None
    return RedisTower(redis_url)


def swept(tower: Tower) -> Tower:
    """The same, without what an earlier run left there."""
    try:
        tower.sweep()
    except (RelayError, StoreError):
        tower.close()
        raise
    return tower
