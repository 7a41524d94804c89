"""Workload: a fixed program, and all that has to come out of it.

Rule 1: numbers carry the tolerance they are held to; texts are held to the letter.
Rule 2: how the answers were reckoned without the program is part of it: `reckoned` is another
program, of the standard library alone, or `source` says where they come from.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FAMILIES = ("transformation", "statistics", "visualisation", "algorithms", "numerics")
Along = Literal["x", "y"]


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program prints as a line `name = value`."""

    name: str
    number: float | None = None
    text: str | None = None
    within: float = 1e-9
    """of the number, relative to it"""
    absolute: float = 0.0
    """or so much, where that is more"""


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a table."""

    row: int
    """the first after the heads is 0"""
    column: str
    number: float | None = None
    text: str | None = None
    within: float = 1e-9
    absolute: float = 0.0


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV file that the program leaves."""

    file: str
    columns: tuple[str, ...]
    rows: int
    cells: tuple[Cell, ...] = ()


class Blocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many separate blocks of a colour there are along an axis: bars, panels, cells."""

    colour: str
    count: int
    along: Along = "x"


class Heights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How tall the blocks of a colour are, against the tallest: what the chart tells."""

    colour: str
    values: tuple[float, ...]
    along: Along = "x"
    absolute: float = 0.03


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the area of some colours is of this one: a pie's slice, a band."""

    colour: str
    among: tuple[str, ...]
    number: float
    absolute: float = 0.02


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words along an edge of a picture: there is something in that strip of it."""

    side: Literal["above", "below", "left"]
    depth: int
    """of the strip, in pixels: less than what ticks and frames reach into"""
    ink: int
    """pixels that are drawn, at least"""


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PNG that the program leaves; never blank."""

    file: str
    width: int
    height: int
    blocks: tuple[Blocks, ...] = ()
    heights: tuple[Heights, ...] = ()
    shares: tuple[Share, ...] = ()
    labels: tuple[Labels, ...] = ()


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One program, with what it needs and what has to come of it."""

    id: str
    """family/name, after its file"""
    title: str
    code: str
    rows: int = 0
    """of the data it works on"""
    memory_mb: int = 512
    wall_s: float = 60.0
    needs: tuple[str, ...] = ()
    """packages that it imports"""
    tags: tuple[str, ...] = ()
    reckoned: str = ""
    """a program of the standard library that prints the same values by another way"""
    source: str = ""
    """where the expected values come from"""
    values: tuple[Value, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def family(self) -> str:
        return self.id.partition("/")[0]
