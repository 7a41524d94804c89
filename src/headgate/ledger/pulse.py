"""Keeps a process known as alive, and settles what others left that died: a thread of its own,
because the writer may be long at its work.

Rule 1: a store in trouble is the writer's to report; here it is tried again in silence.
Rule 2: on a server a process buries others only after it could itself say without a break, for
as long as silence means death, that it lives: what kept it from that kept them too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from headgate.ledger import owner
from headgate.ledger.record import Intent
from headgate.store.link import Link
from headgate.store.place import Place
from headgate.store.sql import ERRORS, Connection, StoreError

BEAT_S = 0.5
BURY_S = 1.0


class Pulse:
    """Beats while a Writer works."""

    def __init__(
        self,
        place: Place,
        who: Callable[[], owner.Owner | None],
        on_buried: Callable[[], None],
        on_orphans: Callable[[list[Intent]], None],
    ) -> None:
        self._place = place
        self._who = who
        self._on_buried = on_buried
        self._on_orphans = on_orphans
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-pulse", daemon=True)
        self._link = Link(place)
        self._unbroken_since = 0.0
        self._last_beat = 0.0
        self._bury_at = 0.0

    def start(self) -> None:
        self._unbroken_since = self._last_beat = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """From now on this process may be taken for dead."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(BEAT_S)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self.beat()
            except (*ERRORS, OSError, StoreError):
                self._link.drop()
        self._link.drop()

    def beat(self) -> None:
        """One beat: renew, and now and then look for the dead."""
        connection = self._usable()
        me = self._who()
        if connection is None or me is None:
            return
        is_known, now = owner.pulse(connection, me), time.monotonic()
        if not is_known:
            self._on_buried()
        if not is_known or now - self._last_beat > owner.DEAD_S / 2:
            self._unbroken_since = now
        self._last_beat = now
        if now >= self._bury_at and self._may_judge(now):
            self._bury_at = now + BURY_S
            self._on_orphans(owner.bury(connection, self._place, me))

    def _may_judge(self, now: float) -> bool:
        return isinstance(self._place, Path) or now - self._unbroken_since > owner.DEAD_S

    def _usable(self) -> Connection | None:
        try:
            return self._link.usable()
        except FileNotFoundError:
            return None  # it is the writer that begins a new one
