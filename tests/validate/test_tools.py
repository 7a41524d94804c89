"""Tools are found where people have them, without running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.validate.check import Tool
from headgate.validate.tools import environment, find, interpreter, modules, upwards


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_projects_environment_comes_before_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    venv = tmp_path / ".venv"
    program(venv / "bin" / "mytool")
    (venv / "pyvenv.cfg").write_text("")
    (venv / "lib/python3.11/site-packages/mytool-1.2.dist-info").mkdir(parents=True)
    assert environment(tmp_path, tmp_path) == venv
    found = find(Tool("mytool", "", "python"), [venv], None)
    assert found is not None
    assert (found.path, found.version) == (str(venv / "bin" / "mytool"), "1.2")
    assert str(venv) in found.trees


def test_the_compiled_program_is_taken_where_a_script_would_only_start_it(
    tmp_path: Path,
) -> None:
    node = tmp_path / "node_modules"
    native = program(node / "@biomejs" / "cli-linux-x64" / "biome")
    program(node / "@biomejs" / "cli-linux-x64-musl" / "biome")
    program(node / ".bin" / "biome")
    assert modules(tmp_path / "src", tmp_path) == node
    found = find(Tool("biome", "", "node"), [], node)
    assert found is not None
    assert found.path == str(native)


def test_an_upgrade_has_another_stamp(tmp_path: Path) -> None:
    tool = Tool("mytool", "", "python")
    program(tmp_path / "bin" / "mytool")
    one = find(tool, [tmp_path], None)
    program(tmp_path / "bin" / "mytool", "#!/bin/sh\n# new\n")
    other = find(tool, [tmp_path], None)
    assert one is not None
    assert other is not None
    assert one.stamp != other.stamp


def test_what_is_not_installed_is_not_found() -> None:
    assert find(Tool("surely-not-installed", "", "python"), [], None) is None


def test_folders_are_looked_through_up_to_the_repository_and_no_further() -> None:
    found = list(upwards(Path("/a/b/c"), Path("/a")))
    assert found == [Path("/a/b/c"), Path("/a/b"), Path("/a")]
    assert list(upwards(Path("/a"), Path("/a"))) == [Path("/a")]


def test_what_a_script_names_in_its_first_line_is_known(tmp_path: Path) -> None:
    assert interpreter(program(tmp_path / "a", "#!/opt/py/bin/python\n")) == Path(
        "/opt/py/bin/python"
    )
    assert interpreter(program(tmp_path / "b", "\x7fELF")) is None
