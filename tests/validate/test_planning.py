"""Checks are chosen as the project says, and put together so that tools start seldom."""

from __future__ import annotations

from pathlib import Path

from headgate.sandbox.model import Limits, Runtime
from headgate.validate.check import Check, Found
from headgate.validate.checks import load
from headgate.validate.planning import AT_ONCE, Chosen, Setting, choose, errands, unmounted
from headgate.validate.project import Project, Source

PYTHON = [it for it in load() if ".py" in it.suffixes]
RUNTIME = Runtime("validate", "3", "python")


def names(configs: dict[str, bytes], *installed: str) -> tuple[list[str], list[str]]:
    def look(check: Check) -> Found | None:
        return Found("x") if check.tool is None or check.name in installed else None

    chosen, absent = choose(PYTHON, configs, look)
    return [it.check.name for it in chosen], [it.check.name for it in absent]


def test_the_first_that_is_installed_is_taken() -> None:
    chosen, absent = names({}, "black", "mypy", "ty")
    assert chosen == ["python-syntax", "black", "ty"]
    assert absent == ["ruff"]


def test_the_one_that_the_project_names_is_taken_even_if_another_is_there() -> None:
    configs = {"pyproject.toml": b"[tool.black]\n[tool.mypy]\n"}
    assert names(configs, "ruff-format", "black", "ty", "mypy")[0][1:] == ["black", "mypy"]
    assert names(configs, "ruff-format", "ty")[1] == ["black", "ruff", "mypy"]


def chosen(name: str) -> Chosen:
    check = next(it for it in PYTHON if it.name == name)
    return Chosen(check, Found("/opt/t/bin/x", ("/opt/t", "/opt/t/lib")))


def sources(root: Path, count: int, data: bytes = b"") -> tuple[Source, ...]:
    return tuple(Source(f"{n}.py", f"{n}.py", data, ".py") for n in range(count))


def test_many_files_and_several_tools_share_an_order(tmp_path: Path) -> None:
    own = sources(tmp_path, AT_ONCE + 1)
    project = Project(tmp_path, tmp_path, ".py", own)
    wanted = [(chosen(name), own) for name in ("python-syntax", "ruff", "ty")]
    made, too_large = errands(project, wanted, Setting({}), RUNTIME, Limits())
    assert too_large == []
    assert sorted(len(it.order.steps) for it in made) == [1, 2, 2]
    assert all(step.goes_on for it in made for step in it.order.steps)
    assert {it.order.runtime for it in made} == {made[0].order.runtime}
    assert [it.source for it in made[0].order.runtime.trees] == ["/opt/t"]


def test_a_file_that_imports_its_project_is_checked_with_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "pkg.py").write_text("x = 1\n")
    own = sources(tmp_path, 1, b"import pkg\n")
    project = Project(tmp_path, tmp_path, ".py", own)
    wanted = [(chosen(name), own) for name in ("ruff-format", "ty")]
    made, _ = errands(project, wanted, Setting({}), RUNTIME, Limits())
    laid = {it.parts[0].chosen.check.name: {one.path for one in it.order.files} for it in made}
    assert laid["ty"] == {"0.py", "pkg.py"}
    assert laid["ruff-format"] == {"0.py"}


def test_where_nothing_is_mounted_packages_are_found_by_a_link(tmp_path: Path) -> None:
    own = sources(tmp_path, 1)
    project = Project(tmp_path, tmp_path, ".py", own)
    setting = Setting({}, modules="/opt/me/node_modules")
    (made,), _ = errands(project, [(chosen("python-syntax"), own)], setting, RUNTIME, Limits())
    readable = Runtime("python", "3", "python", "/opt/py/bin/python", trees=())
    order = unmounted(made.order, readable)
    assert order.steps[0].argv[2:] == ("--", "/opt/me/node_modules", "node_modules")
    assert [it.name for it in order.steps[1:]] == [it.name for it in made.order.steps]
    assert all(it.source == it.target for it in order.runtime.trees)
    assert order.runtime.interpreter == "/opt/py/bin/python"
    assert unmounted(order) == order
