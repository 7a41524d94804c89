"""Decides where a process shares its limits and budgets with others, as configured.

Rule 1: the bank lies where the ledger does, unless a Redis is named for it.
Rule 2: what a server needs is loaded when a server is opened, and never otherwise.
"""

from __future__ import annotations

from pathlib import Path

from headgate.store.bank import Bank, BankError
from headgate.store.bank.sqlite import SqliteBank
from headgate.store.place import Place


def open_bank(place: Place, owner: int, redis_url: str = "") -> Bank:
    """The bank of the process that the ledger knows by that number. BankError: there is none,
    because it cannot be reached, or is configured in a way that it could not be exact."""
    if isinstance(place, Path):
        if redis_url:
            raise BankError(
                "[store] redis shares limits between machines, and a ledger in a file has only"
                " one: name a PostgreSQL server in [store] url too, or leave redis out"
            )
        return SqliteBank(place, owner)
    try:
        if redis_url:
            from headgate.store.bank.redis import RedisBank

            return RedisBank(place, owner, redis_url)
        from headgate.store.bank.postgres import PostgresBank
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        extra = {"redis": "redis", "psycopg": "postgres"}.get(package)
        if extra is None:
            raise
        raise BankError(
            f"the package {package} is not installed: pip install 'headgate[{extra}]'"
        ) from None
    return PostgresBank(place, owner)
