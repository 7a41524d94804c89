"""Reads the sealed report of a judge from a result: the only thing that makes a verdict.

Rule 1: a line that the key does not vouch for is text like any other; the key is used once.
Rule 2: a verdict of `passed` needs a run that ended well, a report, and checks that all passed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from headgate.sandbox.model import LIMITED, Result, Status
from headgate.sandbox.verdict.inside.seal import MARK
from headgate.sandbox.verdict.model import Ending, Verdict

Reader = Callable[[Result], Verdict]

_ENDINGS = {it.value for it in Ending}


def new_key() -> str:
    return secrets.token_hex(32)


def reader(key: str, *, apart: bool = True) -> Reader:
    """Reads results of the order that carried this key."""

    def read(result: Result) -> Verdict:
        report = _report(result.stdout, bytes.fromhex(key))
        if report is None:
            return _without(result, apart=apart)
        return _verdict(result, report)

    return read


def _report(stdout: str, key: bytes) -> Mapping[str, Any] | None:
    for line in stdout.splitlines():
        mark, _, rest = line.partition(" ")
        mac, _, body = rest.partition(" ")
        if mark == MARK and hmac.compare_digest(
            hmac.new(key, body.encode(), hashlib.sha256).hexdigest().encode(), mac.encode()
        ):
            report: Mapping[str, Any] = json.loads(body)
            return report
    return None


def _verdict(result: Result, report: Mapping[str, Any]) -> Verdict:
    ending = Ending(report["ending"]) if report["ending"] in _ENDINGS else Ending.BROKEN
    seen, passed = int(report["seen"]), int(report["passed"])
    failure = str(report["failure"])
    is_passed = ending is Ending.PASSED and seen == passed and seen > 0
    if is_passed and result.status is not Status.OK:
        is_passed, ending = False, _by_status(result.status)
        failure = f"the run ended with {result.status.value} after its last check"
    elif ending is Ending.PASSED and not is_passed:
        ending = Ending.FAILED
    if ending is Ending.NO_CHECKS and not failure:
        failure = "not a single check ran"
    return Verdict(
        passed=is_passed,
        checks_seen=seen,
        checks_passed=passed,
        first_failure="" if is_passed else failure,
        status=result.status,
        ending=ending,
        suspicion=tuple(str(it) for it in report["suspicion"]),
        apart=bool(report["apart"]),
        output=str(report.get("output", "")),
    )


def _by_status(status: Status) -> Ending:
    if status is Status.BROKEN:
        return Ending.BROKEN
    return Ending.LIMIT if status in LIMITED else Ending.SILENT


def _without(result: Result, *, apart: bool) -> Verdict:
    ending = _by_status(result.status)
    words = {
        Ending.BROKEN: "the sandbox failed; this says nothing about the code",
        Ending.LIMIT: f"{result.status.value} before the judge could report",
    }.get(ending, f"the judge did not report (the run ended with {result.status.value})")
    return Verdict(
        passed=False, first_failure=words, status=result.status, ending=ending, apart=apart
    )
