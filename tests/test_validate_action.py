"""The action's own steps, run as a runner runs them: inputs, outputs, summary and exit code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml  # type: ignore[import-untyped] # it has no types of its own

from tests.cli.test_validating import contained

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


class Ran(NamedTuple):
    """What a job would see of the action."""

    exit_code: int
    outputs: dict[str, str]
    summary: str
    log: str
    installed: str


class Job:
    """A workspace, and a Python that installs nothing."""

    def __init__(self, folder: Path) -> None:
        self.work, self.folder = folder / "work", folder
        self.work.mkdir()
        self.python = folder / "python"
        self.pip = folder / "pip.log"
        own, log = shlex.quote(sys.executable), shlex.quote(str(self.pip))
        self.python.write_text(
            "#!/bin/bash\n"
            f'if [ "$2" = pip ]; then printf "%s " "${{@:3}}" >>{log}; exit; fi\n'
            f'exec {own} "$@"\n'
        )
        self.python.chmod(0o755)

    def use(self, **given: str) -> Ran:
        """As `uses:` with `with:` would."""
        inputs = {name: str(it["default"]) for name, it in ACTION["inputs"].items()}
        inputs |= {"python": str(self.python)} | given
        files = {name: self.folder / name for name in ("output", "summary")}
        for it in files.values():
            it.write_text("")
        log, code = "", 0
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or not _holds(step.get("if", ""), inputs):
                continue
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.work,
                env=self._env(step, inputs, files),
                capture_output=True,
                text=True,
                check=False,
            )
            log, code = log + done.stdout + done.stderr, done.returncode
            if code:
                break
        outputs = dict(it.split("=", 1) for it in files["output"].read_text().splitlines())
        return Ran(code, outputs, files["summary"].read_text(), log, self.pip.read_text())

    def _env(
        self, step: dict[str, Any], inputs: dict[str, str], files: dict[str, Path]
    ) -> dict[str, str]:
        own = {name: _filled(it, inputs) for name, it in step.get("env", {}).items()}
        kept = {it: os.environ[it] for it in ("PATH", "HOME", "LANG") if it in os.environ}
        return {
            **kept,
            "HEADGATE_HOME": str(self.folder / "state"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            **own,
        }


def _filled(text: str, inputs: dict[str, str]) -> str:
    known = {f"inputs.{name}": it for name, it in inputs.items()}
    known["github.action_path"] = str(ROOT)
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda it: known[it[1]], text)


def _holds(condition: str, inputs: dict[str, str]) -> bool:
    if not condition:
        return True
    found = re.fullmatch(r"inputs\.(\w+) == ''", condition)
    assert found is not None, f"a condition that this runner does not know: {condition}"
    return inputs[found[1]] == ""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    made = Job(tmp_path)
    (made.work / "good.py").write_text("X = 1\n")
    (made.work / "bad.py").write_text("def f(:\n")
    return made


@contained
@pytest.mark.slow
def test_a_good_file_passes_and_the_tools_that_are_asked_for_are_installed(job: Job) -> None:
    ran = job.use(files="good.py", args="--only syntax", tools="ruff ty")
    assert (ran.exit_code, ran.outputs) == (0, {"exit-code": "0"}), ran.log
    assert ran.installed.split().count("install") == 2
    assert "ruff ty" in ran.installed
    assert (job.work / "headgate.sarif").is_file()


@contained
@pytest.mark.slow
def test_a_wrong_file_is_annotated_summed_up_and_fails_the_step(job: Job) -> None:
    ran = job.use(files="good.py bad.py", args="--only syntax", junit="j.xml", tools="")
    assert (ran.exit_code, ran.outputs) == (1, {"exit-code": "1"}), ran.log
    assert "::error file=bad.py,line=1" in ran.log
    assert "| bad.py | 1 | error |" in ran.summary
    assert (job.work / "j.xml").is_file()
    assert ran.installed.split().count("install") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"files": "$(touch pwned); `touch pwned` --sarif=pwned"},
        {"changed": "$(touch pwned)", "tools": "$(touch pwned)"},
        {"args": "--only $(touch${IFS}pwned)", "sarif": "$(touch pwned)"},
    ],
    ids=" ".join,
)
@pytest.mark.slow
def test_no_input_is_run_as_a_program_or_taken_for_an_option(
    job: Job, given: dict[str, str]
) -> None:
    ran = job.use(**given)
    assert ran.exit_code == 2, ran.log
    assert not (job.work / "pwned").exists()
    assert ran.outputs == {"exit-code": "2"}
