"""Watches one streamed reply pass: what it says, what it used, and the one way it ended.

Rule 1: a stream has exactly one ending; after it nothing more is forwarded.
Rule 2: only whole events are forwarded, so that a ping or an error of ours can always follow.
Rule 3: the bytes of an event are forwarded as they came.
Rule 4: what comes before a broken event is not lost with it: `intact` holds it.
"""

from __future__ import annotations

from headgate.wire import Dialect
from headgate.wire.broken import BROKEN, mend
from headgate.wire.model import Ending, Fault, Kind
from headgate.wire.openai_chat import is_usage_only
from headgate.wire.reading import Reading
from headgate.wire.sse import Splitter, Sse, blocks, parse

_BOM = b"\xef\xbb\xbf"


class StreamWatch:
    """Feed it the reply's bytes; it returns those to forward and keeps a Reading."""

    __slots__ = (
        "_drop_usage",
        "_error_event",
        "_see",
        "_splitter",
        "_stop_ends",
        "ending",
        "intact",
        "reading",
    )

    def __init__(self, dialect: Dialect, reading: Reading, *, drop_usage: bool = False) -> None:
        self.reading = reading
        self.ending: Ending | None = None
        self.intact = b""
        """whole events that came just before a broken one, and were not returned"""
        self._see = dialect.see
        self._error_event = dialect.error_event
        self._stop_ends = dialect.STOP_ENDS
        self._splitter = Splitter()
        self._drop_usage = drop_usage

    def feed(self, data: bytes) -> bytes:
        """The whole events now complete; a broken one raises the fault it is."""
        if self.ending is not None:
            return b""
        complete = self._splitter.feed(data)
        return self._watch(complete) if complete else b""

    def finish(self) -> bytes:
        """The upstream ended cleanly: the last event may lack its blank line."""
        forward = b"" if self.ending is not None else self._last(self._splitter.rest())
        self.close(Ending.TRUNCATED)
        return forward

    def _last(self, rest: bytes) -> bytes:
        event = parse(rest)
        if event is None or not event.data:
            return b""
        try:
            forward = self._watch(rest)
        except Fault:
            return b""  # cut in the middle of an event: nobody shall read half of it
        return forward and forward + b"\n\n"

    def _watch(self, complete: bytes) -> bytes:
        reading, see = self.reading, self._see
        dropped = False
        whole = blocks(complete)
        for at, block in enumerate(whole):
            event = parse(block)
            if event is None and block.startswith(_BOM):
                event = parse(block[len(_BOM) :])
            if event is None or not event.data:
                continue
            try:
                see(event, reading)
            except BROKEN:
                if not self._see_mended(event):
                    self.intact = b"".join(whole[:at])
                    raise Fault(Kind.UPSTREAM, "the upstream sent a malformed event") from None
            if self._drop_usage and is_usage_only(event):
                whole[at] = b""
                dropped = True
            if reading.fault is not None:
                self.ending = Ending.ERROR
                return b"".join(whole[: at + 1])
            if reading.done:
                self.ending = Ending.COMPLETE
                return b"".join(whole[: at + 1])
        return b"".join(whole) if dropped else complete

    def _see_mended(self, event: Sse) -> bool:
        """Learn from a mended copy; False when it is broken beyond what clients would read."""
        try:
            self._see(Sse(event.name, mend(event.data)), self.reading)
        except BROKEN:
            return False
        return True

    def fail(self, fault: Fault, call_id: str) -> bytes:
        """What ends a stream that cannot go on, behind what was whole of a broken read."""
        return self.intact + self._error_event(fault, call_id, self.reading)

    def close(self, why: Ending) -> Ending:
        """The ending, decided once: an earlier one stands."""
        if self.ending is None:
            whole = why is Ending.TRUNCATED and self._stop_ends and bool(self.reading.stop)
            self.ending = Ending.COMPLETE if whole else why
        return self.ending
