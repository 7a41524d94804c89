"""The page of the conformance suite shows every promise of the run it is drawn from."""

from __future__ import annotations

import json

from docs import conformance
from headgate.conformance.families import chosen

RUN = json.loads(conformance.RUN.read_text())


def test_every_promise_and_every_failure_is_shown() -> None:
    text = conformance.page()
    for gateway in RUN["gateways"]:
        assert f"| {gateway['name']} | {gateway['version']} |" in text
        for case in gateway["cases"]:
            assert f"| {case['promise']} |" in text
    fails = [c for each in RUN["gateways"] for c in each["cases"] if c["ruling"] == "fails"]
    assert text.count("\n* ") == len(fails)


def test_gateways_were_put_to_the_same_promises() -> None:
    played = [
        [(c["promise"], c["caller"], c["upstream"]) for c in each["cases"]]
        for each in RUN["gateways"]
    ]
    assert len(played) > 1
    assert all(each == played[0] for each in played)


def test_the_run_is_of_the_suite_as_it_is() -> None:
    promises = {case.name for cases in chosen(long=True).values() for case in cases}
    kept = {case["promise"] for case in RUN["gateways"][0]["cases"]}
    assert kept == promises, "run: make conformance"


def test_headgate_keeps_every_promise() -> None:
    assert RUN["gateways"][0]["name"] == "Headgate"
    assert RUN["gateways"][0]["totals"]["fails"] == 0
