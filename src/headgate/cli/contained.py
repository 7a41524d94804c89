"""Decides how a command that runs code contains it: by [sandbox], where a file can say so.

Rule 1: where no file is, nothing of the configuration is loaded: most code is run without one.
"""

from __future__ import annotations

import os
from pathlib import Path

from headgate.sandbox.settings import Settings
from headgate.store.home import find_file


def contained(config_path: str | None) -> Settings:
    """What --config, HEADGATE_CONFIG or the file found says; ConfigError where it is wrong."""
    found = find_file(Path(config_path) if config_path else None, os.environ)
    if found is None:
        return Settings()
    from headgate.config import load_places  # costly to load

    return load_places(found, os.environ).sandbox
