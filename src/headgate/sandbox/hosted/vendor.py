"""What each vendor's interpreter takes, how long it lasts and what its containers cost.

Rule 1: every fact stands in vendors.toml, with its page and the day it was read.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from headgate.sandbox.model import Job

NANO = 1_000_000_000
HOUR_S = 3600


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One size of container."""

    name: str
    """as the vendor's API calls it; empty: there is but one"""
    memory_mb: int
    hour_usd: str

    def cost_nusd(self, seconds: float, from_s: float) -> int:
        """What so much time costs; `from_s`: less is billed as this."""
        billed = Decimal(str(max(seconds, from_s)))
        return int(Decimal(self.hour_usd) * NANO * billed / HOUR_S)


class Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A vendor's hosted interpreter."""

    kind: str
    """of provider, as `providers/` calls it"""
    title: str
    surface: str
    languages: tuple[str, ...]
    idle_s: int
    """a container nobody uses for so long is gone, or asleep"""
    life_s: int
    upload_mb: int
    wall_s: int
    """of one run, as far as it is stated"""
    billed_from_s: int
    models: tuple[str, ...]
    """cheap ones that run code, the best first"""
    sizes: tuple[Size, ...]
    """from the smallest"""
    checked: date
    source: str

    def size(self, memory_mb: int) -> Size | None:
        """The smallest that holds so much; None: none does."""
        return next((it for it in self.sizes if it.memory_mb >= memory_mb), None)

    def lacks(self, job: Job) -> str:
        """Why it cannot run the job; empty: it can."""
        limits, largest = job.limits, self.sizes[-1].memory_mb
        sent_mb = sum(len(file.data) for file in job.files) >> 20
        if job.language not in self.languages:
            return f"it runs {' and '.join(self.languages)}, not {job.language}"
        if limits.memory_mb > largest:
            return f"it has {largest} MB at most, not {limits.memory_mb} MB"
        if limits.wall_s > self.wall_s:
            return f"it runs for {self.wall_s} s at most, not {limits.wall_s:g} s"
        if sent_mb > self.upload_mb:
            return f"it takes files of {self.upload_mb} MB at most, not {sent_mb} MB"
        return ""


@cache
def vendors() -> dict[str, Vendor]:
    """All of them, by the kind of their provider."""
    table = tomllib.loads((Path(__file__).parent / "vendors.toml").read_text("utf-8"))
    return {
        kind: msgspec.convert({"kind": kind, **facts}, Vendor) for kind, facts in table.items()
    }
