"""Lists the languages that code may be of, each with its version and what it may import."""

from __future__ import annotations

from textwrap import fill
from typing import NamedTuple

import click

from headgate.cli import FAILURE
from headgate.cli.execution import told
from headgate.cli.terminal import named, print_json
from headgate.sandbox import catalogue
from headgate.sandbox.language import Language, Missing

WIDTH, INDENT = 96, "  "


class Package(NamedTuple):
    """What code may import."""

    name: str
    version: str


def list_languages(name: str | None, as_json: bool) -> int:
    """What the command exits with: a language that was named and is not there is a failure."""
    wanted = [told(lambda: catalogue.named(name))] if name else catalogue.LANGUAGES
    found = [_listed(each) for each in wanted]
    if as_json:
        print_json(named(found))
    else:
        click.echo("\n\n".join(it.words for it in found))
    return FAILURE if name and not found[0].version else 0


class Listed(NamedTuple):
    """A language, as this machine has it."""

    language: str
    version: str = ""
    """empty: it is not there"""
    packages: tuple[Package, ...] = ()
    what: str = ""
    remedy: str = ""

    @property
    def words(self) -> str:
        if not self.version:
            return f"{self.language} is not there: {self.what}\n  hint: {self.remedy}"
        told = ", ".join(f"{it.name} {it.version}" for it in self.packages)
        listed = fill(told, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
        return f"{self.language} {self.version}\n{listed}"


def _listed(language: Language) -> Listed:
    seen = catalogue.look(language.name)
    if isinstance(seen, Missing):
        return Listed(language.name, what=seen.what, remedy=seen.remedy)
    packages = language.packages(seen) if language.packages else ()
    return Listed(language.name, seen.version, tuple(Package(*it) for it in packages))
