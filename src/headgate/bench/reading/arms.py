"""Reads arms: models with their prompts, from a file or from bare names.

Rule 1: a name, or what is asked, that two arms share is a mistake: nothing would be compared.
Rule 2: a file that an arm names lies beside the one that names it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from headgate.bench.arm import MOST_TOKENS, SYSTEM, TEMPERATURE, Arm, Shot

HOTTEST = 2.0
LONGEST_NAME = 300


class BadArms(ValueError):
    """Arms that cannot be compared, or are not written as arms are."""


class Terms(msgspec.Struct, frozen=True):
    """What holds for every arm that says nothing else."""

    temperature: float | None = TEMPERATURE
    max_tokens: int = MOST_TOKENS
    system: str = SYSTEM


class WrittenArm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An arm as it is written down."""

    model: str
    name: str = ""
    system: str | None = None
    system_file: str = ""
    shots: tuple[Shot, ...] = ()
    after: str = ""
    temperature: float | str | None = None
    """a number, or "model": as the model has it"""
    max_tokens: Annotated[int, msgspec.Meta(gt=0)] | None = None


class Many(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    arm: tuple[WrittenArm, ...]


def read_arms(path: Path, terms: Terms) -> tuple[Arm, ...]:
    """The arms of a TOML file."""
    try:
        written = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Many)
        return told_apart(_made(it, path.parent, terms) for it in written.arm)
    except (ValueError, OSError) as error:
        raise BadArms(f"{path}: {error}") from error


def of_models(models: Sequence[str], terms: Terms) -> tuple[Arm, ...]:
    """An arm for each model, all asked in the same way."""
    return told_apart(_made(WrittenArm(model=it), Path(), terms) for it in models)


def _made(it: WrittenArm, folder: Path, terms: Terms) -> Arm:
    if it.system is not None and it.system_file:
        raise BadArms(f"{it.name or it.model}: system and system_file are two prompts")
    system = terms.system if it.system is None else it.system
    if it.system_file:
        system = (folder / it.system_file).read_text(encoding="utf-8")
    temperature = terms.temperature if it.temperature is None else it.temperature
    is_meant = temperature == "model" if isinstance(temperature, str) else _is_heat(temperature)
    if not is_meant:
        words = f'temperature is a number from 0 to {HOTTEST:g}, or "model"'
        raise BadArms(f"{it.name or it.model}: {words}")
    return Arm(
        name=it.name or it.model,
        model=it.model,
        system=system,
        shots=it.shots,
        after=it.after,
        temperature=None if isinstance(temperature, str) else temperature,
        max_tokens=it.max_tokens or terms.max_tokens,
    )


def _is_heat(temperature: float | None) -> bool:
    return temperature is None or 0 <= temperature <= HOTTEST


def told_apart(arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """The same; BadArms where two of them could not be told apart."""
    found = tuple(arms)
    if not found:
        raise BadArms("there is no arm: name at least one model")
    for it in found:
        if not it.model.strip():
            raise BadArms("an arm names no model")
        if not it.name.isprintable() or len(it.name) > LONGEST_NAME:
            words = f"a name is a line of at most {LONGEST_NAME} characters"
            raise BadArms(f"{it.name[:40]!r}: {words}")
    for what, counts in (
        ("name", Counter(it.name for it in found)),
        ("model and prompt", Counter(it.digest for it in found)),
    ):
        for said, count in counts.items():
            if count > 1:
                names = sorted({it.name for it in found if said in (it.name, it.digest)})
                raise BadArms(
                    f"{count} arms have the same {what} ({', '.join(names)}): "
                    "change one, or raise --samples"
                )
    return found
