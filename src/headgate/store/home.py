"""Decides where the files of this user lie: the configuration, and what Headgate remembers.

Rule 1: nothing is opened or created here: a command that needs no more pays for no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILE = "headgate.toml"
VARIABLE = "HEADGATE_CONFIG"


def find_file(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file named by argument or environment, else the first one that exists."""
    if path is not None:
        return path
    if named := env.get(VARIABLE):
        return Path(named)
    home = Path(
        env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "~").expanduser() / ".config"
    )
    places = (Path(FILE), home / "headgate" / FILE)
    return next((place for place in places if place.is_file()), None)


def state_place(env: Mapping[str, str]) -> Path:
    """Where everything lies that Headgate remembers; it need not exist."""
    if env.get("HEADGATE_HOME"):
        return Path(env["HEADGATE_HOME"]).expanduser()
    if env.get("XDG_STATE_HOME"):
        return Path(env["XDG_STATE_HOME"]).expanduser() / "headgate"
    return Path(env.get("HOME") or Path.home()) / ".local" / "state" / "headgate"
