"""Tells readers of hot rows how far back calls are sealed.

Rule 1: it needs nothing but the store, so that whoever reads a few rows loads no DuckDB.
"""

from __future__ import annotations

from headgate.store.sql import Connection

_NEWEST = """
SELECT coalesce(max(last_us), 0) FROM segment
WHERE gone_us IS NULL AND import_id = '' AND last_us >= ?
"""


def sealed_since(connection: Connection, since_us: int) -> int:
    """When the newest sealed call of that time began; 0: none of it is sealed."""
    found = connection.execute(_NEWEST, (since_us,)).fetchone()
    return int(found[0])
