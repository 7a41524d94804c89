"""What a target can take: decides which statements about a model hold, and which one wins.

Rule 1: the provider's file, then the model's row, then headgate.toml, each over the one before;
what nobody states is the field's default.
Rule 2: what a server cannot do, no model behind it can: a `false` of its file beats the row.
Rule 3: of two entries in headgate.toml the more specific one wins, key by key; one that names
the provider wins over one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from headgate.config.model import Capability, Config
from headgate.config.problem import closest, join
from headgate.config.routing import MAX_NAME, vagueness
from headgate.config.setting import CAPABILITY
from headgate.config.table import Table
from headgate.money import facts
from headgate.policy.glob import matcher
from headgate.providers import Provider, read_all
from headgate.wire.ability import Abilities
from headgate.wire.stated import Stated, merge

KEPT = 4096
"""targets that are remembered; models may be named by callers, so there is a bound"""


def abilities(config: Config, provider: Provider, model: str) -> Abilities:
    """What the model, as this provider knows it, can take."""
    return _abilities(config.capabilities, provider.name, provider.kind, model)


def is_known(config: Config, provider: Provider, model: str) -> bool:
    """Does a row describe the model, or headgate.toml say how it thinks.

    If not, its silence on thinking says nothing.
    """
    names = (model, f"{provider.name}:{model}")
    said = {
        key for it in config.capabilities if _means(it.pattern, names) for key, _ in it.stated
    }
    return bool(said & {"thinking", "efforts"} or _facts().abilities(model))


@lru_cache(maxsize=KEPT)
def _abilities(own: tuple[Capability, ...], provider: str, kind: str, model: str) -> Abilities:
    preset = read_all().get(kind)
    server: Stated = preset.abilities if preset else {}
    lacking = {name: value for name, value in server.items() if value is False}
    names = (model, f"{provider}:{model}")
    written = [dict(each.stated) for each in own if _means(each.pattern, names)]
    return merge([server, _facts().abilities(model), lacking, *written])


def _means(pattern: str, names: Iterable[str]) -> bool:
    return any(pattern == name or matcher(pattern).fullmatch(name) for name in names)


@cache
def _facts() -> facts.Facts:
    return facts.read()


def read_capabilities(table: Table, declared: Iterable[str]) -> tuple[Capability, ...]:
    """Every [capabilities] entry, from the least to the most specific."""
    _facts()  # from disk now, and not when the first call is translated
    providers = [*declared]
    found = [_read_one(name, value, table, providers) for name, value in table.content.items()]

    def rank(each: Capability) -> tuple[bool, tuple[bool, int, int]]:
        return (each.pattern.partition(":")[0] not in providers, vagueness(each.pattern))

    return tuple(sorted((each for each in found if each), key=rank, reverse=True))


def _read_one(
    name: str, value: object, table: Table, providers: list[str]
) -> Capability | None:
    place = join(table.path, name)
    if not name or name != name.strip() or len(name) > MAX_NAME:
        table.report.wrong(place, f"'{name}' cannot be a model's name", "no spaces around it")
        return None
    if not isinstance(value, dict) or not value:
        hint = f"write [{place}] and below it, for example, images = false"
        table.report.wrong(place, "must be a table of capabilities", hint)
        return None
    prefix, colon, model = name.partition(":")
    if colon and prefix not in providers and (near := closest(prefix, providers)):
        table.report.note(
            f"{place}: no provider is called '{prefix}', so it stands for a model of that "
            f"whole name; hint: did you mean '{near}:{model}'?"
        )
    read = Table(value, place, table.report, table.env).read(CAPABILITY)
    return Capability(
        name,
        tuple((key, tuple(it) if isinstance(it, list) else it) for key, it in read.items()),
    )
