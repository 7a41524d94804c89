"""Which ladder a model name meets: decides precedence, spelling of targets and the 404's text.

Rule 1: [models] before the providers' own patterns; exact names before patterns.
Rule 2: among patterns the longest literal beginning wins, then the longer one, then the first.
Rule 3: a target is provider:model or provider; ` x3` allows it three tries, none said: one.
Rule 4: a target that stands alone, without a ladder, gets retry.tries.
Rule 5: in a ladder, a table stands for a target that has a weight or a quality besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import msgspec

from headgate.config.model import Config, Route, Rung, Tag
from headgate.config.problem import closest, join
from headgate.config.setting import MODEL, RUNG, TAG, TAGS
from headgate.config.table import Table
from headgate.policy.glob import is_pattern, matcher
from headgate.providers import Provider, read_all

MAX_TRIES = 10
MAX_RUNGS = 16
MAX_NAME = 256
"""longer names are nobody's: matching them would cost time a caller can choose"""

_RUNG = re.compile(r"(\S+)(?:\s+x\s*(\d+))?")
_LITERAL = re.compile(r"[^*?]*")


def read_routes(
    table: Table, providers: Sequence[Provider], declared: Iterable[str], tries: int
) -> tuple[Route, ...]:
    """Every [models] entry, then what the providers serve by themselves, in order of search."""
    reader = _Reader(table, providers, [*declared], tries)
    written = [reader.read(name, value) for name, value in table.content.items()]
    own = [
        Route(pattern, (Rung(provider.name, "", tries),), by_default=True)
        for provider in providers
        for pattern in provider.models
    ]
    return tuple(sorted([route for route in written if route], key=_order) + sorted(
        own, key=_order
    ))  # fmt: skip


def read_tags(table: Table) -> tuple[Tag, ...]:
    """Every [routing.tags] entry, as written."""
    found: list[Tag] = []
    given = table.read((TAGS,)).get("tags", {})
    if not isinstance(given, dict):
        table.report.wrong("routing.tags", "must be a table", "write [routing.tags.NAME]")
        return ()
    for name, value in given.items():
        place = join("routing.tags", name)
        if not name.strip() or name != name.strip() or "," in name:
            hint = "tags are told apart by commas: no comma in one, no spaces around it"
            table.report.wrong(place, f"'{name}' cannot be a tag", hint)
        elif not isinstance(value, dict) or "prefer" not in value:
            hint = f'write [{place}] and below it, for example, prefer = "cost"'
            table.report.wrong(place, "must be a table that says what its calls prefer", hint)
        elif read := Table(value, place, table.report, table.env).read(TAG):
            found.append(msgspec.convert({"name": name, **read}, Tag))
    return tuple(found)


def resolve(config: Config, model: str) -> Route | None:
    """The route a model name takes, or None for a name nobody knows."""
    if len(model) > MAX_NAME:
        return None
    for route in config.routes:
        if route.pattern == model or matcher(route.pattern).fullmatch(model):
            return _without_prefix(route, model)
    return None


def known_models(config: Config) -> tuple[str, ...]:
    """Names and patterns a caller may use, most specific first."""
    patterns = (route.pattern for route in config.routes)
    return tuple(dict.fromkeys(each for each in patterns if not each.endswith(":*")))


def unknown_model(config: Config, model: str) -> str:
    """What a caller is told who asked for a model that has no route."""
    known = known_models(config)
    if len(model) > MAX_NAME:
        return f"no model has a name of {len(model)} characters; known: {', '.join(known)}"
    near = closest(model, known)
    question = f" Did you mean '{near}'?" if near else ""
    prefixes = [route.pattern[:-1] for route in config.routes if route.pattern.endswith(":*")]
    names = ", ".join(known) if known else "none by name"
    more = f"; or any model of a provider as {prefixes[0]}MODEL" if prefixes else ""
    return f"no model '{model}' here.{question} Known: {names}{more}"


def _without_prefix(route: Route, model: str) -> Route:
    """For a provider's own `name:*`: the model is what stands after the colon."""
    if not (route.by_default and route.pattern == f"{route.ladder[0].provider}:*"):
        return route
    rest = model.partition(":")[2]
    ladder = tuple(Rung(rung.provider, rest, rung.tries) for rung in route.ladder)
    return Route(route.pattern, ladder, by_default=True)


def _order(route: Route) -> tuple[bool, int, int]:
    return vagueness(route.pattern)


def vagueness(pattern: str) -> tuple[bool, int, int]:
    """Sorts names before patterns, and these from the most to the least specific."""
    literal = _LITERAL.match(pattern)
    assert literal is not None, "the expression matches the empty text"
    return (is_pattern(pattern), -literal.end(), -len(pattern))


class _Reader:
    """Reads [models] entries against the providers that exist."""

    def __init__(
        self, table: Table, providers: Sequence[Provider], declared: list[str], tries: int
    ) -> None:
        self.table = table
        self.providers = providers
        self.declared = declared
        self.tries = tries

    def read(self, name: str, value: object) -> Route | None:
        place = join(self.table.path, name)
        if not name or name != name.strip() or len(name) > MAX_NAME:
            self.wrong(place, f"'{name}' cannot be a model's name", "no spaces around it")
            return None
        if isinstance(value, str | list):
            return self.route(name, self.ladder(value, place))
        if not isinstance(value, dict):
            self.wrong(place, "must be a target, a list of targets or a table",
                       'for example "anthropic:claude-haiku-5-5"')  # fmt: skip
            return None
        inner = Table(value, place, self.table.report, self.table.env)
        settings = inner.read(MODEL)
        given = settings.pop("ladder", None)
        if given is None:
            self.wrong(place, "has no ladder", 'add ladder = ["provider:model x3", …]')
            return None
        ladder = self.ladder(given, join(place, "ladder"))
        shared = settings.get("policy") == "weighted"
        if shared and ladder and not any(rung.weight for rung in ladder):
            self.wrong(join(place, "ladder"), "has no weight above 0 to share by",
                       '{ target = "provider:model", weight = 1 }')  # fmt: skip
        if not shared and any(rung.weight != 1 for rung in ladder):
            hint = "hint: say so, or leave them out"
            self.table.report.note(f'{place}: weights count under policy = "weighted"; {hint}')
        return self.route(name, ladder, settings)

    def route(
        self, name: str, ladder: list[Rung], settings: dict[str, object] | None = None
    ) -> Route | None:
        if not ladder:
            return None
        return msgspec.convert({"pattern": name, "ladder": ladder, **(settings or {})}, Route)

    def ladder(self, value: object, place: str) -> list[Rung]:
        if isinstance(value, str):
            rung = self.rung(value, place, self.tries)
            return [rung] if rung else []
        if not isinstance(value, list) or not value or len(value) > MAX_RUNGS:
            self.wrong(place, f"must be a list of 1 to {MAX_RUNGS} targets",
                       '["anthropic:claude-sonnet-5-5 x3", "anthropic:claude-haiku-5-5"]',
                       )  # fmt: skip
            return []
        rungs = [self.rung(each, f"{place}[{at}]", 1) for at, each in enumerate(value)]
        return [rung for rung in rungs if rung]

    def rung(self, value: object, place: str, tries: int) -> Rung | None:
        if not isinstance(value, dict):
            return self.target(value, place, tries)
        read = Table(value, place, self.table.report, self.table.env).read(RUNG)
        if "target" not in value:
            self.wrong(place, "names no target", '{ target = "provider:model", weight = 2 }')
            return None
        rung = self.target(read.pop("target", None), join(place, "target"), tries)
        return msgspec.convert({**asdict(rung), **read}, Rung) if rung else None

    def target(self, value: object, place: str, tries: int) -> Rung | None:
        match = _RUNG.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            self.wrong(place, f"{value!r} is no target", 'write "provider:model x3"')
            return None
        tries = int(match[2]) if match[2] else tries
        if not 1 <= tries <= MAX_TRIES:
            self.wrong(place, f"{tries} tries are not allowed", f"x1 to x{MAX_TRIES}")
            return None
        name, _, model = match[1].partition(":")
        if name not in self.declared:
            self.stranger(match[1], place)
            return None
        if is_pattern(model):
            self.wrong(place, f"'{model}' is a pattern, but a target names one model",
                       f'write "{name}" to send the name the caller asked for')  # fmt: skip
            return None
        return Rung(name, model, tries)

    def stranger(self, target: str, place: str) -> None:
        """A target whose provider is not defined: tell which of three mistakes it is."""
        name, colon, model = target.partition(":")
        near = closest(name, self.declared)
        if not colon and (owner := self.owner(target)):
            self.wrong(place, f"'{target}' names no provider",
                       f"did you mean '{owner}:{target}'?")  # fmt: skip
        elif near:
            self.wrong(place, f"no provider is called '{name}'",
                       f"did you mean '{near}{colon}{model}'?")  # fmt: skip
        elif name in read_all():
            variables = read_all()[name].key_env
            export = f"export {variables[0]}=…, or " if variables else ""
            self.wrong(place, f"provider '{name}' is not configured",
                       f"{export}add [providers.{name}]")  # fmt: skip
        else:
            known = ", ".join(self.declared) or "none"
            self.wrong(place, f"no provider is called '{name}'",
                       f"targets are provider:model; providers here: {known}")  # fmt: skip

    def owner(self, model: str) -> str:
        """The provider whose own patterns this name matches."""
        for provider in self.providers:
            if any(matcher(pattern).fullmatch(model) for pattern in provider.models):
                return provider.name
        for name in self.declared:
            preset = read_all().get(name)
            if preset and any(matcher(each).fullmatch(model) for each in preset.models):
                return name
        return ""

    def wrong(self, place: str, what: str, hint: str) -> None:
        self.table.report.wrong(place, what, hint)


def shadowed(providers: Sequence[Provider]) -> list[str]:
    """Patterns two providers offer: the first one gets the calls, and start-up says so."""
    first: dict[str, str] = {}
    notes = []
    for provider in providers:
        for pattern in provider.models:
            winner = first.setdefault(pattern, provider.name)
            if winner != provider.name:
                notes.append(
                    f"{pattern} goes to {winner}, not to {provider.name}; "
                    "[models] can say otherwise"
                )
    return notes
