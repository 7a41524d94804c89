"""What a command writes and where: data to stdout, words to stderr, colour only as decoration.

Rule 1: with --json a command prints one JSON document and nothing else on stdout.
Rule 2: rich is loaded by the command that draws, never by the one that only speaks.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 4000
"""what reads a pipe has no edge to wrap at"""

Decorated = TypeVar("Decorated", bound=Callable[..., object])


def out() -> Console:
    """The console for data."""
    from rich.console import Console  # 60 ms: paid by the commands that draw

    piped = not sys.stdout.isatty()
    return Console(highlight=False, width=PIPED_WIDTH if piped else None)


def say(text: str) -> None:
    """A plain line on stderr, which holds no more than words whoever wrote them."""
    click.echo(safe(text.expandtabs()), err=True)


def print_json(data: object) -> None:
    """One JSON document on stdout, indented for people and stable for machines."""
    import msgspec

    raw = msgspec.json.format(msgspec.json.encode(data), indent=2)
    sys.stdout.write(raw.decode() + "\n")


def named(value: Any) -> Any:
    """The same with records as objects of JSON, also those that are tuples."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return {name: named(getattr(value, name)) for name in fields}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: named(getattr(value, name)) for name in value._fields}
    if isinstance(value, dict):
        return {key: named(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [named(one) for one in value]
    return value


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None
) -> None:
    """A table on stdout that stays readable when it is piped."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    out().print(table)


def safe(text: str) -> str:
    """Words of callers without the characters that would steer a terminal."""
    return "".join(it if it.isprintable() or it == "\n" else "?" for it in text)


def dollars(nusd: int) -> str:
    """Nano-dollars as dollars: four decimals, and more where fewer than three digits remain."""
    if nusd == 0:
        return "$0"
    value = Decimal(nusd).scaleb(-9)
    places = min(9, max(4, 2 - value.adjusted()))
    return f"{'-' if nusd < 0 else ''}${abs(value):,.{places}f}"


def json_option(command: Decorated) -> Decorated:
    """The --json flag every command that prints data has."""
    decorate: Any = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
    decorated: Decorated = decorate(command)
    return decorated


def config_option(command: Decorated) -> Decorated:
    """The --config option of every command that reads headgate.toml."""
    decorate: Any = click.option(
        "--config",
        "config_path",
        type=click.Path(dir_okay=False),
        help="headgate.toml to use; default: $HEADGATE_CONFIG, ./headgate.toml, "
        "~/.config/headgate/headgate.toml, else the keys in the environment.",
    )
    decorated: Decorated = decorate(command)
    return decorated
