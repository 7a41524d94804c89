"""[reconcile]: whose reports of usage and costs are fetched, and when.

Rule 1: a key of an administrator is a node's own: one node needs it, and no other has it.
Rule 2: without a word the vendors' usual variables are looked for; without a key nothing is
fetched.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from headgate.config.model import Reconcile
from headgate.config.problem import join
from headgate.config.setting import RECONCILE
from headgate.config.table import Table

VARIABLES = {
    "anthropic_admin_key": "ANTHROPIC_ADMIN_KEY",
    "openai_admin_key": "OPENAI_ADMIN_KEY",
}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def read_reconcile(table: Table) -> Reconcile:
    """The section; what is wrong with it is reported."""
    found = msgspec.convert(table.read(RECONCILE), Reconcile)
    if found.daily_at and not _TIME.fullmatch(found.daily_at):
        what = f"'{found.daily_at}' is no time of day"
        table.report.wrong(join(table.path, "daily_at"), what, 'daily_at = "04:30", in UTC')
    for name in ("anthropic_url", "openai_url"):
        if not _is_address(str(getattr(found, name))):
            table.report.wrong(
                join(table.path, name),
                "is no address that begins with https:// or http://",
                f'{name} = "https://api.example.com"',
            )
    taken = {
        name: table.env[variable]
        for name, variable in VARIABLES.items()
        if name not in table.content and table.env.get(variable)
    }
    return replace(found, **taken)  # type: ignore[arg-type] # all of them are text


def latest(daily_at: str, now: datetime) -> datetime:
    """The last moment at which the clock showed that time of day, in UTC."""
    hour, minute = map(int, daily_at.split(":"))
    today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return not text or (parts.scheme in ("http", "https") and bool(parts.hostname))
    except ValueError:
        return False
