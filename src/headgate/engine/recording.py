"""Decides for each call whether it is recorded, and hands it over once it is over.

Rule 1: whoever calls can refuse; then nothing is noted of the call at all.
Rule 2: only what an upstream answered to its end is recorded: neither failures nor answers that
were given again, which are recorded where they were first given.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.config.model import Recording as Allowed
from headgate.engine.recorder import LONG, Recorder, Taken
from headgate.engine.tally import Sink, Tally, tags
from headgate.engine.tape import Tape
from headgate.policy.recording import is_of_share, means, means_model, refuses
from headgate.store.recordings import Recorded
from headgate.wire.call import Call
from headgate.wire.model import Ending
from headgate.wire.transcript import Asked

_UNREAD = Asked("", ())


class _Caller(NamedTuple):
    """What is known of whoever calls, by the same header fields each time."""

    is_meant: bool
    name: str
    """of the key"""


class Recording:
    """Of one engine."""

    def __init__(self, allowed: Allowed, recorder: Recorder) -> None:
        self._allowed = allowed
        self._named = allowed.named
        self._recorder = recorder

    def begin(self, call: Call, sink: Sink) -> Tape | None:
        """A sink to answer into in place of this one; None: the call is not recorded."""
        if not (
            call.surface.converses
            and self._caller(call).is_meant
            and means_model(self._named, call.model)
            and is_of_share(self._named.share, call.id)
        ):
            return None
        return Tape(sink, self._allowed.entry_bytes if self._allowed.answers else 0)

    def _caller(self, call: Call) -> _Caller:
        known: _Caller | None = call.kept.get(self)
        if known is None:
            holder = call.holder
            name = self._recorder.name_of(holder.key_id) if holder.key_id else ""
            is_meant = not refuses(call.told) and means(
                self._named, (holder.key_id, name), tags(call)
            )
            known = call.kept[self] = _Caller(is_meant, name)
        return known

    def end(self, tape: Tape, tally: Tally) -> None:
        """The call is over: have it written, if it was answered to its end."""
        target = tally.target
        if (
            target is None
            or tally.answered_from
            or tally.canned
            or tally.fault is not None
            or tally.ending is not Ending.COMPLETE
            or not 200 <= tally.status < 300
        ):
            return
        call, usage, allowed = tally.call, tally.reading.usage, self._allowed
        if tape.is_too_long or len(call.envelope.body) > allowed.entry_bytes:
            self._recorder.drop(LONG)
            return
        about = Recorded(
            id=call.id,
            at_us=tally.at_us,
            surface=call.surface.name,
            stream=call.stream,
            key_id=call.holder.key_id,
            key=self._caller(call).name,
            tags=tuple(tags(call)),
            model_asked=call.model,
            provider=target.provider,
            model_sent=target.model or call.model,
            asked=_UNREAD,
            input_tokens=usage.input_total,
            output_tokens=usage.output,
        )
        reply = tape.body if allowed.answers else None
        self._recorder.put(
            Taken(
                call.surface,
                call.envelope.body,
                reply,
                tape.streamed,
                about,
                allowed.disk_bytes,
            )
        )
