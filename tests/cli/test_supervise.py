"""How workers are started: each gets its part, and what is said of them goes to the log too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.supervise import share
from headgate.config import Config, load

ENV = {"ONE": "k" * 40}


def config(workers: int, connections: int) -> Config:
    text = (
        f"[server]\nworkers = {workers}\n[providers.anthropic]\napi_key = 'env:ONE'\n"
        f"max_connections = {connections}\n"
    )
    return load(text, ENV, source="t")


@given(st.integers(1, 64), st.integers(1, 5000))
def test_workers_together_hold_no_more_connections_than_allowed_but_one_each(
    workers: int, connections: int
) -> None:
    shared = share(config(workers, connections))
    (provider,) = shared.providers
    assert provider.max_connections >= 1
    assert provider.max_connections * workers <= max(connections, workers)
    noted = any("each worker holds one connection" in note for note in shared.notes)
    assert noted is (connections < workers)


def test_a_gateway_that_is_alone_has_all_of_them() -> None:
    alone = config(1, 7)
    assert share(alone) is alone


@pytest.mark.slow
def test_a_death_is_a_line_of_the_log_file_and_words_on_the_terminal(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ANTHROPIC_API_KEY": "k" * 40}
    command = ["up", "--port", "0", "--json", "--workers", "2", "--log", "log"]
    with subprocess.Popen(
        [sys.executable, "-m", "headgate", *command],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        victim = json.loads(process.stdout.readline())["workers"][1]
        os.kill(victim, 9)
        said = ""
        for line in process.stderr:
            said += line
            if "is up again" in line:
                break
        process.terminate()
        said += process.communicate(timeout=15)[1]
    assert f"worker 2 (pid {victim}) was ended by SIGKILL; another starts at once" in said
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    told = [line for line in lines if line["event"] == "worker_ended"]
    assert [(line["worker"], line["pid"], line["status"]) for line in told] == [(2, victim, -9)]
