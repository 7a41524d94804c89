"""A project begins where its language says so, and is laid out only for what imports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.validate.checks import load
from headgate.validate.project import (
    Project,
    Source,
    beginning,
    beside,
    configs,
    imports_project,
    laid_as,
    listing,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "ruff.toml", "src/pkg/__init__.py", "src/pkg/ruff.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# it\n")
    return tmp_path


def project(tree: Path, data: bytes, name: str = "src/pkg/new.py") -> tuple[Source, Project]:
    source = Source(name, name, data, ".py")
    return source, Project(tree, tree, ".py", (source,))


def test_it_begins_at_the_nearest_folder_that_says_so(tree: Path) -> None:
    here = tree / "src" / "pkg"
    assert beginning(here, ".go", tree)[0] == tree
    assert beginning(here, ".py", tree)[0] == here
    assert beginning(tree / "src", ".py", tree)[0] == tree


def test_configuration_on_the_way_to_a_file_is_laid_where_it_lies(tree: Path) -> None:
    _, one = project(tree, b"")
    assert {"pyproject.toml", "ruff.toml", "src/pkg/ruff.toml"} <= set(configs(one, load()))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"import os\nimport pkgs\n", False),
        (b"# import pkg\n", False),
        (b"import pkg\n", True),
        (b"    from pkg.x import y\n", True),
        (b"from . import x\n", True),
    ],
)
def test_only_what_imports_some_of_it_gets_the_project(
    tree: Path, data: bytes, wanted: bool
) -> None:
    assert imports_project(*project(tree, data)) is wanted


def test_the_rest_of_the_project_is_what_a_file_may_import(tree: Path) -> None:
    _, one = project(tree, b"")
    assert set(beside(one, ["src/pkg/new.py"]) or ()) == {"src/pkg/__init__.py"}


@pytest.mark.parametrize(
    "name", ["-rf.py", "a\nb.py", "a\u202eb.py", "x" * 300 + ".py", "a/-b.py"]
)
def test_a_name_that_could_be_taken_for_something_else_is_laid_under_another(name: str) -> None:
    assert laid_as(name, 7) == "unusual/file7.py"


def test_plain_names_are_kept() -> None:
    for name in ("a.py", "src/pkg/über (1).py", "[id]/page.ts", ".py"[1:]):
        assert laid_as(name, 1) == name


def test_without_git_what_is_hidden_or_built_is_not_listed(tree: Path) -> None:
    for name in (".venv/x.py", "node_modules/x.js", "build/x.py"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text("")
    assert not any("x." in it for it in listing(tree))


def test_what_lies_beside_a_script_is_of_its_project(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "near.py").write_text("x = 1\n")
    script = Source("tools/run.py", "tools/run.py", b"import near\n", ".py")
    far = Source("run.py", "run.py", b"import near\n", ".py")
    project = Project(tmp_path, tmp_path, ".py", (script, far))
    assert imports_project(script, project)
    assert not imports_project(far, project)
