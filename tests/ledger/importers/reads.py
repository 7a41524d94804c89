"""What tests of formats share: reading a file in one go, or in bits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading


def lay_lines(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (
        it if isinstance(it, str) else json.dumps(it, separators=(",", ":")) for it in lines
    )
    path.write_text("".join(f"{it}\n" for it in texts))
    return path


def reading_of(path: Path, **more: Any) -> Reading:
    return Reading(path, Options(secret=b"k" * 32), **more)


def all_of(importer: Importer, reading: Reading) -> list[Draft | Failed]:
    return [it for some in importer.read(reading) for it in some]


def drafts_of(importer: Importer, reading: Reading) -> list[Draft]:
    return [it for it in all_of(importer, reading) if isinstance(it, Draft)]
