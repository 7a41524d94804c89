"""What is judged for practice passes, in either part, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.verdict.inside import practice

SRC = str(Path(practice.__file__).parents[4])
PROGRAM = """
import asyncio, dataclasses, inspect, json, os, random, signal, sys, tempfile, typing, warnings
from unittest import mock

sys.path.insert(0, sys.argv[1])
os.environ["TMPDIR"] = os.getcwd()
from headgate.sandbox.verdict.inside import apart, practice

def state():
    of = (
        asyncio, dataclasses, inspect, random, tempfile, typing, warnings, mock, mock._patch
    )
    names = [(str(it), name, id(value)) for it in of for name, value in vars(it).items()
             if name not in ("__warningregistry__", "_onceregistry", "_filters_version")]
    return [
        names, list(sys.path), [*map(id, sys.meta_path)], list(warnings.filters),
        *map(id, (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)), set(sys.modules),
        signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL), os.getcwd(),
        dict(os.environ), os.listdir("."), len(os.listdir("/proc/self/fd")),
        [it for it in sys.path_importer_cache if "tmp" in os.path.basename(it)],
    ]

practice.as_judge(), practice.as_code()
has_chosen = tempfile.tempdir is not None  # which is the code's to choose, by TMPDIR
before = state()
report = practice.as_judge()
after_judging = state()
practice.as_code()
print(json.dumps([report, has_chosen, after_judging == before, state() == before]))
"""


@pytest.mark.slow
def test_practice_passes_and_changes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", PROGRAM, SRC]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    report, has_chosen, *is_as_before = json.loads(done.stdout)
    assert not has_chosen
    assert report["ending"] == "passed"
    assert report["seen"] == report["passed"] > 30
    assert is_as_before == [True, True]
