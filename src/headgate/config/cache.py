"""[cache]: decides whether what it asks for can be kept.

Rule 1: what another section must bring is asked for here, before anything is opened.
Rule 2: nearly the same question is never answered without a model that compares questions.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.config.model import CacheConfig, Store
from headgate.config.problem import join, meant
from headgate.config.setting import CACHE
from headgate.config.table import Table


def read_cache(table: Table, declared: Sequence[str], *, store: Store) -> CacheConfig:
    """The section; what is wrong with it is reported."""
    cache = msgspec.convert(table.read(CACHE), CacheConfig)
    if cache.store == "redis" and not store.redis:
        table.report.wrong(
            join(table.path, "store"),
            "needs store.redis",
            '[store] redis = "env:REDIS_URL", or store = "disk"',
        )
    if cache.near != "off":
        _check_near(table, cache, declared)
    return cache


def _check_near(table: Table, cache: CacheConfig, declared: Sequence[str]) -> None:
    place, example = join(table.path, "near_model"), '"openai:text-embedding-3-small"'
    provider, colon, model = cache.near_model.partition(":")
    if not colon or not model:
        table.report.wrong(place, "names no model of a provider", f"near_model = {example}")
    elif provider not in declared:
        hint = meant(provider, declared) if declared else "define one under [providers]"
        table.report.wrong(place, f"no provider is called '{provider}'", hint)
