"""What `headgate doctor` says of the bill: when it was last held against the providers'
reports, and how far apart the two were.

Rule 1: it reads what was found, and compares nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from headgate.cli.checkup import Finding
from headgate.config import Config
from headgate.ledger.reconcile.reported import Drift, drifts
from headgate.store.sql import Connection

AREA = "bill"
DAYS = 8
TOLERANCE = 0.01
STALE = timedelta(days=3)
LOOK = "headgate reconcile shows every day and model, and why"


def findings(config: Config, reader: Connection, now: datetime) -> Iterator[Finding]:
    """One or two lines."""
    now_us = int(now.timestamp() * 1e6)
    found = drifts(reader, now_us // 86_400_000_000 - DAYS)
    trouble = _trouble(reader)
    if trouble:
        yield Finding(AREA, "warn", f"the nightly reconciliation failed: {trouble}", LOOK)
    if found:
        yield _apart(found, now)
    elif not trouble:
        keyed = config.reconcile.anthropic_admin_key or config.reconcile.openai_admin_key
        what = "not yet held against" if keyed else "not held against"
        hint = "headgate reconcile says what it needs"
        yield Finding(AREA, "info", f"{what} the providers' reports", hint)


def _trouble(reader: Connection) -> str:
    row = reader.execute("SELECT trouble FROM chore WHERE name = 'reconcile'").fetchone()
    return str(row[0]) if row is not None else ""


def _apart(found: Sequence[Drift], now: datetime) -> Finding:
    delta = sum(abs(it.theirs_nusd - it.ours_nusd) for it in found)
    theirs = sum(it.theirs_nusd for it in found)
    share = delta / theirs if theirs else float(bool(delta))
    at = datetime.fromtimestamp(max(it.at_us for it in found) / 1e6, UTC)
    what = f"{share:.2%} apart from the providers' reports, compared {at:%Y-%m-%d %H:%M} UTC"
    if share > TOLERANCE:
        return Finding(AREA, "warn", f"UNRECONCILED: {what}", LOOK)
    if now - at > STALE:
        return Finding(AREA, "warn", what, "compare again: headgate reconcile")
    return Finding(AREA, "ok", what, "")
