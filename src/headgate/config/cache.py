"""[cache]: decides whether what it asks for can be kept.

Rule 1: what another section must bring is asked for here, before anything is opened.
Rule 2: nearly the same question is never answered without a model that compares questions.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.config.model import CacheConfig, Config, Store
from headgate.config.problem import Report, join, meant
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


def check_near(config: Config, report: Report) -> None:
    """What nearly the same questions need of the rest of the file."""
    cache = config.cache
    if cache.near == "off":
        return
    able = [it.name for it in config.providers if it.paths.get("embeddings")]
    name = cache.near_model.partition(":")[0]
    if name in [it.name for it in config.providers] and name not in able:
        hint = f"of these it can be asked: {', '.join(able)}" if able else "define one that has"
        report.wrong("cache.near_model", f"provider '{name}' has no embeddings", hint)
    modes = {cache.reply, *(route.reply_cache for route in config.routes)}
    if modes <= {"off", ""}:
        report.note(
            "cache.near: looks at calls whose replies are kept, and none are; hint: reply ="
            ' "deterministic"'
        )
