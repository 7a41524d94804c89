"""JUnit is well-formed whatever names and messages hold."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.problem import State
from headgate.validate.told.junit import junit
from tests.reports import other, problem, report, verdict


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_and_message_make_a_document(path: str, message: str) -> None:
    made = junit(report(verdict(problem(path, message=message), path=path)))
    suites = ElementTree.fromstring(made)  # noqa: S314 - it is ours
    assert len(suites.findall("./testsuite/testcase/failure")) == 1


def test_skipped_and_broken_are_neither_passed_nor_failed() -> None:
    suites = ElementTree.fromstring(  # noqa: S314 - it is ours
        junit(report(verdict(), other(State.SKIPPED), other(State.BROKEN, check="mypy")))
    )
    wanted = {"tests": "3", "failures": "0", "errors": "1", "skipped": "1"}
    assert {name: suites.get(name) for name in wanted} == wanted
    skipped = suites.find(".//skipped")
    assert skipped is not None
    assert "pip install ty" in str(skipped.get("message"))
