"""What a benchmark stands on that users would run: tasks, a book of answers, a simulator.

Rule 1: everything is started as a user would start it, in a folder and a home of its own.
Rule 2: how far a run has come is read from its journal, as the run itself would read it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import HEADGATE, HOUSE_KEYS, outside_env, started
from tests.kit import HEARS_CTRL_C

TASK = """language = "python"
{more}prompt = "Task {n}: write times{n}(x), which multiplies by {n}."
reference = '''
def times{n}(x):
    return x * {n}
'''
tests = '''
from solution import times{n}

def test_it():
    assert times{n}(30) == 30 * {n}
'''
[[mutants]]
why = "adds"
swap = ["x * {n}", "x + {n}"]
"""
CONFIG = """
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:HOUSE_OPENAI"
"""
MODELS = ("claude-sonnet-5-5", "gpt-6.1-sol")
SEED = 3


@dataclass(frozen=True)
class Ground:
    """A folder with tasks, and what a command in it is given."""

    folder: Path
    env: Mapping[str, str]
    samples_each: int
    sim: str = ""
    """where the simulator is"""

    def command(self, *words: str) -> list[str]:
        asked = [word for model in MODELS for word in ("--model", model)]
        given = ["--config", "headgate.toml", "--samples", str(self.samples_each)]
        given += [] if "--tasks" in words else ["--tasks", "tasks"]
        return [*HEARS_CTRL_C, str(HEADGATE), "bench", "run", *given, *asked, *words]

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env={**self.env, **env},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def headgate(self, *words: str) -> str:
        command = [str(HEADGATE), *words]
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def samples(self, out: str) -> list[dict[str, Any]]:
        told = json.loads((self.folder / out).read_text())
        return list(told["run"]["samples"])

    def heard(self, out: str) -> int:
        """How many samples a run that goes on has on disk."""
        with contextlib.suppress(OSError):
            journal = (self.folder / out).with_suffix(".journal")
            return journal.read_bytes().count(b'\n{"arm":')
        return 0

    def until(
        self, out: str, count: int, process: subprocess.Popen[str], most_s: float = 90
    ) -> None:
        """Wait until a run has heard so many samples, or has ended."""
        until = time.monotonic() + most_s
        while self.heard(out) < count and process.poll() is None:
            if time.monotonic() > until:
                process.kill()
                pytest.fail(f"too slow: {process.communicate()}")
            time.sleep(0.005)


def laid(folder: Path, tasks: int, samples_each: int, more: str = "") -> Ground:
    """A ground with so many tasks; `more` is said of each of them."""
    (folder / "tasks").mkdir()
    for n in range(2, 2 + tasks):
        (folder / "tasks" / f"t{n}.toml").write_text(TASK.format(n=n, more=more))
    home = {"HOME": str(folder), "HEADGATE_HOME": str(folder / "s")}
    return Ground(folder, outside_env() | HOUSE_KEYS | home, samples_each)


@contextlib.contextmanager
def answered(
    ground: Ground, rates: Sequence[str], script: str = "", config: str = ""
) -> Iterator[Ground]:
    """The same with models that answer right as often as the rates say."""
    said = [word for it in rates for word in ("--rate", it)]
    ground.headgate("bench", "answers", "book.json", "--tasks", "tasks", *said)
    words = ["sim", "--port", "0", "--seed", str(SEED), "--answers", "book.json"]
    words += ["--script", script] if script else []
    with started(words, dict(ground.env), ground.folder) as sim:
        (ground.folder / "headgate.toml").write_text(CONFIG.format(sim=sim["url"]) + config)
        yield replace(ground, sim=sim["url"])
