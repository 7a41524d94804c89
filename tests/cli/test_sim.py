"""`headgate sim`: what it prints, what it refuses, and that it stops when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from headgate.cli import Trouble, main

HEADGATE = [sys.executable, "-c", "from headgate.cli import main; main()"]


def test_its_help_shows_an_example() -> None:
    shown = CliRunner().invoke(main, ["sim", "--help"]).output
    assert "headgate sim --scenario outage" in shown


def test_scenarios_and_words_are_listed_as_data() -> None:
    for option, name in (("--list", "outage"), ("--words", "retry-after=…")):
        shown = CliRunner().invoke(main, ["sim", option, "--json"]).output
        assert name in {row["name"] for row in json.loads(shown)}
        assert all(row["about"] for row in json.loads(shown))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--scenario", "outag"], "did you mean 'outage'"),
        (["--script", "paec=1"], "did you mean 'pace'"),
        (["--pace=-1"], "0 to 86400"),
    ],
)
def test_a_mistake_is_named_before_the_port_is_opened(arguments: list[str], part: str) -> None:
    result = CliRunner().invoke(main, ["sim", *arguments], standalone_mode=False)
    assert isinstance(result.exception, Trouble)
    assert part in result.exception.message
    assert "headgate sim --list" in result.exception.hint


@pytest.mark.slow
def test_it_serves_until_it_is_interrupted_and_leaves_cleanly() -> None:
    arguments = [
        *HEADGATE,
        "sim",
        "--port",
        "0",
        "--seed",
        "4",
        "--script",
        "output=9",
        "--json",
    ]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        text = ""
        while not text.endswith("}\n"):
            line = running.stdout.readline().decode()
            assert line, running.stderr.read().decode()
            text += line
        url = json.loads(text)["url"]
        with urllib.request.urlopen(f"{url}/sim", timeout=5) as reply:  # noqa: S310
            assert json.load(reply)["seed"] == 4
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
        assert b"Traceback" not in running.stderr.read()


@pytest.mark.slow
def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*HEADGATE, "sim", "--port", str(port)],
            capture_output=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 1
    assert b"cannot listen on 127.0.0.1" in done.stderr
    assert b"--port" in done.stderr
