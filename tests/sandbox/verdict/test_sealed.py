"""Only a report that was sealed with the order's own key makes a verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.model import Result, Status
from headgate.sandbox.verdict import sealed
from headgate.sandbox.verdict.inside import seal
from headgate.sandbox.verdict.model import Ending

KEY = "ab" * 32


def line(key: str = KEY, **other: Any) -> str:
    body = {
        "ending": "passed", "seen": 1, "passed": 1, "failure": "", "suspicion": [],
        "apart": True, **other,
    }  # fmt: skip
    text = json.dumps(body)
    return f"\n{seal.MARK} {seal.mac(bytes.fromhex(key), text)} {text}\n"


def read(stdout: str, status: Status = Status.OK) -> Any:
    return sealed.reader(KEY)(Result(status=status, stdout=stdout, exit_code=0))


def test_a_sealed_report_of_checks_that_passed_is_a_pass() -> None:
    assert read("noise" + line()).passed


def test_the_seal_of_another_order_is_not_believed() -> None:
    verdict = read(line(key="cd" * 32))
    assert not verdict.passed
    assert verdict.ending is Ending.SILENT


@given(st.text(), st.text())
def test_no_text_is_a_pass(mac: str, body: str) -> None:
    assert not read(f"{body}\n{seal.MARK} {mac} {body}\nPASSED").passed


@pytest.mark.parametrize(
    "report",
    [{"seen": 0, "passed": 0}, {"seen": 2}, {"ending": "failed"}, {"ending": "anything"}],
)
def test_a_report_without_a_check_or_with_one_that_did_not_pass_is_no_pass(
    report: dict[str, Any],
) -> None:
    assert not read(line(**report)).passed


def test_a_run_that_did_not_end_well_is_no_pass() -> None:
    verdict = read(line(), Status.WALL)
    assert not verdict.passed
    assert verdict.ending is Ending.LIMIT


def test_without_a_report_a_limit_and_our_own_failure_keep_their_names() -> None:
    assert read("", Status.MEMORY).ending is Ending.LIMIT
    assert read("", Status.BROKEN).ending is Ending.BROKEN
    assert read("", Status.OK).ending is Ending.SILENT


def test_each_order_has_a_key_of_its_own() -> None:
    assert sealed.new_key() != sealed.new_key()
