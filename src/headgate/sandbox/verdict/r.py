"""Plans the judging of R: tests in an interpreter of their own, the code in another.

Rule 1: values cross as data that was sifted; functions and objects stay and go by number.
Rule 2: the words of tests (testthat, RUnit, stopifnot) are ours: no package is needed.
"""

from __future__ import annotations

import json
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle, programs
from headgate.sandbox.verdict.model import Task

OURS = "hg_ours.R"
BEGIN = (
    "hg_place <- attach(new.env(), name = 'hg'); sys.source('hg_ours.R', hg_place); "
    "rm(hg_place); "
)


def plan(task: Task, runtime: Runtime) -> tuple[bundle.Program, dict[str, Any]]:
    """The judge's program and what it is told."""
    given = programs.texts(task.candidate)
    names = [it for it in given if it.lower().endswith(".r")]
    if not names:
        raise Refused("no R among the files", "give one file that ends in .R")
    if OURS in given:
        raise Refused(f"{OURS} is a name of the judge", "call it otherwise")
    tests = programs.texts(task.tests)
    files = {f"code/{path}": text for path, text in given.items()}
    values = bundle.source("values.R")
    files[f"code/{OURS}"] = values + bundle.source("serve.R")
    files[f"judge/{OURS}"] = values + bundle.source("judge.R")
    listed = ", ".join(json.dumps(it) for it in names)
    return programs.relayed(), {
        "language": "r",
        "files": files,
        "tests": "\n".join(text for path, text in tests.items() if path.lower().endswith(".r")),
        "judge": _side("judge", runtime, "hg$judge()"),
        "candidate": _side("code", runtime, f"hg$begin(c({listed}))"),
    }


def _side(name: str, runtime: Runtime, begin: str) -> dict[str, Any]:
    argv = (runtime.program, "--vanilla", "--no-echo", "-e", BEGIN + begin)
    return programs.side(name, argv, name, dict(runtime.env))
