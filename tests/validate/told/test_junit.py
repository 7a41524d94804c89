"""JUnit is well-formed whatever names and messages hold."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given

from headgate.validate.problem import State
from headgate.validate.told.junit import junit
from tests.reports import hostile, other, problem, report, verdict


@given(hostile, hostile)
def test_any_name_and_message_make_a_document(path: str, message: str) -> None:
    made = junit(report(verdict(problem(path, message=message), path=path)))
    suites = ElementTree.fromstring(made)  # noqa: S314 - it is ours
    (failure,) = suites.findall("./testsuite/testcase/failure")
    assert len(failure.get("message") or "") <= 1_100
    assert len(failure.text or "") <= 61_000
    made.encode()


def test_skipped_and_broken_are_neither_passed_nor_failed() -> None:
    suites = ElementTree.fromstring(  # noqa: S314 - it is ours
        junit(report(verdict(), other(State.SKIPPED), other(State.BROKEN, check="mypy")))
    )
    wanted = {"tests": "3", "failures": "0", "errors": "1", "skipped": "1"}
    assert {name: suites.get(name) for name in wanted} == wanted
    skipped = suites.find(".//skipped")
    assert skipped is not None
    assert "pip install ty" in str(skipped.get("message"))


def test_names_and_sums_are_where_readers_look_for_them() -> None:
    """Suites and cases have what Jenkins, GitLab and GitHub's reporters sort and count by."""
    made = junit(report(verdict(problem()), other(State.SKIPPED), verdict(path="b.py")))
    suites = ElementTree.fromstring(made)  # noqa: S314 - it is ours
    for suite in suites.findall("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.get("tests") or 0) == len(cases)
        for word in ("failure", "error", "skipped"):
            own = "skipped" if word == "skipped" else f"{word}s"
            assert int(suite.get(own) or 0) == len(suite.findall(f"testcase/{word}"))
        for it in cases:
            assert it.get("classname")
            assert it.get("name")
            assert float(it.get("time") or -1) >= 0
