"""A project has one runtime for its checks, and the toolchains code is run with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Runtime
from headgate.validate.checks import load
from headgate.validate.project import Project
from headgate.validate.toolbox import Box, setting

CHECKS = {it.name: it for it in load()}


def test_the_interpreter_itself_needs_no_tool(tmp_path: Path) -> None:
    box = Box(Project(tmp_path, tmp_path, ".py", ()))
    assert box.look(CHECKS["python-syntax"]) is not None
    runtime = box.runtime()
    assert isinstance(runtime, Runtime)
    assert runtime.kind == "python"


def test_a_toolchain_is_looked_for_where_code_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gofmt").write_text("")
    (tmp_path / "gofmt").chmod(0o755)
    found = Runtime("go", "1.26", "program", env=(("PATH", str(tmp_path)),))
    monkeypatch.setattr(catalogue, "look", lambda name: found)
    box = Box(Project(tmp_path, tmp_path, ".go", ()))
    tool = box.look(CHECKS["gofmt"])
    assert tool is not None
    assert tool.path == str(tmp_path / "gofmt")
    assert box.look(CHECKS["go-vet"]) is None


def test_a_missing_toolchain_is_no_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "look", lambda name: Missing("no Go", "install it"))
    box = Box(Project(tmp_path, tmp_path, ".go", ()))
    assert box.look(CHECKS["gofmt"]) is None
    assert isinstance(box.runtime(), Missing)


def test_packages_that_come_change_the_stamp(tmp_path: Path) -> None:
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").write_text("")
    project = Project(tmp_path, tmp_path, ".py", ())
    before = setting(project, {}).stamp
    (packages / "new").mkdir()
    assert before
    assert setting(project, {}).stamp != before


def test_a_package_that_is_changed_in_its_place_is_noticed(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    project = Project(tmp_path, tmp_path, ".js", ())
    before = setting(project, {}).stamp
    (modules / ".package-lock.json").write_text("{}")
    os.utime(modules, ns=(1, 1))
    first = setting(project, {}).stamp
    os.utime(modules / ".package-lock.json", ns=(1, 1))
    assert len({before, first, setting(project, {}).stamp}) == 3
