"""headgate.toml -> a frozen Config; every mistake is reported at once, with path and remedy.

Rule 1: parsing is pure: text and environment in, Config or ConfigError out.
Rule 2: secrets are only ever `env:NAME` in the file, and print as ***.
"""

from headgate.config.capability import abilities, is_known
from headgate.config.describe import describe, spell
from headgate.config.load import NEAR, SHARED, find_file, load, load_file, load_places
from headgate.config.model import (
    CacheConfig,
    Capability,
    CapsConfig,
    Config,
    Ledger,
    Prices,
    Retry,
    Route,
    Rung,
    Server,
    Tag,
)
from headgate.config.problem import ConfigError, Problem
from headgate.config.routing import known_models, resolve, unknown_model
from headgate.config.upstream import NOBODY, without_key

__all__ = [
    "NEAR",
    "NOBODY",
    "SHARED",
    "CacheConfig",
    "Capability",
    "CapsConfig",
    "Config",
    "ConfigError",
    "Ledger",
    "Prices",
    "Problem",
    "Retry",
    "Route",
    "Rung",
    "Server",
    "Tag",
    "abilities",
    "describe",
    "find_file",
    "is_known",
    "known_models",
    "load",
    "load_file",
    "load_places",
    "resolve",
    "spell",
    "unknown_model",
    "without_key",
]
