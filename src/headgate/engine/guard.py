"""Counts what caches save and lose, and raises the alarm where writes to them lose money.

Rule 1: the alarm is an event, once a day for each key and model: what is lost, and what helps.
"""

from __future__ import annotations

from headgate.engine.meter import Meter
from headgate.engine.notice import Notices
from headgate.engine.tally import Settled, Tally
from headgate.ledger.record import Entry
from headgate.policy import losing
from headgate.policy.losing import WINDOW_S, Balance, Windows
from headgate.wire.model import Usage

DAY_US = 86_400_000_000
_OWN = (
    "the caller's own marks are written and not read: take cache_control off what does not come"
    " again within its lifetime; `headgate cache report --by key` says what changes"
)
_OURS = "marks that Headgate set are not read: {line} takes them away"
_UNASKED = (
    'the vendor writes unasked what is not read: [cache] prompt = "on" points it at what comes'
    " again, and has it write nothing where nothing does"
)
_STEERED = (
    "the vendor writes unasked what is not read, though it is told what comes again;"
    " `headgate cache report --by key` says what changes"
)


class Guard:
    """One for all calls of a process."""

    def __init__(self) -> None:
        self._windows = Windows()

    def count(self, row: Entry, meter: Meter) -> None:
        """Count why the call missed, and what an answer that was given again saved."""
        if row.miss:
            meter.cache_missed[row.miss] = meter.cache_missed.get(row.miss, 0) + 1
            if row.miss_nusd:
                _add(meter.cache_missed_nusd, row.miss, row.miss_nusd)
        if row.answered_from and row.saved_nusd > 0:
            _add(meter.cache_saved_nusd, row.answered_from, row.saved_nusd)

    def watch(self, row: Entry, meter: Meter, settled: Settled, now: float) -> Balance | None:
        """Count what its prompt saved or lost; the balance of the key where it is a loss."""
        cost = settled.cost
        if cost is None:
            return None
        found = losing.balance(settled.usage, cost, settled.uncached_nusd)
        if found is None:
            return None
        meter.cache_premium_nusd += found.premium_nusd
        if found.saved_nusd:
            _add(meter.cache_saved_nusd, "prompt", found.saved_nusd)
        return self._windows.add(row.key_id, row.model_sent, found, now)


def _add(into: dict[str, int], name: str, nusd: int) -> None:
    into[name] = into.get(name, 0) + nusd


def alarm(notices: Notices, tally: Tally, settled: Settled, row: Entry, found: Balance) -> None:
    """Tell of a loss, once a day."""
    assert settled.rates is not None
    assert settled.cost is not None
    subject = f"key:{row.key_id}" if row.key_id else "house"
    needed = losing.needed(settled.usage, settled.cost, settled.rates, settled.terms)
    detail = {
        "model": row.model_sent,
        "lost_usd": round(found.lost_nusd / 1e9, 6),
        "within_h": round(WINDOW_S / 3600, 2),
        "written_tokens": found.written,
        "read_tokens": found.read,
        "read_share": round(found.read_share, 3),
        "share_needed": round(needed, 3),
        "call": row.id,
        "helps": _helps(tally.cache_plan, settled.usage, row.route),
    }
    once = f"cache_losing {subject} {row.model_sent} {row.at_us // DAY_US}"
    notices.note("cache_losing", subject, once, detail)


def _helps(plan: str, usage: Usage, route: str) -> str:
    ours = plan.startswith("on")
    if usage.cache_write_30m or usage.cache_write_12h:
        return _STEERED if ours else _UNASKED
    if not ours:
        return _OWN
    setting = f'[models."{route}"] prompt_cache' if route else "[cache] prompt"
    return _OURS.format(line=f'{setting} = "off"')
