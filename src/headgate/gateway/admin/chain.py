"""What can be asked of the log of administrators: its rows, and whether it is whole.

Rule 1: it is read by whoever may read the whole house, and written by no request.
"""

from __future__ import annotations

from headgate.gateway.admin import reading, shape
from headgate.gateway.admin.operation import Job, Operation, Refused
from headgate.gateway.admin.reach import house_wide
from headgate.store.adminlog import Head, Wanted, entries, verify


def _log(job: Job) -> object:
    house_wide(job.who, "the log of administrators")
    asked = job.query
    before = 0
    if asked.after:
        if not (asked.after.isascii() and asked.after.isdigit()) or len(asked.after) > 15:
            raise Refused(400, f"after: {asked.after!r} is no number of a row", "begin anew")
        before = int(asked.after)
        if not before:
            raise Refused(400, "after: rows are numbered from 1", "begin anew")
    since_us = reading.at_us(asked.since) if asked.since else 0
    wanted = Wanted(since_us, before, asked.actor, asked.action, asked.limit + 1)
    found = entries(job.store, wanted)
    shown = [reading.row(each) for each in found[: asked.limit]]
    more = len(found) > asked.limit
    return shape.Log(shown, str(shown[-1].seq) if more else None)


def _verify(job: Job) -> object:
    house_wide(job.who, "the log of administrators")
    anchor = None
    if job.query.anchor:
        try:
            anchor = Head.parse(job.query.anchor)
        except ValueError:
            hint = "send what an earlier answer called head"
            raise Refused(400, "anchor: write COUNT:HASH", hint) from None
    found = verify(job.store, anchor)
    whole = not found.broken
    broken = found.broken or None
    return shape.Verified(whole, found.head.rows, str(found.head), broken, found.why)


OPERATIONS = [
    Operation("GET", "/admin/log", "log:read", "What administrators did, newest first",
              shape.Log, _log, query=shape.LogPage),
    Operation("GET", "/admin/log/verify", "log:read", "Is the log as it was written",
              shape.Verified, _verify, query=shape.Anchor),
]  # fmt: skip
