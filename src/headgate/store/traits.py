"""What organisations, teams and keys have in common, and which values of it are accepted.

Rule 1: a value that could never work is refused when it is written, not when a call meets it.
Rule 2: lists are kept in the order they were given, without repeats.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from headgate.policy.cap import NO_CAPS, Caps
from headgate.policy.permit import Grant, beyond, listed
from headgate.policy.sound import TAG, TAG_HINT, unsound
from headgate.store import capped
from headgate.store.capped import CapChanges

LONGEST_NAME = 100
LONGEST_CENTRE = 100
LONGEST_PATTERN = 256
MOST_PATTERNS = 100
MOST_TAGS = 10
METADATA_BYTES = 4096
PROMPT_CACHE = ("off", "advise", "on")
SURFACES = ("messages", "chat", "responses", "embeddings", "count_tokens", "execute")


class Mistake(Exception):
    """What was asked about an organisation, team or key cannot be done: why, and what can."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class Missing(Mistake):
    """What was named does not exist."""


class Conflict(Mistake):
    """It cannot be done to what is there now: the name is taken, or the state is another."""


class Already(Conflict):
    """It is as it was asked to become."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What an operator may say of an organisation, a team or a key."""

    cost_centre: str = ""
    """who pays; empty: as the level above"""
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """names and patterns that may be asked for; empty: all that the level above allows"""
    surfaces: tuple[str, ...] = ()
    """the same for surfaces"""
    metadata: str = "{}"
    """a JSON object of the operator's own; Headgate only keeps it"""
    caps: Caps = NO_CAPS
    """its limits and budgets"""
    prompt_cache: str = ""
    """off, advise or on: are prompts marked for their vendors' caches; empty: as the level
    above, and at last the route, says"""

    def grant(self, level: str, name: str) -> Grant:
        return Grant(level, name, self.models, self.surfaces)


NONE = Traits()
COLUMNS = tuple(field.name for field in fields(Traits))


@dataclass(frozen=True, slots=True)
class Changes:
    """New values for some traits; None: it stays as it is."""

    cost_centre: str | None = None
    tags: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    surfaces: tuple[str, ...] | None = None
    metadata: str | None = None
    caps: Caps | CapChanges | None = None
    """new ones, or changes of some"""
    expires_us: int | None = None
    """when a key ends; organisations and teams do not"""
    prompt_cache: str | None = None
    """empty: as the level above says"""

    def of(self, traits: Traits) -> Traits:
        """The traits with these changes; Mistake when a value is not accepted."""
        given = {name: getattr(self, name) for name in COLUMNS}
        new: dict[str, Any] = {n: _tidy(v) for n, v in given.items() if v is not None}
        if isinstance(self.caps, CapChanges):
            new["caps"] = self.caps.of(traits.caps)
            _check_meant(self.caps, new["caps"])
        made = replace(traits, **new)
        _check_centre(made.cost_centre)
        _check_tags(made.tags)
        _check_models(made.models)
        _check_surfaces(made.surfaces)
        _check_metadata(made.metadata)
        _check_caps(made.caps)
        _check_prompt_cache(made.prompt_cache)
        return made

    def told(self) -> dict[str, Any]:
        """What is changed, for the log of administrators: metadata only by its name."""
        given = {name: getattr(self, name) for name in (*COLUMNS, "expires_us")}
        found = {name: value for name, value in given.items() if value is not None}
        if isinstance(self.caps, CapChanges):
            found["caps"] = self.caps.told()
        elif self.caps is not None:
            found["caps"] = capped.facts(self.caps)
        if self.metadata is not None:
            found["metadata"] = "given"
        return found


SAME = Changes()


def _tidy(value: Any) -> Any:
    if isinstance(value, Caps | CapChanges):
        return value
    if isinstance(value, str):
        return value.strip()
    return tuple(dict.fromkeys(each.strip() for each in value))


def check_name(what: str, name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Mistake(f"{what} needs a name of 1 to {LONGEST_NAME} printable characters")


def check_narrower(above: Iterable[Grant], traits: Traits, level: str) -> None:
    """Refuse models and surfaces that the levels above do not allow."""
    for grant in above:
        for kind, wide, wider in (
            ("model", grant.models, beyond(grant.models, traits.models)),
            ("surface", grant.surfaces, beyond(grant.surfaces, traits.surfaces)),
        ):
            if wider:
                owner = f"{grant.level} {grant.name!r}"
                raise Mistake(
                    f"{owner} does not allow the {kind} {wider[0]!r}, and a {level} can only"
                    " narrow what it allows",
                    f"it allows: {listed(wide)}",
                )


def stored(traits: Traits) -> tuple[str, ...]:
    """The columns of a row, in the order of COLUMNS."""
    return (
        traits.cost_centre,
        json.dumps(traits.tags),
        json.dumps(traits.models),
        json.dumps(traits.surfaces),
        traits.metadata,
        capped.stored(traits.caps),
        traits.prompt_cache,
    )


def read(columns: Sequence[str]) -> Traits:
    """Traits as they were stored."""
    if columns == _PLAIN:
        return NONE  # most keys have nothing of their own, and there may be thousands
    centre, tags, models, surfaces, metadata, caps, prompt_cache = columns
    return Traits(
        centre,
        tuple(json.loads(tags)),
        tuple(json.loads(models)),
        tuple(json.loads(surfaces)),
        metadata,
        capped.read(caps),
        prompt_cache,
    )


_PLAIN = stored(NONE)


def _check_centre(centre: str) -> None:
    if len(centre) > LONGEST_CENTRE or (centre and not centre.isprintable()):
        raise Mistake(f"a cost centre has up to {LONGEST_CENTRE} printable characters")


def _check_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > MOST_TAGS:
        raise Mistake(f"{len(tags)} tags are too many: {MOST_TAGS} may be given")
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise Mistake(f"{tag!r} is no tag", TAG_HINT)


def _check_models(models: tuple[str, ...]) -> None:
    if len(models) > MOST_PATTERNS:
        raise Mistake(
            f"{len(models)} models are too many: {MOST_PATTERNS} may be given",
            "a pattern such as claude-* stands for many",
        )
    for model in models:
        if not model or not model.isprintable() or len(model) > LONGEST_PATTERN:
            raise Mistake(
                f"{model[:80]!r} is no name of a model and no pattern",
                "write a name as callers send it, or a pattern such as claude-haiku-*",
            )


def _check_surfaces(surfaces: tuple[str, ...]) -> None:
    for surface in surfaces:
        if surface not in SURFACES:
            raise Mistake(f"{surface!r} is no surface", f"there are: {', '.join(SURFACES)}")


def _check_metadata(metadata: str) -> None:
    if metadata == "{}":
        return
    if len(metadata.encode()) > METADATA_BYTES:
        raise Mistake(f"the metadata is longer than {METADATA_BYTES} bytes")
    try:
        found = json.loads(metadata)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Mistake("the metadata is no JSON object", 'write one such as {"owner": "ana"}')


def _check_meant(changes: CapChanges, caps: Caps) -> None:
    """Refuse to say how a budget is kept where there is none."""
    if (changes.kind or changes.warn_at) and not caps.budgets:
        what = f"be {changes.kind}" if changes.kind else "warn"
        raise Mistake(f"there is no budget here that could {what}", "give one, such as 20/day")


def _check_caps(caps: Caps) -> None:
    if caps == NO_CAPS:
        return
    for wrong in unsound(caps):
        raise Mistake(f"{wrong.at}: {wrong.what}", wrong.hint)


def _check_prompt_cache(mode: str) -> None:
    if mode not in ("", *PROMPT_CACHE):
        raise Mistake(
            f"{mode!r} is nothing that may be said of the prompt cache",
            f"say one of {', '.join(PROMPT_CACHE)}, or nothing: then the level above decides",
        )
