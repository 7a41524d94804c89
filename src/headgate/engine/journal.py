"""The log: one JSON line per call and per retry, written by a thread: nobody waits for it.

Rule 1: no bodies, no secrets: only what the ledger row may hold.
Rule 2: lines are whole, whoever else writes to the same log: each batch waits for its turn.
Rule 3: bounded: when whoever reads the log does not keep up, lines are dropped and counted.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from queue import SimpleQueue

import msgspec

from headgate.policy.router import Target, Wait
from headgate.wire.model import Fault, Kind

BATCHES_KEPT = 50
LINES_PER_BATCH = 2000


SPOKEN: dict[Kind, str] = {
    Kind.UPSTREAM_LIMITED: "rate limited",
    Kind.OVERLOADED: "overloaded",
    Kind.UPSTREAM: "upstream error",
    Kind.CONNECTION: "connection failed",
    Kind.TIMEOUT: "timed out",
    Kind.IDLE: "fell silent",
    Kind.TRUNCATED: "broke off",
    Kind.UPSTREAM_AUTH: "rejected our credential",
}


class Journal:
    def __init__(
        self,
        descriptor: int = 2,
        turn: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """`turn` keeps other processes from writing between two parts of a batch."""
        self._descriptor = descriptor
        self._turn = turn
        self._lines: list[bytes] = []
        self._batches: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._dropped = 0
        self._encode = msgspec.json.Encoder().encode
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def say(self, event: str, **facts: object) -> None:
        """Note something; it is written at the next flush()."""
        self._add({"at": datetime.now(UTC), "event": event, **facts})

    def retry(self, id: str, wait: Wait) -> None:
        """The same target is tried again after a pause."""
        fault, target = wait.fault, wait.target
        self.say(
            "retry",
            id=id,
            target=f"{target.provider}:{target.model}",
            fault=fault.kind,
            message=f"{SPOKEN.get(fault.kind, fault.kind)}, waiting {wait.seconds:.3g} s,"
            f" try {wait.number} of {target.tries}",
        )

    def fallback(self, id: str, last: Target | None, target: Target, fault: Fault) -> None:
        """The next target of the ladder is tried."""
        name = f"{target.provider}:{target.model}"
        failed = f"{last.provider}:{last.model}: " if last is not None else ""
        self.say(
            "fallback",
            id=id,
            target=name,
            fault=fault.kind,
            message=f"{failed}{SPOKEN.get(fault.kind, fault.kind)}, trying {name}",
        )

    def next_account(self, id: str, target: Target, account: str, fault: Fault) -> None:
        """Another account of the same target is tried at once."""
        self.say(
            "next_account",
            id=id,
            target=f"{target.provider}:{target.model}",
            account=account,
            fault=fault.kind,
            message=f"{account}: {SPOKEN.get(fault.kind, fault.kind)}, trying the next account",
        )

    def call(self, facts: dict[str, object]) -> None:
        self._add(facts)

    def _add(self, facts: dict[str, object]) -> None:
        lines = self._lines
        lines.append(self._encode(facts))
        if len(lines) >= LINES_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand what was noted to the writing thread."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        if self._batches.qsize() >= BATCHES_KEPT:
            self._dropped += len(lines)
            return
        if self._dropped:
            lines.append(self._encode({"event": "log_lines_dropped", "lines": self._dropped}))
            self._dropped = 0
        self._batches.put(lines)

    def close(self) -> None:
        self.flush()
        self._batches.put(None)
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        while (lines := self._batches.get()) is not None:
            data = memoryview(b"\n".join(lines) + b"\n")
            with self._turn(), contextlib.suppress(OSError):  # nobody reads the log any more
                while data:
                    data = data[os.write(self._descriptor, data) :]
