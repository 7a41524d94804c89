"""Where a job is run: here or on a vendor's interpreter, by language, time, memory and cost.

Rule 1: a place that cannot run the job is passed over with the reason, never tried.
Rule 2: of those that can, the cheapest comes first, and what is ours before what is as cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.sandbox.model import Job, Refused
from headgate.sandbox.settings import Settings

LOCAL = "local"
AUTO = "auto"


class Place(NamedTuple):
    """One place, as it suits one job."""

    on: str
    """local, or provider:model"""
    lacks: str
    """why the job cannot run there; empty: it can"""
    about_nusd: int
    """what it probably costs"""

    @property
    def about_usd(self) -> str:
        return f"${self.about_nusd / 1e9:.4f}"


def local(job: Job, settings: Settings, missing: str, second_nusd: int) -> Place:
    """This machine; `missing`: why it cannot run code of the language, if so."""
    limits, lacks = job.limits, missing
    if limits.wall_s > settings.most_wall_s:
        lacks = f"it runs for {settings.most_wall_s:g} s at most, not {limits.wall_s:g} s"
    elif limits.memory_mb > settings.most_memory_mb:
        lacks = f"it has {settings.most_memory_mb} MB at most, not {limits.memory_mb} MB"
    return Place(LOCAL, lacks, int(second_nusd * limits.wall_s))


def order(places: Sequence[Place]) -> list[Place]:
    """Those that can, the cheapest first; Refused says of each why it cannot."""
    able = [place for place in places if not place.lacks]
    if not able:
        raise Refused(
            "; ".join(f"{it.on}: {it.lacks}" for it in places) or "there is nowhere to run it",
            "ask for less, or for a language that one of them has",
        )
    return sorted(able, key=lambda it: (it.about_nusd, it.on != LOCAL))


def why(chosen: Place, places: Sequence[Place], failed: Sequence[str]) -> str:
    """One sentence: why it ran there."""
    parts = [*failed]
    parts += [f"{it.on} cannot: {it.lacks}" for it in places if it.lacks]
    others = [it for it in places if not it.lacks and it is not chosen]
    dearer = [it for it in others if it.about_nusd >= chosen.about_nusd]
    if dearer and not failed:
        told = ", ".join(f"{it.on} about {it.about_usd}" for it in dearer)
        parts.append(f"it costs about {chosen.about_usd}, {told}")
    return "; ".join(parts)
