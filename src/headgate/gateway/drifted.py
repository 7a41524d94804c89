"""How far our sums are from the providers' reports, as the page of metrics shows it.

Rule 1: it is what was last found and kept; asking for the page compares nothing.
Rule 2: the store is read now and then, off the event loop; nobody waits for one that does not
answer: what was known is shown on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from headgate.ledger.reconcile.reported import Drift, drifts
from headgate.store.place import Place, connect_reader
from headgate.store.sql import ERRORS, StoreError

KEPT_S = 60.0
"""how old it may be that is shown"""
PATIENCE_S = 0.5
DAYS = 8
NUSD = 1_000_000_000
DAY_US = 86_400_000_000

_GAUGES = (
    (
        "headgate_reconcile_delta_dollars",
        "What the provider reports less what was counted here, over the last days.",
    ),
    (
        "headgate_reconcile_reported_dollars",
        "What the provider reports of the last days.",
    ),
)


@dataclass(slots=True)
class Drifted:
    """Owned by the event loop."""

    place: Place
    clock: Callable[[], float] = time.monotonic
    wall_us: Callable[[], int] = lambda: time.time_ns() // 1000
    _seen: list[Drift] = field(default_factory=list)
    _fresh_until: float = float("-inf")
    _reading: asyncio.Future[None] | None = None

    async def lines(self) -> list[str]:
        """Prometheus text; empty as long as nothing was ever compared."""
        if self._reading is None and self.clock() >= self._fresh_until:
            self._fresh_until = self.clock() + KEPT_S
            self._reading = asyncio.ensure_future(self._refresh())
        if self._reading is not None:
            await asyncio.wait((self._reading,), timeout=PATIENCE_S)
        return list(as_lines(self._seen, self.wall_us()))

    async def _refresh(self) -> None:
        try:
            with contextlib.suppress(StoreError, *ERRORS):
                self._seen = await asyncio.to_thread(self._read)
        finally:
            self._reading = None

    def _read(self) -> list[Drift]:
        first = self.wall_us() // DAY_US - DAYS
        with contextlib.closing(connect_reader(self.place)) as connection:
            return drifts(connection, first)


def as_lines(found: list[Drift], now_us: int) -> Iterator[str]:
    if not found:
        return
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for it in found:
        delta, theirs = sums.get((it.provider, it.model), (0, 0))
        delta += it.theirs_nusd - it.ours_nusd
        sums[it.provider, it.model] = (delta, theirs + it.theirs_nusd)
    for at, (name, said) in enumerate(_GAUGES):
        yield f"# HELP {name} {said}"
        yield f"# TYPE {name} gauge"
        for (provider, model), both in sorted(sums.items()):
            labels = f'provider="{_safe(provider)}",model="{_safe(model)}"'
            yield f"{name}{{{labels}}} {both[at] / NUSD:.9g}"
    name = "headgate_reconcile_age_seconds"
    yield f"# HELP {name} How long ago it was last compared."
    yield f"# TYPE {name} gauge"
    yield f"{name} {max(0.0, (now_us - max(it.at_us for it in found)) / 1e6):.0f}"


def _safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
