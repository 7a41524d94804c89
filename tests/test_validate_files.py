"""What brings validation to other people's CI holds together: hooks, action, template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped] # it has no types of its own

from headgate.cli import main

ROOT = Path(__file__).resolve().parents[1]
HOOKS, ACTION = ROOT / ".pre-commit-hooks.yaml", ROOT / "action.yml"
GITLAB, WORKFLOW = ROOT / "deploy/gitlab/validate.yml", ROOT / ".github/workflows/validate.yml"


def options() -> set[str]:
    context = click.Context(main)
    group = main.get_command(context, "validate")
    assert isinstance(group, click.Group)
    return {name for it in group.commands["run"].params for name in it.opts}


@pytest.mark.parametrize("path", [HOOKS, ACTION, GITLAB], ids=lambda it: it.name)
def test_every_option_that_is_typed_there_exists(path: Path) -> None:
    lines = [
        it for it in path.read_text().splitlines() if "validate run" in it or "words+=" in it
    ]
    typed = {word for line in lines for word in re.findall(r"(?<![\w-])--[a-z]+", line)}
    assert lines
    assert typed <= options()


def test_every_hook_says_what_pre_commit_asks() -> None:
    hooks: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text())
    assert len({it["id"] for it in hooks}) == len(hooks)
    for it in hooks:
        assert {"id", "name", "entry", "language", "types_or"} <= it.keys()


def test_no_input_of_the_action_is_read_as_a_program() -> None:
    action = yaml.safe_load(ACTION.read_text())
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]
        assert "run" not in step or step["shell"] == "bash"
    used = set(re.findall(r"inputs\.([a-z]+)", ACTION.read_text()))
    assert used == set(action["inputs"])


def test_the_workflow_validates_this_repository_with_the_action_itself() -> None:
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["validate"]["steps"]
    own = next(it for it in steps if it.get("uses") == "./")
    assert all((ROOT / name).exists() for name in own["with"]["files"].split())
    assert own["with"].keys() <= yaml.safe_load(ACTION.read_text())["inputs"].keys()


def test_the_template_lies_where_the_guide_says() -> None:
    text = (ROOT / "docs/guides/validate-generated-code.md").read_text()
    assert GITLAB.relative_to(ROOT).as_posix() in text
    assert ".headgate-validate" in yaml.safe_load(GITLAB.read_text())
