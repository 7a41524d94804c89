"""The fire drill is tried out: its own blocks are run, and what it promises is seen."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "fire-drill.md"
PORTS = ("4297", "4298")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def section(output: str, title: str) -> str:
    return output.partition(f"== {title}\n")[2].partition("\n== ")[0]


@pytest.mark.slow
@pytest.mark.e2e
def test_the_drill_goes_as_the_guide_says(tmp_path: Path) -> None:
    text = GUIDE.read_text()
    for port in PORTS:
        text = text.replace(port, free_port())
    (tmp_path / "drill.toml").write_text(
        re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)[0]
    )
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
    set_up = section(output, "Set the stage")
    assert "x-headgate-target: anthropic:claude-sonnet-5-5" in set_up
    assert "x-headgate-simulated: true" in set_up
    first, second = section(output, "One model is overloaded").split("HTTP/1.1 200 OK")[1:]
    assert "x-headgate-target: anthropic:claude-haiku-5-5" in first
    assert re.search("x-headgate-tries: [2-4]", first)
    assert "x-headgate-target: anthropic:claude-haiku-5-5" in second
    assert "x-headgate-tries" not in second
    assert "x-headgate-canned: true" in section(output, "Everything is down")
    assert "x-headgate-canned: true" in section(
        output, "The provider accepts and never answers"
    )
    broken = section(output, "A stream breaks in the middle")
    assert "event: error" in broken
    assert "message_stop" not in broken
    left = section(output, "What the drill left behind")
    assert '"status":529' in left
    assert "maybe billed" in left
    assert "truncated" in left
