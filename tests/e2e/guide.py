"""Runs a guide of docs/guides as it is written: its commands, section by section."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def read(name: str, ports: Iterable[str]) -> str:
    """The guide's text, with ports of our own in place of those it names."""
    text = (GUIDES / name).read_text()
    for port in ports:
        text = text.replace(port, free_port())
    return text


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def run(text: str, folder: Path) -> str:
    """What all of its commands print; each section begins with a line of its title."""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        script += f"echo; echo '== {title}'\n"
        script += "\n".join(blocks(body, "sh"))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(done.stdout, done.stderr)
    return done.stdout


def section(output: str, title: str) -> str:
    return output.partition(f"== {title}\n")[2].partition("\n== ")[0]


def in_order(shown: str, said: str) -> list[str]:
    """The lines of what is shown that are not said, or not in that order."""
    spoken = iter([" ".join(line.split()) for line in said.splitlines()])
    lines = [" ".join(line.split()) for line in shown.splitlines() if line.strip(" …")]
    return [line for line in lines if line not in spoken]
