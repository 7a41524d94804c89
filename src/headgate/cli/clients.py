"""The clients `headgate setup` knows: what each must be told to call Headgate, as data.

Rule 1: a client is a table in clients.toml; no code names one.
Rule 2: filling in a client's lines is pure; writing them is settings.py's work.
"""

from __future__ import annotations

import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

KEY_ENV = "HEADGATE_KEY"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable a client reads."""

    name: str
    value: str
    why: str = ""
    is_line: bool = False
    """is it one line among others, which may be somebody else's"""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that can be pointed at Headgate."""

    name: str
    title: str
    sees: str
    """the surface it calls"""
    need: tuple[Variable, ...] = ()
    """without these it does not reach Headgate"""
    gain: tuple[Variable, ...] = ()
    """worth setting, each with its reason"""
    text: str = ""
    """code, settings or steps, where variables are not enough"""
    notes: tuple[str, ...] = ()
    file: str = ""
    """its settings file, where we can write it"""
    folder: str = ""
    folder_env: str = ""
    form: Literal["", "json", "toml"] = ""
    key_command: str = ""
    """the setting that takes a command which prints the key"""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a client must be told."""

    url: str
    key: str
    """the key itself, when it is known"""
    key_env: str = KEY_ENV
    """the variable that holds it, when it is not"""

    def fill(self, text: str, key: str) -> str:
        return (
            text.replace("{url}", self.url)
            .replace("{key_env}", self.key_env)
            .replace("{key}", key)
        )


def read_clients() -> dict[str, Client]:
    """Every client, in the order of the file."""
    text = Path(__file__).with_name("clients.toml").read_text(encoding="utf-8")
    return {
        name: msgspec.convert({"name": name, **table}, Client)
        for name, table in tomllib.loads(text).items()
    }


def variables(client: Client, gate: Gate) -> list[Variable]:
    """What to export, with the address and the key filled in."""
    key = gate.key or f"${gate.key_env}"
    return [
        Variable(gate.fill(each.name, key), gate.fill(each.value, key), each.why, each.is_line)
        for each in (*client.need, *client.gain)
    ]


def shell_lines(client: Client, gate: Gate) -> list[str]:
    """Lines to paste into a shell: the needed ones first."""
    lines = []
    for each in variables(client, gate):
        if not gate.key and each.name == gate.key_env:
            continue  # the key is already there, under this very name
        shown = f'"{each.value}"' if each.value.startswith("$") else shlex.quote(each.value)
        lines.append(f"export {each.name}={shown}" + (f"  # {each.why}" if each.why else ""))
    return lines


def text_lines(client: Client, gate: Gate) -> str:
    """The client's own text, filled in."""
    return gate.fill(client.text.strip("\n"), gate.key or f"${gate.key_env}")
