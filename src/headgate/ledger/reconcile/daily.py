"""Decides which time of day was the last one, for work that is done once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def latest(daily_at: str, now: datetime) -> datetime:
    """The last moment at which the clock showed it, in UTC."""
    hour, minute = map(int, daily_at.split(":"))
    today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
