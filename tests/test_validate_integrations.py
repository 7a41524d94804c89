"""Under pre-commit, GitHub's runner and GitLab's: what is wrong is refused, the rest passes.

`make integrations` brings stand-ins for the runners, as far as one machine has them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # it has no types of its own

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.soak
GOOD = 'def add(a: int, b: int) -> int:\n    """Sum."""\n    return a + b\n'
BAD = "def f(:\n"
CACHE = """
name: cache
inputs: {path: {}, key: {}, restore-keys: {}}
runs: {using: composite, steps: [{shell: bash, run: "true"}]}
"""
"""in place of what would be fetched"""


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: make integrations brings it")
    return found


def run(folder: Path, *words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(it) for it in words],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def repository(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        place = folder / name.replace("__", "/").replace("_dot_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "git", "add", "-A")
    assert run(folder, "git", *who, "commit", "-qm", "one").returncode == 0


def clone(folder: Path) -> Path:
    """What is committed of this repository."""
    assert run(ROOT, "git", "clone", "-q", str(ROOT), str(folder)).returncode == 0
    return folder


def environment(folder: Path) -> Path:
    assert run(folder, sys.executable, "-m", "venv", "venv").returncode == 0
    return folder / "venv" / "bin"


def test_pre_commit_refuses_a_wrong_file_and_passes_a_right_one(tmp_path: Path) -> None:
    pre_commit, ours = program("pre-commit"), clone(tmp_path / "ours")
    theirs = repository(tmp_path / "theirs", good_dot_py=GOOD, bad_dot_py=BAD)
    words = (pre_commit, "try-repo", ours, "headgate-validate-quick", "--verbose", "--files")
    env = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "HEADGATE_HOME": str(tmp_path / "home")}
    right = run(theirs, *words, "good.py", **env)
    assert right.returncode == 0, right.stdout + right.stderr
    wrong = run(theirs, *words, "good.py", "bad.py", **env)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert "bad.py:1:7: invalid syntax" in wrong.stdout


def test_the_action_runs_as_a_step_of_a_workflow(tmp_path: Path) -> None:
    act = program("act")
    python = environment(tmp_path) / "python"
    job = (
        "name: ci\non: push\njobs:\n  it:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - uses: ./action\n        id: v\n"
        f"        with: {{files: FILE, tools: '', python: {python}, args: --only syntax}}\n"
        "      - if: always()\n        run: echo code=${{ steps.v.outputs.exit-code }}\n"
    )
    cache = repository(tmp_path / "cache", action_dot_yml=CACHE)
    told = ""
    for file, code in (("good.py", 0), ("bad.py", 1)):
        folder = tmp_path / f"with-{code}"
        folder.mkdir()
        shutil.rmtree(clone(folder / "action") / ".git")
        (folder / "good.py").write_text(GOOD)
        (folder / "bad.py").write_text(BAD)
        (folder / ".github/workflows").mkdir(parents=True)
        (folder / ".github/workflows/ci.yml").write_text(job.replace("FILE", file))
        commit(folder)
        words = ("push", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server")
        stands = [f"{it}={cache}" for it in ("actions/cache@v4", "actions/setup-python@v5")]
        instead = [it for stand in stands for it in ("--local-repository", stand)]
        own = ("--env", f"HEADGATE_HOME={tmp_path / 'home'}")
        done = run(folder, act, *words, *instead, *own)
        assert (done.returncode != 0) == bool(code), done.stdout + done.stderr
        assert f"code={code}" in done.stdout
        told = done.stdout
    assert "::error file=bad.py,line=1" in told


def test_the_template_runs_as_a_job_of_gitlab(tmp_path: Path) -> None:
    gitlab = program("gitlab-ci-local")
    program("rsync")
    template = yaml.safe_load((ROOT / "deploy/gitlab/validate.yml").read_text())
    del template[".headgate-validate"]["image"]  # there is no container here: the shell's turn
    template[".headgate-validate"]["variables"] |= {
        "HEADGATE_PACKAGE": str(clone(tmp_path / "ours")),
        "HEADGATE_TOOLS": "",
        "HEADGATE_ARGS": "--only syntax",
    }
    jobs = {
        name: {"extends": ".headgate-validate", "variables": {"HEADGATE_FILES": f"{name}.py"}}
        for name in ("good", "bad")
    }
    theirs = repository(
        tmp_path / "theirs",
        good_dot_py=GOOD,
        bad_dot_py=BAD,
        _dot_gitlab_ci_dot_yml="",
    )
    (theirs / ".gitlab-ci.yml").write_text(yaml.safe_dump({**template, **jobs}))
    run(theirs, "git", "remote", "add", "origin", "git@gitlab.example:a/b.git")
    commit(theirs)
    told = ""
    path = f"{environment(tmp_path)}{os.pathsep}{os.environ['PATH']}"
    for name, code in (("good", 0), ("bad", 1)):
        done = run(theirs, gitlab, "--shell-isolation", name, PATH=path)
        assert done.returncode == code, done.stdout + done.stderr
        told = done.stdout
    assert "invalid syntax" in told
