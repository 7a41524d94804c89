"""Known workloads, each a file of presets/: the words of a command line, kept under a name.

Rule 1: a file holds what the options of the same name would be given, and where it comes from.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "presets"

Words = dict[str, str | tuple[str, ...]]
"""option -> what it is given, such as requests -> 1.2M/month"""


@dataclass(frozen=True, slots=True)
class Preset:
    """One workload."""

    name: str
    title: str
    source: str
    words: Words


def names(folder: Path = FOLDER) -> list[str]:
    """All there are."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def read(name: str, folder: Path = FOLDER) -> Preset:
    """One of them; ValueError where its file is not as it must be."""
    rows = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    title, source = rows.pop("title", None), rows.pop("source", None)
    words = {key: _word(value) for key, value in rows.items()}
    if not isinstance(title, str) or not isinstance(source, str) or None in words.values():
        needed = "title, source, and options as text or lists of text"
        raise ValueError(f"presets/{name}.toml needs {needed}")
    return Preset(name, title, source, {key: it for key, it in words.items() if it is not None})


def _word(value: object) -> str | tuple[str, ...] | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
