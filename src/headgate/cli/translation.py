"""What a request loses on its way to a target of another dialect, as plain data.

Rule 1: it asks the same functions the gateway asks: the codecs, the abilities, the surfaces.
Rule 2: a target needs no configuration and no key; nothing is sent anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from headgate.config import Config, abilities, resolve, without_key
from headgate.config.problem import closest
from headgate.providers import SPOKEN, Provider, meeting_surface, read_all
from headgate.wire import SURFACES
from headgate.wire.ability import Aim
from headgate.wire.envelope import Envelope
from headgate.wire.loss import Loss
from headgate.wire.model import Fault, Kind
from headgate.wire.stated import differing
from headgate.wire.translate import translate


class NoTarget(Exception):
    """Nothing goes by the name that was given; `hint` says what would."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Target:
    """Where the request would go."""

    provider: Provider
    model: str
    """empty: the model the request asks for"""


def find_target(config: Config, name: str) -> Target:
    """`provider:model`, `provider`, or a name of [models], whose first target it then is."""
    prefix, colon, model = name.partition(":")
    providers = {provider.name: provider for provider in config.providers}
    provider = providers.get(prefix) or without_key(prefix)
    if provider is not None:
        return Target(provider, model)
    route = resolve(config, name)
    if route is not None:
        rung = route.ladder[0]
        return Target(providers[rung.provider], rung.model or name)
    near = closest(prefix, [*providers, *read_all()])
    hint = f"did you mean {near}{colon}{model}? " if near else ""
    raise NoTarget(
        f"'{name}' is no target",
        f"{hint}write provider:model; the kinds of provider are {', '.join(read_all())}",
    )


def weigh(config: Config, body: bytes, surface: str, target: Target) -> dict[str, object]:
    """What becomes of the request, and whether the target would get it."""
    told: dict[str, object] = {"from": surface, "target": _spelled(target)}
    try:
        if surface not in SPOKEN:
            what = f"only {', '.join(SPOKEN)} can be translated, not {surface}"
            raise Fault(Kind.INVALID, what)
        envelope = Envelope(body)
        model = target.model or envelope.text("model")
        target = Target(target.provider, model)
        told["target"] = _spelled(target)
        can = abilities(config, target.provider, model)
        meeting = meeting_surface(target.provider, surface, can.surface)
        if not meeting:
            what = f"{target.provider.name} serves nothing that {surface} can be translated to"
            raise Fault(Kind.INVALID, what)
        return told | _carried(config, envelope, (surface, meeting), target)
    except Fault as fault:
        return told | _outcome(None, [], fault.message)


def _carried(
    config: Config, envelope: Envelope, way: tuple[str, str], target: Target
) -> dict[str, object]:
    surface, meeting = way
    if surface == meeting:
        kept = envelope.members | {"model": target.model}
        return {"to": meeting, "translated": False, **_outcome(kept, [], "")}
    can = abilities(config, target.provider, target.model)
    aim = Aim(target.model, can, envelope.flag("stream"))
    said = translate(envelope.body, _codec(surface), _codec(meeting), aim)
    return {
        "to": meeting,
        "translated": True,
        "abilities": differing(can),
        **_outcome(msgspec.json.decode(said.body), said.losses, ""),
    }


def _outcome(body: object, losses: list[Loss], fault: str) -> dict[str, object]:
    return {
        "passes": not fault and not any(loss.grave for loss in losses),
        "fault": fault or None,
        "losses": [
            {
                "field": loss.field,
                "why": loss.why,
                "refused": loss.grave,
                "heals": loss.heals or None,
            }
            for loss in losses
        ],
        "body": body,
    }


def _codec(surface: str) -> Any:
    """The dialect's module; what it must have is said by headgate.wire.Codec."""
    return SURFACES[surface].dialect


def _spelled(target: Target) -> str:
    return f"{target.provider.name}:{target.model}" if target.model else target.provider.name
