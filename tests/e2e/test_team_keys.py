"""The guide to keys for a team is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "give-my-team-keys.md"
PORTS = ("4397", "4398")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def section(output: str, title: str) -> str:
    return output.partition(f"== {title}\n")[2].partition("\n== ")[0]


@pytest.mark.slow
@pytest.mark.e2e
def test_keys_are_given_changed_and_charged_as_the_guide_says(tmp_path: Path) -> None:
    text = GUIDE.read_text()
    for port in PORTS:
        text = text.replace(port, free_port())
    toml, sql = (
        re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S) for kind in ("toml", "sql")
    )
    (tmp_path / "team.toml").write_text(toml[0])
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        script += f"echo; echo '== {title}'\n"
        script += "\n".join(re.findall(r"^```sh\n(.*?)^```", body, re.M | re.S))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    output = done.stdout
    print(output, done.stderr)
    made = section(output, "A team and its keys")
    assert "alice" in made
    assert "hg-…" in made
    seen = section(output, "What a caller sees")
    assert "permission_error" in seen
    assert "team 'search' may not use model 'claude-opus-5-5'" in seen
    assert "403: team 'search' may not use" in seen
    assert '"name":"alice"' in seen
    assert "this month" in seen
    rotated = section(output, "Change a secret without an outage")
    assert len(re.findall("^ *alice ", rotated, re.MULTILINE)) == 2
    assert rotated.count('"message"') == 3  # two that work, and one refusal as an error's type
    assert "another has replaced it" in rotated
    changed = section(output, "Change your mind")
    assert "permission_error" not in changed
    assert "archived" in changed
    assert "forbidden" in section(output, "Who spent what")
    with contextlib.closing(sqlite3.connect(tmp_path / "team.db")) as ledger:
        rows = ledger.execute(sql[0]).fetchall()
    ((centre, team, tags, calls, dollars),) = rows
    assert (centre, team, tags, calls) == ("4711", "search", "squad=ir", 5)
    assert dollars > 0
