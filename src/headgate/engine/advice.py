"""What prompt-cache plans that nobody carries out would have saved, and who is told.

Rule 1: it is told once a day for each caller and route, and only when it is worth a cent.
Rule 2: whoever is told is told the very line that switches it on.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.engine.notice import Notices

WORTH_TELLING_NUSD = 10_000_000
DAY_US = 86_400_000_000
MOST = 5_000
"""callers and routes that are counted at once"""
SWITCH = '[cache] prompt = "on"'


class _Saving:
    """One caller's on one route, since it was last told."""

    __slots__ = ("calls", "saved_nusd", "since_us", "told_us", "uncached_nusd")

    def __init__(self, now_us: int) -> None:
        self.told_us = 0
        self.begin(now_us)

    def begin(self, now_us: int) -> None:
        self.since_us = now_us
        self.calls = 0
        self.saved_nusd = 0.0
        self.uncached_nusd = 0


class Whose(NamedTuple):
    """Who calls what."""

    key_id: str
    route: str
    model: str


class Advice:
    """What would have been saved, by who calls what."""

    def __init__(self) -> None:
        self._savings: dict[Whose, _Saving] = {}

    def count(
        self, whose: Whose, saved_nusd: float, uncached_nusd: int, notices: Notices, now_us: int
    ) -> None:
        """A call would have cost so much less than its input's plain price."""
        saving = self._savings.pop(whose, None) or _Saving(now_us)
        self._savings[whose] = saving
        if len(self._savings) > MOST:
            del self._savings[next(iter(self._savings))]
        saving.calls += 1
        saving.saved_nusd += saved_nusd
        saving.uncached_nusd += uncached_nusd
        due = now_us - saving.told_us >= DAY_US
        if due and saving.saved_nusd >= WORTH_TELLING_NUSD:
            self._tell(whose, saving, notices, now_us)
            saving.told_us = now_us
            saving.begin(now_us)

    @staticmethod
    def _tell(whose: Whose, saving: _Saving, notices: Notices, now_us: int) -> None:
        detail: dict[str, object] = {
            "route": whose.route,
            "model": whose.model,
            "calls": saving.calls,
            "since_s": (now_us - saving.since_us) // 1_000_000,
            "would_have_saved_usd": round(saving.saved_nusd / 1e9, 4),
            "share_of_input": round(saving.saved_nusd / max(saving.uncached_nusd, 1), 3),
            "switch_on": SWITCH,
        }
        if whose.key_id:
            detail["for_this_key"] = f"headgate keys update {whose.key_id} --prompt-cache on"
        subject = f"key:{whose.key_id}" if whose.key_id else whose.route
        once = f"prompt_cache_advice {' '.join(whose)} {now_us // DAY_US}"
        notices.note("prompt_cache_advice", subject, once, detail)
