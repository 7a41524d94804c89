"""Gathers the fragments of changes/ into CHANGELOG.md when a version is released.

Rule 1: a fragment is changes/TOPIC.KIND.md; its text is one entry, and the file goes.
Rule 2: nothing is written when a fragment or the version is malformed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "fixed", "removed", "security")
NAME = re.compile(rf"[a-z0-9][a-z0-9-]*\.({'|'.join(KINDS)})\.md")
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
MARK = "<!-- the next version goes here -->"


def section(version: str, day: date, fragments: Iterable[Path]) -> str:
    """What the fragments say, as one section of the changelog; ValueError names a bad one."""
    entries: dict[str, list[str]] = {}
    for path in sorted(fragments):
        match = NAME.fullmatch(path.name)
        text = " ".join(path.read_text().split())
        if match is None or not text:
            raise ValueError(f"{path.name}: expected topic.added.md with a sentence in it")
        entries.setdefault(match[1], []).append(f"- {text}")
    if not entries:
        raise ValueError("there is nothing to release: changes/ is empty")
    lines = [f"## {version} ({day})", ""]
    for kind in KINDS:
        if kind in entries:
            lines += [f"### {kind.capitalize()}", "", *entries[kind], ""]
    return "\n".join(lines)


def gather(root: Path, version: str, day: date) -> str:
    """Move the fragments below `root` into its changelog; returns the new section."""
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version such as 0.2.0")
    fragments = list((root / "changes").glob("*.md"))
    text = section(version, day, fragments)
    changelog = root / "CHANGELOG.md"
    before = changelog.read_text()
    if before.count(MARK) != 1:
        raise ValueError(f"CHANGELOG.md must hold this line once: {MARK}")
    changelog.write_text(before.replace(MARK, f"{MARK}\n\n{text}".rstrip()))
    for path in fragments:
        path.unlink()
    return text


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Error: one version is needed\n\nhint: python -m docs.changes 0.2.0")
        return 2
    try:
        print(gather(ROOT, arguments[0], datetime.now(UTC).date()))
    except ValueError as wrong:
        print(f"Error: {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
